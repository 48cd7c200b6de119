"""In the editor that hides: ask a machine for faces, and see what it proposes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import faces, lifecycle, policy, queries
from review.errors import NoSuchClip, WrongState
from review.models import Clip
from review.policy import Actor
from review.states import Action
from webapp.auth import require_actor, signed_in
from webapp.deps import deps
from webapp.forms.redact import confirmable

blueprint = Blueprint("faces", __name__, url_prefix="/clips")


def shown(session: Session, clip: Clip) -> dict[str, Any]:
    """What `_redact_faces.html` takes; nothing where the operator has set no model."""
    if not deps().settings.face_model:
        return {"search": None}
    search = faces.search(session, clip)
    revision = queries.revision(session, clip)
    return {
        "search": search,
        "proposals": [(box, confirmable(box)) for box in search.boxes],
        "facts": (revision.facts if revision else None) or {},
    }


@blueprint.post("/<clip_id>/redact/faces")
@signed_in
def ask(clip_id: str) -> str | Response:
    """Queue a search. The script takes the fragment, so that nothing that is drawn is lost."""
    actor = require_actor()
    with deps().database.write() as session:
        faces.request(session, clip_id, actor)
        # After the rights: whoever may not redact is not told whether there is a model.
        if not deps().settings.face_model:
            raise WrongState("no face model is set")
    if "HX-Request" in request.headers:
        return _fragment(actor, clip_id)
    return redirect(url_for("redact.editor", clip_id=clip_id, edit=1), 303)


@blueprint.get("/<clip_id>/redact/faces")
@signed_in
def progress(clip_id: str) -> str:
    """The fragment that the editor asks for while the machine looks."""
    return _fragment(require_actor(), clip_id)


def _fragment(actor: Actor, clip_id: str) -> str:
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
        if not policy.may_see(actor, clip):
            raise NoSuchClip(f"there is no clip {clip_id!r} for this person here")
        policy.move_for(actor, Action.REDACT, clip, approvers=lifecycle.approvers(session, clip))
        context = shown(session, clip)
    return render_template("_redact_faces.html", clip=clip, **context)
