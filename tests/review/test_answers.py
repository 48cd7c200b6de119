"""The owner answers the notes before handing in again."""

from __future__ import annotations

from typing import Any

import pytest

from review import answers, audit, queries
from review.answers import Answer
from review.errors import InvalidInput, NoSuchClip, NoSuchThing, NotAllowed, WrongState
from review.policy import Role
from review.states import Action, State
from tests.world import World


def notes(world: World, clip_id: str) -> list[str]:
    with world.read() as session:
        return [n.id for n in queries.notes(session, clip_id)]


def save(world: World, clip_id: str, role: Role, given: dict[str, Answer]) -> Any:
    actor = world.actor(role)
    with world.write() as session:
        return answers.save(session, clip_id, actor, given)


def kept(world: World, clip_id: str) -> dict[str, tuple[str, str]]:
    with world.read() as session:
        found = answers.of_clip(session, clip_id)
    return {note_id: (row.code, row.text) for note_id, row in found.items()}


def deeds(world: World, clip_id: str) -> int:
    with world.read() as session:
        assert audit.verify(session)[1] is None
        return [r.action for r in queries.history(session, clip_id)].count("answer_notes")


def test_an_answer_is_kept_and_changed_until_the_clip_is_handed_in(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.CHANGES_REQUESTED)
    version, (note,) = world.get(clip_id).version, notes(world, clip_id)
    save(world, clip_id, Role.TEACHER, {note: Answer("kept", " đây là trang phục diễn ")})
    assert kept(world, clip_id) == {note: ("kept", "đây là trang phục diễn")}
    save(world, clip_id, Role.TEACHER, {note: Answer("fixed")})
    save(world, clip_id, Role.TEACHER, {note: Answer("fixed")})  # the same again: nothing
    assert kept(world, clip_id) == {note: ("fixed", "")}
    assert deeds(world, clip_id) == 2
    # What a colleague had seen of the clip still holds.
    assert world.get(clip_id).version == version


def test_after_handing_in_again_what_was_answered_stands(world: World) -> None:
    clip_id = world.again()
    (note,) = notes(world, clip_id)
    with pytest.raises(WrongState):
        save(world, clip_id, Role.TEACHER, {note: Answer("fixed")})
    assert kept(world, clip_id) == {}


def test_a_held_clip_answers_its_owner_like_one_in_review(world: World) -> None:
    clip_id = world.again()
    (note,) = notes(world, clip_id)
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    with pytest.raises(WrongState):
        save(world, clip_id, Role.TEACHER, {note: Answer("fixed")})


def test_only_the_owner_answers(world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED, owner=world.person(Role.PUPIL))
    (note,) = notes(world, clip_id)
    for role in (Role.TEACHER, Role.REVIEWER, Role.MODERATOR):
        with pytest.raises(NotAllowed):
            save(world, clip_id, role, {note: Answer("fixed")})
    with pytest.raises(NoSuchClip):
        save(world, clip_id, Role.ADMIN, {note: Answer("fixed")})


def test_only_the_notes_of_the_last_time_can_be_answered(world: World) -> None:
    clip_id = world.again()
    (old,) = notes(world, clip_id)
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    new = next(n for n in notes(world, clip_id) if n != old)
    with world.read() as session:
        assert [n.id for n in answers.answerable(session, world.get(clip_id))] == [new]
    with pytest.raises(NoSuchThing):
        save(world, clip_id, Role.TEACHER, {old: Answer("fixed")})
    with pytest.raises(InvalidInput):
        save(world, clip_id, Role.TEACHER, {new: Answer("perhaps")})
    assert kept(world, clip_id) == {}


def test_what_a_colleague_wrote_while_approving_asks_for_no_answer(world: World) -> None:
    """Notes of the approval of the first stage, and of the office that then sends it back."""
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.MODERATOR)
    with world.read() as session:
        found = answers.answerable(session, world.get(clip_id))
        sent_back = [d.id for d, _ in queries.decisions(session, clip_id)][-1]
    assert [n.decision_id for n in found] == [sent_back]


def test_an_answer_has_an_end(world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED)
    (note,) = notes(world, clip_id)
    save(world, clip_id, Role.TEACHER, {note: Answer("kept", "a" * 5000)})
    assert len(kept(world, clip_id)[note][1]) == answers.MAX_TEXT
