"""What forms say of a wrong field, in our own sentences: WTForms knows no Vietnamese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, Form, FormField
from wtforms.fields.choices import SelectChoice

_ROW = re.compile(r"-([0-9]{1,4})(?:-|$)")
# WTForms' sentence -> ours. One that is missing here would show in English.
_SENTENCES = {
    "This field is required.": _("Hãy điền mục này."),
    "Field cannot be longer than %(max)d character.": _("Nhiều nhất %(max)d ký tự."),
    "Not a valid choice.": _("Hãy chọn một mục trong danh sách."),
    "'%(value)s' is not a valid choice for this field.": _("Hãy chọn trong danh sách."),
    "Invalid Choice: could not coerce.": _("Hãy chọn một mục trong danh sách."),
    "Not a valid integer value.": _("Cần là số nguyên."),
    "Not a valid float value.": _("Cần là một số."),
    "Not a valid date value.": _("Ngày chưa đúng."),
    "Not a valid datetime value.": _("Ngày giờ chưa đúng."),
}


class _Words:
    """Has the shape of a translations object."""

    def gettext(self, sentence: str) -> str:
        return str(_SENTENCES.get(sentence, sentence))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one)


class PageForm(FlaskForm):
    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Form) -> _Words:
            return _Words()


class RowForm(Form):
    """A row inside a form: its token is that of the form around it."""

    @property
    def wrong(self) -> list[str]:
        return [str(sentence) for field in self for sentence in field.errors]

    class Meta(Form.Meta):
        def get_translations(self, form: Form) -> _Words:
            return _Words()


class Rows(FieldList):
    """Rows that a page sends as "people-0-label". WTForms takes "²" for a number too, and reads
    one of any length; such a name is nobody's row."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        for name in formdata:
            if name.startswith(prefix) and (found := _ROW.match(name, len(prefix))):
                yield int(found[1])


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """(value, words) as the options of a field."""
    return [SelectChoice(value, words) for value, words in pairs]


def wrong_fields(form: Form) -> dict[str, str]:
    """Field -> its first sentence; a row's field is "people.0.label", as the API names it."""
    return {f.name.replace("-", "."): str(f.errors[0]) for f in _single(form) if f.errors}


def _single(fields: Any) -> Iterator[Field]:
    for field in fields:
        if isinstance(field, FieldList):
            yield from _single(field.entries)
        elif isinstance(field, FormField):
            yield from _single(field.form)
        else:
            yield field
