"""How much schools and classes may send: the usual quotas, and their own."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from review import quota
from review.keys import is_id
from review.models import School, SchoolClass
from review.policy import Role
from webapp.auth import roles
from webapp.deps import deps
from webapp.uploads.room import limits_of

blueprint = Blueprint("quotas", __name__, url_prefix="/admin/quotas")
SHOWN = 200  # rows of each list on the page
MOST = 10**9
KINDS = ("school", "class")


@blueprint.get("")
@roles(Role.ADMIN)
def index() -> str:
    return _page()


def _page(refused: Mapping[str, str] | None = None) -> str:
    """``refused``: what was typed and not taken: the row's "id", "mb" and "clips"."""
    limits = limits_of(deps().settings)
    with deps().database.read() as session:
        schools = list(session.scalars(select(School).order_by(School.name).limit(SHOWN)))
        classes = list(session.scalars(select(SchoolClass).order_by(SchoolClass.name).limit(SHOWN)))
        used = {kind: quota.used_by(session, kind) for kind in KINDS}
    usual = {"school": limits.school, "class": limits.group}
    return render_template(
        "quotas.html",
        schools=schools,
        classes=classes,
        school_names={s.id: s.name for s in schools},
        used=used,
        usual=usual,
        own={row.id: quota.own(row, usual["school"]) for row in schools}
        | {row.id: quota.own(row, usual["class"]) for row in classes},
        refused=refused or {},
        is_number=_is_number,
        shown=SHOWN,
    )


@blueprint.post("")
@roles(Role.ADMIN)
def save() -> Response | tuple[str, int]:
    """The quotas of one school or class; an empty field means the usual one."""
    kind, row_id = request.form.get("kind", ""), request.form.get("id", "")
    if kind not in KINDS or not is_id(row_id):
        abort(404)
    typed = {name: request.form.get(name, "").strip() for name in ("mb", "clips")}
    if not all(_is_number(text) for text in typed.values()):
        return _page({"id": row_id, **typed}), 422
    with deps().database.write() as session:
        school = session.get(School, row_id) if kind == "school" else None
        row = school or session.get(SchoolClass, row_id)
        if row is None:
            abort(404)
        row.quota_mb, row.quota_clips = (int(text) if text else None for text in typed.values())
        name = row.name
    flash(_("Đã lưu mức cho phép của %(name)s.", name=name))
    return redirect(url_for("quotas.index", _anchor=row_id))


def _is_number(text: str) -> bool:
    """0: no limit; nothing: the usual one."""
    return not text or (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= MOST)
