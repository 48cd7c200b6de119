"""What a reviewer goes through before deciding. Answers are recorded with the decision; none is
asked for by a rule."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from review.errors import InvalidInput
from review.models import Campaign, Clip
from review.text import one_of

ANSWERS = ("yes", "no", "unsure")
DEFAULT: tuple[dict[str, str], ...] = (
    {"code": "accuracy", "label": "Nội dung chính xác"},
    {"code": "easy", "label": "Dễ hiểu với học sinh"},
    {"code": "privacy", "label": "Không lộ tên, mặt, số điện thoại ngoài ý muốn"},
    {"code": "sound", "label": "Nghe rõ"},
    {"code": "music_rights", "label": "Nhạc được phép dùng"},
    {"code": "conduct", "label": "Lời nói, việc làm tử tế và an toàn"},
)


def of_campaign(campaign: Campaign | None) -> list[dict[str, str]]:
    """``[{"code", "label"}]``, in order: the campaign's own, or the usual one."""
    own = campaign.checklist if campaign is not None else None
    return [dict(item) for item in own or DEFAULT]


def of_clip(session: Session, clip: Clip) -> list[dict[str, str]]:
    return of_campaign(session.get(Campaign, clip.campaign_id) if clip.campaign_id else None)


def check(session: Session, clip: Clip, answers: Mapping[str, str]) -> None:
    """Raises :class:`InvalidInput` for a code that the clip's list has not, or for no answer."""
    codes = [item["code"] for item in of_clip(session, clip)]
    for code, answer in answers.items():
        if code not in codes:
            raise InvalidInput(checklist=one_of(codes))
        if answer not in ANSWERS:
            raise InvalidInput(**{f"checklist.{code}": one_of(ANSWERS)})
