"""Signing in and out, joining a class, choosing a language."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import accounts, classcodes, guesses
from review.errors import ReviewError, TooManyGuesses, WrongClassCode, WrongPassword
from review.models import Account, SchoolClass
from review.policy import Role
from webapp import auth
from webapp.addresses import network
from webapp.deps import deps
from webapp.errors import STATUS
from webapp.forms import JoinForm, SignInForm
from webapp.i18n import LANGUAGES
from webapp.pages.shared import problem_word
from webapp.security import limiter

blueprint = Blueprint("accounts", __name__)


def _name_and_address() -> str:
    name = accounts.sign_in_name(request.form.get("username", ""))
    return f"{network()} {name}"


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
def check_join() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    form = JoinForm()
    if not form.validate_on_submit():
        return render_template("join.html", form=form), 422
    if _is_in(form.code.data):
        return redirect(url_for("clips.mine"))
    found = _join(form.code.data)
    if isinstance(found, ReviewError):
        form.code.errors = [problem_word(found.code)]
        wait = found.detail.get("retry_after")
        told = {} if wait is None else {"Retry-After": str(wait)}
        return render_template("join.html", form=form), STATUS[found.code], told
    auth.sign_in(found)
    return redirect(url_for("submit.form"))


def _join(code: str) -> Account | ReviewError:
    """A new pupil, or what is wrong with the code: a wrong guess stays counted."""
    try:
        with deps().database.write() as rows:
            guesses.take(rows, guesses.CLASS_CODE, network())
            try:
                account = accounts.join_class(rows, code)
            except WrongClassCode as error:
                if type(error) is not WrongClassCode:  # a real code: no guess
                    guesses.give_back(rows, guesses.CLASS_CODE, network())
                return error
            guesses.give_back(rows, guesses.CLASS_CODE, network())
            return account
    except TooManyGuesses as error:
        return error


def _is_in(code: str) -> bool:
    """Whether this pupil typed the own class's code again: a new account would lose the clips."""
    account = auth.current_account()
    if account is None or account.role != Role.PUPIL:
        return False
    with deps().database.read() as rows:
        group = rows.get(SchoolClass, account.class_id)
    return group is not None and group.code == classcodes.typed(code)


@blueprint.post("/language")
def language() -> Response:
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    session["language"] = chosen
    session.permanent = True
    return redirect(auth.safe_next(request.form.get("next")))
