"""Private links: a pupil without an account comes back to one clip."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import guesses, links
from review.errors import LinkRevoked, ReviewError, TooManyGuesses, WrongLink
from review.models import Clip, ClipLink
from review.policy import Actor, Role
from webapp import linked, private
from webapp.addresses import network
from webapp.auth import current_actor, require_actor, signed_in
from webapp.deps import deps
from webapp.errors import STATUS, WebError
from webapp.pages.shared import problem_word

blueprint = Blueprint("links", __name__)


@blueprint.after_request
def unlisted(response: Response) -> Response:
    """No search engine keeps a link that somebody posted."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/c")
def ask() -> str:
    """For letters that were copied by hand."""
    return render_template("link.html", typed="", trouble="")


@blueprint.post("/c")
def check() -> Response | tuple[str, int, dict[str, str]]:
    """The letters, or the whole address as it was pasted."""
    return _open(request.form.get("link", ""))


@blueprint.get("/c/<letters>")
def open_link(letters: str) -> Response | tuple[str, int, dict[str, str]]:
    """From here on this browser is the clip's owner, on that clip's pages alone."""
    return _open(letters)


def _open(typed: str) -> Response | tuple[str, int, dict[str, str]]:
    text, actor = _last_part(typed), current_actor()
    try:
        with deps().database.write() as session:
            found = _guess(session, text)
            if not isinstance(found, ReviewError):
                _enter(session, found, actor)
    except TooManyGuesses as error:
        found = error
    if isinstance(found, ReviewError):
        return _refused(found, typed)
    return redirect(url_for("clips.show", clip_id=found.clip_id), 303)


def _last_part(typed: str) -> str:
    try:
        return urlsplit(typed.strip()).path.rstrip("/").rpartition("/")[2][:100]
    except ValueError:
        return ""


def _guess(session: Session, text: str) -> ClipLink | ReviewError:
    """The link, or what is wrong: the wrong guess stays counted in this transaction."""
    guesses.take(session, guesses.CLIP_LINK, network())
    try:
        link = links.find(session, text, private.key())
    except WrongLink as error:
        return error
    except LinkRevoked as error:
        guesses.give_back(session, guesses.CLIP_LINK, network())
        return error
    guesses.give_back(session, guesses.CLIP_LINK, network())
    return link


def _enter(session: Session, link: ClipLink, actor: Actor | None) -> None:
    """Who is here as the owner already, or as staff, stays who they are."""
    clip = session.get(Clip, link.clip_id)
    if actor is not None and (actor.role != Role.PUPIL or actor.id == _owner(clip)):
        return
    secret = links.open_session(session, link)
    if secret is None:
        raise WebError("withdrawn", 410)
    linked.remember(link, secret)


def _owner(clip: Clip | None) -> str | None:
    return clip.owner_id if clip is not None else None


def _refused(error: ReviewError, typed: str) -> tuple[str, int, dict[str, str]]:
    page = render_template("link.html", typed=typed[:100], trouble=problem_word(error.code))
    wait = error.detail.get("retry_after")
    return page, STATUS[error.code], {} if wait is None else {"Retry-After": str(wait)}


@blueprint.post("/clips/<clip_id>/link")
@signed_in
def renew(clip_id: str) -> str:
    """A new link, shown to the teacher once; the one before ends at once."""
    actor = require_actor()
    with deps().database.write() as session:
        letters = links.renew(session, clip_id, actor, private.key())
        title = session.get_one(Clip, clip_id).title
    return render_template(
        "link_made.html", clip_id=clip_id, title=title, link=private.Link.of(letters)
    )


@blueprint.post("/clips/<clip_id>/link/revoke")
@signed_in
def revoke(clip_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        links.revoke(session, clip_id, actor)
    flash(_("Đã thu hồi đường dẫn riêng. Máy nào mở bằng đường dẫn ấy cũng không vào được nữa."))
    return redirect(url_for("clips.show", clip_id=clip_id))
