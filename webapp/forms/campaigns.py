"""A campaign: its dates, how its clips are reviewed, what a reviewer goes through."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    FormField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from review import checklist, classcodes, clock, stages
from review.campaigns import Plan
from review.clock import VIETNAM
from review.details import TOPICS
from review.errors import InvalidInput
from review.models import Campaign
from review.stages import MAX_STAGES, OnDisagreement, Stage
from webapp.forms.words import PageForm, RowForm, Rows, choices

PARTIES = [
    ("", _("Không có bước này")),
    ("reviewer", _("Người duyệt của trường")),
    ("peer", _("Người duyệt của trường khác")),
    ("moderator", _("Người kiểm duyệt của Phòng")),
]


class StageFields(RowForm):
    party = SelectField(_("Ai duyệt"), choices=choices(PARTIES))
    approvals = IntegerField(_("Số người cần duyệt"), [Optional()], default=1)
    foreign = BooleanField(_("Không duyệt clip của chính trường mình"))
    third = BooleanField(_("Khi hai người không đồng ý, một người thứ ba quyết định"))
    blind = BooleanField(_("Người duyệt không thấy tên trường, tên lớp"))

    def data_of_stage(self) -> dict[str, Any]:
        return {
            "party": self.party.data,
            "approvals": self.approvals.data or 1,
            "foreign": bool(self.foreign.data),
            "on_disagreement": OnDisagreement.THIRD if self.third.data else OnDisagreement.FINAL,
            "blind": bool(self.blind.data),
        }


class CampaignForm(PageForm):
    slug = StringField(_("Mã ngắn"), [Length(max=80)])
    title = StringField(_("Tên cuộc vận động"), [DataRequired(_("Hãy đặt tên.")), Length(max=120)])
    opens_at = DateField(_("Nhận clip từ ngày"), [Optional()])
    closes_at = DateField(_("Nhận clip đến hết ngày"), [Optional()])
    topics = SelectMultipleField(
        _("Chủ đề của clip không ghi chủ đề"),
        choices=choices((code, _(name)) for code, name in TOPICS.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    stages = Rows(FormField(StageFields), min_entries=MAX_STAGES, max_entries=MAX_STAGES)
    checklist = TextAreaField(_("Người duyệt xem xét (mỗi dòng một mục)"), [Length(max=4000)])
    announce_at = DateTimeLocalField(
        _("Công bố kết quả lúc"), [Optional()], format="%Y-%m-%dT%H:%M"
    )
    holds_changes = BooleanField(_("Giữ cả quyết định trả lại để sửa đến lúc công bố"))
    version = IntegerField(_("Phiên bản"), [InputRequired()], default=0)

    def plan(self) -> Plan:
        """Raises :class:`InvalidInput`, with fields as the page names them."""
        return Plan(
            title=self.title.data or "",
            opens_at=_begin_of(self.opens_at.data, "opens_at"),
            closes_at=_end_of(self.closes_at.data),
            topics=tuple(self.topics.data or ()),
            stages=self._stages(),
            checklist=tuple((self.checklist.data or "").splitlines()),
            announce_at=_in_utc(self.announce_at.data, "announce_at"),
            holds_changes=bool(self.holds_changes.data),
        )

    def _stages(self) -> tuple[Stage, ...]:
        """Rows that name nobody are left out, wherever they stand."""
        used = [i for i, entry in enumerate(self.stages) if entry.form.party.data]
        try:
            return stages.parse([self.stages[i].form.data_of_stage() for i in used])
        except InvalidInput as error:
            raise InvalidInput(
                **{_on_page(name, used): text for name, text in error.errors.items()}
            ) from None


def _on_page(name: str, used: list[int]) -> str:
    """ "stages.0.on_disagreement" of the rules is "stages.1.third" of the page."""
    first, _dot, rest = name.partition(".")
    number, _dot, field = rest.partition(".")
    if not rest:
        return first
    return f"{first}.{used[int(number)]}.{'third' if field == 'on_disagreement' else field}"


def data_of(campaign: Campaign, rules: Iterable[Stage]) -> dict[str, Any]:
    """What the form shows of a campaign."""
    return {
        "slug": campaign.slug,
        "title": campaign.title,
        "opens_at": _here(campaign.opens_at, date_only=True),
        "closes_at": _here(campaign.closes_at, date_only=True),
        "topics": campaign.topics,
        "stages": rows_of(rules),
        "checklist": lines_of(campaign),
        "announce_at": _here(campaign.announce_at),
        "holds_changes": campaign.holds_changes,
        "version": campaign.version,
    }


def rows_of(rules: Iterable[Stage]) -> list[dict[str, Any]]:
    return [
        {
            "party": str(stage.party),
            "approvals": stage.approvals,
            "foreign": stage.foreign,
            "third": stage.on_disagreement is OnDisagreement.THIRD,
            "blind": stage.blind,
        }
        for stage in rules
    ]


def lines_of(campaign: Campaign | None) -> str:
    return "\n".join(check["label"] for check in checklist.of_campaign(campaign))


def _begin_of(day: date | None, field: str) -> datetime | None:
    return _in_utc(datetime.combine(day, time()) if day else None, field)


def _end_of(day: date | None) -> datetime | None:
    return classcodes.end_of(day) if day else None


def _in_utc(moment: datetime | None, field: str) -> datetime | None:
    try:
        return clock.in_utc(moment.replace(tzinfo=VIETNAM)) if moment else None
    except ValueError:
        raise InvalidInput(**{field: "Ngày chưa đúng."}) from None


def _here(moment: datetime | None, *, date_only: bool = False) -> Any:
    if moment is None:
        return None
    local = moment.astimezone(VIETNAM).replace(tzinfo=None)
    return local.date() if date_only else local
