"""The review: claims, decisions with their notes, holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from review import (
    announcing,
    audit,
    checklist,
    claims,
    clock,
    coverage,
    feed,
    jobs,
    numbers,
    policy,
    reasons,
    revisions,
)
from review.captions import reading as captions
from review.errors import (
    ClaimHeld,
    InvalidInput,
    NoSuchClip,
    NotAllowed,
    NotesMissing,
    NotWatched,
    StaleClip,
)
from review.keys import new_id
from review.lifecycle import CLOSE_CASE, approvers, check_version, load, load_visible, move
from review.models import Clip, Decision, Note, Revision
from review.notices import telling
from review.policy import Actor, Role, course_of, may_see, move_for, parties, reviews
from review.publication import ensure_ladder, in_feed, try_publish
from review.queries.visibility import can_see
from review.reasons import REASONS
from review.stages import OBJECTIONS, Course
from review.states import Action, Party, State
from review.text import Sentence, clean, one_of

MAX_NOTES = 100
VERDICTS = policy.VERDICTS | {Action.ESCALATE}
# A child at risk does not wait for a colleague's claim to end.
_NEEDS_CLAIM_FREE = policy.VERDICTS


@dataclass(frozen=True, slots=True)
class NoteInput:
    """``at``: seconds from the start of the clip, or None for the whole clip."""

    at: float | None
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided, about which revision, having seen which version.

    ``sha256``: of the preview that was played, where the page or the program says so.
    ``watched``: the person's word that the whole clip was; ``measured``: their player has told what
    it played (:mod:`review.coverage`), and that counts, not the word. ``checklist``: code ->
    answer.
    """

    action: Action
    revision: int
    version: int
    notes: Sequence[NoteInput] = ()
    watched: bool = False
    sha256: str | None = None
    measured: bool = False
    checklist: Mapping[str, str] = field(default_factory=dict)


def claim(session: Session, clip_id: str, actor: Actor) -> datetime:
    """Take or renew the claim; the time until which it holds. For who may decide in the clip's
    stage: who may only object holds nobody up. Of many the oldest is given back. Raises
    :class:`ClaimHeld`, :class:`NotAllowed` and its kinds."""
    clip = load_visible(session, clip_id, actor)
    if clip.state != State.IN_REVIEW or not reviews(actor, clip):
        raise NotAllowed("only a clip in review can be claimed, by one who may decide on it")
    move_for(actor, Action.APPROVE, clip, approvers=approvers(session, clip))
    now = clock.now(session)
    until = now + claims.CLAIM
    taken = session.execute(
        update(Clip)
        .where(Clip.id == clip.id, claims.free_for(actor, now))
        .values(claimed_by=actor.id, claimed_until=until)
        .execution_options(synchronize_session=False)
    )
    session.refresh(clip)
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        assert clip.claimed_until is not None
        raise ClaimHeld("another reviewer has this clip", until=clock.iso(clip.claimed_until))
    claims.release_oldest(session, actor, now)
    return until


def release_claim(session: Session, clip_id: str, actor: Actor) -> None:
    session.execute(
        update(Clip)
        .where(Clip.id == clip_id, Clip.claimed_by == actor.id)
        .values(claimed_by=None, claimed_until=None)
    )


def decide(
    session: Session,
    clip_id: str,
    actor: Actor,
    verdict: Verdict,
    *,
    undo_until: datetime | None = None,
) -> Decision:
    """Write one decision with its notes, and make the move that it means.

    ``undo_until``: what ends the review is told to nobody before then, so that it can be undone.
    Raises :class:`StaleClip` when the clip is not as seen, :class:`NotWatched`,
    :class:`NotesMissing`, :class:`ClaimHeld`, :class:`NotAllowed` and its kinds.
    """
    clip = _load_for_staff(session, clip_id, actor)
    check_version(session, clip, verdict.version, actor)
    if verdict.revision != clip.revision:
        raise StaleClip(clip.id, clip.version if may_see(actor, clip) else None, [])
    how = _how_watched(session, clip, actor, verdict)
    _check(session, clip, actor, verdict, how)
    revision = revisions.current(session, clip)
    if verdict.sha256 not in (None, revision.watched_sha256):
        raise StaleClip(clip.id, clip.version if may_see(actor, clip) else None, [])
    stage, was_published = clip.stage, clip.state == State.PUBLISHED
    said = _said(clip, actor, verdict.action)
    changes = _changes(session, clip, verdict.action, said, undo_until)
    move(
        session,
        clip,
        verdict.action,
        actor,
        seen_version=verdict.version,
        changes=changes,
        detail={
            **_decided_on(session, clip, revision, verdict, how),
            "decision": said[-1]["decision"],
        },
    )
    decision = _store(session, clip, actor, verdict, said, stage, revision.watched_sha256, how)
    coverage.forget(session, clip, actor)
    numbers.record(session, clip, actor, decision, [note.code for note in verdict.notes])
    _follow_up(session, clip, verdict.action, said, was_published)
    if clip.state == State.APPROVED and not clip.unannounced:
        telling.approved(session, clip, actor)
    return decision


def _how_watched(session: Session, clip: Clip, actor: Actor, verdict: Verdict) -> str | None:
    """None: not the whole clip."""
    if coverage.is_whole(session, clip, actor):
        return "measured"
    return "attested" if verdict.watched and not verdict.measured else None


def _decided_on(
    session: Session, clip: Clip, revision: Revision, verdict: Verdict, how: str | None
) -> dict[str, object]:
    """Under which policy, which bytes and which captions the person had before the eyes, and what
    they answered."""
    seen: dict[str, object] = {
        "policy": clip.rules.name,
        "stage": clip.stage,
        "watched_sha256": revision.watched_sha256,
    }
    more = {
        "captions": captions.digests(session, clip),
        "watched": how,
        "checklist": dict(verdict.checklist),
    }
    return {**seen, **{name: value for name, value in more.items() if value}}


def _load_for_staff(session: Session, clip_id: str, actor: Actor) -> Clip:
    """Like :func:`load_visible`, for one who meets the clip in the library too: any of the staff
    may fear for a child there. Who only watches is refused before anything else is said."""
    clip = load(session, clip_id)
    if not can_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    if not parties(actor, clip):
        raise NotAllowed(f"a {actor.role} of another place decides nothing here")
    return clip


def _check(session: Session, clip: Clip, actor: Actor, verdict: Verdict, how: str | None) -> None:
    if verdict.action not in VERDICTS:
        raise InvalidInput(action=one_of(sorted(VERDICTS)))
    if len(verdict.notes) > MAX_NOTES:
        raise InvalidInput(notes=Sentence("Nhiều nhất {count} ghi chú.", count=MAX_NOTES))
    for index, note in enumerate(verdict.notes):
        if not reasons.is_known(session, note.code):
            raise InvalidInput(**{f"notes.{index}.code": one_of(REASONS)})
        if note.at is not None and not 0 <= note.at < 86400:
            raise InvalidInput(**{f"notes.{index}.at": "Thời điểm tính bằng giây, từ 0."})
    checklist.check(session, clip, verdict.checklist)
    # Rights before completeness: a stranger to the stage is not asked to watch first.
    move_for(actor, verdict.action, clip, approvers=approvers(session, clip))
    if verdict.action in _NEEDS_CLAIM_FREE:
        _check_claim(session, clip, actor)
    require_complete(verdict, how)


def _check_claim(session: Session, clip: Clip, actor: Actor) -> None:
    if claims.holder(session, clip) not in (None, actor.id):
        assert clip.claimed_until is not None
        raise ClaimHeld("another reviewer has this clip", until=clock.iso(clip.claimed_until))


def require_complete(verdict: Verdict, how_watched: str | None) -> None:
    """Watched before approving; a reason before sending back. After the question of rights."""
    if verdict.action == Action.APPROVE and how_watched is None:
        raise NotWatched("approving needs the whole clip to have been watched")
    if verdict.action in OBJECTIONS and not verdict.notes:
        raise NotesMissing("say why: at least one note")


def _is_vote(clip: Clip, action: Action) -> bool:
    return action in policy.VERDICTS and clip.state == State.IN_REVIEW


def _said(clip: Clip, actor: Actor, action: Action) -> list[dict[str, Any]]:
    """The decisions of this stage, this one the last."""
    before = clip.votes if _is_vote(clip, action) else []
    return [*before, {"decision": new_id(), "by": actor.id, "action": str(action)}]


def _changes(
    session: Session,
    clip: Clip,
    action: Action,
    said: list[dict[str, Any]],
    undo_until: datetime | None,
) -> dict[str, Any]:
    """The columns of the review that this decision sets."""
    if not _is_vote(clip, action):
        return {}
    course = course_of(clip, action)
    if course is Course.ADVANCES:
        return {"stage": clip.stage + 1, "votes": []}
    if course is Course.ENDS and (undo_until or announcing.holds_back(session, clip, action)):
        return {"votes": said, "unannounced": True, "undo_until": undo_until}
    return {"votes": said}


def _store(
    session: Session,
    clip: Clip,
    actor: Actor,
    verdict: Verdict,
    said: Sequence[Mapping[str, Any]],
    stage: int,
    watched_sha256: str | None,
    how: str | None,
) -> Decision:
    assert actor.id is not None
    decision = Decision(
        id=said[-1]["decision"],
        clip_id=clip.id,
        revision=clip.revision,
        stage=stage,
        action=verdict.action,
        actor_id=actor.id,
        version=verdict.version,
        watched=how is not None,
        watched_how=how,
        watched_sha256=watched_sha256,
        checklist=dict(verdict.checklist) or None,
        at=clock.now(session),
    )
    session.add(decision)
    session.flush()
    for position, note in enumerate(verdict.notes):
        session.add(
            Note(
                decision_id=decision.id,
                clip_id=clip.id,
                revision=clip.revision,
                position=position,
                at=note.at,
                code=note.code,
                text=clean(note.text, limit=1000, multiline=True),
            )
        )
    session.flush()
    return decision


def _follow_up(
    session: Session,
    clip: Clip,
    action: Action,
    said: Sequence[Mapping[str, Any]],
    was_published: bool,
) -> None:
    is_over = clip.state != State.IN_REVIEW
    if not clip.unannounced and (is_over or not clip.votes):
        announcing.tell(session, said)
    if action == Action.APPROVE:
        try_publish(session, clip)
    if is_over and action in OBJECTIONS and not clip.unannounced:
        jobs.cancel_for(session, clip.id)  # else with the announcement: a ladder that stops tells
    if was_published and in_feed(session, clip):
        # Reason "office": a hold must not show to anybody outside.
        feed.append(session, clip, "withdrawn", reason="office")


def release_hold(session: Session, clip_id: str, actor: Actor, version: int) -> Clip:
    """A held clip goes back to the first stage of the review."""
    clip = load_visible(session, clip_id, actor)
    if actor.role != Role.SAFEGUARDING:
        raise NotAllowed("only the safeguarding officer releases a held clip")
    move(
        session,
        clip,
        Action.RELEASE,
        actor,
        seen_version=version,
        changes={"stage": 0},
    )
    ensure_ladder(session, clip)
    return clip


def close_case(session: Session, clip_id: str, actor: Actor, version: int) -> Clip:
    """The officer has done what was to be done about a clip that was withdrawn while it was held:
    from now on it is withdrawn like any other, and gone for the officer too."""
    clip = load_visible(session, clip_id, actor)
    if actor.role != Role.SAFEGUARDING:
        raise NotAllowed("only the safeguarding officer closes a case")
    check_version(session, clip, version, actor)
    if clip.state != State.WITHDRAWN or not clip.case_open:
        raise NotAllowed("a clip that is still held is released or rejected")
    clip.case_open = False
    session.flush()
    # No move, so no new version: a gap in the numbers would tell the others.
    audit.append(
        session,
        clip,
        action=CLOSE_CASE,
        actor_id=actor.id,
        party=Party.SAFEGUARDING,
        from_state=clip.state,
    )
    return clip
