"""How much schools and classes may send: the usual quotas, and their own."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from review.keys import is_id
from review.models import School, SchoolClass
from review.policy import Role
from webapp.auth import roles
from webapp.deps import deps

blueprint = Blueprint("quotas", __name__, url_prefix="/admin/quotas")
SHOWN = 200  # rows of each list on the page
MOST = 10**9
KINDS = ("school", "class")


@blueprint.get("")
@roles(Role.ADMIN)
def index() -> str:
    with deps().database.read() as session:
        schools = list(session.scalars(select(School).order_by(School.name).limit(SHOWN)))
        classes = list(session.scalars(select(SchoolClass).order_by(SchoolClass.name).limit(SHOWN)))
    return render_template(
        "quotas.html",
        schools=schools,
        classes=classes,
        school_names={s.id: s.name for s in schools},
        settings=deps().settings,
        shown=SHOWN,
    )


@blueprint.post("")
@roles(Role.ADMIN)
def save() -> Response:
    """The quotas of one school or class; an empty field means the usual one."""
    kind, row_id = request.form.get("kind", ""), request.form.get("id", "")
    if kind not in KINDS or not is_id(row_id):
        abort(404)
    try:
        quota_mb, quota_clips = _number("mb"), _number("clips")
    except ValueError:
        flash(_("Hãy ghi một số nguyên, hoặc để trống để dùng mức chung."), "error")
        return redirect(url_for("quotas.index", _anchor=row_id))
    with deps().database.write() as session:
        school = session.get(School, row_id) if kind == "school" else None
        row = school or session.get(SchoolClass, row_id)
        if row is None:
            abort(404)
        row.quota_mb, row.quota_clips = quota_mb, quota_clips
        name = row.name
    flash(_("Đã lưu mức cho phép của %(name)s.", name=name))
    return redirect(url_for("quotas.index", _anchor=row_id))


def _number(field: str) -> int | None:
    """0: no limit; None: the usual one."""
    text = request.form.get(field, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= MOST):
        raise ValueError(field)
    return int(text)
