"""Look-alikes: that a clip, or a part of it, was here before, and what whom that is told.

A reviewer learns that a clip resembles one that was taken down or not approved, wherever that
was; of clips that they may not see they learn nothing else: no title, no school, no id. A hold
leaves no trace (docs/decisions/0004): see :func:`_told`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from review import clock, hashindex, policy
from review.models import Clip, FrameHashes, LookAlikeRow, Revision
from review.policy import Actor, Role
from review.queries.visibility import can_see, was_taken_back
from review.states import State

# A hash is no picture and shows no face; without it a withdrawn clip that is sent again would look
# new. Pupils leave a school after five years at most: then nobody has the file to send any more.
KEPT = timedelta(days=5 * 365)
MAX_STORED = 50  # of one revision
MAX_SHOWN = 10
MAX_SCENES, SCENE_S = 5, 2.0  # of one look-alike; seconds between them


@dataclass(frozen=True, slots=True)
class LookAlike:
    """``score``: share of the other clip's frames that were found, 0 to 1. ``pairs``: seconds of
    ours and of theirs."""

    clip_id: str
    score: float
    mirrored: bool
    pairs: tuple[tuple[float, float], ...]


class Mark(StrEnum):
    """What became of the other clip, in words that tell no reason."""

    TAKEN_DOWN = "taken_down"
    REJECTED = "rejected"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Shown:
    """One look-alike as one person is told of it. ``clip`` is None, and the seconds of theirs are
    left out, where that person may not see it. ``later``: it was made after ours.
    ``may_open``: its page and preview are there for that person, not only the library's."""

    clip: Clip | None
    may_open: bool
    state: State | None
    mark: Mark | None
    later: bool
    same_file: bool
    score: float
    mirrored: bool
    pairs: tuple[tuple[float, float | None], ...]

    @property
    def scenes(self) -> list[tuple[float, float | None]]:
        """A few of ``pairs`` that do not lie close together: where to look."""
        found: list[tuple[float, float | None]] = []
        for pair in self.pairs:
            if not found or pair[0] - found[-1][0] >= SCENE_S:
                found.append(pair)
        return found[:MAX_SCENES]

    @property
    def returns(self) -> bool:
        """Whether our clip brings back what was taken down or not approved."""
        return not self.later and self.mark in (Mark.TAKEN_DOWN, Mark.REJECTED)


def index(session: Session, revision: Revision, hashes: Iterable[Mapping[str, Any]]) -> None:
    """Make the revision findable, and keep what it resembles now. Idempotent: another call, with
    more frames perhaps, replaces what this one left.

    ``hashes``: ``[{"at_s": 1.0, "hash": "64 hex digits"}]``, as workers.media.hashes makes them.
    Raises ValueError, and changes nothing, for anything else.
    """
    frames = hashindex.frames_of(hashes)
    matches = hashindex.search(session, frames, exclude_clip=revision.clip_id)
    hashindex.put(session, revision, frames)
    session.execute(delete(LookAlikeRow).where(LookAlikeRow.revision_id == revision.id))
    session.add_all(
        LookAlikeRow(
            revision_id=revision.id,
            other_id=match.revision_id,
            score=match.score,
            mirrored=match.mirrored,
            pairs=[list(pair) for pair in match.pairs],
        )
        for match in matches[:MAX_STORED]
    )
    session.flush()


def find(
    session: Session, hashes: Iterable[Mapping[str, Any]], *, exclude_clip: str | None = None
) -> list[LookAlike]:
    """The clips that share frames with these, each once, the most alike first."""
    frames = hashindex.frames_of(hashes)
    found: dict[str, LookAlike] = {}
    for match in hashindex.search(session, frames, exclude_clip=exclude_clip):
        same = LookAlike(match.clip_id, match.score, match.mirrored, match.pairs)
        found.setdefault(match.clip_id, same)
    return list(found.values())


def forget_old(session: Session, limit: int = 100) -> int:
    """Forget the frames of clips that were withdrawn longer than :data:`KEPT` ago; how many.

    To be called again while it gives ``limit``.
    """
    entries = (
        select(FrameHashes.clip_id)
        .join(Clip, Clip.id == FrameHashes.clip_id)
        .where(Clip.state == State.WITHDRAWN, Clip.withdrawn_at < clock.now(session) - KEPT)
    )
    clip_ids = list(session.scalars(entries.distinct().limit(limit)))
    for clip_id in clip_ids:
        theirs = select(Revision.id).where(Revision.clip_id == clip_id)
        session.execute(
            delete(LookAlikeRow).where(
                or_(LookAlikeRow.revision_id.in_(theirs), LookAlikeRow.other_id.in_(theirs))
            )
        )
        hashindex.drop(session, clip_id)
    return len(clip_ids)


def for_reviewer(session: Session, actor: Actor, clip: Clip) -> list[Shown]:
    """What this clip resembles, as ``actor`` may know it: marked ones first, then the most alike.

    Both ways: clips that were there before, and later ones in which this one was found.
    """
    return sorted(told_of(session, actor, clip), key=_order)[:MAX_SHOWN]


def told_of(session: Session, actor: Actor, clip: Clip) -> list[Shown]:
    """All that :func:`for_reviewer` chooses from."""
    return _shown(session, actor, [clip])[clip.id]


def marks(session: Session, actor: Actor, clips: Sequence[Clip]) -> dict[str, bool]:
    """For a list: id of each clip that resembles another -> whether it brings back what was taken
    down or not approved. As :func:`for_reviewer` tells it; the same few questions for any list."""
    shown = _shown(session, actor, clips)
    return {clip_id: any(s.returns for s in found) for clip_id, found in shown.items() if found}


def _shown(session: Session, actor: Actor, clips: Sequence[Clip]) -> dict[str, list[Shown]]:
    """Clip id -> its look-alikes, as ``actor`` may know them."""
    current = _current(session, clips)
    same = _same_file(session, current)
    found = _stored(session, current)
    for clip_id, others in same.items():
        for other_id in others:
            found[clip_id].setdefault(other_id, LookAlike(other_id, 1.0, False, ()))
    known = {other_id for alikes in found.values() for other_id in alikes}
    rows = {c.id: c for c in session.scalars(select(Clip).where(Clip.id.in_(known)))}
    return {
        clip.id: [
            told
            for other_id, alike in found[clip.id].items()
            if (other := rows.get(other_id)) is not None
            and (told := _told(actor, clip, other, alike, same_file=other_id in same[clip.id]))
        ]
        for clip in clips
    }


def own_same_file(session: Session, actor: Actor, clip: Clip) -> Clip | None:
    """The clip in which ``actor``, its owner, sent the very same bytes before: the newest. Nobody
    is told of another person's."""
    revision = next(iter(_current(session, [clip]).values()), None)
    if revision is None or clip.owner_id != actor.id:
        return None
    return session.scalar(
        select(Clip)
        .join(Revision, Revision.clip_id == Clip.id)
        .where(
            Revision.original_sha256 == revision.original_sha256,
            Clip.owner_id == clip.owner_id,
            Clip.id < clip.id,  # ids sort by time
        )
        .order_by(Clip.id.desc())
        .limit(1)
    )


def _current(session: Session, clips: Sequence[Clip]) -> dict[str, Revision]:
    """Revision id -> the current revision of each clip."""
    rows = session.scalars(
        select(Revision)
        .join(Clip, and_(Clip.id == Revision.clip_id, Clip.revision == Revision.number))
        .where(Clip.id.in_([clip.id for clip in clips]))
    )
    return {row.id: row for row in rows}


def _stored(
    session: Session, current: Mapping[str, Revision]
) -> defaultdict[str, dict[str, LookAlike]]:
    """Clip id -> other clip's id -> how they are alike; of several revisions the most alike."""
    rows = list(
        session.scalars(
            select(LookAlikeRow)
            .where(or_(LookAlikeRow.revision_id.in_(current), LookAlikeRow.other_id.in_(current)))
            .order_by(LookAlikeRow.score, LookAlikeRow.revision_id, LookAlikeRow.other_id)
        )
    )
    ids = {r.revision_id for r in rows} | {r.other_id for r in rows}
    pairs = select(Revision.id, Revision.clip_id).where(Revision.id.in_(ids))
    clip_of = {row.id: row.clip_id for row in session.execute(pairs)}
    found: defaultdict[str, dict[str, LookAlike]] = defaultdict(dict)
    for row in rows:
        for mine, theirs in ((row.revision_id, row.other_id), (row.other_id, row.revision_id)):
            ours, other = clip_of[mine], clip_of[theirs]
            if mine in current and ours != other:
                scenes = [(a, b) if mine == row.revision_id else (b, a) for a, b in row.pairs]
                alike = LookAlike(other, row.score, row.mirrored, tuple(sorted(scenes)))
                found[ours][other] = alike
    return found


def _same_file(session: Session, current: Mapping[str, Revision]) -> defaultdict[str, set[str]]:
    """Clip id -> the first clips, by their revisions, that came with the very same bytes."""
    hashes = {row.original_sha256 for row in current.values()}
    rows = session.execute(
        select(Revision.clip_id, Revision.original_sha256)
        .where(Revision.original_sha256.in_(hashes))
        .order_by(Revision.id)
    )
    same: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        same[row.original_sha256].append(row.clip_id)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for revision in current.values():
        others = [c for c in same[revision.original_sha256] if c != revision.clip_id]
        found[revision.clip_id] = set(others[:MAX_STORED])
    return found


def _told(
    actor: Actor, clip: Clip, other: Clip, alike: LookAlike, *, same_file: bool
) -> Shown | None:
    """What ``actor`` is told of ``other``; None: nothing at all."""
    shown = Shown(
        other,
        policy.may_see(actor, other),
        policy.shown_state(actor, other),
        _mark(policy.shown_state(actor, other)),
        other.id > clip.id,  # ids sort by time
        same_file,
        alike.score,
        alike.mirrored,
        alike.pairs,
    )
    if can_see(actor, other):
        return shown
    if _is_of_own_house(actor, other):
        # All that these may not see is on hold: it is as if it were not there.
        return None
    return replace(
        shown,
        clip=None,
        may_open=False,
        state=None,
        mark=_mark_from_outside(other),
        pairs=tuple((ours, None) for ours, _ in alike.pairs),
    )


def _is_of_own_house(actor: Actor, other: Clip) -> bool:
    """Whether ``actor`` sees every such clip but a held one."""
    if actor.role is Role.MODERATOR:
        return True
    is_staff = actor.role in (Role.TEACHER, Role.REVIEWER)
    return is_staff and actor.school_id is not None and actor.school_id == other.school_id


def _mark(state: State) -> Mark | None:
    return {
        State.WITHDRAWN: Mark.TAKEN_DOWN,
        State.REJECTED: Mark.REJECTED,
        State.PUBLISHED: Mark.PUBLISHED,
    }.get(state)


def _mark_from_outside(other: Clip) -> Mark | None:
    """As the public would tell: what was once published and is not any more has been taken down,
    whether it is on hold, back in review or rejected; before that, a hold is like a review."""
    if was_taken_back(other):
        return Mark.TAKEN_DOWN
    return _mark(policy.shown_state(None, other))


def _order(shown: Shown) -> tuple[int, float]:
    return (0 if shown.returns else 1), -shown.score
