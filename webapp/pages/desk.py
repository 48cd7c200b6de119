"""The desk of reviewers, and the safeguarding officer's inbox."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import (
    answers,
    casework,
    checklist,
    comparing,
    coverage,
    decisions,
    lifecycle,
    lookalikes,
    looks,
    policy,
    queries,
    redacting,
)
from review.consent import missing
from review.errors import ClaimHeld, InvalidInput, NoSuchClip, NotAllowed, ReviewError, StaleClip
from review.models import Clip
from review.notices import mail
from review.policy import REVIEWER_ROLES, Actor, Role
from review.states import Action, Party, State
from webapp import reasons
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.errors import STATUS
from webapp.forms import DecisionForm, wrong_fields
from webapp.forms.desk import checklist_answers
from webapp.i18n import translated
from webapp.pages import player
from webapp.pages.noticed import noticed
from webapp.pages.safeguarding import case_word
from webapp.pages.shared import seen_version

blueprint = Blueprint("desk", __name__)

DECIDERS = (*REVIEWER_ROLES, Role.SAFEGUARDING)


@blueprint.get("/review/<clip_id>")
@roles(*DECIDERS)
def clip(clip_id: str) -> str:
    """The desk: watch, note, decide. Opening it takes the claim."""
    actor = require_actor()
    return _desk(actor, clip_id, _empty_form(actor, clip_id))


def _empty_form(actor: Actor, clip_id: str) -> DecisionForm:
    with deps().database.read() as session:
        found = queries.get_clip(session, actor, clip_id)
        shown = queries.revision(session, found)
    sha256 = shown.watched_sha256 if shown else None
    return DecisionForm(
        formdata=None, revision=found.revision, version=found.version, sha256=sha256
    )


def take_claim(actor: Actor, clip_id: str) -> ClaimHeld | None:
    """None when the claim is ours, or there is nothing to claim. What is played counts from now."""
    try:
        with deps().database.write() as session:
            decisions.claim(session, clip_id, actor)
            coverage.begin(session, session.get_one(Clip, clip_id), actor)
    except ClaimHeld as error:
        return error
    except NotAllowed:
        return None
    return None


def _desk(
    actor: Actor, clip_id: str, form: DecisionForm, *, trouble: ReviewError | None = None
) -> str:
    held_by_other = take_claim(actor, clip_id) if actor.role in REVIEWER_ROLES else None
    with deps().database.read() as session:
        found = queries.get_clip(session, actor, clip_id)
        if found.state == State.PUBLISHED and not policy.may_see(actor, found):
            raise NoSuchClip(f"there is no clip {clip_id!r} to decide on")
        context = _context(session, actor, found)
    return render_template(
        "desk.html",
        form=form,
        trouble=trouble,
        wrong=_wrong(trouble),
        answered=checklist_answers(request.form),
        since=trouble.since if isinstance(trouble, StaleClip) else None,
        held_by_other=held_by_other,
        **context,
    )


def _wrong(trouble: ReviewError | None) -> dict[str, str]:
    """Field -> sentence, for the fields that the trouble is about."""
    if not isinstance(trouble, InvalidInput):
        return {}
    return {field: translated(text) for field, text in trouble.errors.items()}


def _context(session: Session, actor: Actor, found: Clip) -> dict[str, Any]:
    revision = queries.revision(session, found)
    approvers = lifecycle.approvers(session, found)
    officer = actor.role == Role.SAFEGUARDING
    evidence = policy.sees_evidence(actor, found)
    past = queries.decisions(session, found.id)
    buttons = policy.buttons(actor, found, approvers=approvers)
    alikes = lookalikes.for_reviewer(session, actor, found)
    notes = queries.notes(session, found.id, untold=True)
    return {
        "clip": found,
        "revision": revision,
        "facts": (revision.facts if revision else None) or {},
        "card_s": looks.card_s(revision) if revision else 0.0,
        "player": player.sources(session, found, preview_only=True, evidence=evidence),
        "noticed": noticed(session, found, notes, evidence=evidence),
        # Withdrawn while it was held: there is nothing to decide, only the case to close.
        "closing": evidence,
        "buttons": buttons,
        # The officer's decisions have a form of their own.
        "deciding": not officer and not policy.VERDICTS.isdisjoint(buttons),
        "stage": policy.stage_of(found).name,
        "blind": policy.is_blind(actor, found),
        "people": queries.people(session, found),
        "missing": missing(session, found),
        "past": [p for p in past if officer or p[0].action != Action.ESCALATE],
        "taken_back": queries.taken_back(session, found.id) if past else set(),
        "notes": notes,
        "hold_notes": queries.hold_notes(session, found.id) if officer else [],
        "answers": answers.of_clip(session, found.id),
        "reasons": [reason for reason in reasons.every() if not reason.retired],
        "checklist": checklist.of_clip(session, found),
        "rate": looks.frame_rate(revision),
        "played": coverage.spans(session, found, actor),
        "comparable": comparing.may_compare(actor, found) and comparing.earlier(session, found),
        "look_alikes": alikes,
        "alike_faces": queries.faces(session, [a.clip for a in alikes if a.clip is not None]),
        "redactors": lifecycle.redactors(session, found),
        "redacting": redacting.state_of(session, found) if "redact" in buttons else None,
        "own": Party.OWNER in policy.parties(actor, found),
    }


@blueprint.post("/review/<clip_id>")
@roles(*DECIDERS)
def decide(clip_id: str) -> str | Response | tuple[str, int]:
    """One decision. A refused one comes back with everything that was typed."""
    actor = require_actor()
    form = DecisionForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(**wrong_fields(form))
        verdict = _verdict(form)
        with deps().database.write() as session:
            place = queries.place_of(session, clip_id)  # before it stands there no more
            decisions.decide(session, clip_id, actor, verdict)
            title = session.get_one(Clip, clip_id).title
    except NoSuchClip:
        return _gone(actor)
    except ReviewError as error:
        return _refused(actor, clip_id, form, error)
    flash(_said(verdict.action, title))
    if verdict.action == Action.ESCALATE:
        flash(_("Tổng đài bảo vệ trẻ em: %(number)s", number=deps().settings.help_line))
    if actor.role == Role.SAFEGUARDING:
        return redirect(url_for("desk.safeguarding"))
    return redirect(url_for("desk.next_clip", after=place or clip_id))


def _verdict(form: DecisionForm) -> decisions.Verdict:
    try:
        return form.verdict(checklist_answers(request.form))
    except ValueError:
        raise InvalidInput(action="Hãy chọn một quyết định.") from None


def _refused(
    actor: Actor, clip_id: str, form: DecisionForm, error: ReviewError
) -> tuple[str, int] | Response:
    """The desk again, with what happened, as long as this person may still see the clip."""
    try:
        fresh = _empty_form(actor, clip_id)
        if form.revision.data != fresh.revision.data:
            form.watched.data = False  # nobody has watched the new revision yet
        for name in ("version", "revision", "sha256"):
            form[name].data = fresh[name].data
        return _desk(actor, clip_id, form, trouble=error), STATUS.get(error.code, 422)
    except NoSuchClip:
        return _gone(actor)


def _gone(actor: Actor) -> Response:
    """The same for a clip that was taken away and for one that never was."""
    flash(_("Clip này vừa rời hàng chờ của bạn."), "error")
    is_officer = actor.role == Role.SAFEGUARDING
    return redirect(url_for("desk.safeguarding" if is_officer else "desk.queue"))


def _said(action: Action, title: str) -> str:
    """With the clip's title: the next one stands below it already."""
    return {
        Action.APPROVE: _("Đã duyệt «%(title)s».", title=title),
        Action.REQUEST_CHANGES: _("Đã trả «%(title)s» lại cho người gửi sửa.", title=title),
        Action.REJECT: _("Đã ghi quyết định không duyệt «%(title)s».", title=title),
        Action.ESCALATE: _("Đã chuyển «%(title)s» cho người phụ trách bảo vệ trẻ em.", title=title),
    }[action]


@blueprint.get("/review/<clip_id>/signals")
@roles(*DECIDERS)
def signals(clip_id: str) -> str:
    """The fragment that the desk asks for while the clip is being looked at."""
    actor = require_actor()
    with deps().database.read() as session:
        found = queries.get_clip(session, actor, clip_id)
        if not policy.may_see(actor, found):
            raise NoSuchClip(f"there is no clip {clip_id!r} to decide on")
        notes = queries.notes(session, found.id, untold=True)
        context = noticed(session, found, notes, evidence=policy.sees_evidence(actor, found))
    return render_template("_signals.html", clip=found, noticed=context, fragment=True)


@blueprint.post("/review/<clip_id>/claim")
@roles(*REVIEWER_ROLES)
def renew_claim(clip_id: str) -> tuple[str, int]:
    """The open desk renews its claim; 409 when it was lost."""
    actor = require_actor()
    return ("", 409) if take_claim(actor, clip_id) else ("", 204)


@blueprint.post("/review/<clip_id>/leave")
@roles(*REVIEWER_ROLES)
def leave(clip_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        decisions.release_claim(session, clip_id, actor)
    return redirect(url_for("desk.queue"))


@blueprint.get("/safeguarding")
@roles(Role.SAFEGUARDING)
def safeguarding() -> str:
    """Clips in which a child may be at risk: for this officer alone."""
    actor = require_actor()
    with deps().database.read() as session:
        page = queries.safeguarding_queue(session, actor, request.args.get("cursor"))
        states = casework.states(session, [row.clip for row in page.items])
        mail_lost = mail.lost_mail(session, actor.id or "")
    return render_template(
        "safeguarding.html", page=page, states=states, case_word=case_word, mail_lost=mail_lost
    )


@blueprint.post("/safeguarding/<clip_id>/release")
@roles(Role.SAFEGUARDING)
def release(clip_id: str) -> Response:
    actor, version = require_actor(), seen_version()
    with deps().database.write() as session:
        decisions.release_hold(session, clip_id, actor, version)
    flash(_("Clip trở lại bước duyệt đầu tiên."))
    return redirect(url_for("desk.safeguarding"))


@blueprint.post("/safeguarding/<clip_id>/close")
@roles(Role.SAFEGUARDING)
def close_case(clip_id: str) -> Response:
    """Nothing is left to do about a clip that was withdrawn while it was held."""
    actor, version = require_actor(), seen_version()
    with deps().database.write() as session:
        title = decisions.close_case(session, clip_id, actor, version).title
    flash(_("Đã đóng hồ sơ của «%(title)s».", title=title))
    return redirect(url_for("desk.safeguarding"))
