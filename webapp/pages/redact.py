"""The editor that hides: boxes, silences, cuts; its preview; and the word that keeps it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import lifecycle, looks, policy, queries, redacting
from review.errors import InvalidInput, NoSuchClip
from review.models import Clip, Note, Redaction
from review.policy import REVIEWER_ROLES, Actor
from review.states import Action
from webapp.auth import require_actor, signed_in
from webapp.deps import deps
from webapp.forms import RedactForm
from webapp.forms.redact import FIELDS, LISTS, rows_of
from webapp.i18n import translated
from webapp.pages import faces, player
from webapp.pages.shared import seen_version

blueprint = Blueprint("redact", __name__, url_prefix="/clips")


def _clip(session: Session, actor: Actor, clip_id: str) -> Clip:
    """The clip, for whoever may redact it now; raises as the act itself would."""
    clip = queries.get_clip(session, actor, clip_id)
    if not policy.may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r} for this person here")
    policy.move_for(actor, Action.REDACT, clip, approvers=lifecycle.approvers(session, clip))
    return clip


@blueprint.get("/<clip_id>/redact")
@signed_in
def editor(clip_id: str) -> str:
    """The preview of what was asked for last, or (with ``edit``, or without one) the editor."""
    actor = require_actor()
    with deps().database.read() as session:
        clip = _clip(session, actor, clip_id)
        row = redacting.latest(session, clip)
        if row is not None and "edit" not in request.args:
            return render_template("redact_preview.html", **_preview(session, clip, row))
        form = RedactForm(formdata=None, data=rows_of(row.plan) if row else None)
        return render_template("redact.html", **_context(session, clip, form, {}))


def _context(
    session: Session, clip: Clip, form: RedactForm, wrong: dict[str, str]
) -> dict[str, Any]:
    revision = queries.revision(session, clip)
    facts = (revision.facts if revision else None) or {}
    return {
        "clip": clip,
        "facts": facts,
        "rate": looks.frame_rate(revision),
        "silent": "audio_index" in facts and facts["audio_index"] is None,
        "player": player.sources(session, clip, preview_only=True),
        "notes": _timed_notes(session, clip),
        "form": form,
        **faces.shown(session, clip),
        "wrong": wrong,
        # As the page names the fields: "boxes.0.start_s" is typed into "boxes-0-start".
        "wrong_fields": {field.removesuffix("_s") for field in wrong},
        "first_wrong": _first(wrong),
        "wrong_rows": _by_row(wrong),
    }


def _timed_notes(session: Session, clip: Clip) -> list[Note]:
    untold = policy.is_told_early(require_actor(), clip)
    notes = queries.notes(session, clip.id, clip.revision, untold=untold)
    return [note for note in notes if note.at is not None]


def _first(wrong: dict[str, str]) -> str | None:
    """The field that stands first on the page, as the page names it; None: no single field."""
    typed = [field.removesuffix("_s").split(".") for field in wrong if field.count(".") == 2]
    places = [(LISTS.index(rows), int(n), FIELDS.index(name)) for rows, n, name in typed]
    if not places:
        return None
    rows, number, field = min(places)
    return f"{LISTS[rows]}.{number}.{FIELDS[field]}"


def _by_row(wrong: dict[str, str]) -> dict[str, list[str]]:
    """Row ("boxes.0") -> what is wrong in that row, each sentence once."""
    found: dict[str, list[str]] = {}
    for field, sentence in wrong.items():
        row, _, name = field.rpartition(".")
        if name and row and sentence not in found.setdefault(row, []):
            found[row].append(sentence)
    return found


def _preview(session: Session, clip: Clip, row: Redaction) -> dict[str, Any]:
    state, percent, problem = redacting.shown_state(session, row)
    revision = queries.revision(session, clip)
    return {
        "clip": clip,
        "row": row,
        "state": state,
        "percent": percent,
        "problem": problem,
        "facts": (revision.facts if revision else None) or {},
        "link": url_for("media.file", clip_id=clip.id, what=f"redactions/{row.id}.mp4"),
    }


@blueprint.get("/<clip_id>/redact/progress")
@signed_in
def progress(clip_id: str) -> Response:
    """The fragment that the page asks for while the preview is rendered."""
    actor = require_actor()
    with deps().database.read() as session:
        clip = _clip(session, actor, clip_id)
        row = redacting.latest(session, clip)
        state, percent, _code = ("", None, None)
        if row is not None:
            state, percent, _code = redacting.shown_state(session, row)
    page = render_template("_redact_progress.html", clip=clip, state=state, percent=percent)
    response = make_response(page)
    if state not in ("queued", "rendering"):
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<clip_id>/redact")
@signed_in
def ask(clip_id: str) -> Response | tuple[str, int]:
    """Render a preview. A refused plan comes back with everything that was typed or drawn."""
    actor = require_actor()
    form = RedactForm()
    form.drop_blank()
    form.take(request.form.getlist("faces"))
    try:
        with deps().database.write() as session:
            redacting.request(session, clip_id, actor, form.plan())
    except InvalidInput as error:
        wrong = {field: translated(text) for field, text in error.errors.items()}
        with deps().database.read() as session:
            clip = _clip(session, actor, clip_id)
            return render_template("redact.html", **_context(session, clip, form, wrong)), 422
    return redirect(url_for("redact.editor", clip_id=clip_id), 303)


@blueprint.post("/<clip_id>/redact/<redaction_id>/keep")
@signed_in
def keep(clip_id: str, redaction_id: str) -> Response:
    actor, version = require_actor(), seen_version()
    with deps().database.write() as session:
        redacting.keep(session, clip_id, redaction_id, actor, version)
    flash(_("Đã dùng bản mới. Việc duyệt bắt đầu lại từ bước đầu."))
    if _reviews(actor):
        return redirect(url_for("desk.queue"))  # another person approves what this one made
    return redirect(url_for("clips.show", clip_id=clip_id))


@blueprint.post("/<clip_id>/redact/<redaction_id>/discard")
@signed_in
def discard(clip_id: str, redaction_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        redacting.discard(session, clip_id, redaction_id, actor)
    flash(_("Đã bỏ bản xem thử. Clip vẫn như cũ."))
    page = "desk.clip" if _reviews(actor) else "clips.show"
    return redirect(url_for(page, clip_id=clip_id))


def _reviews(actor: Actor) -> bool:
    return actor.role in REVIEWER_ROLES
