"""A public clip inside a page of another site: a player, the title, a way back, the help line.

No script, no cookie, and nothing of who watches: the page is the same for everybody.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from review import queries
from review.consent import Scope
from review.keys import is_id
from review.models import Clip
from webapp import discovery
from webapp.deps import deps
from webapp.pages import player
from webapp.security import framed_policy

blueprint = Blueprint("embed", __name__, url_prefix="/embed")


@blueprint.get("/<clip_id>")
def show(clip_id: str) -> Response:
    """Errors are a page here too: the usual one may not stand in a frame."""
    with deps().database.read() as session:
        item = discovery.public_item(session, clip_id)
        clip = session.get(Clip, clip_id) if is_id(clip_id) else None
        if item is None or clip is None:
            return _framed("embed_gone.html", 410 if _was_there(clip) else 404)
        sources = player.sources(session, clip)
        facts = getattr(queries.revision(session, clip), "facts", None) or {}
    return _framed("embed.html", 200, clip=clip, player=sources, facts=facts)


def _was_there(clip: Clip | None) -> bool:
    return clip is not None and clip.scope == Scope.PUBLIC and queries.was_taken_back(clip)


def _framed(template: str, status: int, **context: object) -> Response:
    response = make_response(render_template(template, **context), status)
    response.headers["Content-Security-Policy"] = framed_policy(deps().settings)
    response.headers["X-Robots-Tag"] = "noindex"  # the clip's own page is to be found
    return response
