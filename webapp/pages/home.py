"""The first page: what to do next, for each role."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from review import queries
from review.models import SchoolClass
from review.policy import Actor, Role
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.pages import shared

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
        classes = _classes(session, actor)
    return render_template(
        "home.html",
        waiting=waiting,
        held=len(held),
        recent=recent,
        faces=faces,
        classes=classes,
        join_url=f"{request.host_url.rstrip('/')}/join",
    )


def _classes(session: Session, actor: Actor) -> list[SchoolClass]:
    """The classes whose code this teacher hands out."""
    if actor.role != Role.TEACHER:
        return []
    query = select(SchoolClass).where(SchoolClass.school_id == actor.school_id)
    if actor.class_id is not None:
        query = query.where(SchoolClass.id == actor.class_id)
    return list(session.scalars(query.order_by(SchoolClass.name)))
