"""The audit as a whole: filters, pages, and no row, gap or name that tells of a hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import select, update

from review import decisions, submission
from review.errors import InvalidInput
from review.models import AuditRow
from review.policy import PEOPLE, Role
from review.queries import trail as trail_module
from review.queries.trail import Filter, Line, batch, trail
from review.states import Action, State
from tests.rows import counted
from tests.world import World


def lines(world: World, role: Role = Role.MODERATOR, **which: str) -> list[Line]:
    """All pages, with two rows on each."""
    found: list[Line] = []
    cursor = None
    while True:
        with world.read() as session:
            page = trail(session, world.actor(role), Filter(**which), cursor, 2)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


def acts(world: World, role: Role = Role.MODERATOR, **which: str) -> list[str]:
    return [line.action for line in lines(world, role, **which)]


LIFE = ["approve", "approve", "examined", "submit", "create"]


def test_the_newest_is_first_and_pages_leave_nothing_out(any_world: World) -> None:
    world = any_world
    world.clip(State.APPROVED)
    assert acts(world) == LIFE
    with world.read() as session:
        whole, place = batch(session, world.actor(Role.ADMIN), Filter())
    assert (whole, place) == (lines(world), None)
    last = whole[0]
    assert (last.person, last.party, last.from_state, last.to_state) == (
        "moderator",
        "moderator",
        "in_review",
        "approved",
    )


def test_an_export_goes_on_where_a_batch_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clip(State.APPROVED)
    expected = lines(world)
    monkeypatch.setattr(trail_module, "BATCH", 2)
    found, place = [], None
    while True:
        with world.read() as session:
            some, place = batch(session, world.actor(Role.MODERATOR), Filter(), place)
        found += some
        if place is None:
            break
    assert found == expected


def test_each_filter_finds_its_own(any_world: World) -> None:
    world = any_world
    one, two = world.clip(State.APPROVED), world.clip(State.REJECTED)
    assert acts(world, clip=two) == ["reject", "examined", "submit", "create"]
    assert {line.clip_id for line in lines(world, action="approve")} == {one}
    reviewer = world.person(Role.REVIEWER)
    for name in (reviewer.username, reviewer.username.upper(), reviewer.id):
        assert acts(world, person=name) == ["reject", "approve"]
    assert acts(world, person=reviewer.username, action="approve") == ["approve"]
    assert acts(world, person="nobody") == []
    assert acts(world, clip="'; DROP TABLE audit; --") == []


def test_days_are_days_in_viet_nam(any_world: World) -> None:
    world = any_world
    world.clip(State.IN_REVIEW)
    moments = {1: "2026-03-01 16:59:59", 2: "2026-03-01 17:00:00", 3: "2026-03-02 17:00:00"}
    with world.write() as session:
        for seq, text in moments.items():
            at = trail_module.datetime.fromisoformat(f"{text}+00:00")
            session.execute(update(AuditRow).where(AuditRow.seq == seq).values(at=at))
    assert acts(world, from_day="2026-03-02", to_day="2026-03-02") == ["submit"]
    assert acts(world, from_day="2026-03-02") == ["examined", "submit"]
    assert acts(world, to_day="2026-03-01") == ["create"]


@pytest.mark.parametrize("wrong", ["31/12", "2026-02-30", "9999-12-31x", "0001-01-01"])
def test_a_wrong_day_is_said(world: World, wrong: str) -> None:
    for field in ("from_day", "to_day"):
        with pytest.raises(InvalidInput) as caught:
            acts(world, **{field: wrong})
        assert list(caught.value.errors) == [field.removesuffix("_day")]


@pytest.mark.parametrize("cursor", ["x", "2026-01-01T00:00:00Z~", "2026-01-01T00:00:00Z~ab", "~"])
def test_a_wrong_cursor_is_said(world: World, cursor: str) -> None:
    with world.read() as session, pytest.raises(InvalidInput):
        trail(session, world.actor(Role.ADMIN), Filter(), cursor)


@pytest.mark.parametrize("role", [r for r in PEOPLE if r not in trail_module.READERS])
def test_others_get_nothing(world: World, role: Role) -> None:
    world.clip(State.APPROVED)
    assert lines(world, role) == []
    with world.read() as session:
        assert batch(session, world.actor(role), Filter()) == ([], None)


def test_drafts_are_their_owners(world: World) -> None:
    draft = world.clip(State.DRAFT)
    assert acts(world) == []
    with world.write() as session:
        submission.delete_draft(session, draft, world.actor(Role.TEACHER))
    assert acts(world) == []
    assert acts(world, Role.ADMIN) == ["delete", "create"]


def release(world: World, clip_id: str) -> None:
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)


def plain(rows: list[Line]) -> list[dict[str, Any]]:
    """Without times, ids and hashes, in which two clips always differ."""
    dull = {"at": None, "clip_id": None, "detail": None}
    return [asdict(row) | dull for row in rows]


def test_a_held_clip_has_no_rows_for_a_moderator_and_none_too_many_for_an_admin(
    any_world: World,
) -> None:
    world = any_world
    held, twin = world.clip(State.IN_REVIEW), world.clip(State.IN_REVIEW)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    assert lines(world, clip=held) == []
    assert {line.clip_id for line in lines(world)} == {twin}
    admins = [plain(lines(world, Role.ADMIN, clip=clip)) for clip in (held, twin)]
    assert admins[0] == admins[1]
    assert len(admins[0]) == 3


def test_after_a_hold_nothing_tells_of_it(any_world: World) -> None:
    """Released, then rejected by the officer in another hold: to others a moderator's word."""
    world = any_world
    held, twin = world.clip(State.IN_REVIEW), world.clip(State.IN_REVIEW)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    release(world, held)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    world.decide(held, Action.REJECT, Role.SAFEGUARDING)
    world.decide(twin, Action.REJECT, Role.MODERATOR)
    for role in trail_module.READERS:
        mine, other = (plain(lines(world, role, clip=clip)) for clip in (held, twin))
        assert mine[0].pop("person") == ""
        assert other[0].pop("person") == "moderator"
        assert mine == other
        officer = world.person(Role.SAFEGUARDING)
        for name in (officer.username, officer.id):
            assert lines(world, role, person=name) == []
        for action in ("escalate", "release", "case_note", "hand_over", "close_case"):
            assert lines(world, role, action=action) == []


def test_a_cursor_does_not_count_what_is_left_out(world: World) -> None:
    held = world.clip(State.IN_REVIEW)
    world.clip(State.IN_REVIEW)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    with world.read() as session:
        cursor = trail(session, world.actor(Role.ADMIN), Filter(), None, 1).next
        numbers = session.scalars(select(AuditRow.seq)).all()
    assert cursor is not None
    _, _, mark = cursor.partition("~")
    assert len(mark) == 16
    assert not mark.isdigit() or int(mark) not in numbers


def test_a_page_is_one_question_and_a_later_one_two(world: World) -> None:
    for _ in range(4):
        world.clip(State.APPROVED)
    with world.read() as session, counted(world.database) as first:
        page = trail(session, world.actor(Role.MODERATOR), Filter(), None, 5)
    with world.read() as session, counted(world.database) as second:
        trail(session, world.actor(Role.MODERATOR), Filter(), page.next, 50)
    questions = [len([s for s in c.sent if "FROM audit" in s]) for c in (first, second)]
    assert questions == [1, 2]
