"""Jobs: rows with a lease and a fence. A message in a broker only says "look here".

A worker claims the most urgent due job, counts the attempt before it runs, renews its lease
while it works, and ends the job with the fencing number that it was given. Whoever comes back
after the lease was given away is refused (:class:`review.errors.LeaseLost`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import LeaseLost, NoSuchThing, WrongState
from review.models import Clip, Job, Revision

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
# A crash may be the machine's trouble: the second try comes soon, the third a minute later.
BACKOFF = (timedelta(seconds=2), timedelta(seconds=60))
# A full disk or a lost database is not the clip's fault: come back, and do not count it.
WAIT_FOR_MACHINE = timedelta(seconds=30)
# The server of a mail says itself when to come back; see review.notices.mail.
LONGEST_WAIT = timedelta(hours=4)
MAIL = "mail"
PRIORITY = {"examine": 0, MAIL: 3, "redact": 5, "faces": 6, "ladder": 10, "transcribe": 20}
# Of these only their own page tells how far they are: the clip is as far as it was.
_APART = (MAIL, "redact", "faces", "transcribe")
KINDS = tuple(PRIORITY)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job until the lease ends; ``fence`` proves it at the end.

    A mail is about a notice: it has no clip and no revision ("")."""

    job_id: str
    kind: str
    clip_id: str
    revision_id: str
    fence: int
    attempt: int
    notice_id: str | None = None

    @classmethod
    def of(cls, job: Job) -> Claim:
        about = job.clip_id or "", job.revision_id or ""
        return cls(job.id, job.kind, *about, job.fence, job.attempts, job.notice_id)

    @property
    def attempt_name(self) -> str:
        """Names the folder of this attempt's outputs: no two claims share one."""
        return f"{self.kind}-{self.job_id}-{self.fence}"


def enqueue(session: Session, kind: str, clip: Clip, revision: Revision) -> Job:
    """Write the job's row; the doorbell rings after the commit (see ``session.info``)."""
    return _enqueue(session, kind, clip_id=clip.id, revision_id=revision.id)


def enqueue_mail(session: Session, notice_id: str, *, confidential: bool) -> Job:
    """The mail of a notice: never a second one."""
    return _enqueue(session, MAIL, notice_id=notice_id, confidential=confidential)


def _enqueue(session: Session, kind: str, **about: object) -> Job:
    now = clock.now(session)
    job = Job(kind=kind, priority=PRIORITY[kind], next_attempt_at=now, created_at=now, **about)
    session.add(job)
    session.flush()
    _ring(session, job)
    return job


def _ring(session: Session, job: Job) -> None:
    session.info.setdefault("rings", []).append((job.id, job.kind))


def _due(now: datetime) -> ColumnElement[bool]:
    longest = case((Job.kind == MAIL, now + 2 * LONGEST_WAIT), else_=now + 2 * max(BACKOFF))
    is_time = or_(Job.next_attempt_at <= now, Job.next_attempt_at > longest)
    return or_(
        and_(Job.state == "queued", is_time),
        and_(Job.state == "running", _lease_ended(now)),
    )


def _lease_ended(now: datetime) -> ColumnElement[bool]:
    """Past, or further ahead than any lease: then the database's clock was set back meanwhile, and
    a dead worker's job would wait for as long. A living worker's next beat renews it."""
    return or_(Job.lease_until < now, Job.lease_until > now + 2 * LEASE)


def claim(session: Session, worker: str, kinds: Collection[str] = KINDS) -> Claim | None:
    """Take the most urgent due job, or None. Counts the attempt before it runs.

    A job whose worker died in its last attempt is not given out again: see :func:`exhausted`.
    """
    now = clock.now(session)
    query = (
        select(Job)
        .where(Job.kind.in_(kinds), Job.attempts < MAX_ATTEMPTS, _due(now))
        .order_by(Job.priority, Job.next_attempt_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job = session.scalar(query)
    if job is None:
        return None
    taken = session.execute(
        update(Job)
        .where(Job.id == job.id, Job.fence == job.fence, Job.state == job.state)
        .values(
            state="running",
            fence=Job.fence + 1,
            attempts=Job.attempts + 1,
            worker=worker,
            lease_until=now + LEASE,
            problem=None,
        )
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    session.refresh(job)
    return Claim.of(job)


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(Job.id == claim.job_id, Job.fence == claim.fence, Job.state == "running")


def _write(session: Session, claim: Claim, **values: object) -> None:
    """Change the job only while the claim stands; raises :class:`LeaseLost`."""
    done = session.execute(update(Job).where(_held(claim)).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(f"job {claim.job_id} was taken over from attempt {claim.attempt}")


def heartbeat(session: Session, claim: Claim, progress: str | None = None) -> None:
    """Renew the lease. ``progress`` is for people; raises :class:`LeaseLost`."""
    values: dict[str, object] = {"lease_until": clock.now(session) + LEASE}
    if progress is not None:
        values["progress"] = progress
        if claim.kind not in _APART:
            session.execute(update(Clip).where(Clip.id == claim.clip_id).values(progress=progress))
    _write(session, claim, **values)


def finish(session: Session, claim: Claim) -> None:
    """The job is done, in the transaction that writes its result; raises :class:`LeaseLost`."""
    now = clock.now(session)
    _write(session, claim, state="done", finished_at=now, lease_until=None, progress=None)


def fail(session: Session, claim: Claim, code: str) -> None:
    """The job ends without a result."""
    now = clock.now(session)
    _write(session, claim, state="failed", finished_at=now, lease_until=None, problem=code)


def retry_later(
    session: Session,
    claim: Claim,
    code: str,
    *,
    counted: bool = True,
    wait: timedelta = WAIT_FOR_MACHINE,
) -> bool:
    """Put the job back with a delay (``wait``, where the attempt does not count); False when its
    attempts are used up (then :func:`fail`)."""
    now = clock.now(session)
    if not counted:
        _write(
            session,
            claim,
            state="queued",
            attempts=Job.attempts - 1,
            lease_until=None,
            problem=code,
            next_attempt_at=now + wait,
        )
        return True
    if claim.attempt >= MAX_ATTEMPTS:
        return False
    delay = BACKOFF[min(claim.attempt, len(BACKOFF)) - 1]
    _write(
        session,
        claim,
        state="queued",
        lease_until=None,
        problem=code,
        next_attempt_at=now + delay,
    )
    return True


def due(session: Session, limit: int = 100) -> list[tuple[str, str]]:
    """(id, kind) of jobs that a worker should look at now; the sweep rings for them."""
    rows = session.execute(
        select(Job.id, Job.kind)
        .where(Job.attempts < MAX_ATTEMPTS, _due(clock.now(session)))
        .order_by(Job.priority, Job.next_attempt_at, Job.id)
        .limit(limit)
    )
    return [(row.id, row.kind) for row in rows]


def exhausted(session: Session, limit: int = 100) -> list[Claim]:
    """Jobs whose worker died in the last attempt: to be given up by whoever finds them."""
    rows = session.scalars(
        select(Job)
        .where(
            Job.state == "running",
            Job.attempts >= MAX_ATTEMPTS,
            _lease_ended(clock.now(session)),
        )
        .limit(limit)
    )
    return [Claim.of(job) for job in rows]


def running_attempts(session: Session) -> set[str]:
    """Names of attempts that are under way: their folders must not be swept."""
    rows = session.scalars(select(Job).where(Job.state == "running"))
    return {f"{j.kind}-{j.id}-{j.fence}" for j in rows}


def is_open(session: Session, revision_id: str, kind: str) -> bool:
    """Whether such a job is queued or running."""
    query = select(Job.id).where(
        Job.revision_id == revision_id, Job.kind == kind, Job.state.in_(("queued", "running"))
    )
    return session.scalar(query.limit(1)) is not None


def get(session: Session, job_id: str) -> Job:
    job = session.get(Job, job_id)
    if job is None:
        raise NoSuchThing(f"there is no job {job_id}")
    return job


def last_open(session: Session, clip_id: str) -> str:
    """Id of the job that was queued last for this clip."""
    query = select(Job.id).where(Job.clip_id == clip_id, Job.state == "queued")
    return session.scalars(query.order_by(Job.id.desc()).limit(1)).one()


def restart(session: Session, job_id: str) -> Job:
    """Give a failed job three new attempts; raises :class:`NoSuchThing` or `WrongState`."""
    job = get(session, job_id)
    # Guarded: of two who press the button, the second must not reset what already runs.
    done = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == "failed")
        .values(
            state="queued",
            attempts=0,
            problem=None,
            finished_at=None,
            next_attempt_at=clock.now(session),
        )
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise WrongState(f"job {job_id} did not fail: only a failed one can be started again")
    session.refresh(job)
    _ring(session, job)
    return job


def cancel(session: Session, job_id: str) -> None:
    """Nobody waits for this job any more; a running one loses its claim."""
    _cancel(session, Job.id == job_id)


def cancel_for(session: Session, clip_id: str) -> None:
    """The clip needs no more work: queued jobs end, running ones lose their claim."""
    _cancel(session, Job.clip_id == clip_id)


def _cancel(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Job)
        .where(which, Job.state.in_(("queued", "running")))
        .values(
            state="cancelled",
            fence=Job.fence + 1,
            finished_at=clock.now(session),
            lease_until=None,
        )
    )
