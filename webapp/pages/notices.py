"""What a person is told, in the page; and how it comes by mail."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review.errors import InvalidInput
from review.models import Clip, Notice
from review.notices import mail, reading
from review.notices.kinds import CASES, CHOICES, KINDS
from review.policy import REVIEWER_ROLES, Role
from webapp.auth import require_account, require_actor, signed_in
from webapp.deps import deps
from webapp.i18n import choose_language, translated

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

_AT_THE_DESK = ("claim_ended", "assigned")


@blueprint.get("")
@signed_in
def index() -> str:
    """One's own notices, newest first."""
    return _page()


def _page(trouble: InvalidInput | None = None) -> str:
    actor, account = require_actor(), require_account()
    with deps().database.read() as session:
        page = reading.inbox(session, actor, request.args.get("cursor"))
        titles = _titles(session, page.items)
    return render_template(
        "notices.html",
        page=page,
        titles=titles,
        sentence=_sentence,
        email=request.form.get("email", account.email or ""),
        mail=request.form.get("mail", account.mail),
        choices=CHOICES,
        locale=account.locale or choose_language(),
        may_have_mail=actor.role != Role.PUPIL,
        digests=actor.role in REVIEWER_ROLES,
        officer=actor.role == Role.SAFEGUARDING,
        errors={f: translated(t) for f, t in trouble.errors.items()} if trouble else {},
    )


def _titles(session: Session, notices: list[Notice]) -> dict[str, str]:
    """Clip's id -> title. A case's title stays in its page: others may look on."""
    ids = {n.clip_id for n in notices if n.clip_id is not None and n.kind not in CASES}
    rows = session.execute(select(Clip.id, Clip.title).where(Clip.id.in_(ids)))
    return {row.id: row.title for row in rows}


def _sentence(kind: str) -> str:
    return translated(KINDS[kind].vi)


@blueprint.get("/<notice_id>")
@signed_in
def open_one(notice_id: str) -> Response:
    """Read it, and go to what it is about. Mails lead here."""
    actor = require_actor()
    with deps().database.write() as session:
        notice = reading.get(session, actor, notice_id)
        reading.mark_read(session, actor, notice.id)
    return redirect(_about(notice))


def _about(notice: Notice) -> str:
    if notice.clip_id is None:
        return url_for("desk.queue" if notice.kind == "digest" else "notices.index")
    if notice.kind in CASES:
        return url_for("safeguarding.show", clip_id=notice.clip_id)
    if notice.kind == "report":
        return url_for("reports.index", _anchor=notice.clip_id)
    desk = notice.kind in _AT_THE_DESK
    return url_for("desk.clip" if desk else "clips.show", clip_id=notice.clip_id)


@blueprint.post("/read")
@signed_in
def read_all() -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        reading.mark_read(session, actor)
    return redirect(url_for("notices.index"))


@blueprint.post("/settings")
@signed_in
def settings() -> Response | tuple[str, int]:
    """Where mail goes, and how often."""
    actor, form = require_actor(), request.form
    assert actor.id is not None
    try:
        with deps().database.write() as session:
            mail.choose(
                session,
                actor.id,
                form.get("email", ""),
                form.get("mail", ""),
                form.get("locale", ""),
            )
    except InvalidInput as error:
        return _page(error), 422
    flash(_("Đã lưu cách nhận thư."))
    return redirect(url_for("notices.index"))
