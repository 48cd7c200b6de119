"""A policy as JSON: what is accepted, and what is said of everything else."""

from __future__ import annotations

from typing import Any

import pytest

from review import stages
from review.errors import InvalidInput
from review.stages import DEFAULT, OnDisagreement, Stage
from review.states import Party


def test_a_policy_comes_back_from_json_as_it_was() -> None:
    for rules in (
        DEFAULT.stages,
        (Stage(Party.PEER, 3, True, OnDisagreement.THIRD, True), Stage(Party.MODERATOR)),
    ):
        assert stages.parse(stages.to_json(rules)) == rules


def test_the_default_policy_is_a_reviewer_of_the_school_and_a_moderator_from_outside() -> None:
    assert stages.to_json(DEFAULT.stages) == [
        {
            "party": "reviewer",
            "approvals": 1,
            "foreign": False,
            "on_disagreement": "final",
            "blind": False,
        },
        {
            "party": "moderator",
            "approvals": 1,
            "foreign": True,
            "on_disagreement": "final",
            "blind": False,
        },
    ]


OFFICE = {"party": "moderator"}
WRONG: list[tuple[Any, str]] = [
    (None, "stages"),
    ([], "stages"),
    ([OFFICE] * 5, "stages"),
    (["moderator"], "stages.0"),
    ([{}], "stages.0.party"),
    ([OFFICE, {"party": "owner"}], "stages.1.party"),
    ([{"party": ["reviewer"]}], "stages.0.party"),
    ([OFFICE | {"approvals": 0}], "stages.0.approvals"),
    ([OFFICE | {"approvals": 6}], "stages.0.approvals"),
    ([OFFICE | {"approvals": True}], "stages.0.approvals"),
    ([OFFICE | {"approvals": "2"}], "stages.0.approvals"),
    ([OFFICE | {"foreign": 1}], "stages.0.foreign"),
    ([{"party": "reviewer", "foreign": True}], "stages.0.foreign"),
    ([OFFICE | {"blind": "yes"}], "stages.0.blind"),
    ([OFFICE | {"on_disagreement": "lots"}], "stages.0.on_disagreement"),
    ([OFFICE | {"on_disagreement": "third"}], "stages.0.on_disagreement"),
]


@pytest.mark.parametrize(("value", "field"), WRONG)
def test_what_is_wrong_with_a_policy_is_said_beside_its_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        stages.parse(value)
    assert list(caught.value.errors) == [field]
