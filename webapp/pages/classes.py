"""A teacher's class codes: how long, how many, for whom; changed, stopped, printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import classcodes, clock
from review.classcodes import CodeState
from review.errors import InvalidInput
from review.models import School, SchoolClass
from review.policy import Actor, Role
from webapp.addresses import own_url, spoken
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.forms.classes import TermsForm
from webapp.forms.words import wrong_fields
from webapp.i18n import translated
from webapp.qr import qr_svg

blueprint = Blueprint("classes", __name__, url_prefix="/classes")
MANAGERS = (Role.TEACHER, Role.ADMIN)
FEW_LEFT = 14  # days before the end in which the page says so


@dataclass(frozen=True, slots=True)
class Row:
    """A class as a list shows it."""

    group: SchoolClass
    school: str
    state: CodeState


@blueprint.get("")
@roles(*MANAGERS)
def index() -> str | Response:
    """The classes whose codes this person hands out; of one alone, its page."""
    actor = require_actor()
    with deps().database.read() as session:
        found = classcodes.managed(session, actor)
        now = clock.now(session)
        names = _school_names(session, {g.school_id for g in found})
        rows = [Row(g, names[g.school_id], classcodes.state(g, now)) for g in found]
    if len(rows) == 1:
        return redirect(url_for("classes.show", class_id=rows[0].group.id))
    return render_template("classes.html", rows=rows)


def _school_names(session: Session, ids: set[str]) -> dict[str, str]:
    query = select(School.id, School.name).where(School.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}


@blueprint.get("/<class_id>")
@roles(*MANAGERS)
def show(class_id: str) -> str:
    return _page(require_actor(), class_id)


def _page(actor: Actor, class_id: str, wrong: TermsForm | None = None) -> str:
    with deps().database.read() as session:
        group = classcodes.manage(session, actor, class_id)
        school = session.get_one(School, group.school_id)
        now = clock.now(session)
        used = classcodes.handed_in(session, group)
    address = own_url("accounts.join", code=group.code)
    return render_template(
        "class.html",
        group=group,
        school=school,
        state=classcodes.state(group, now),
        days_left=_days_left(group, now),
        few_left=FEW_LEFT,
        clips_used=used,
        clips_full=group.code_clips_limit is not None and used >= group.code_clips_limit,
        form=wrong or _filled(group, now),
        address=address,
        join_address=spoken(own_url("accounts.join")),
        qr=qr_svg(address),
    )


def _filled(group: SchoolClass, now: datetime) -> TermsForm:
    ends_at = group.code_ends_at or classcodes.default_end(now)
    data = {
        "ends_on": classcodes.last_day(ends_at),
        "pupils": group.code_pupils_limit,
        "clips": group.code_clips_limit,
        "scope": group.code_scope,
    }
    return TermsForm(formdata=None, data=data)


def _days_left(group: SchoolClass, now: datetime) -> int | None:
    if group.code_ends_at is None:
        return None
    return (classcodes.last_day(group.code_ends_at) - classcodes.last_day(now)).days


@blueprint.post("/<class_id>")
@roles(*MANAGERS)
def set_terms(class_id: str) -> Response | tuple[str, int]:
    actor, form = require_actor(), TermsForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(**wrong_fields(form))
        with deps().database.write() as session:
            classcodes.manage(session, actor, class_id)
            classcodes.set_terms(session, class_id, form.terms())
    except InvalidInput as error:
        for name, text in error.errors.items():
            form[name].errors = [translated(text)]
        return _page(actor, class_id, form), 422
    flash(_("Đã lưu."))
    return _back(class_id)


def _back(class_id: str) -> Response:
    return redirect(url_for("classes.show", class_id=class_id))


@blueprint.post("/<class_id>/code")
@roles(*MANAGERS)
def renew(class_id: str) -> Response:
    """The old code ends at once: for a code that has left the class."""
    actor, out = require_actor(), request.form.get("pupils") == "out"
    with deps().database.write() as session:
        classcodes.manage(session, actor, class_id)
        classcodes.renew_class_code(session, class_id, put_out=out)
    flash(_("Mã lớp đã đổi. Mã cũ không dùng được nữa."))
    if out:
        flash(_("Học sinh đã vào trước đây cần mã mới. Clip đã gửi vẫn còn."))
    return _back(class_id)


@blueprint.post("/<class_id>/stop")
@roles(*MANAGERS)
def stop(class_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        classcodes.manage(session, actor, class_id)
        classcodes.stop(session, class_id)
    flash(_("Đã dừng mã lớp. Không ai vào thêm được; học sinh đã vào thì vẫn ở trong lớp."))
    return _back(class_id)


@blueprint.post("/<class_id>/resume")
@roles(*MANAGERS)
def resume(class_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        classcodes.manage(session, actor, class_id)
        classcodes.resume(session, class_id)
    flash(_("Mã lớp dùng lại được."))
    return _back(class_id)


@blueprint.get("/<class_id>/card")
@roles(*MANAGERS)
def card(class_id: str) -> str:
    """To print: four cards of A6 on a sheet of A4, or one poster."""
    actor = require_actor()
    with deps().database.read() as session:
        group = classcodes.manage(session, actor, class_id)
        school = session.get_one(School, group.school_id)
        state = classcodes.state(group, clock.now(session))
    return render_template(
        "class_card.html",
        group=group,
        school=school,
        state=state,
        poster=request.args.get("as") == "poster",
        join_address=spoken(own_url("accounts.join")),
        qr=qr_svg(own_url("accounts.join", code=group.code)),
    )
