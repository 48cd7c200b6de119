"""Many clips of the queue at once: what is safe to do so, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import batch, lookalikes, queries
from review.batch import Kind, Outcome
from review.errors import InvalidInput, NoSuchClip, ReviewError
from review.models import Account
from review.policy import REVIEWER_ROLES, may_see
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.pages.shared import refusal

blueprint = Blueprint("batch", __name__, url_prefix="/review/batch")


@blueprint.get("")
@roles(*REVIEWER_ROLES)
def choose() -> str:
    """The queue with a box beside every clip."""
    return _page()


def _page(trouble: str = "") -> str:
    actor = require_actor()
    with deps().database.read() as session:
        page = queries.review_queue(session, actor, request.args.get("cursor"), 50)
        marks = lookalikes.marks(session, actor, [row.clip for row in page.items])
        people = batch.reviewers(session, actor)
    return render_template(
        "batch.html",
        page=page,
        marks=marks,
        people=people,
        trouble=trouble,
        chosen=set(request.form.getlist("clip")),
        kind=request.form.get("kind", ""),
        typed=request.form,
    )


@blueprint.post("")
@roles(*REVIEWER_ROLES)
def start() -> str | Response | tuple[str, int]:
    """What was chosen is kept first, so that a request that is cut short goes on later."""
    actor, database = require_actor(), deps().database
    kind = request.form.get("kind", "")
    names = {Kind.ASSIGN: "person", Kind.REJECT_DUPLICATES: "of"}
    target = request.form.get(names.get(kind, ""), "").strip().rpartition("/")[2]  # type: ignore[call-overload]
    try:
        with database.write() as session:
            made = batch.start(session, actor, kind, target, _rows()).id
    except (InvalidInput, NoSuchClip) as error:
        return _page(refusal(error)), 422
    batch.run(database.write, made, actor)
    return redirect(url_for("batch.show", batch_id=made))


def _rows() -> list[tuple[str, int]]:
    """(clip, version) of every box that is ticked: "id:version"."""
    found = []
    for text in request.form.getlist("clip"):
        clip_id, _colon, version = text.partition(":")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput(rows="Hãy chọn clip trong danh sách.")
        found.append((clip_id, int(version)))
    return found


@blueprint.get("/<batch_id>")
@roles(*REVIEWER_ROLES)
def show(batch_id: str) -> str:
    actor = require_actor()
    with deps().database.read() as session:
        found = batch.get(session, batch_id, actor)
        rows = [
            (row, clip if clip is not None and may_see(actor, clip) else None)
            for row, clip in batch.rows_of(session, found)
        ]
        person = session.get(Account, found.target) if found.kind == Kind.ASSIGN else None
    outcomes = [row.outcome for row, _clip in rows]
    return render_template(
        "batch_done.html",
        batch=found,
        rows=rows,
        person=person,
        words=_words(),
        is_cut_short=Outcome.WAITING in outcomes,
        may_undo=Outcome.DONE in outcomes and found.undo_until > datetime.now(UTC),
    )


def _words() -> dict[str, Any]:
    return {
        Outcome.WAITING: _("chưa làm"),
        Outcome.DONE: _("đã làm"),
        Outcome.CHANGED: _("vừa thay đổi, không đụng đến"),
        Outcome.CLAIMED: _("người khác đang xem, không đụng đến"),
        Outcome.NOT_ALLOWED: _("bạn không được làm việc này với clip này"),
        Outcome.NOT_SAME: _("không phải bản trùng, không đụng đến"),
        Outcome.UNDONE: _("đã rút lại"),
        Outcome.NOT_UNDONE: _("không rút lại được nữa: clip đã đi tiếp"),
    }


@blueprint.post("/<batch_id>/go-on")
@roles(*REVIEWER_ROLES)
def go_on(batch_id: str) -> Response:
    batch.run(deps().database.write, batch_id, require_actor())
    return redirect(url_for("batch.show", batch_id=batch_id))


@blueprint.post("/<batch_id>/undo")
@roles(*REVIEWER_ROLES)
def undo(batch_id: str) -> Response:
    try:
        batch.undo(deps().database.write, batch_id, require_actor())
    except ReviewError as error:
        if error.code != "wrong_state":
            raise
        flash(_("Đã quá 10 phút nên không rút lại được nữa."), "error")
    return redirect(url_for("batch.show", batch_id=batch_id))
