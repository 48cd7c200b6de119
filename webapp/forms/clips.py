"""What a submitter fills in, and what follows: consents, withdrawal."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from review.consent import GivenConsent, Person, Scope
from review.details import LICENCES, SUMMARY_LIMIT, TITLE_LIMIT, TOPICS, Details

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


class ConsentFields(Form):
    """One person's row on the submit page."""

    label = StringField(_("Cách gọi, không ghi tên thật"), [Length(max=80)])
    under_seven = BooleanField(_("Dưới 7 tuổi"))
    guardian = BooleanField(_("Cha mẹ hoặc người giám hộ đã đồng ý"))
    own = BooleanField(_("Bạn ấy cũng đồng ý"))
    scope = SelectField(_("Đồng ý cho ai xem"), choices=SCOPES, default="public")
    valid_until = DateField(_("Đồng ý đến ngày"), [Optional(_("Ngày chưa đúng."))])
    evidence = StringField(_("Giấy đồng ý cất ở đâu"), [Length(max=200)])

    def person(self) -> Person:
        given = [
            GivenConsent(
                kind,
                Scope(self.scope.data),
                _end_of(self.valid_until.data),
                evidence=self.evidence.data or "",
            )
            for kind, box in (("guardian", self.guardian), ("own", self.own))
            if box.data
        ]
        label = " ".join((self.label.data or "").split())
        return Person(label, bool(self.under_seven.data), tuple(given))


def _end_of(day: Any) -> datetime | None:
    return datetime.combine(day, time(16, 59, 59), UTC) if day else None  # midnight in Viet Nam


class DetailsForm(FlaskForm):
    title = StringField(
        _("Tên clip"), [InputRequired(_("Hãy đặt tên cho clip.")), Length(max=TITLE_LIMIT)]
    )
    summary = TextAreaField(_("Clip nói về điều gì?"), [Length(max=SUMMARY_LIMIT)])
    topics = SelectMultipleField(
        _("Chủ đề"),
        choices=[(code, _(name)) for code, name in TOPICS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    licence = SelectField(
        _("Giấy phép"), choices=[(c, c) for c in LICENCES], default="CC-BY-NC-4.0"
    )
    version = IntegerField(_("Phiên bản"), [Optional()])

    def _more(self) -> dict[str, Any]:
        return {}

    def details(self) -> Details:
        """Raises :class:`review.errors.InvalidInput` as the API does."""
        return Details.parse(
            {
                "title": self.title.data or "",
                "summary": self.summary.data or "",
                "topics": self.topics.data or [],
                "licence": self.licence.data,
                **self._more(),
            }
        )


class SubmitForm(DetailsForm):
    scope = SelectField(_("Cho ai xem"), choices=SCOPES, default="public")
    music = RadioField(_("Nhạc trong clip"), choices=MUSIC, default="unknown")
    reenactment = BooleanField(_("Đây là cảnh diễn lại"))
    people = FieldList(FormField(ConsentFields), min_entries=0, max_entries=40)
    clip = HiddenField()

    def _more(self) -> dict[str, Any]:
        return {
            "scope": self.scope.data,
            "music": self.music.data,
            "reenactment": bool(self.reenactment.data),
        }

    def persons(self) -> tuple[Person, ...]:
        """The rows that were filled in."""
        rows = (entry.form.person() for entry in self.people)
        return tuple(person for person in rows if person.label)


class PersonForm(FlaskForm, ConsentFields):
    """Adding one more person to a clip that was handed in."""


class ConsentForm(FlaskForm):
    kind = SelectField(
        _("Ai đồng ý"),
        choices=[("guardian", _("Cha mẹ hoặc người giám hộ")), ("own", _("Chính bạn ấy"))],
    )
    scope = SelectField(_("Đồng ý cho ai xem"), choices=SCOPES, default="public")
    valid_until = DateField(_("Đồng ý đến ngày"), [Optional(_("Ngày chưa đúng."))])
    evidence = StringField(_("Giấy đồng ý cất ở đâu"), [Length(max=200)])

    def given(self) -> GivenConsent:
        return GivenConsent(
            self.kind.data,
            Scope(self.scope.data),
            _end_of(self.valid_until.data),
            evidence=self.evidence.data or "",
        )


class WithdrawForm(FlaskForm):
    reason = SelectField(_("Lý do"), choices=list(REASONS.items()))
    version = IntegerField(_("Phiên bản"), [Optional()])
