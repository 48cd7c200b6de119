"""One case of the safeguarding officer: what was written down, whom it was told, and its sheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import casework, clock, queries
from review.casework import MAX_TEXT, RECIPIENTS, Case
from review.clock import VIETNAM
from review.errors import InvalidInput
from review.lifecycle import HAND_OVER
from review.models import School, SchoolClass
from review.policy import Role
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.i18n import translated
from webapp.pages import history

blueprint = Blueprint("safeguarding", __name__, url_prefix="/safeguarding")


def case_word(state: str) -> str:
    return {
        "new": _("Mới"),
        "in_hand": _("Đang xem xét"),
        "handed_over": _("Đã báo nơi trợ giúp"),
    }[state]


def recipient_word(code: str) -> str:
    return {
        "school": _("Tổ tư vấn tâm lý của trường"),
        "commune": _("Người làm công tác bảo vệ trẻ em cấp xã"),
        "hotline": _("Tổng đài bảo vệ trẻ em"),
        "police": _("Công an"),
        "office": _("Phòng Giáo dục và Đào tạo"),
    }[code]


@blueprint.get("/<clip_id>")
@roles(Role.SAFEGUARDING)
def show(clip_id: str) -> str:
    return _page(clip_id)


def _page(clip_id: str, trouble: InvalidInput | None = None) -> str:
    actor = require_actor()
    with deps().database.read() as session:
        case = casework.get(session, actor, clip_id)
        context = {
            **_about(session, case),
            "hold_notes": queries.hold_notes(session, clip_id),
            "worries": queries.worries(session, clip_id),
            "history": history.folded(queries.history(session, clip_id)),
        }
    errors = {f: translated(t) for f, t in trouble.errors.items()} if trouble else {}
    typed = request.form if trouble else {}
    return render_template(
        "case.html", recipients=RECIPIENTS, max_text=MAX_TEXT, errors=errors, typed=typed, **context
    )


def _about(session: Session, case: Case) -> dict[str, Any]:
    clip = case.clip
    school = session.get(School, clip.school_id) if clip.school_id else None
    group = session.get(SchoolClass, clip.class_id) if clip.class_id else None
    revision = queries.revision(session, clip)
    return {
        "case": case,
        "clip": clip,
        "facts": (revision.facts if revision else None) or {},
        "school_name": school.name if school else "",
        "class_name": group.name if group else "",
        "case_word": case_word,
        "recipient_word": recipient_word,
    }


@blueprint.post("/<clip_id>/notes")
@roles(Role.SAFEGUARDING)
def add_note(clip_id: str) -> Response | tuple[str, int]:
    actor = require_actor()
    try:
        with deps().database.write() as session:
            casework.add_note(session, clip_id, actor, request.form.get("note", ""))
    except InvalidInput as error:
        return _page(clip_id, InvalidInput(note=error.errors["text"])), 422
    flash(_("Đã ghi vào hồ sơ."))
    return redirect(url_for("safeguarding.show", clip_id=clip_id))


@blueprint.post("/<clip_id>/hand-over")
@roles(Role.SAFEGUARDING)
def hand_over(clip_id: str) -> Response | tuple[str, int]:
    """Write down that it was told; a person tells it, no program."""
    actor, form = require_actor(), request.form
    try:
        with deps().database.write() as session:
            casework.hand_over(
                session,
                clip_id,
                actor,
                recipient=form.get("recipient", ""),
                name=form.get("name", ""),
                text=form.get("text", ""),
                told_at=_moment(form.get("told_at", "")),
            )
    except InvalidInput as error:
        return _page(clip_id, error), 422
    flash(_("Đã ghi việc báo cho nơi trợ giúp."))
    return redirect(url_for("safeguarding.show", clip_id=clip_id))


def _moment(text: str) -> datetime | None:
    """As a field of type datetime-local has it, in Viet Nam's time; empty: now."""
    if not text:
        return None
    try:
        return clock.in_utc(datetime.fromisoformat(text[:16]).replace(tzinfo=VIETNAM))
    except ValueError:
        raise InvalidInput(told_at="Thời điểm chưa đúng.") from None


@blueprint.get("/<clip_id>/sheet")
@roles(Role.SAFEGUARDING)
def sheet(clip_id: str) -> str:
    """For the printer: what the school's counsellors or the authority get in their hands."""
    actor = require_actor()
    with deps().database.read() as session:
        case = casework.get(session, actor, clip_id)
        context = {
            **_about(session, case),
            "hold_notes": queries.hold_notes(session, clip_id),
            "worries": queries.worries(session, clip_id),
        }
    handed = [step for step in case.steps if step.entry.kind == HAND_OVER]
    return render_template(
        "case_sheet.html",
        office=deps().settings.office_name,
        handed=handed[-1] if handed else None,
        **context,
    )
