"""The checklist: its answers stand with the decision, and in the audit."""

from __future__ import annotations

import pytest

from review import decisions, queries
from review.checklist import DEFAULT, of_clip
from review.decisions import Verdict
from review.errors import InvalidInput
from review.policy import Role
from review.states import Action
from tests.world import World


def decide(world: World, clip_id: str, answers: dict[str, str]) -> None:
    clip, actor = world.get(clip_id), world.actor(Role.REVIEWER)
    verdict = Verdict(Action.APPROVE, clip.revision, clip.version, watched=True, checklist=answers)
    with world.write() as session:
        decisions.decide(session, clip_id, actor, verdict)


def test_there_is_a_list_for_every_clip(world: World) -> None:
    with world.read() as session:
        codes = [item["code"] for item in of_clip(session, world.get(world.clip()))]
    assert codes == ["accuracy", "easy", "privacy", "sound", "music_rights", "conduct"]
    assert codes == [item["code"] for item in DEFAULT]


def test_answers_are_recorded_with_the_decision(any_world: World) -> None:
    world = any_world
    clip_id, answers = world.clip(), {"sound": "unsure", "privacy": "yes", "conduct": "no"}
    decide(world, clip_id, answers)
    with world.read() as session:
        ((decision, _),) = queries.decisions(session, clip_id)
        assert decision.checklist == answers
        assert queries.history(session, clip_id)[-1].detail["checklist"] == answers


def test_nothing_is_recorded_where_nothing_was_answered(world: World) -> None:
    clip_id = world.clip()
    decide(world, clip_id, {})
    with world.read() as session:
        ((decision, _),) = queries.decisions(session, clip_id)
        assert decision.checklist is None
        assert "checklist" not in queries.history(session, clip_id)[-1].detail


@pytest.mark.parametrize("answers", [{"beauty": "yes"}, {"sound": "perhaps"}, {"sound": ""}])
def test_what_is_no_answer_is_refused(world: World, answers: dict[str, str]) -> None:
    clip_id = world.clip()
    with pytest.raises(InvalidInput):
        decide(world, clip_id, answers)
    assert world.get(clip_id).stage == 0
