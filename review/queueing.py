"""Where waiting clips stand: a row in ``queue_places`` for every list that a reviewer may ask for.

A list is named by whom it waits for, and by one more thing that its clips have in common:
``moderator``, ``moderator/topic:conduct``, ``reviewer/school:01m...``. A filter of several things
is what stands in several lists. The rows only find clips: whether one waits says its own row.

Fair share: in the lists a clip stands by its turn. That is when it was sent, but at least
:data:`APART` after the clip of the same school that stands last: where schools wait beside each
other, each has one clip in an hour of turns, however many it has sent at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from review import lookalikes, revisions
from review.consent import missing
from review.models import (
    Clip,
    ClipPerson,
    FaceProposals,
    LookAlikeRow,
    QueuePlace,
    Revision,
    School,
)
from review.queueplaces import RETURNS_HERE, place_name
from review.states import Party, State

APART = timedelta(hours=1)
MAX_ALIKE, MAX_FOUND = 50, 500  # clips whose signs one move refreshes; that it looks at

_ENDED = (State.WITHDRAWN, State.REJECTED)


def follow(session: Session, clip: Clip, before: str) -> None:
    """Put the clip where it stands after a move, and tell the clips that resemble it."""
    if State.IN_REVIEW in (before, clip.state):
        _place(session, clip)
    was_public = clip.published_at is not None and clip.state != before
    if was_public or before in _ENDED or clip.state in _ENDED:
        _tell_alike(session, clip)


def refile(session: Session, clip: Clip) -> None:
    """What the clip is found by has changed; its turn stays. The caller holds the clip's lock."""
    if clip.state == State.IN_REVIEW:
        session.flush()
        _place(session, clip)


def _place(session: Session, clip: Clip) -> None:
    standing = select(QueuePlace.list, QueuePlace.turn).where(QueuePlace.clip_id == clip.id)
    old = {row.list: row.turn for row in session.execute(standing)}
    party = Party(clip.stage_party)
    turn, wanted = None, set()
    if clip.state == State.IN_REVIEW:
        turn = old.get(party) or _turn(session, clip, party)
        wanted = set(_lists(session, clip, party))
    gone = [name for name, at in old.items() if name not in wanted or at != turn]
    if gone:
        mine = QueuePlace.clip_id == clip.id
        session.execute(delete(QueuePlace).where(mine, QueuePlace.list.in_(gone)))
    new = sorted(wanted - (old.keys() - set(gone)))
    if new:
        rows = [{"list": name, "turn": turn, "clip_id": clip.id} for name in new]
        session.execute(insert(QueuePlace), rows)


def _turn(session: Session, clip: Clip, party: Party) -> datetime:
    sent = clip.submitted_at or clip.created_at
    theirs = place_name(party, "school", clip.school_id)
    last = session.scalar(select(func.max(QueuePlace.turn)).where(QueuePlace.list == theirs))
    return sent if last is None else max(sent, last + APART)


def _lists(session: Session, clip: Clip, party: Party) -> Iterator[str]:
    yield place_name(party)
    level = session.scalar(select(School.level).where(School.id == clip.school_id))
    single = {
        "school": clip.school_id,
        "level": level,
        "campaign": clip.campaign_id,
        "language": clip.language,
    }
    for kind, value in single.items():
        if value is not None:
            yield place_name(party, kind, value)
    for topic in set(clip.topics):
        yield place_name(party, "topic", topic)
    for sign in _signs(session, clip):
        yield place_name(party, "sign", sign)


def _signs(session: Session, clip: Clip) -> Iterator[str]:
    revision = revisions.find(session, clip)
    if revision is None:
        return
    if (revision.signals or {}).get("flashing_spans"):
        yield "flashing"
    if "gps" in (revision.facts or {}).get("tags_removed", ()):
        yield "gps"
    if _lacks_consent(session, clip, revision):
        yield "consent"
    yield from _returns(session, clip)


def _lacks_consent(session: Session, clip: Clip, revision: Revision) -> bool:
    if missing(session, clip):
        return True
    faces = session.get(FaceProposals, revision.id)
    named = select(ClipPerson.id).where(ClipPerson.clip_id == clip.id).limit(1)
    return faces is not None and bool(faces.found["boxes"]) and session.scalar(named) is None


def _returns(session: Session, clip: Clip) -> Iterator[str]:
    """Whether an earlier clip that this one resembles has ended: as one is told who sees all but
    holds, and as the clip's school is told. A hold gives no sign to those who see all else of the
    other clip, as in docs/decisions/0004."""
    earlier = lookalikes.before(session, clip)
    rows = session.execute(
        select(Clip.state, Clip.school_id, Clip.published_at, Clip.unannounced).where(
            Clip.id.in_(earlier[:MAX_FOUND])
        )
    ).all()
    if any(row.state in _ENDED for row in rows):
        yield "returns"
    if any(_has_ended_here(clip, row) for row in rows):
        yield RETURNS_HERE


def _has_ended_here(clip: Clip, other: Any) -> bool:
    """As the clip's school is told: of another school's clip what the public would be."""
    has_ended = bool(other.state in _ENDED)
    if other.school_id == clip.school_id:
        return has_ended
    taken_back = other.published_at is not None and other.state != State.PUBLISHED
    return taken_back or (has_ended and not other.unannounced)


def _tell_alike(session: Session, clip: Clip) -> None:
    """Later clips that resemble this one, and wait: their signs as they are now."""
    for other in _waiting_alike(session, clip):
        _place(session, other)


def _waiting_alike(session: Session, clip: Clip) -> Sequence[Clip]:
    ours = session.execute(
        select(Revision.id, Revision.original_sha256, Revision.created_at).where(
            Revision.clip_id == clip.id
        )
    ).all()
    # The ids first: a question with "or" around two other questions would read every revision.
    alike = session.scalars(
        select(LookAlikeRow.revision_id).where(LookAlikeRow.other_id.in_([row.id for row in ours]))
    ).all()
    same = Revision.original_sha256.in_([row.original_sha256 for row in ours])
    came = session.scalars(
        select(Revision.clip_id).where(
            or_(Revision.id.in_(alike), same),
            Revision.clip_id != clip.id,
            Revision.created_at >= min((row.created_at for row in ours), default=clip.created_at),
        )
    )
    later = sorted(set(came))[:MAX_FOUND]
    # One that is being moved at this very moment looks for itself: nobody waits for anybody.
    return session.scalars(
        select(Clip)
        .where(Clip.id.in_(later), Clip.state == State.IN_REVIEW)
        .order_by(Clip.id)
        .limit(MAX_ALIKE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
