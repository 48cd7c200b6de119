"""What a campaign asks of the review, as data: its stages, and where one more decision leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from review.errors import InvalidInput
from review.states import Action, Party
from review.text import Sentence

MAX_STAGES, MAX_APPROVALS = 4, 5
# Who may be asked -> the stage's name, as the API says it.
NAMES = {Party.REVIEWER: "school", Party.MODERATOR: "office", Party.PEER: "other_school"}
OBJECTIONS = frozenset({Action.REQUEST_CHANGES, Action.REJECT})


class OnDisagreement(StrEnum):
    FINAL = "final"  # one who objects ends the review
    THIRD = "third"  # after one approved and another objected, a third decides


class Course(StrEnum):
    """Where a decision takes the review."""

    WAITS = "waits"  # recorded; the stage waits for another person
    ADVANCES = "advances"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Stage:
    """``foreign``: nobody of the clip's own school approves in it. ``blind``: who reviews in it is
    not told whose clip it is. Each of its ``approvals`` is another person's."""

    party: Party
    approvals: int = 1
    foreign: bool = False
    on_disagreement: OnDisagreement = OnDisagreement.FINAL
    blind: bool = False

    @property
    def name(self) -> str:
        return NAMES[self.party]


@dataclass(frozen=True, slots=True)
class Policy:
    """``name``: what an audit row calls it: "default", or the campaign's with a number."""

    name: str
    stages: tuple[Stage, ...]

    def at(self, number: int) -> Stage:
        return self.stages[min(number, len(self.stages) - 1)]


DEFAULT = Policy("default", (Stage(Party.REVIEWER), Stage(Party.MODERATOR, foreign=True)))


def course(
    policy: Policy, number: int, votes: Sequence[Mapping[str, Any]], action: Action
) -> Course:
    """Where ``action`` leads in stage ``number``; ``votes``: what was decided in it before."""
    if not _is_settled(policy.at(number), [v["action"] == Action.APPROVE for v in votes], action):
        return Course.WAITS
    if action is Action.APPROVE and number < len(policy.stages) - 1:
        return Course.ADVANCES
    return Course.ENDS


def _is_settled(stage: Stage, before: Sequence[bool], action: Action) -> bool:
    """Whether the stage needs no other person; ``before``: who decided in it approved."""
    agreeing, objecting = before.count(True), before.count(False)
    is_enough = agreeing + 1 >= stage.approvals
    if stage.on_disagreement is OnDisagreement.FINAL:
        return is_enough or action is not Action.APPROVE
    if agreeing and objecting:
        return True  # the third's word
    if action is Action.APPROVE:
        return is_enough and not objecting
    return objecting > 0  # two who object need no third


def parse(value: Any) -> tuple[Stage, ...]:
    """Stages from JSON. Raises :class:`InvalidInput`, each error under "stages.0.approvals"."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STAGES:
        raise InvalidInput(stages=Sentence("Cần từ 1 đến {count} bước duyệt.", count=MAX_STAGES))
    return tuple(_stage(row, f"stages.{i}") for i, row in enumerate(value))


def _stage(row: Any, field: str) -> Stage:
    if not isinstance(row, Mapping):
        raise InvalidInput(**{field: "Cần là một bước duyệt."})
    party, approvals = row.get("party"), row.get("approvals", 1)
    if not isinstance(party, str) or party not in NAMES:
        raise InvalidInput(**{f"{field}.party": "Hãy chọn ai duyệt ở bước này."})
    if not isinstance(approvals, int) or isinstance(approvals, bool):
        raise InvalidInput(**{f"{field}.approvals": "Cần là số nguyên."})
    if not 1 <= approvals <= MAX_APPROVALS:
        text = Sentence("Cần từ 1 đến {count} người duyệt.", count=MAX_APPROVALS)
        raise InvalidInput(**{f"{field}.approvals": text})
    stage = Stage(
        Party(party),
        approvals,
        _flag(row, "foreign", field),
        _on_disagreement(row, field),
        _flag(row, "blind", field),
    )
    if stage.foreign and stage.party is Party.REVIEWER:
        why = "Người duyệt của chính trường ấy thì không thể là người ngoài trường."
        raise InvalidInput(**{f"{field}.foreign": why})
    if stage.on_disagreement is OnDisagreement.THIRD and approvals == 1:
        why = "Người thứ ba chỉ có nghĩa khi cần ít nhất hai người duyệt."
        raise InvalidInput(**{f"{field}.on_disagreement": why})
    return stage


def _flag(row: Mapping[str, Any], name: str, field: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(**{f"{field}.{name}": "Cần là đúng hoặc sai."})
    return value


def _on_disagreement(row: Mapping[str, Any], field: str) -> OnDisagreement:
    try:
        return OnDisagreement(str(row.get("on_disagreement", OnDisagreement.FINAL)))
    except ValueError:
        text = "Hãy chọn điều xảy ra khi hai người không đồng ý."
        raise InvalidInput(**{f"{field}.on_disagreement": text}) from None


def to_json(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    return [
        {
            "party": str(s.party),
            "approvals": s.approvals,
            "foreign": s.foreign,
            "on_disagreement": str(s.on_disagreement),
            "blind": s.blind,
        }
        for s in stages
    ]
