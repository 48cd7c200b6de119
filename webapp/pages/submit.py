"""Handing in a clip: the form is saved as a draft before the first byte is sent."""

from __future__ import annotations

from typing import Any

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
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from review import classcodes, queries, submission
from review.errors import InvalidInput, NotAllowed
from review.models import Account, Campaign, Clip
from review.policy import SUBMITTERS, Actor
from review.states import State
from webapp.api import idempotency
from webapp.auth import require_account, require_actor, signed_in
from webapp.deps import deps
from webapp.forms import SubmitForm, wrong_fields
from webapp.forms.classes import offer_scopes
from webapp.i18n import translated
from webapp.pages.kept import owner_tag, seal_key

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
    _offer_campaigns(filled, clip)
    return _page(filled, clip, actor)


def _page(filled: SubmitForm, clip: Clip | None, who: Actor | None, **more: Any) -> str:
    """``filled`` offers its campaigns already; nobody is offered any."""
    settings = deps().settings
    if who is not None:
        _offer_scopes(filled)
    return render_template(
        "submit.html",
        form=filled,
        clip=clip,
        drafts=_others(who, clip) if who is not None else [],
        max_bytes=settings.max_bytes,
        max_seconds=settings.max_seconds,
        **more,
    )


def _offer_scopes(filled: SubmitForm) -> None:
    """Those that the class's code lets through."""
    account = require_account()
    with deps().database.read() as session:
        widest = classcodes.widest(session, account.role, account.class_id)
    offer_scopes(filled.scope, widest)


def _offer_campaigns(filled: SubmitForm, clip: Clip | None) -> None:
    with deps().database.read() as session:
        found = queries.open_campaigns(session)
        kept = session.get(Campaign, clip.campaign_id) if clip and clip.campaign_id else None
    if kept is not None and kept.id not in {campaign.id for campaign in found}:
        found.append(kept)
    filled.offer(found)


def empty_page(**more: Any) -> str:
    """The page of nobody, which the service worker keeps; ``more`` is for its frame."""
    return _page(SubmitForm(formdata=None), None, None, **more)


def _others(actor: Actor, clip: Clip | None) -> list[Clip]:
    """What was begun and not sent, but for the draft that the page shows."""
    with deps().database.read() as session:
        found = queries.drafts(session, actor)
    return [draft for draft in found if clip is None or draft.id != clip.id]


@blueprint.get("/submit/me")
def me() -> Response:
    """For the page's script: whose things the browser keeps, their key, and a fresh token. A page
    that was open for days, or comes from the service worker, has none."""
    account = require_account()
    told = {"owner": owner_tag(account), "key": seal_key(account), "csrf": generate_csrf()}
    return jsonify(told)


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
        campaign = session.get(Campaign, clip.campaign_id) if clip.campaign_id else None
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
    more["campaign"] = campaign.slug if campaign else ""
    return {**{n: getattr(clip, n) for n in names}, **more}


@blueprint.post("/submit")
@signed_in
def save() -> BaseResponse | tuple[Response, int] | tuple[str, int]:
    """Save the form as a draft; the page's script then sends the file."""
    actor = _submitter()
    filled = SubmitForm()
    draft = _draft(actor, filled.clip.data)
    _offer_campaigns(filled, draft)
    by_script = request.accept_mimetypes.best == "application/json"
    try:
        if not filled.validate_on_submit():
            raise InvalidInput(**wrong_fields(filled))
        clip = _save(actor, filled)
    except InvalidInput as error:
        if by_script:
            return jsonify({"code": error.code, "errors": _words(error)}), 422
        _show(filled, error)
        return _page(filled, draft, actor), 422
    if by_script:
        return jsonify({"clip": clip.id, "page": url_for("clips.show", clip_id=clip.id)})
    flash(_("Đã lưu bản nháp. Trang này cần JavaScript để gửi tệp."))
    return redirect(url_for("submit.form", clip=clip.id))


def _save(actor: Actor, filled: SubmitForm) -> Clip:
    details, people = filled.details(), filled.persons()
    account = require_account()
    with deps().database.write() as session:
        known = filled.clip.data or _made_before(session, account)
        if known:
            return submission.update_draft(session, known, actor, details, people)
        clip = submission.create_draft(session, account, details, people)
        idempotency.remember(session, account, _key(), {"id": clip.id})
        return clip


def _key() -> str:
    """The script's name for this form: an answer that was lost must not make a second draft."""
    key = request.headers.get("Idempotency-Key", "")
    return f"draft {key}" if key else ""


def _made_before(session: Session, account: Account) -> str | None:
    answer = idempotency.earlier_answer(session, account, _key(), {})
    if answer is None:
        return None
    clip = session.get(Clip, answer["id"])
    if clip is None or clip.state != State.DRAFT:
        abort(404)  # handed in, or deleted, since
    return clip.id


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
