"""The office's list of reasons for notes: add, say otherwise, order, retire."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import reasons
from review.reasons import EDITORS, MAX_LABEL, OTHER, REASONS
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.pages.shared import changed

blueprint = Blueprint("reasons", __name__, url_prefix="/admin/reasons")


@blueprint.get("")
@roles(*EDITORS)
def index() -> str:
    with deps().database.read() as session:
        found = reasons.every(session)
    return render_template(
        "reasons.html",
        offered=[reason for reason in found if not reason.retired],
        retired=[reason for reason in found if reason.retired],
        usual=REASONS,
        other=OTHER,
        max_label=MAX_LABEL,
    )


def _write(work: Callable[[Session], str | None], anchor: str = "") -> Response:
    return changed(work, url_for("reasons.index", _anchor=anchor or None))


@blueprint.post("")
@roles(*EDITORS)
def add() -> Response:
    actor, label = require_actor(), request.form.get("label", "")

    def work(session: Session) -> str:
        return _("Đã thêm lý do «%(label)s».", label=reasons.add(session, actor, label).label)

    return _write(work)


@blueprint.post("/<code>")
@roles(*EDITORS)
def change(code: str) -> Response:
    """One deed with one reason; which one is the button's name."""
    actor, label = require_actor(), request.form.get("label", "")
    deed = request.form.get("deed", "rename")

    def work(session: Session) -> str | None:
        if deed in ("up", "down"):
            reasons.move(session, actor, code, up=deed == "up")
            return None
        if deed == "retire":
            reasons.retire(session, actor, code)
            return _("Lý do này không còn được đưa ra chọn. Ghi chú cũ vẫn đọc được.")
        if deed == "restore":
            reasons.restore(session, actor, code)
            return _("Lý do này lại được đưa ra chọn.")
        reasons.rename(session, actor, code, label)
        return _("Đã đổi lời của lý do.")

    return _write(work, f"reason-{code}")
