"""Takedowns: which libraries have confirmed, and a proof to print."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from review import clock, takedown
from review.errors import NoSuchClip
from review.keys import is_id
from review.models import Clip
from review.policy import Role
from review.states import State
from webapp.auth import require_actor, roles
from webapp.deps import deps

blueprint = Blueprint("takedowns", __name__, url_prefix="/admin/takedowns")
VIEWERS = (Role.MODERATOR, Role.ADMIN)


@blueprint.get("")
@roles(*VIEWERS)
def index() -> str:
    actor, hours = require_actor(), deps().settings.takedown_hours
    with deps().database.read() as session:
        page = takedown.takedowns(session, hours, request.args.get("cursor"))
    return render_template(
        "takedowns.html", page=page, hours=hours, sees_titles=actor.role == Role.MODERATOR
    )


@blueprint.get("/<clip_id>")
@roles(*VIEWERS)
def proof(clip_id: str) -> str:
    """To print. Administrators see neither title nor school: no clip is theirs to look into."""
    actor, settings = require_actor(), deps().settings
    with deps().database.read() as session:
        clip = _withdrawn(session, clip_id)
        found = takedown.proof(session, clip, settings.takedown_hours)
        now = clock.now(session)
    return render_template(
        "takedown_proof.html",
        proof=found,
        clip=clip,
        now=now,
        days=settings.keep_withdrawn_days,
        sees_title=actor.role == Role.MODERATOR,
    )


def _withdrawn(session: Session, clip_id: str) -> Clip:
    """Anything else reads like no clip, a held one too."""
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or clip.state != State.WITHDRAWN:
        raise NoSuchClip(f"there is no withdrawn clip {clip_id!r}")
    return clip
