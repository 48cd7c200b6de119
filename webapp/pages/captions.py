"""Captions: the card on a clip's page, and the editor that sets times while the clip plays."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import policy, problems, queries, revisions
from review.captions import keeping, reading
from review.captions.cues import Cue, parse, read
from review.captions.keeping import NOTHING, Seen
from review.captions.languages import LANGUAGES, name_of, parse_language
from review.captions.payload import plain
from review.errors import InvalidInput, NoSuchClip, StaleCaptions, WrongState
from review.models import Captions, Clip, Revision
from review.policy import Actor
from review.states import Action, State
from webapp.auth import require_actor, signed_in
from webapp.deps import deps
from webapp.errors import STATUS
from webapp.i18n import translated
from webapp.pages import player
from webapp.pages.told import tell

blueprint = Blueprint("captions", __name__, url_prefix="/clips")
_GONE = (State.WITHDRAWN, State.REJECTED)


def cue_lines(vtt: str) -> list[tuple[Cue, str]]:
    """(cue, its words alone): how captions are read without playing."""
    return [(cue, plain(cue.text)) for cue in parse(vtt)]


blueprint.add_app_template_filter(cue_lines)


def card(
    session: Session, clip: Clip, revision: Revision | None, state: str
) -> dict[str, Any] | None:
    """What the clip's page says of captions; None where there is nothing to caption. ``state``: as
    the reader is told it."""
    if revision is None or revision.examine_attempt is None or state in _GONE:
        return None
    rows = reading.current(session, clip, drafts=True)
    have = {row.language for row in rows}
    return {
        "rows": rows,
        "earlier": reading.of_earlier(session, clip),
        "languages": [(tag, name) for tag, name in LANGUAGES.items() if tag not in have],
        "empty_version": NOTHING,
    }


@blueprint.get("/<clip_id>/captions/<language>")
@signed_in
def edit(clip_id: str, language: str) -> str:
    """The editor; with ``?from=earlier`` on what an earlier revision had."""
    actor, tag = require_actor(), parse_language(language)
    return _editor(actor, clip_id, tag, use_earlier=request.args.get("from") == "earlier")


def _editor(
    actor: Actor,
    clip_id: str,
    tag: str,
    *,
    use_earlier: bool = False,
    typed: str | None = None,
    trouble: InvalidInput | StaleCaptions | None = None,
) -> str:
    with deps().database.read() as session:
        clip = _open_clip(session, actor, clip_id)
        found = reading.one(session, clip, tag)
        stored = found.vtt if found is not None else ""
        if use_earlier and found is None:
            stored = _earlier(session, clip, tag)
        context = {
            "clip": clip,
            "tag": tag,
            "language_name": name_of(tag),
            "found": found,
            "stored": stored,
            "text": stored if typed is None else typed,
            "version": NOTHING if found is None else found.version,
            "from_earlier": use_earlier and found is None and bool(stored),
            "player": player.sources(session, clip, preview_only=True),
            "facts": revisions.current(session, clip).facts or {},
            "is_open": policy.shown_state(actor, clip) in (State.APPROVED, State.PUBLISHED),
            **_machine(session, clip, tag, found),
        }
    sentences = trouble.errors.values() if isinstance(trouble, InvalidInput) else ()
    return render_template(
        "captions.html",
        time_zone=str(get_timezone()),
        wrong=[translated(text) for text in sentences],
        stale=isinstance(trouble, StaleCaptions),
        **context,
    )


def _open_clip(session: Session, actor: Actor, clip_id: str) -> Clip:
    clip = queries.get_clip(session, actor, clip_id)
    if not policy.may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r} for this person here")
    policy.move_for(actor, Action.EDIT_CAPTIONS, clip)
    return clip


def _earlier(session: Session, clip: Clip, tag: str) -> str:
    found = {row.language: row.vtt for _number, row in reading.of_earlier(session, clip)}
    return found.get(tag, "")


def _machine(session: Session, clip: Clip, tag: str, found: Captions | None) -> dict[str, Any]:
    """Whether a machine may be asked to listen, and how far it is."""
    may_ask = bool(deps().settings.asr_model) and tag == clip.language
    is_free = found is None or not found.confirmed
    return {
        "listens": may_ask and is_free,
        "listening": keeping.listening(session, clip) if may_ask else None,
        "is_draft": found is not None and not found.confirmed,
    }


@blueprint.post("/<clip_id>/captions/<language>")
@signed_in
def save(clip_id: str, language: str) -> str | Response | tuple[str, int]:
    """What the textarea holds: the editor without JavaScript. Nothing that was typed is lost."""
    actor, tag = require_actor(), parse_language(language)
    typed = request.form.get("text", "")
    try:
        _keep(actor, clip_id, tag, typed.encode(), source="editor")
    except (InvalidInput, StaleCaptions) as error:
        page = _editor(actor, clip_id, tag, typed=typed, trouble=error)
        return page, STATUS[error.code]
    tell("captions", _("Đã lưu phụ đề."))
    return _back(clip_id)


def _keep(actor: Actor, clip_id: str, language: str, data: bytes, *, source: str) -> str:
    """The language's tag. Rights come before anything that is said of what was sent."""
    with deps().database.read() as session:
        duration = keeping.length_of(session, clip_id, actor)
    tag, seen = parse_language(language), _seen()
    cues = read(data, duration_s=duration)  # while nobody waits for the database
    with deps().database.write() as session:
        keeping.save(session, deps().blobs, clip_id, actor, tag, cues, seen, source=source)
    return tag


def _seen() -> Seen:
    """What the posted page showed."""
    version = request.form.get("version", type=int)
    if version is None:
        raise InvalidInput(version="Thiếu phiên bản.")
    return Seen(version, request.form.get("revision", type=int))


def _back(clip_id: str) -> Response:
    return redirect(url_for("clips.show", clip_id=clip_id, _anchor="captions"))


@blueprint.post("/<clip_id>/captions")
@signed_in
def upload(clip_id: str) -> Response:
    """A file from the computer, for a language that has none or in place of those it has."""
    actor, file = require_actor(), request.files.get("file")
    data, language = file.read() if file else b"", request.form.get("language", "")
    try:
        tag = _keep(actor, clip_id, language, data, source="upload")
    except InvalidInput as error:
        for text in error.errors.values():
            tell("captions", translated(text), bad=True, about=language)
    except StaleCaptions as error:
        tell("captions", translated(problems.message(error.code)), bad=True, about=language)
    else:
        tell("captions", _("Đã nhận phụ đề %(name)s.", name=name_of(tag)))
    return _back(clip_id)


@blueprint.post("/<clip_id>/captions/<language>/remove")
@signed_in
def remove(clip_id: str, language: str) -> Response:
    actor, tag = require_actor(), parse_language(language)
    try:
        with deps().database.write() as session:
            keeping.length_of(session, clip_id, actor)
            keeping.remove(session, deps().blobs, clip_id, actor, tag, _seen())
    except StaleCaptions as error:
        tell("captions", translated(problems.message(error.code)), bad=True, about=tag)
    else:
        tell("captions", _("Đã gỡ phụ đề %(name)s.", name=name_of(tag)))
    return _back(clip_id)


@blueprint.post("/<clip_id>/captions/<language>/listen")
@signed_in
def listen(clip_id: str, language: str) -> Response:
    """Ask the machine for a draft; only where the operator has given it a model."""
    actor, tag = require_actor(), parse_language(language)
    with deps().database.write() as session:
        keeping.length_of(session, clip_id, actor)
        if not deps().settings.asr_model:
            raise WrongState("no speech model is set")
        keeping.propose(session, clip_id, actor)
    return redirect(url_for("captions.edit", clip_id=clip_id, language=tag))


@blueprint.get("/<clip_id>/captions/<language>/listening")
@signed_in
def listening(clip_id: str, language: str) -> str:
    """The fragment that the editor asks for while the machine listens."""
    actor, tag = require_actor(), parse_language(language)
    with deps().database.read() as session:
        clip = _open_clip(session, actor, clip_id)
        found = reading.one(session, clip, tag)
        state = _machine(session, clip, tag, found)
    return render_template("_captions_listening.html", clip=clip, tag=tag, **state)
