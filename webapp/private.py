"""The private link of a clip, as the clip's page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from review import links
from review.models import Clip
from review.policy import Actor, Role
from review.states import State
from webapp.addresses import own_url
from webapp.deps import deps
from webapp.qr import qr_svg


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    letters: str
    qr: Markup

    @classmethod
    def of(cls, letters: str) -> Link:
        shown = links.as_shown(letters)
        address = own_url("links.open_link", letters=shown)
        return cls(address, shown, qr_svg(address))


@dataclass(frozen=True, slots=True)
class LinkCard:
    """For the pupil the link itself; for the teacher that there is one, and since when."""

    link: Link | None
    for_teacher: bool
    since: datetime | None
    revoked: bool


def key() -> bytes:
    return deps().settings.secret_key.encode()


def card(actor: Actor, clip: Clip) -> LinkCard | None:
    """What the page says of the clip's link to this person; the owner's first look makes it."""
    if clip.state == State.WITHDRAWN:
        return None
    if actor.id == clip.owner_id and actor.role == Role.PUPIL:
        return _owners(actor, clip)
    with deps().database.read() as session:
        if not links.may_manage(actor, clip) or not links.has_one(session, clip):
            return None
        newest = links.newest(session, clip.id)
    if newest is None:
        return LinkCard(None, for_teacher=True, since=None, revoked=False)
    revoked = newest.revoked_at is not None
    return LinkCard(None, for_teacher=True, since=newest.made_at, revoked=revoked)


def _owners(actor: Actor, clip: Clip) -> LinkCard:
    with deps().database.read() as session:
        newest = links.newest(session, clip.id)
        letters = links.shown(session, clip, key())
    if newest is None:
        with deps().database.write() as session:
            links.make_first(session, clip, actor, key())
            letters = links.shown(session, clip, key())
    link = None if letters is None else Link.of(letters)
    return LinkCard(link, for_teacher=False, since=None, revoked=link is None)
