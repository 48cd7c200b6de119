"""The public library: what is published, for whoever it is meant for."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from sqlalchemy.orm import Session

from review import looks, queries
from review.details import LEVELS, TOPICS
from review.keys import is_id
from review.models import Campaign, Clip
from review.policy import Role
from review.queries import Page
from review.text import clean
from webapp import discovery
from webapp.addresses import own_url, spoken
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.errors import WebError
from webapp.pages import player
from webapp.qr import qr_svg

blueprint = Blueprint("library", __name__, url_prefix="/library")
PAGE = 24


@blueprint.get("")
def index() -> str:
    """Published clips: the newest first, or those with the words, the best first."""
    chosen = _chosen()
    words = clean(request.args.get("q", ""), limit=100)
    with deps().database.read() as session:
        page, exact = _listed(session, chosen, words)
        covers = queries.covers(session, page.items)
        campaigns = queries.shown_campaigns(session)
    return render_template(
        "library.html",
        page=page,
        exact=exact,
        covers=covers,
        topics=TOPICS,
        levels=LEVELS,
        campaigns=campaigns,
        chosen=chosen,
        words=words,
    )


def _chosen() -> dict[str, str]:
    """What the reader narrows the library by; what is no such thing narrows nothing."""
    found = {name: request.args.get(name, "") for name in ("topic", "level", "campaign")}
    known = {"topic": TOPICS, "level": LEVELS}
    return {n: v for n, v in found.items() if v and v in known.get(n, (v,))}


def _listed(session: Session, chosen: dict[str, str], words: str) -> tuple[Page[Clip], bool]:
    narrowed = queries.of_kind(**chosen)
    viewer, cursor = current_actor(), request.args.get("cursor")
    if not words:
        return queries.gallery(session, viewer, cursor, PAGE, *narrowed), True
    start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else 0
    found = queries.find(session, viewer, words, *narrowed, start=start, limit=PAGE)
    return found.page, found.exact


@blueprint.get("/suggest")
def suggest() -> Response:
    """Titles for what is being typed."""
    with deps().database.read() as session:
        found = queries.suggest(session, current_actor(), request.args.get("q", ""))
    titles = [
        {"title": clip.title, "url": url_for("library.clip", clip_id=clip.id)} for clip in found
    ]
    answer = jsonify(titles)
    answer.cache_control.max_age = 60
    answer.cache_control.private = True
    return answer


@blueprint.get("/<clip_id>")
def clip(clip_id: str) -> str:
    """One published clip. That it was withdrawn is told only to those whom it was meant for."""
    actor = current_actor()
    with deps().database.read() as session:
        found = published(session, clip_id)
        revision = queries.revision(session, found)
        sources = player.sources(session, found)
        campaign = session.get(Campaign, found.campaign_id) if found.campaign_id else None
        public = discovery.public_item(session, clip_id)
    return render_template(
        "library_clip.html",
        clip=found,
        campaign=campaign,
        facts=(revision.facts if revision else None) or {},
        player=sources,
        structured=discovery.video_object(public) if public else None,
        snippet=discovery.snippet(public) if public else None,
        embedding=discovery.embedding(public) if public else None,
        card_s=looks.card_s(revision) if revision else 0.0,
        may_moderate=actor is not None and actor.role == Role.MODERATOR,
    )


@blueprint.get("/<clip_id>/poster")
def poster(clip_id: str) -> str:
    """A sheet for the classroom's wall: a picture, the title and a code that opens the clip."""
    with deps().database.read() as session:
        found = published(session, clip_id)
        cover = queries.covers(session, [found])[found.id]
    address = own_url("library.clip", clip_id=found.id)
    return render_template(
        "library_poster.html",
        clip=found,
        cover=cover,
        address=spoken(address),
        code=qr_svg(address),
    )


def published(session: Session, clip_id: str) -> Clip:
    actor = current_actor()
    found = session.get(Clip, clip_id) if is_id(clip_id) else None
    if found is None or found.published_at is None or not queries.in_scope(actor, found):
        raise WebError("not_found", 404)
    if queries.was_taken_back(found):
        raise WebError("withdrawn", 410)
    return found
