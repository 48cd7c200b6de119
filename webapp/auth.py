"""Who asks: a person with a session cookie, a person's program, or a library with a token.

The cookie carries a session's secret and nothing else; the session is a row that sign-out, a new
password or a switched-off account ends at once. A request with a bearer token ignores cookies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ClassVar, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from review import accounts
from review.models import Account, Library
from review.policy import Actor, Role
from webapp import linked
from webapp.deps import deps
from webapp.errors import Forbidden, Unauthorized, database_is_away, wants_json

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class SignedIn:
    """The person behind a session cookie, in the shape that Flask-Login asks for."""

    account: Account
    secret: str
    by_link: str | None = None  # the clip whose private link brought them here
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        return self.secret


def _load(secret: str) -> SignedIn | None:
    if database_is_away():
        return None  # the error page is written for nobody in particular
    with deps().database.read() as rows:
        account = accounts.session_account(rows, secret)
    if account is None:
        return None  # a private link may still open this page: flask-login asks for it next
    if account.role == Role.PUPIL:
        found = _by_link()
        if found is not None and found.account.id != account.id:
            return found  # another pupil's clip, on a phone that several share
    return SignedIn(account, secret)


def _by_link(_request: object = None) -> SignedIn | None:
    if database_is_away():
        return None
    found = linked.visitor()
    return None if found is None else SignedIn(found[0], "", by_link=found[1])


def init(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its address all day
    manager.user_loader(_load)
    manager.request_loader(_by_link)


def sign_in(account: Account) -> None:
    """Begin a new session; whatever the browser had before is gone."""
    settings = deps().settings
    language = session.get("language")
    sign_out()
    with deps().database.write() as rows:
        secret = accounts.open_session(rows, account, settings.session_hours)
    if language:
        session["language"] = language
    session.permanent = True
    login_user(SignedIn(account, secret))


def sign_out() -> None:
    """End the session here and in the database."""
    if current_user.is_authenticated:
        with deps().database.write() as rows:
            accounts.close_session(rows, current_user.secret)
    linked.close_all()
    logout_user()
    session.clear()


def bearer() -> str | None:
    """The token of the request, or None when there is none ("" when it is malformed)."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _token_owner() -> Account | Library | None:
    if "token_owner" not in g:
        token = bearer()
        if database_is_away():
            return None
        with deps().database.read() as rows:
            g.token_owner = accounts.token_owner(rows, token) if token else None
        if token is not None and g.token_owner is None:
            raise Unauthorized("unknown_token")
    owner: Account | Library | None = g.token_owner
    return owner


def current_account() -> Account | None:
    """The person who asks, by token or by cookie; None for nobody and for libraries."""
    if bearer() is not None:
        owner = _token_owner()
        return owner if isinstance(owner, Account) else None
    if current_user.is_authenticated:
        account: Account = current_user.account
        return account
    return None


def current_actor() -> Actor | None:
    account = current_account()
    return accounts.actor_of(account) if account is not None else None


def current_library() -> Library | None:
    if bearer() is None:
        return None
    owner = _token_owner()
    return owner if isinstance(owner, Library) else None


def require_account() -> Account:
    """The person who asks; raises :class:`Unauthorized`."""
    account = current_account()
    if account is None:
        raise Unauthorized("sign_in_first")
    return account


def require_actor(*roles: Role) -> Actor:
    """The actor who asks, in one of ``roles`` if any are given."""
    actor = accounts.actor_of(require_account())
    if roles and actor.role not in roles:
        raise Forbidden("not_your_role")
    return actor


def require_library() -> Library:
    library = current_library()
    if library is None:
        if current_account() is not None:
            raise Forbidden("library_token_needed")
        raise Unauthorized("library_token_needed")
    return library


def signed_in(view: Callable[P, R]) -> Callable[P, R | Response]:
    """For pages: whoever is not signed in goes to the sign-in page and comes back."""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if current_account() is None and not wants_json():
            back = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("accounts.sign_in", next=back))
        require_account()
        return view(*args, **kwargs)

    return wrapped


def roles(*accepted: Role) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """For pages that only some roles have."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            require_actor(*accepted)
            return view(*args, **kwargs)

        return signed_in(checked)

    return decorate


def safe_next(target: str | None) -> str:
    """Where to go after sign-in: only a path of ours, never another site."""
    home = url_for("pages.home")
    if not target or not target.startswith("/") or "\\" in target:
        return home
    parts = urlsplit(target)
    if target.startswith("//") or parts.netloc or parts.scheme or not target.isprintable():
        return home
    return target
