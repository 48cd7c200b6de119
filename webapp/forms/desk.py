"""Decisions. Notes come as rows of three fields, so that they work without JavaScript."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    FieldList,
    FloatField,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from review.decisions import MAX_NOTES, NoteInput, Verdict
from review.reasons import REASONS
from review.states import Action
from webapp.forms.words import PageForm, RowForm, choices


class Seconds(FloatField):
    """Seconds with a comma or a point: Vietnamese keyboards have both."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip().replace(",", ".") for value in valuelist])
        except ValueError:
            raise ValueError(_("Ghi số giây, ví dụ 12,5.")) from None


class NoteFields(RowForm):
    at = Seconds(_("Giây thứ"), [Optional()])
    code = SelectField(
        _("Lý do"),
        choices=choices([("", _("Chọn lý do"))] + [(c, _(s)) for c, s in REASONS.items()]),
    )
    text = TextAreaField(_("Ghi thêm"), [Length(max=1000)])


class DecisionForm(PageForm):
    action = HiddenField(validators=[InputRequired(_("Hãy chọn một quyết định."))])
    revision = IntegerField(_("Lần nộp"), [InputRequired()])
    version = IntegerField(_("Phiên bản"), [InputRequired()])
    # Of the preview that this page played.
    sha256 = HiddenField(validators=[Length(max=64)])
    watched = BooleanField(_("Tôi đã xem hết clip"))
    # One more than the rules take: what is beyond is refused, never silently cut off.
    notes = FieldList(FormField(NoteFields), min_entries=1, max_entries=MAX_NOTES + 1)

    def verdict(self) -> Verdict:
        notes = tuple(
            NoteInput(e.form.at.data, e.form.code.data or "other", e.form.text.data or "")
            for e in self.notes
            if e.form.code.data or (e.form.text.data or "").strip()
        )
        return Verdict(
            Action(self.action.data),
            self.revision.data,
            self.version.data,
            notes,
            bool(self.watched.data),
            self.sha256.data or None,
        )
