"""One library: what of the feed it is shown, how it pulls, and its webhook. For administrators."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import accounts, feed, hooks
from review.details import LEVELS
from review.errors import InvalidInput, NoSuchThing
from review.feed import View, pulls
from review.keys import is_id
from review.models import Campaign, FeedAck, Library
from review.policy import Role
from webapp.auth import roles
from webapp.deps import deps
from webapp.pages.shared import changed, refusal

blueprint = Blueprint("libraries", __name__, url_prefix="/admin/libraries")


def _library(session: Session, library_id: str) -> Library:
    found = session.get(Library, library_id) if is_id(library_id) else None
    if found is None:
        raise NoSuchThing(f"there is no library {library_id!r}")
    return found


@blueprint.get("/<library_id>")
@roles(Role.ADMIN)
def show(library_id: str) -> str:
    return _page(library_id)


def _page(library_id: str, *, secret: str | None = None, token: str | None = None) -> str:
    """``secret``, ``token``: just made, shown this once. Which clips the messages were about is
    not told here: one of them may be held."""
    with deps().database.read() as session:
        library = _library(session, library_id)
        shown = {
            "campaigns": list(session.scalars(select(Campaign).order_by(Campaign.title))),
            "ack": session.get(FeedAck, library.id),
            "head": feed.head(session),
            "pulls": pulls.latest(session, library.id),
            "hook": hooks.get(session, library.id),
            "deliveries": hooks.recent(session, library.id),
            "waiting": hooks.waiting(session, library.id),
        }
    return render_template(
        "library_admin.html",
        library=library,
        levels=LEVELS,
        secret=secret,
        token_made=token,
        **shown,
    )


def _write(library_id: str, work: Callable[[Session], str], anchor: str = "") -> Response:
    def checked(session: Session) -> str:
        _library(session, library_id)
        return work(session)

    back = url_for("libraries.show", library_id=library_id, _anchor=anchor or None)
    return changed(checked, back)


@blueprint.post("/<library_id>/view")
@roles(Role.ADMIN)
def set_view(library_id: str) -> Response:
    form = request.form
    view = View(
        form.get("scope", ""), tuple(form.getlist("campaigns")), tuple(form.getlist("levels"))
    )

    def work(session: Session) -> str:
        count = feed.set_view(session, library_id, view)
        return _("Đã lưu. Thư viện sẽ nhận %(num)d thay đổi ở lần hỏi tới.", num=count)

    return _write(library_id, work)


@blueprint.post("/<library_id>/active")
@roles(Role.ADMIN)
def set_active(library_id: str) -> Response:
    active = request.form.get("active") == "on"

    def work(session: Session) -> str:
        _library(session, library_id).active = active
        return _("Thư viện đọc được nguồn tin.") if active else _("Thư viện đã bị ngắt.")

    return _write(library_id, work)


@blueprint.post("/<library_id>/token")
@roles(Role.ADMIN)
def renew_token(library_id: str) -> str:
    """A new token, shown once; those before end at once."""
    with deps().database.write() as session:
        _library(session, library_id)
        accounts.revoke_tokens(session, library_id=library_id)
        token = accounts.add_token(session, label="library", library_id=library_id)
    return _page(library_id, token=token)


@blueprint.post("/<library_id>/hook")
@roles(Role.ADMIN)
def set_hook(library_id: str) -> str | Response:
    url, allowed = request.form.get("url", "").strip(), deps().settings.webhook_hosts
    try:
        with deps().database.write() as session:
            _library(session, library_id)
            secret = hooks.set_hook(session, library_id, url, allowed)
    except InvalidInput as error:
        flash(refusal(error), "error")
        return redirect(url_for("libraries.show", library_id=library_id, _anchor="hook"))
    if secret is not None:
        return _page(library_id, secret=secret)
    flash(_("Đã lưu."))
    return redirect(url_for("libraries.show", library_id=library_id, _anchor="hook"))


@blueprint.post("/<library_id>/hook/rotate")
@roles(Role.ADMIN)
def rotate(library_id: str) -> str:
    with deps().database.write() as session:
        secret = hooks.rotate(session, library_id)
    return _page(library_id, secret=secret)


@blueprint.post("/<library_id>/hook/test")
@roles(Role.ADMIN)
def send_test(library_id: str) -> Response:
    def work(session: Session) -> str:
        hooks.send_test(session, library_id)
        return _("Tin thử đang được gửi. Tải lại trang sau vài giây để xem kết quả.")

    return _write(library_id, work, "hook")


@blueprint.post("/<library_id>/hook/switch")
@roles(Role.ADMIN)
def switch(library_id: str) -> Response:
    wanted = request.form.get("to", "")

    def work(session: Session) -> str:
        if wanted == "on":
            hooks.switch_on(session, library_id)
            return _("Webhook đã bật lại.")
        if wanted == "remove":
            hooks.remove(session, library_id)
            return _("Đã bỏ webhook.")
        hooks.switch_off(session, library_id)
        return _("Webhook đã tắt.")

    return _write(library_id, work, "hook")
