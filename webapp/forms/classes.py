"""What a teacher decides about the class code."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import DateField, IntegerField, SelectField
from wtforms.validators import InputRequired, Optional

from review.classcodes import Terms
from review.consent import Scope
from webapp.forms.clips import SCOPES
from webapp.forms.words import PageForm, choices


class TermsForm(PageForm):
    ends_on = DateField(_("Dùng được đến hết ngày"), [InputRequired(_("Hãy chọn ngày hết hạn."))])
    pupils = IntegerField(_("Nhiều nhất bao nhiêu học sinh vào bằng mã này"), [Optional()])
    clips = IntegerField(_("Nhiều nhất bao nhiêu clip"), [Optional()])
    scope = SelectField(_("Clip của lớp được cho ai xem, rộng nhất"), choices=choices(SCOPES))

    def terms(self) -> Terms:
        return Terms(self.ends_on.data, Scope(self.scope.data), self.pupils.data, self.clips.data)


def offer_scopes(field: SelectField, widest: Scope) -> None:
    """Leave out what the class code does not allow; the widest that is left stands for those."""
    allowed = [(code, words) for code, words in SCOPES if widest.covers(Scope(code))]
    field.choices = choices(allowed)
    if field.data not in dict(allowed):
        field.data = str(widest)
