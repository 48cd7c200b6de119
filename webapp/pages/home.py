"""The first page: what to do next, for each role."""

from __future__ import annotations

from flask import Blueprint, render_template

from review import classcodes, queries
from review.policy import Role
from webapp.addresses import own_url, spoken
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.pages import shared
from webapp.uploads.arrived import arrived

blueprint = Blueprint("pages", __name__)
shared.register(blueprint)


@blueprint.get("/")
def home() -> str:
    actor = current_actor()
    if actor is None:
        return render_template("welcome.html")
    with deps().database.read() as session:
        waiting = queries.waiting_count(session, actor)
        held = queries.safeguarding_queue(session, actor, limit=100).items
        recent = queries.my_clips(session, actor, limit=3).items
        faces = queries.faces(session, recent)
        begun = arrived(session, actor, recent)
        classes = classcodes.managed(session, actor) if actor.role == Role.TEACHER else []
    return render_template(
        "home.html",
        waiting=waiting,
        held=len(held),
        recent=recent,
        faces=faces,
        arrived=begun,
        classes=classes,
        join_address=spoken(own_url("accounts.join")),
    )
