"""The rows of the queues: what a list of waiting clips shows of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import claims, clock
from review.models import Account, Clip, QueuePlace, School, SchoolClass
from review.policy import Actor, Role, is_blind
from review.queries.covers import faces
from review.queueplaces import RETURNS_HERE, SIGNS


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of a reviewer's queue; in a blind stage it names neither school nor class.
    ``signs``: of :data:`review.queueplaces.SIGNS`."""

    clip: Clip
    school_name: str
    class_name: str | None
    duration_s: float | None
    poster: str
    claimed_by_other: bool
    claimed_by_me: bool
    claimed_until: datetime | None = None
    claimed_name: str | None = None
    signs: tuple[str, ...] = ()


def queue_rows(session: Session, actor: Actor, clips: Sequence[Clip]) -> list[QueueRow]:
    """The same few questions for any list."""
    now = clock.now(session)
    schools = _names(session, School, {c.school_id for c in clips})
    classes = _names(session, SchoolClass, {c.class_id for c in clips})
    people = _people(session, {c.claimed_by for c in clips})
    shown = faces(session, clips)
    signs = _signs(session, actor, clips)
    rows = []
    for clip in clips:
        claimed = claims.stands(clip, now)
        blind = is_blind(actor, clip)
        rows.append(
            QueueRow(
                clip,
                "" if blind else schools.get(clip.school_id, ""),
                None if blind else classes.get(clip.class_id),
                shown[clip.id].duration_s,
                shown[clip.id].poster,
                claimed and clip.claimed_by != actor.id,
                claimed and clip.claimed_by == actor.id,
                clip.claimed_until if claimed else None,
                people.get(clip.claimed_by) if claimed else None,
                signs[clip.id],
            )
        )
    return rows


def _names(
    session: Session, model: type[School | SchoolClass], ids: set[str | None]
) -> dict[str | None, str]:
    rows = session.execute(select(model.id, model.name).where(model.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _people(session: Session, ids: set[str | None]) -> dict[str | None, str]:
    rows = session.execute(select(Account.id, Account.label).where(Account.id.in_(ids)))
    return {row.id: row.label for row in rows}


def _signs(session: Session, actor: Actor, clips: Sequence[Clip]) -> dict[str, tuple[str, ...]]:
    """Clip id -> its signs in their order, as this person may know them."""
    rows = session.execute(
        select(QueuePlace.clip_id, QueuePlace.list).where(
            QueuePlace.clip_id.in_([clip.id for clip in clips])
        )
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        _, is_sign, sign = row.list.partition("/sign:")
        if is_sign:
            found[row.clip_id].add(sign)
    told = {sign: sign for sign in SIGNS}
    if actor.role is Role.REVIEWER:
        told["returns"] = RETURNS_HERE
    return {c.id: tuple(s for s in SIGNS if told[s] in found[c.id]) for c in clips}
