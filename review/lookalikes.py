"""Look-alikes: that a clip, or a part of it, was here before, and what whom that is told.

A reviewer learns that a clip resembles one that was taken down or not approved, wherever that
was; of clips that they may not see they learn nothing else: no title, no school, no id. A hold
leaves no trace (docs/decisions/0004): see :func:`_told`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
    left out, where that person may not see it. ``later``: what is alike came with ours first.
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
    alike = _alike(session, clips)
    found = alike.found
    known = {other_id for alikes in found.values() for other_id in alikes}
    rows = {c.id: c for c in session.scalars(select(Clip).where(Clip.id.in_(known)))}
    return {
        clip.id: [
            told
            for other_id, like in found[clip.id].items()
            if (other := rows.get(other_id)) is not None
            and (told := _told(actor, other, like, alike.came(clip.id, other_id)))
        ]
        for clip in clips
    }


def before(session: Session, clip: Clip) -> list[str]:
    """Ids of the clips that this one resembles, and in which that was here before."""
    alike = _alike(session, [clip])
    return sorted(o for o in alike.found[clip.id] if not alike.came(clip.id, o).later)


def own_same_file(session: Session, actor: Actor, clip: Clip) -> Clip | None:
    """The clip in which ``actor``, its owner, sent the very same bytes before: the newest. Nobody
    is told of another person's."""
    if clip.owner_id != actor.id:
        return None
    ours = _revisions(session, [clip])
    current = next((row for row in ours if row.number == clip.revision), None)
    if current is None:
        return None
    sha256 = current.original_sha256
    first = next(row for row in ours if row.original_sha256 == sha256)
    return session.scalar(
        select(Clip)
        .join(Revision, Revision.clip_id == Clip.id)
        .where(
            Revision.original_sha256 == sha256,
            Clip.owner_id == clip.owner_id,
            Clip.id != clip.id,
            or_(
                Revision.created_at < first.created_at,
                and_(Revision.created_at == first.created_at, Revision.id < first.id),
            ),
        )
        .order_by(Revision.created_at.desc(), Revision.id.desc())
        .limit(1)
    )


# When something came, not when its clip was begun: an older clip can be handed in again with the
# file of a younger one.
_Moment = tuple[datetime, str]  # ids decide where the clock does not


@dataclass(frozen=True, slots=True)
class _Came:
    """``later``: with the other clip what is alike came after it had come with ours."""

    same_file: bool
    later: bool


@dataclass(frozen=True, slots=True)
class _Alike:
    """``found``: clip id -> other clip's id -> how they are alike. The rest: (clip, other) ->
    whether the other came later, by the same bytes and by frames."""

    found: defaultdict[str, dict[str, LookAlike]]
    by_bytes: Mapping[tuple[str, str], bool]
    by_frames: Mapping[tuple[str, str], bool]

    def came(self, clip_id: str, other_id: str) -> _Came:
        pair = clip_id, other_id
        if pair in self.by_bytes:
            return _Came(True, self.by_bytes[pair])
        return _Came(False, self.by_frames[pair])


def _alike(session: Session, clips: Sequence[Clip]) -> _Alike:
    revisions = _revisions(session, clips)
    numbers = {clip.id: clip.revision for clip in clips}
    current = [row for row in revisions if row.number == numbers[row.clip_id]]
    by_bytes = _same_file(session, current)
    found, by_frames = _stored(session, revisions, {row.id for row in current})
    for clip_id, other_id in by_bytes:
        found[clip_id].setdefault(other_id, LookAlike(other_id, 1.0, False, ()))
    return _Alike(found, by_bytes, by_frames)


def _revisions(session: Session, clips: Sequence[Clip]) -> Sequence[Any]:
    """All revisions of the clips, the first one first."""
    return session.execute(
        select(
            *(Revision.id, Revision.clip_id, Revision.number),
            *(Revision.original_sha256, Revision.created_at),
        )
        .where(Revision.clip_id.in_([clip.id for clip in clips]))
        .order_by(Revision.created_at, Revision.id)
    ).all()


def _stored(
    session: Session, revisions: Sequence[Any], current: Collection[str]
) -> tuple[defaultdict[str, dict[str, LookAlike]], dict[tuple[str, str], bool]]:
    """Clip id -> other clip's id -> how the current revision and it are alike, of several
    revisions the most; and who came first, whichever revision that was."""
    ours = {row.id for row in revisions}
    rows = list(
        session.scalars(
            select(LookAlikeRow)
            .where(or_(LookAlikeRow.revision_id.in_(ours), LookAlikeRow.other_id.in_(ours)))
            .order_by(LookAlikeRow.score, LookAlikeRow.revision_id, LookAlikeRow.other_id)
        )
    )
    ids = {r.revision_id for r in rows} | {r.other_id for r in rows}
    query = select(Revision.id, Revision.clip_id, Revision.created_at).where(Revision.id.in_(ids))
    known = {row.id: row for row in session.execute(query)}
    found: defaultdict[str, dict[str, LookAlike]] = defaultdict(dict)
    first: dict[tuple[str, str], tuple[_Moment, _Moment]] = {}
    for row in rows:
        for mine, theirs in ((row.revision_id, row.other_id), (row.other_id, row.revision_id)):
            us, other = known[mine], known[theirs]
            if mine not in ours or us.clip_id == other.clip_id:
                continue
            pair = us.clip_id, other.clip_id
            moments = (us.created_at, us.id), (other.created_at, other.id)
            was = first.get(pair, moments)
            first[pair] = min(was[0], moments[0]), min(was[1], moments[1])
            if mine in current:
                scenes = [(a, b) if mine == row.revision_id else (b, a) for a, b in row.pairs]
                alike = LookAlike(other.clip_id, row.score, row.mirrored, tuple(sorted(scenes)))
                found[us.clip_id][other.clip_id] = alike
    return found, {pair: theirs > ours for pair, (ours, theirs) in first.items()}


def _same_file(session: Session, current: Sequence[Any]) -> dict[tuple[str, str], bool]:
    """(clip, other that came with the very same bytes) -> whether it was the later one. Of each
    clip the first others."""
    rows = session.execute(
        select(Revision.clip_id, Revision.original_sha256)
        .where(Revision.original_sha256.in_({row.original_sha256 for row in current}))
        .order_by(Revision.created_at, Revision.id)
    )
    came: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.clip_id not in came[row.original_sha256]:
            came[row.original_sha256].append(row.clip_id)
    found: dict[tuple[str, str], bool] = {}
    for revision in current:
        clips = came[revision.original_sha256]
        place = clips.index(revision.clip_id)
        others = [(n > place, c) for n, c in enumerate(clips) if n != place]
        found |= {(revision.clip_id, other): later for later, other in others[:MAX_STORED]}
    return found


def _told(actor: Actor, other: Clip, alike: LookAlike, came: _Came) -> Shown | None:
    """What ``actor`` is told of ``other``; None: nothing at all."""
    shown = Shown(
        other,
        policy.may_see(actor, other),
        policy.shown_state(actor, other),
        _mark(policy.shown_state(actor, other)),
        came.later,
        came.same_file,
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
