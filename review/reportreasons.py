"""What one may report about a published clip, and what each report leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from review.states import State

SHOWN = (State.PUBLISHED, State.SUSPENDED)  # where a report has something to say


class Way(StrEnum):
    """What a report leads to."""

    COUNTED = "counted"  # enough of them hide the clip
    ALONE = "alone"  # one hides it
    CASE = "case"  # it is held, for the safeguarding officer alone


@dataclass(frozen=True, slots=True)
class ReportReason:
    code: str
    label: str
    way: Way


REASONS = (
    ReportReason("wrong", "Nội dung sai", Way.COUNTED),
    ReportReason("unkind", "Lời lẽ, hành động không tử tế", Way.COUNTED),
    ReportReason("privacy", "Lộ thông tin riêng tư", Way.COUNTED),
    ReportReason("in_it", "Em/tôi có trong clip và muốn gỡ", Way.ALONE),
    ReportReason("worry", "Lo cho một bạn nhỏ trong clip", Way.CASE),
)
BY_CODE = {reason.code: reason for reason in REASONS}


def codes(way: Way) -> list[str]:
    return [reason.code for reason in REASONS if reason.way is way]
