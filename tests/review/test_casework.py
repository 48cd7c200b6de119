"""The officer's notes and hand-overs: added only, by officers only, with no trace for others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from review import audit, casework, clock, decisions
from review.errors import InvalidInput, NoSuchClip
from review.models import AuditRow, CaseEntry
from review.policy import PEOPLE, Role
from review.states import Action, State
from tests.world import World


def note(world: World, clip_id: str, text: str = "Đã gọi cô chủ nhiệm.") -> str:
    officer = world.actor(Role.SAFEGUARDING)
    with world.write() as session:
        return casework.add_note(session, clip_id, officer, text).id


def hand_over(world: World, clip_id: str, **other: object) -> str:
    officer = world.actor(Role.SAFEGUARDING)
    said = {"recipient": "school", "name": "Tổ tư vấn", "text": "Hẹn gặp chiều nay."}
    with world.write() as session:
        return casework.hand_over(session, clip_id, officer, **{**said, **other}).id


def case(world: World, clip_id: str) -> casework.Case:
    with world.read() as session:
        return casework.get(session, world.actor(Role.SAFEGUARDING), clip_id)


def test_a_case_goes_from_new_to_handed_over(any_world: World) -> None:
    world = any_world
    clip_id, other = world.clip(State.HELD), world.clip(State.HELD)
    seen = [case(world, clip_id).state]
    note(world, clip_id)
    seen.append(case(world, clip_id).state)
    hand_over(world, clip_id)
    note(world, clip_id, "Cô đã gặp em.")
    seen.append(case(world, clip_id).state)
    assert seen == ["new", "in_hand", "handed_over"]
    with world.read() as session:
        clips = [world.get(clip_id), world.get(other)]
        assert casework.states(session, clips) == {clip_id: "handed_over", other: "new"}
    steps = case(world, clip_id).steps
    assert [(s.entry.kind, s.author, s.entry.text) for s in steps] == [
        ("case_note", "safeguarding", "Đã gọi cô chủ nhiệm."),
        ("hand_over", "safeguarding", "Hẹn gặp chiều nay."),
        ("case_note", "safeguarding", "Cô đã gặp em."),
    ]


def test_a_second_case_begins_anew_and_shows_the_first(world: World) -> None:
    clip_id = world.clip(State.HELD)
    hand_over(world, clip_id)
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)
    with pytest.raises(NoSuchClip):
        case(world, clip_id)
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    again = case(world, clip_id)
    assert (again.state, len(again.steps)) == ("new", 1)


@pytest.mark.parametrize("role", [r for r in PEOPLE if r is not Role.SAFEGUARDING])
def test_for_all_others_there_is_no_case(world: World, role: Role) -> None:
    """The clip's owner too: the very error of a clip that never was."""
    owner = world.person(role) if role in (Role.PUPIL, Role.TEACHER) else None
    clip_id, nothing = world.clip(State.HELD, owner=owner), "01m00000000000000000000000"
    told, actor = [], world.actor(role)
    for which in (clip_id, nothing):
        with world.write() as session:
            for call in (
                lambda s=session, a=actor, w=which: casework.get(s, a, w),
                lambda s=session, a=actor, w=which: casework.add_note(s, w, a, "x"),
                lambda s=session, a=actor, w=which: casework.hand_over(
                    s, w, a, recipient="school", name="x", text="x"
                ),
            ):
                with pytest.raises(NoSuchClip) as caught:
                    call()
                told.append(str(caught.value).replace(which, "ID"))
    assert told[:3] == told[3:]


def test_without_an_open_case_there_is_nothing_to_write(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    with pytest.raises(NoSuchClip):
        note(world, clip_id)


def test_what_is_missing_or_impossible_is_refused(world: World) -> None:
    clip_id = world.clip(State.HELD)
    with world.read() as session:
        tomorrow = clock.now(session) + timedelta(days=1)
    for wrong, field in (
        ({"recipient": "press"}, "recipient"),
        ({"name": " \u202e "}, "name"),
        ({"text": ""}, "text"),
        ({"told_at": tomorrow}, "told_at"),
    ):
        with pytest.raises(InvalidInput) as caught:
            hand_over(world, clip_id, **wrong)
        assert list(caught.value.errors) == [field]
    assert case(world, clip_id).steps == []


def test_it_is_chained_and_leaves_the_clip_as_it_is(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.HELD)
    before = world.get(clip_id)
    first, second = note(world, clip_id), hand_over(world, clip_id)
    after = world.get(clip_id)
    assert (after.version, after.state) == (before.version, "held")
    with world.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(2)).all()
        assert [(r.action, r.detail["entry"]) for r in rows[::-1]] == [
            ("case_note", first),
            ("hand_over", second),
        ]
        assert audit.verify(session)[1] is None
        assert casework.altered(session) == []


def test_an_entry_that_was_changed_or_removed_is_found(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.HELD)
    changed, removed, left = (note(world, clip_id) for _ in range(3))
    with world.write() as session:
        session.execute(update(CaseEntry).where(CaseEntry.id == changed).values(text="Khác"))
        session.execute(delete(CaseEntry).where(CaseEntry.id == removed))
    with world.read() as session:
        assert casework.altered(session) == [changed, removed]
        assert session.get(CaseEntry, left) is not None
