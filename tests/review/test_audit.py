"""The audit chain: whole after every move, and what was changed afterwards is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from review import audit
from review.models import AuditRow, ChainHead
from review.states import State
from tests.racing import race
from tests.world import World


def verify(world: World) -> tuple[int, int | None]:
    with world.read() as session:
        return audit.verify(session)


def test_an_empty_chain_is_whole(any_world: World) -> None:
    assert verify(any_world) == (0, None)


def test_the_life_of_a_clip_reads_as_it_was(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.WITHDRAWN)
    with world.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.seq)).all()
        said = [(r.action, r.party, r.from_state, r.to_state, r.version) for r in rows]
    assert said == [
        ("create", "owner", None, "draft", 1),
        ("submit", "owner", "draft", "processing", 2),
        ("examined", "worker", "processing", "in_review", 3),
        ("approve", "reviewer", "in_review", "in_review", 4),
        ("approve", "moderator", "in_review", "approved", 5),
        ("publish", "system", "approved", "published", 6),
        ("withdraw", "moderator", "published", "withdrawn", 7),
    ]
    assert {r.clip_id for r in rows} == {clip_id}
    assert verify(world) == (7, None)
    assert audit.describe(rows[3]) == {
        "at": audit.iso(rows[3].at),
        "action": "approve",
        "by": "reviewer",
        "from": "in_review",
        "to": "in_review",
        "version": 4,
        "revision": 1,
    }


def tamper(column: str, value: object) -> Callable[[Session], object]:
    return lambda s: s.execute(update(AuditRow).where(AuditRow.seq == 3).values({column: value}))


TAMPERINGS: dict[str, tuple[Callable[[Session], object], int]] = {
    "another actor": (tamper("actor_id", "somebody"), 3),
    "another clip": (tamper("clip_id", "x"), 3),
    "another party": (tamper("party", "moderator"), 3),
    "another action": (tamper("action", "refuse"), 3),
    "another state": (tamper("to_state", "refused"), 3),
    "another version": (tamper("version", 9), 3),
    "another detail": (tamper("detail", {"watched_sha256": "0"}), 3),
    "another hash": (tamper("hash", "0" * 64), 3),
    "a row taken out": (lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 3)), 3),
    "the last row taken out": (lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 5)), 5),
    "the end moved": (lambda s: s.execute(update(ChainHead).values(seq=4)), 6),
    "the end forgotten": (lambda s: s.execute(delete(ChainHead)), 6),
    "the first row taken out": (lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 1)), 1),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_what_was_changed_afterwards_is_found_where_it_is(world: World, kind: str) -> None:
    change, first_bad = TAMPERINGS[kind]
    world.clip(State.APPROVED)
    assert verify(world) == (5, None)
    with world.write() as session:
        change(session)
    assert verify(world) == (first_bad - 1, first_bad)


def test_a_row_that_was_rehashed_breaks_the_next_one(world: World) -> None:
    """Who changes a row and its hash would have to change every row after it, and the end."""
    world.clip(State.APPROVED)
    with world.write() as session:
        row = session.get_one(AuditRow, 3)
        row.party = "moderator"
        row.hash = audit.row_hash(row)
    assert verify(world) == (3, 4)


def test_moves_of_different_clips_at_once_make_one_chain(any_world: World) -> None:
    world = any_world
    clips = [world.clip() for _ in range(6)]
    with world.read() as session:
        before, _ = audit.verify(session)
    results = race(*[lambda c=c: world.withdraw(c) for c in clips])
    assert results == [None] * 6
    assert verify(world) == (before + 6, None)


def test_the_hash_is_that_of_canonical_json(world: World) -> None:
    """Anyone can check the chain with a few lines: the text is fixed for ever."""
    world.clip(State.DRAFT)
    with world.read() as session:
        row = session.get_one(AuditRow, 1)
        raw = session.execute(text("SELECT * FROM audit WHERE seq = 1")).mappings().one()
    content = {k: raw[k] for k in raw if k not in ("hash", "at", "detail")}
    content |= {"at": audit.iso(row.at), "detail": row.detail}
    said = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.hash == hashlib.sha256(said.encode()).hexdigest()
    assert row.previous_hash == "0" * 64
