"""What a submitter fills in, and what follows: consents, withdrawal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from review.consent import GivenConsent, Person, Scope
from review.details import (
    CREDIT_LIMIT,
    LEVEL_WORDS,
    LICENCES,
    MAX_PEOPLE,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    TOPICS,
    Details,
)
from review.errors import InvalidInput
from review.models import Campaign
from review.text import Sentence, clean
from webapp.forms import licences
from webapp.forms.words import PageForm, RowForm, Rows, choices

SCOPES = [
    ("public", _("Mọi người")),
    ("library", _("Các thư viện trong hệ thống")),
    ("school", _("Trong trường")),
    ("class", _("Trong lớp")),
]
MUSIC = [
    ("unknown", _("Chưa rõ nguồn nhạc")),
    ("own", _("Không có nhạc, hoặc nhạc tự làm")),
    ("free", _("Nhạc được phép dùng tự do")),
]
REASONS = {
    "owner": _("Người gửi muốn gỡ"),
    "guardian": _("Cha mẹ hoặc người giám hộ yêu cầu"),
    "consent_expired": _("Sự đồng ý đã hết hạn"),
    "office": _("Phòng Giáo dục quyết định gỡ"),
    "error": _("Gửi nhầm hoặc có sai sót"),
}

NO_CAMPAIGN = ("", _("Không thuộc cuộc nào"))
NO_LABEL = "Hãy ghi cách gọi, ví dụ «bạn áo đỏ»."


class ConsentFields(RowForm):
    """One person's row on the submit page."""

    label = StringField(_("Cách gọi, không ghi tên thật"), [Length(max=80)])
    under_seven = BooleanField(_("Dưới 7 tuổi"))
    guardian = BooleanField(_("Cha mẹ hoặc người giám hộ đã đồng ý"))
    own = BooleanField(_("Bạn ấy cũng đồng ý"))
    scope = SelectField(_("Đồng ý cho ai xem"), choices=choices(SCOPES), default="public")
    valid_until = DateField(_("Đồng ý đến ngày"), [Optional()])
    evidence = StringField(_("Giấy đồng ý cất ở đâu"), [Length(max=200)])

    def person(self) -> Person:
        given = [
            GivenConsent(
                kind,
                Scope(self.scope.data),
                _end_of(self.valid_until.data),
                evidence=clean(self.evidence.data or "", limit=200),
            )
            for kind, box in (("guardian", self.guardian), ("own", self.own))
            if box.data
        ]
        label = clean(self.label.data or "", limit=80)
        return Person(label, bool(self.under_seven.data), tuple(given))

    @property
    def is_blank(self) -> bool:
        """Nothing but what a fresh row has."""
        boxes = (self.under_seven, self.guardian, self.own, self.valid_until)
        texts = (self.label, self.evidence)
        return not any(b.data for b in boxes) and not any((t.data or "").strip() for t in texts)


def _end_of(day: Any) -> datetime | None:
    return datetime.combine(day, time(16, 59, 59), UTC) if day else None  # midnight in Viet Nam


class DetailsForm(PageForm):
    title = StringField(
        _("Tên clip"), [DataRequired(_("Hãy đặt tên cho clip.")), Length(max=TITLE_LIMIT)]
    )
    summary = TextAreaField(_("Clip nói về điều gì?"), [Length(max=SUMMARY_LIMIT)])
    topics = SelectMultipleField(
        _("Chủ đề"),
        choices=choices((code, _(name)) for code, name in TOPICS.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    licence = SelectField(
        _("Giấy phép"),
        choices=choices((c, licences.WORDS[c]) for c in LICENCES),
        default="CC-BY-NC-4.0",
    )
    version = IntegerField(_("Phiên bản"), [Optional()])

    def _more(self) -> dict[str, Any]:
        return {}

    def details(self, **kept: Any) -> Details:
        """``kept``: what the page does not show. Raises :class:`InvalidInput` as the API does."""
        return Details.parse(
            {
                "title": self.title.data or "",
                "summary": self.summary.data or "",
                "topics": self.topics.data or [],
                "licence": self.licence.data,
                **self._more(),
                **kept,
            }
        )


class EditForm(DetailsForm):
    """What a moderator corrects."""

    credit = StringField(_("Ghi nguồn"), [Length(max=CREDIT_LIMIT)])
    level = SelectField(
        _("Cấp học"),
        choices=choices([("", _("Không ghi")), *((c, _(w)) for c, w in LEVEL_WORDS.items())]),
        validate_choice=False,  # the rules do, in their words
    )

    def _more(self) -> dict[str, Any]:
        return {"credit": self.credit.data or "", "level": self.level.data or None}


class SubmitForm(DetailsForm):
    scope = SelectField(_("Cho ai xem"), choices=choices(SCOPES), default="public")
    campaign = SelectField(_("Cuộc vận động"), choices=choices([NO_CAMPAIGN]), default="")
    music = RadioField(_("Nhạc trong clip"), choices=choices(MUSIC), default="unknown")
    reenactment = BooleanField(_("Đây là cảnh diễn lại"))
    hide_credit = BooleanField(_("Không ghi tên lớp cùng clip"))
    # One more than the rules take: a child beyond is refused, never silently left out.
    people = Rows(FormField(ConsentFields), min_entries=0, max_entries=MAX_PEOPLE + 1)
    clip = HiddenField()

    def _more(self) -> dict[str, Any]:
        return {
            "scope": self.scope.data,
            "music": self.music.data,
            "campaign": self.campaign.data or None,
            "reenactment": bool(self.reenactment.data),
            "credit": "" if self.hide_credit.data else None,
        }

    def offer(self, campaigns: Iterable[Campaign]) -> None:
        """The open ones, and the one that the draft has."""
        self.campaign.choices = [
            *choices([NO_CAMPAIGN]),
            *choices((campaign.slug, campaign.title) for campaign in campaigns),
        ]

    def persons(self) -> tuple[Person, ...]:
        """The rows that were filled in; raises :class:`InvalidInput` for one without a label."""
        if len(self.people) > MAX_PEOPLE:
            raise InvalidInput(people=Sentence("Nhiều nhất {count} người.", count=MAX_PEOPLE))
        rows = {e.name.replace("-", "."): e.form for e in self.people if not e.form.is_blank}
        found = {name: fields.person() for name, fields in rows.items()}
        nameless = [name for name, person in found.items() if not person.label]
        if nameless:
            raise InvalidInput(**{f"{name}.label": NO_LABEL for name in nameless})
        return tuple(found.values())


class PersonForm(PageForm, ConsentFields):
    """Adding one more person to a clip that was handed in."""


class ConsentForm(PageForm):
    kind = SelectField(
        _("Ai đồng ý"),
        choices=choices([("guardian", _("Cha mẹ hoặc người giám hộ")), ("own", _("Chính bạn ấy"))]),
    )
    scope = SelectField(_("Đồng ý cho ai xem"), choices=choices(SCOPES), default="public")
    valid_until = DateField(_("Đồng ý đến ngày"), [Optional()])
    evidence = StringField(_("Giấy đồng ý cất ở đâu"), [Length(max=200)])

    def given(self) -> GivenConsent:
        return GivenConsent(
            self.kind.data,
            Scope(self.scope.data),
            _end_of(self.valid_until.data),
            evidence=clean(self.evidence.data or "", limit=200),
        )


class WithdrawForm(PageForm):
    """It asks for no version: who wants a clip taken back wants it whatever happened meanwhile."""

    reason = SelectField(_("Lý do"), choices=choices(REASONS.items()))
