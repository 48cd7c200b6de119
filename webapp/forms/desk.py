"""Decisions. Notes come as rows of three fields, so that they work without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    FloatField,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from review.decisions import MAX_NOTES, NoteInput, Verdict
from review.states import Action
from webapp import reasons
from webapp.forms.words import PageForm, RowForm, Rows, choices


class Seconds(FloatField):
    """Seconds with a comma or a point: Vietnamese keyboards have both."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip().replace(",", ".") for value in valuelist])
        except ValueError:
            raise ValueError(_("Ghi số giây, ví dụ 12,5.")) from None


class NoteFields(RowForm):
    at = Seconds(_("Giây thứ"), [Optional()])
    code = SelectField(_("Lý do"))
    text = TextAreaField(_("Ghi thêm"), [Length(max=1000)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Retired ones too: the desk may have been open before.
        self.code.choices = choices([("", "")] + [(r.code, r.label) for r in reasons.every()])


class DecisionForm(PageForm):
    action = HiddenField(validators=[InputRequired(_("Hãy chọn một quyết định."))])
    revision = IntegerField(_("Lần nộp"), [InputRequired()])
    version = IntegerField(_("Phiên bản"), [InputRequired()])
    # Of the preview that this page played.
    sha256 = HiddenField(validators=[Length(max=64)])
    watched = BooleanField(_("Tôi đã xem hết clip"))
    # The desk's script sends it: what its player has told counts, and not the box.
    measured = BooleanField()
    # One more than the rules take: what is beyond is refused, never silently cut off.
    notes = Rows(FormField(NoteFields), min_entries=1, max_entries=MAX_NOTES + 1)

    # Beside a hold, for its officer alone.
    worry = TextAreaField(_("Điều bạn lo"), [Length(max=1000)])

    def verdict(self, answers: Mapping[str, str]) -> Verdict:
        """``answers``: to the checklist."""
        notes = tuple(
            NoteInput(e.form.at.data, e.form.code.data or "other", e.form.text.data or "")
            for e in self.notes
            if e.form.code.data or (e.form.text.data or "").strip()
        )
        worry = (self.worry.data or "").strip()
        if worry and self.action.data == Action.ESCALATE:
            notes += (NoteInput(None, "other", worry),)
        return Verdict(
            Action(self.action.data),
            self.revision.data,
            self.version.data,
            notes,
            bool(self.watched.data),
            self.sha256.data or None,
            bool(self.measured.data),
            answers,
        )


def checklist_answers(values: Mapping[str, str]) -> dict[str, str]:
    """Code -> answer, of what was posted."""
    prefix = "checklist-"
    return {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix) and v}
