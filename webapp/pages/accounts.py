"""Signing in and out, joining a class, choosing a language, renewing a class code."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import accounts
from review.errors import NotAllowed, WrongClassCode, WrongPassword
from review.models import Account, SchoolClass
from review.policy import Role
from webapp import auth
from webapp.deps import deps
from webapp.forms import JoinForm, SignInForm
from webapp.i18n import LANGUAGES
from webapp.pages.shared import problem_word
from webapp.security import limiter

blueprint = Blueprint("accounts", __name__)


def _name_and_address() -> str:
    name = accounts.sign_in_name(request.form.get("username", ""))
    return f"{request.remote_addr} {name}"


@blueprint.get("/sign-in")
def sign_in() -> str:
    return render_template("sign_in.html", form=SignInForm(next=request.args.get("next", "")))


@blueprint.post("/sign-in")
@limiter.limit("10/minute", key_func=_name_and_address)
@limiter.limit("120/minute")
def check_sign_in() -> str | Response | tuple[str, int]:
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("sign_in.html", form=form), 422
    try:
        account = _checked(form)
    except WrongPassword as error:
        form.password.errors = [problem_word(error.code)]
        return render_template("sign_in.html", form=form), 401
    auth.sign_in(account)
    return redirect(auth.safe_next(form.next.data))


def _checked(form: SignInForm) -> Account:
    with deps().database.read() as rows:
        return accounts.sign_in(rows, form.username.data, form.password.data)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    auth.sign_out()
    flash(_("Bạn đã đăng xuất."))
    return redirect(url_for("pages.home"))


@blueprint.get("/join")
def join() -> str:
    return render_template("join.html", form=JoinForm(code=request.args.get("code", "")))


@blueprint.post("/join")
@limiter.limit("60/minute")
def check_join() -> str | Response | tuple[str, int]:
    form = JoinForm()
    if not form.validate_on_submit():
        return render_template("join.html", form=form), 422
    if _is_in(form.code.data):
        return redirect(url_for("clips.mine"))
    try:
        with deps().database.write() as rows:
            account = accounts.join_class(rows, form.code.data)
    except WrongClassCode as error:
        form.code.errors = [problem_word(error.code)]
        return render_template("join.html", form=form), 422
    auth.sign_in(account)
    return redirect(url_for("submit.form"))


def _is_in(code: str) -> bool:
    """Whether this pupil typed the own class's code again: a new account would lose the clips."""
    account = auth.current_account()
    if account is None or account.role != Role.PUPIL:
        return False
    with deps().database.read() as rows:
        group = rows.get(SchoolClass, account.class_id)
    return group is not None and group.code == "".join(filter(str.isalnum, code.upper()))


@blueprint.post("/language")
def language() -> Response:
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    session["language"] = chosen
    session.permanent = True
    return redirect(auth.safe_next(request.form.get("next")))


@blueprint.post("/classes/<class_id>/code")
def renew_code(class_id: str) -> Response:
    """The old code ends at once: for a code that has left the class."""
    actor = auth.require_actor(Role.TEACHER, Role.ADMIN)
    with deps().database.write() as rows:
        group = rows.get(SchoolClass, class_id)
        if group is None:
            abort(404)
        if actor.role == Role.TEACHER and (
            group.school_id != actor.school_id or actor.class_id not in (None, group.id)
        ):
            raise NotAllowed("not this teacher's class")
        accounts.renew_class_code(rows, class_id)
    flash(_("Mã lớp đã đổi. Mã cũ không dùng được nữa."))
    if actor.role == Role.ADMIN:
        return redirect(url_for("admin.index", _anchor="classes"))
    return redirect(url_for("pages.home"))
