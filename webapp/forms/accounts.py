"""Signing in, and joining a class."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from webapp.forms.words import PageForm


class SignInForm(PageForm):
    username = StringField(
        _("Tên đăng nhập"), [InputRequired(_("Hãy ghi tên đăng nhập.")), Length(max=80)]
    )
    password = PasswordField(
        _("Mật khẩu"), [InputRequired(_("Hãy ghi mật khẩu.")), Length(max=200)]
    )
    next = HiddenField()


class JoinForm(PageForm):
    code = StringField(_("Mã lớp"), [InputRequired(_("Hãy ghi mã lớp.")), Length(max=40)])
