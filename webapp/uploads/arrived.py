"""How much has come of the clips that a person has only sent in part, for the lists of clips."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from review import uploads
from review.models import Clip
from review.policy import Actor
from webapp.deps import deps
from webapp.uploads.places import parts_of


@dataclass(frozen=True, slots=True)
class Arrived:
    """``bytes`` of ``length``."""

    bytes: int
    length: int


def arrived(session: Session, actor: Actor, clips: Iterable[Clip]) -> dict[str, Arrived]:
    """Clip's id -> how far its file is; only those whose upload is open."""
    places = parts_of(deps())
    found = uploads.open_of(session, actor, clips)
    return {
        clip_id: Arrived(places.offset(upload.id) or 0, upload.length)
        for clip_id, upload in found.items()
    }
