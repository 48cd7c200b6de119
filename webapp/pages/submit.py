"""Handing in a clip: the form is saved as a draft before the first byte is sent."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from review import classcodes, queries, submission
from review.errors import InvalidInput, NotAllowed
from review.models import Clip
from review.policy import SUBMITTERS, Actor
from review.states import State
from webapp.auth import require_account, require_actor, signed_in
from webapp.deps import deps
from webapp.forms import SubmitForm, wrong_fields
from webapp.forms.classes import offer_scopes
from webapp.i18n import translated

blueprint = Blueprint("submit", __name__)


def _submitter() -> Actor:
    actor = require_actor()
    if actor.role not in SUBMITTERS:
        raise NotAllowed(f"a {actor.role} does not submit clips")
    return actor


@blueprint.get("/submit")
@signed_in
def form() -> str:
    """An empty form, or the draft that ``?clip=`` names."""
    actor = _submitter()
    clip = _draft(actor, request.args.get("clip"))
    filled = SubmitForm(formdata=None)
    if clip is not None:
        filled = SubmitForm(formdata=None, data=_data(clip))
    return _page(filled, clip)


def _page(filled: SubmitForm, clip: Clip | None) -> str:
    settings, account = deps().settings, require_account()
    with deps().database.read() as session:
        widest = classcodes.widest(session, account.role, account.class_id)
    offer_scopes(filled.scope, widest)
    return render_template(
        "submit.html",
        form=filled,
        clip=clip,
        max_bytes=settings.max_bytes,
        max_seconds=settings.max_seconds,
    )


def _draft(actor: Actor, clip_id: str | None) -> Clip | None:
    if not clip_id:
        return None
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
    if clip.owner_id != actor.id or clip.state != State.DRAFT:
        abort(404)
    return clip


def _data(clip: Clip) -> dict[str, object]:
    with deps().database.read() as session:
        people = queries.people(session, clip)
    rows = [
        {
            "label": person.label,
            "under_seven": person.under_seven,
            "guardian": any(c.kind == "guardian" for c in given),
            "own": any(c.kind == "own" for c in given),
            "scope": given[0].scope if given else "public",
            "valid_until": given[0].valid_until.date() if given else None,
            "evidence": given[0].evidence if given else "",
        }
        for person, given in people
    ]
    names = ("title", "summary", "topics", "scope", "music", "reenactment", "licence")
    more = {"people": rows, "clip": clip.id, "hide_credit": not clip.credit}
    return {**{n: getattr(clip, n) for n in names}, **more}


@blueprint.post("/submit")
@signed_in
def save() -> BaseResponse | tuple[Response, int] | tuple[str, int]:
    """Save the form as a draft; the page's script then sends the file."""
    actor = _submitter()
    filled = SubmitForm()
    draft = _draft(actor, filled.clip.data)
    by_script = request.accept_mimetypes.best == "application/json"
    try:
        if not filled.validate_on_submit():
            raise InvalidInput(**wrong_fields(filled))
        clip = _save(actor, filled)
    except InvalidInput as error:
        if by_script:
            return jsonify({"code": error.code, "errors": _words(error)}), 422
        _show(filled, error)
        return _page(filled, draft), 422
    if by_script:
        return jsonify({"clip": clip.id, "page": url_for("clips.show", clip_id=clip.id)})
    flash(_("Đã lưu bản nháp. Trang này cần JavaScript để gửi tệp."))
    return redirect(url_for("submit.form", clip=clip.id))


def _save(actor: Actor, filled: SubmitForm) -> Clip:
    details, people = filled.details(), filled.persons()
    account = require_account()
    with deps().database.write() as session:
        if filled.clip.data:
            return submission.update_draft(session, filled.clip.data, actor, details, people)
        return submission.create_draft(session, account, details, people)


def _words(error: InvalidInput) -> dict[str, str]:
    return {field: translated(text) for field, text in error.errors.items()}


def _show(filled: SubmitForm, error: InvalidInput) -> None:
    """Beside each field; what is wrong in the rows of people, below all of them."""
    told: dict[str, list[str]] = {}
    for name, text in _words(error).items():
        told.setdefault(name.split(".")[0], []).append(text)
    for field in filled:
        field.errors = list(dict.fromkeys(told.get(field.name, [])))


@blueprint.post("/submit/<clip_id>/delete")
@signed_in
def delete(clip_id: str) -> BaseResponse:
    actor = require_actor()
    _draft(actor, clip_id)
    with deps().database.write() as session:
        submission.delete_draft(session, clip_id, actor)
    flash(_("Đã xóa bản nháp."))
    return redirect(url_for("clips.mine"))
