"""The public library: what is published, for whoever it is meant for."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from review import looks, queries
from review.details import TOPICS
from review.keys import is_id
from review.models import Clip
from review.policy import Role
from review.text import clean
from webapp import discovery
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.errors import WebError
from webapp.pages import player

blueprint = Blueprint("library", __name__, url_prefix="/library")


@blueprint.get("")
def index() -> str:
    """Published clips, newest first; by topic and by words."""
    topic = request.args.get("topic", "")
    topic = topic if topic in TOPICS else ""
    words = clean(request.args.get("q", ""), limit=100)
    with deps().database.read() as session:
        page = queries.gallery(
            session,
            current_actor(),
            request.args.get("cursor"),
            topic=topic or None,
            words=words or None,
        )
        covers = queries.covers(session, page.items)
    return render_template(
        "library.html", page=page, covers=covers, topics=TOPICS, topic=topic, words=words
    )


@blueprint.get("/<clip_id>")
def clip(clip_id: str) -> str:
    """One published clip. That it was withdrawn is told only to those whom it was meant for."""
    actor = current_actor()
    with deps().database.read() as session:
        found = session.get(Clip, clip_id) if is_id(clip_id) else None
        if found is None or found.published_at is None or not queries.in_scope(actor, found):
            raise WebError("not_found", 404)
        if queries.was_taken_back(found):
            raise WebError("withdrawn", 410)
        revision = queries.revision(session, found)
        sources = player.sources(session, found)
        public = discovery.public_item(session, clip_id)
    return render_template(
        "library_clip.html",
        clip=found,
        facts=(revision.facts if revision else None) or {},
        player=sources,
        structured=discovery.video_object(public) if public else None,
        embedding=discovery.embedding(public) if public else None,
        card_s=looks.card_s(revision) if revision else 0.0,
        may_moderate=actor is not None and actor.role == Role.MODERATOR,
    )
