"""My clips, and one clip's page for its owner and for staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import (
    answers,
    consenting,
    decisions,
    lifecycle,
    lookalikes,
    looks,
    policy,
    presentation,
    publication,
    queries,
    redacting,
    stages,
    submission,
)
from review.consent import RECORDERS, Scope, missing
from review.errors import InvalidInput, NoSuchClip, NotAllowed
from review.models import Clip
from review.policy import SUBMITTERS, Actor, Role
from review.states import Action, State
from webapp import linked, private
from webapp.auth import require_actor, roles, signed_in
from webapp.deps import deps
from webapp.forms import ConsentForm, PersonForm, WithdrawForm, wrong_fields
from webapp.forms.clips import NO_LABEL, REASONS
from webapp.forms.words import choices
from webapp.pages import captions, history, player
from webapp.pages.shared import refusal
from webapp.pages.told import tell
from webapp.uploads.arrived import arrived

blueprint = Blueprint("clips", __name__, url_prefix="/clips")


@blueprint.get("")
@roles(*SUBMITTERS)
def mine() -> str:
    """Own clips, newest first; for a teacher, those of the class too."""
    actor = require_actor()
    of_class = request.args.get("of") == "class" and actor.role == Role.TEACHER
    with deps().database.read() as session:
        find = queries.class_clips if of_class else queries.my_clips
        page = find(session, actor, request.args.get("cursor"))
        faces = queries.faces(session, page.items)
        begun = arrived(session, actor, page.items)
    return render_template("clips.html", page=page, faces=faces, arrived=begun, of_class=of_class)


@blueprint.get("/<clip_id>")
@signed_in
def show(clip_id: str) -> str | Response:
    actor = require_actor()
    with deps().database.read() as session:
        clip = _mine_or_staff(session, actor, clip_id)
        if clip.state == State.DRAFT:
            return redirect(url_for("submit.form", clip=clip.id))
        context = _context(session, actor, clip)
    link = private.card(actor, clip)
    return render_template("clip.html", private_link=link, **linked.trimmed(context))


def _mine_or_staff(session: Session, actor: Actor, clip_id: str) -> Clip:
    """The clip for its owner and for staff; those who may only watch it go to the library."""
    clip = queries.get_clip(session, actor, clip_id)
    if not policy.may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r} for this person here")
    return clip


def _context(session: Session, actor: Actor, clip: Clip) -> dict[str, Any]:
    state = policy.shown_state(actor, clip)
    buttons = _buttons(session, actor, clip)
    revision = queries.revision(session, clip)
    return {
        "clip": clip,
        "state": state,
        "buttons": buttons,
        "redacting": redacting.state_of(session, clip) if "redact" in buttons else None,
        "revision": revision,
        "facts": (revision.facts if revision else None) or {},
        **_presented(session, actor, clip),
        "card_s": looks.card_s(revision) if revision else 0.0,
        "made": bool(queries.renditions(session, clip)),
        "history": history.folded(
            lifecycle.as_told(session, clip, queries.history(session, clip.id), actor)
        ),
        **_noted(session, actor, clip),
        "people": queries.people(session, clip),
        "blockers": publication.blockers(session, clip) if state == State.APPROVED else [],
        "narrower": [str(s) for s in Scope if s.width < Scope(clip.scope).width],
        "max_bytes": deps().settings.max_bytes,
        "max_seconds": deps().settings.max_seconds,
        "missing": _missing_words(session, clip),
        "stage_names": stages.NAMES,
        "blind": policy.is_blind(actor, clip),
        "captions_card": captions.card(session, clip, revision, state),
        "may_record": bool(policy.parties(actor, clip) & RECORDERS),
        "withdraw_form": _withdraw_form(actor, clip),
        "person_form": PersonForm(formdata=None),
        "consent_form": ConsentForm(formdata=None),
        "same_file": lookalikes.own_same_file(session, actor, clip),
    }


def _noted(session: Session, actor: Actor, clip: Clip) -> dict[str, Any]:
    """The notes, and what the owner says to them; ``answerable``: to which, now."""
    may_answer = answers.may_answer(actor, clip)
    return {
        "notes": queries.notes(session, clip.id, untold=policy.is_told_early(actor, clip)),
        "answers": answers.of_clip(session, clip.id),
        "answerable": [n.id for n in answers.answerable(session, clip)] if may_answer else [],
    }


def _presented(session: Session, actor: Actor, clip: Clip) -> dict[str, Any]:
    """What there is to play, and of which pictures the poster is chosen."""
    revision = queries.revision(session, clip)
    pictures: list[str] = []
    if revision is not None and presentation.may_choose_poster(actor, clip):
        pictures = looks.candidates(queries.output_files(session, clip))
    return {
        "player": player.sources(session, clip),
        "pictures": pictures,
        "chosen": revision.poster if revision else None,
    }


def _missing_words(session: Session, clip: Clip) -> list[str]:
    """Whose consent lacks, and which: while something can still be done about it."""
    labels = set(missing(session, clip))
    words = {"guardian": _("cha mẹ hoặc người giám hộ"), "own": _("chính bạn ấy, từ 7 tuổi")}
    found = []
    for person, consents in queries.people(session, clip):
        if person.label in labels:
            given = {c.kind for c in consents if c.revoked_at is None}
            needed = ("guardian",) if person.under_seven else ("guardian", "own")
            lacking = [words[kind] for kind in needed if kind not in given]
            found.append(f"{person.label} ({', '.join(lacking)})" if lacking else person.label)
    return found


def _buttons(session: Session, actor: Actor, clip: Clip) -> list[Action]:
    """What the table offers; a held clip offers its owner what one in review would."""
    return policy.buttons(actor, clip, approvers=lifecycle.approvers(session, clip))


def _withdraw_form(actor: Actor, clip: Clip) -> WithdrawForm:
    form = WithdrawForm(formdata=None)
    offered = publication.reasons_for(actor, clip)
    form.reason.choices = choices((code, REASONS[code]) for code in offered)
    return form


@blueprint.get("/<clip_id>/progress")
@signed_in
def progress(clip_id: str) -> Response:
    """The fragment that the page asks for every few seconds while something is being made. Once
    the clip has moved on, the whole page is asked for again."""
    actor = require_actor()
    with deps().database.read() as session:
        clip = _mine_or_staff(session, actor, clip_id)
        made = bool(queries.renditions(session, clip))
        context = linked.trimmed(_presented(session, actor, clip) if made else {})
    state = policy.shown_state(actor, clip)
    response = make_response(
        render_template(
            "_progress.html", clip=clip, state=state, made=made, fragment=True, **context
        )
    )
    if state != request.args.get("seen", state):
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<clip_id>/withdraw")
@signed_in
def withdraw(clip_id: str) -> Response:
    actor = require_actor()
    reason = request.form.get("reason", "")
    with deps().database.write() as session:
        publication.withdraw(session, clip_id, actor, reason)
    flash(_("Clip đã được gỡ. Các thư viện được báo ngay."))
    return redirect(url_for("clips.show", clip_id=clip_id))


@blueprint.post("/<clip_id>/escalate")
@signed_in
def escalate(clip_id: str) -> Response:
    """Any of the staff may say that a child is at risk, whatever happened to the clip meanwhile."""
    actor = require_actor()
    text = request.form.get("text", "").strip()
    notes = [decisions.NoteInput(None, "other", text)] if text else []
    with deps().database.write() as session:
        clip = _mine_or_staff(session, actor, clip_id)
        verdict = decisions.Verdict(Action.ESCALATE, clip.revision, clip.version, notes)
        decisions.decide(session, clip_id, actor, verdict)
    said = _("Đã chuyển «%(title)s» cho người phụ trách bảo vệ trẻ em.", title=clip.title)
    flash(said)
    flash(_("Tổng đài bảo vệ trẻ em: %(number)s", number=deps().settings.help_line))
    return redirect(url_for("pages.home"))


@blueprint.post("/<clip_id>/retry")
@signed_in
def retry(clip_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        _mine_or_staff(session, actor, clip_id)
        submission.retry(session, clip_id, actor, request.form.get("version", type=int))
    flash(_("Đang xử lý lại."))
    return redirect(url_for("clips.show", clip_id=clip_id))


@blueprint.post("/<clip_id>/poster")
@signed_in
def choose_poster(clip_id: str) -> Response | str:
    """One of the pictures, or the machine's choice again; htmx is answered with the fragment."""
    actor = _one_who_sees(clip_id)
    wanted = None if "machine" in request.form else request.form.get("poster") or None
    told, trouble = _("Đã đổi ảnh bìa."), ""
    try:
        with deps().database.write() as session:
            presentation.choose_poster(session, clip_id, actor, wanted)
    except (InvalidInput, NotAllowed) as error:
        trouble = refusal(error)
    if "HX-Request" not in request.headers:
        tell("poster", trouble or told, bad=bool(trouble))
        return redirect(url_for("clips.show", clip_id=clip_id, _anchor="poster"))
    with deps().database.read() as session:
        clip = _mine_or_staff(session, actor, clip_id)
        context = _presented(session, actor, clip)
    return render_template("_poster.html", clip=clip, told=told, trouble=trouble, **context)


def _one_who_sees(clip_id: str) -> Actor:
    """Who asks, before anything else about the clip is said: raises :class:`NoSuchClip`."""
    actor = require_actor()
    with deps().database.read() as session:
        _mine_or_staff(session, actor, clip_id)
    return actor


@blueprint.post("/<clip_id>/people")
@signed_in
def add_person(clip_id: str) -> Response:
    actor = _one_who_sees(clip_id)
    form = PersonForm()
    try:
        if not form.validate():
            raise InvalidInput(**wrong_fields(form))
        person = form.person()
        if not person.label:
            raise InvalidInput(label=NO_LABEL)
        with deps().database.write() as session:
            consenting.add_person(session, clip_id, actor, person)
        tell("people", _("Đã thêm %(name)s.", name=person.label))
    except InvalidInput as error:
        _tell(error)
    return redirect(url_for("clips.show", clip_id=clip_id, _anchor="people"))


def _tell(error: InvalidInput) -> None:
    tell("people", refusal(error), bad=True)


@blueprint.post("/<clip_id>/people/<person_id>/consents")
@signed_in
def record_consent(clip_id: str, person_id: str) -> Response:
    actor = _one_who_sees(clip_id)
    form = ConsentForm()
    try:
        if not form.validate():
            raise InvalidInput(**wrong_fields(form))
        with deps().database.write() as session:
            consenting.record_consent(session, person_id, actor, form.given())
        tell("people", _("Đã ghi sự đồng ý."))
    except InvalidInput as error:
        _tell(error)
    return redirect(url_for("clips.show", clip_id=clip_id, _anchor="people"))


@blueprint.post("/<clip_id>/consents/<consent_id>/revoke")
@signed_in
def revoke_consent(clip_id: str, consent_id: str) -> Response:
    actor = _one_who_sees(clip_id)
    with deps().database.write() as session:
        consenting.revoke_consent(session, consent_id, actor)
    tell("people", _("Đã ghi việc rút lại sự đồng ý. Clip không còn được xem nữa."))
    return redirect(url_for("clips.show", clip_id=clip_id, _anchor="people"))
