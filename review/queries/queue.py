"""The queues: which clips wait for whose decision, in the order of their turns.

A page costs the same at a million clips as at a thousand, whatever is filtered: it walks along the
shortest of the lists that are asked for, at most :data:`WINDOW` places, and looks each place up in
the others. Where that is not enough to fill it, the page is shorter and its cursor goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from review import approvals, clock
from review.claims import free_for, held_by
from review.clock import UtcDateTime
from review.keys import is_id
from review.models import Clip, Decision, QueuePlace
from review.policy import Actor, Role
from review.queries.filters import Filters
from review.queries.paging import MAX_PAGE, Page, decode_cursor, encode_cursor, paged
from review.queries.rows import QueueRow, queue_rows
from review.queries.visibility import in_blind_stage
from review.states import Party, State

WINDOW = 1000  # places that one page looks at
MAX_MINE = 200  # claims of one person that are listed
MAX_WALKS = 10  # windows that "next" looks through before it gives up

Position = tuple[datetime, str]
DUE = Filters()


@dataclass(frozen=True, slots=True)
class Count:
    """``more``: there are more than ``number``, or there may be: counting ended there."""

    number: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Walk:
    """Places in order: ``found`` are all there are up to ``end`` (None: to the last)."""

    found: list[Position]
    end: Position | None


def review_queue(
    session: Session,
    actor: Actor,
    cursor: str | None = None,
    limit: int = 20,
    filters: Filters = DUE,
) -> Page[QueueRow]:
    """The clips that are asked for, by their turns: those that waited longest first, with a fair
    share between schools. A page that is not full, or empty, may have a following one."""
    limit = max(1, min(limit, MAX_PAGE))
    if filters.scope == "mine":
        mine = _mine(session, actor, filters)
        return Page(_rows(session, actor, mine[:limit]), None)
    after = decode_cursor(cursor) if cursor else None
    walk = _walk_all(session, actor, filters, after, limit + 1)
    following = walk.found[limit - 1] if len(walk.found) > limit else walk.end
    rows = _rows(session, actor, [clip_id for _, clip_id in walk.found[:limit]])
    return Page(rows, encode_cursor(*following) if following else None)


def _rows(session: Session, actor: Actor, ids: Sequence[str]) -> list[QueueRow]:
    clips = {clip.id: clip for clip in session.scalars(select(Clip).where(Clip.id.in_(ids)))}
    return queue_rows(session, actor, [clips[clip_id] for clip_id in ids])


def _walk_all(
    session: Session,
    actor: Actor,
    filters: Filters,
    after: Position | None,
    limit: int,
    *also: ColumnElement[bool],
) -> _Walk:
    """The clips of every party that is asked for, in one order."""
    lists = filters.lists(actor)
    walks = [_walk(session, actor, names, filters, after, limit, *also) for names in lists]
    # Beyond the place where one walk stopped, what another found may not be the next.
    end = min((walk.end for walk in walks if walk.end is not None), default=None)
    found = sorted(place for walk in walks for place in walk.found)
    return _Walk([place for place in found if end is None or place <= end], end)


def _walk(
    session: Session,
    actor: Actor,
    names: Sequence[str],
    filters: Filters,
    after: Position | None,
    limit: int,
    *also: ColumnElement[bool],
) -> _Walk:
    lead = _shortest(session, names)
    end = _window_end(session, lead, after)
    query = (
        select(QueuePlace.turn, QueuePlace.clip_id)
        .join(Clip, Clip.id == QueuePlace.clip_id)
        .where(
            QueuePlace.list == lead,
            *_between(after, end),
            *_in_all([name for name in names if name != lead]),
            *_wanted(session, actor, filters),
            *also,
        )
        .order_by(QueuePlace.turn, QueuePlace.clip_id)
        .limit(limit)
    )
    found = [(turn, clip_id) for turn, clip_id in session.execute(query)]
    # A full one ends before its window does: what lies between is the next one's.
    return _Walk(found, found[-1] if len(found) == limit else end)


def _shortest(session: Session, names: Sequence[str]) -> str:
    """The list with the fewest clips, counted as far as a window reaches."""
    if len(names) == 1:
        return names[0]
    sizes = union_all(
        *(
            select(
                literal(number).label("number"),
                select(func.count())
                .select_from(
                    select(QueuePlace.clip_id)
                    .where(QueuePlace.list == name)
                    .limit(WINDOW)
                    .subquery()
                )
                .scalar_subquery()
                .label("size"),
            )
            for number, name in enumerate(names)
        )
    )
    _, shortest = min((int(row.size), int(row.number)) for row in session.execute(sizes))
    return names[shortest]


def _window_end(session: Session, lead: str, after: Position | None) -> Position | None:
    """The last place of the window; None: the list ends before."""
    query = (
        select(QueuePlace.turn, QueuePlace.clip_id)
        .where(QueuePlace.list == lead, *_between(after, None))
        .order_by(QueuePlace.turn, QueuePlace.clip_id)
        .offset(WINDOW - 1)
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row.turn, row.clip_id)


def _between(after: Position | None, end: Position | None) -> list[ColumnElement[bool]]:
    here = tuple_(QueuePlace.turn, QueuePlace.clip_id)
    bounds = []
    if after is not None:
        bounds.append(here > _position(after))
    if end is not None:
        bounds.append(here <= _position(end))
    return bounds


def _position(at: Position) -> Any:
    return tuple_(literal(at[0], UtcDateTime()), literal(at[1]))


def _in_all(names: Sequence[str]) -> list[ColumnElement[bool]]:
    """The clip stands in these lists too: each is one look at the key."""
    conditions: list[ColumnElement[bool]] = []
    for name in names:
        other = aliased(QueuePlace)
        conditions.append(
            select(literal(1))
            .where(
                other.list == name,
                other.turn == QueuePlace.turn,
                other.clip_id == QueuePlace.clip_id,
            )
            .exists()
        )
    return conditions


def _wanted(session: Session, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    """What the clip's own row has to say: it has the last word, whatever list named it."""
    wanted = [Clip.state == State.IN_REVIEW, Clip.owner_id != actor.id]
    if actor.role is Role.REVIEWER:
        elsewhere = Clip.school_id.is_distinct_from(actor.school_id)
        wanted.append(or_(Clip.stage_party != Party.PEER, elsewhere))
    elif filters.school is not None:
        # To be found by its school would tell whose it is.
        wanted.append(not_(in_blind_stage(session)))
    if filters.scope == "due":
        # One who has decided in a stage does not decide in it again, nor approve in a later one.
        wanted.append(~cast(Clip.votes, String).contains(f'"{actor.id}"', autoescape=True))
        wanted.append(~_approved_before(actor))
    if filters.days is not None:
        before = clock.now(session) - timedelta(days=filters.days)
        wanted.append(Clip.submitted_at < before)
    return wanted


def _approved_before(actor: Actor) -> ColumnElement[bool]:
    """As :func:`review.lifecycle.approvers` has it."""
    approved = approvals.before(Clip.id, Clip.revision, Clip.stage)
    approval = select(literal(1)).where(*approved, Decision.actor_id == actor.id)
    return approval.exists()


def _mine(session: Session, actor: Actor, filters: Filters) -> list[str]:
    """Ids of what this person has claimed now: few, so they are sorted here."""
    mine = list(session.scalars(_claimed(session, actor)))
    found: list[Position] = []
    for names in filters.lists(actor) if mine else []:
        query = (
            select(QueuePlace.turn, QueuePlace.clip_id)
            .join(Clip, Clip.id == QueuePlace.clip_id)
            .where(
                QueuePlace.clip_id.in_(mine),
                QueuePlace.list == names[0],
                *_in_all(names[1:]),
                *_wanted(session, actor, filters),
            )
        )
        found += [(turn, clip_id) for turn, clip_id in session.execute(query)]
    return [clip_id for _, clip_id in sorted(found)]


def _claimed(session: Session, actor: Actor) -> Select[str]:
    """Ids of the clips that are this person's own work now: claimed, or given to them."""
    now = clock.now(session)
    held = held_by(actor, now)
    # Two looks at two indexes: of one question with "or" SQLite reads all that is in review.
    waiting = Clip.state == State.IN_REVIEW
    given = Clip.assigned_to == actor.id
    either = union_all(select(Clip.id).where(held, waiting), select(Clip.id).where(given, waiting))
    return select(either.subquery().c.id).limit(MAX_MINE)


def safeguarding_queue(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 20
) -> Page[QueueRow]:
    """The clips whose case is open, held or withdrawn while held: for their officer only."""
    if actor.role != Role.SAFEGUARDING:
        return Page([], None)
    page = paged(
        session,
        select(Clip).where(Clip.case_open.is_(True)),
        Clip.submitted_at,
        Clip.id,
        cursor,
        limit,
        newest_first=False,
        key_of=lambda c: (c.submitted_at, c.id),
    )
    return Page(queue_rows(session, actor, page.items), page.next)


def free_clips(
    session: Session,
    actor: Actor,
    after: str | None = None,
    limit: int = 20,
    filters: Filters = DUE,
) -> list[str]:
    """Ids of the first clips of the page that wait for this person and that nobody else has
    claimed. With ``after``, a clip or a :func:`place_of` one, those that follow it come first, so
    that putting clips off leads through them all."""
    due = filters.within("due")
    start = _position_of(session, after)
    found = _free(session, actor, due, start, limit)
    if start is not None and len(found) < limit:
        again = _free(session, actor, due, None, limit)
        found += [clip_id for clip_id in again if clip_id not in (*found, start[1])]
    return found[:limit]


def place_of(session: Session, clip_id: str) -> str | None:
    """Where a clip stands, as a cursor that holds when the clip stands there no more."""
    # In all its lists a clip has one turn.
    standing = select(QueuePlace.turn).where(QueuePlace.clip_id == clip_id).limit(1)
    turn = session.scalar(standing)
    return None if turn is None else encode_cursor(turn, clip_id)


def _position_of(session: Session, after: str | None) -> Position | None:
    if not after:
        return None
    if not is_id(after):
        return decode_cursor(after)
    place = place_of(session, after)
    if place is not None:
        return decode_cursor(place)
    # It was decided meanwhile: it stood not before it was sent.
    sent = session.scalar(select(Clip.submitted_at).where(Clip.id == after))
    return None if sent is None else (sent, after)


def _free(
    session: Session, actor: Actor, filters: Filters, after: Position | None, limit: int
) -> list[str]:
    free = free_for(actor, clock.now(session))
    for _ in range(MAX_WALKS):
        walk = _walk_all(session, actor, filters, after, limit, free)
        if walk.found or walk.end is None:
            return [clip_id for _, clip_id in walk.found]
        after = walk.end
    return []


def next_in_queue(
    session: Session, actor: Actor, after: str | None = None, filters: Filters = DUE
) -> str | None:
    """Id of the clip whose turn it is, of those that nobody else has claimed."""
    return next(iter(free_clips(session, actor, after, 1, filters)), None)


def waiting_count(session: Session, actor: Actor, cap: int = 100, filters: Filters = DUE) -> int:
    """How many clips are asked for, counted only up to ``cap``."""
    return count(session, actor, filters, cap).number


def count(session: Session, actor: Actor, filters: Filters, cap: int = 100) -> Count:
    """As far as one window reaches, and up to ``cap``."""
    if filters.scope == "mine":
        return Count(len(_mine(session, actor, filters)), more=False)
    number, more = 0, False
    for names in filters.lists(actor):
        walk = _walk(session, actor, names, filters, None, cap)
        number += len(walk.found)
        more = more or walk.end is not None
    return Count(min(number, cap), more or number >= cap)
