"""Private links: a pupil without an account follows one clip, from any phone, by twelve letters.

The letters come from the server's key, the clip and a number, so that the page can show them
again; the database keeps their hash under the same key. Whoever has the database alone has no link.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review import accounts, clock
from review.classcodes import LETTERS, typed
from review.errors import LinkRevoked, NotAllowed, WrongLink, WrongState
from review.lifecycle import load_visible
from review.models import Account, Clip, ClipLink, LoginSession
from review.policy import Actor, Role, parties
from review.states import Party, State

LENGTH = 12  # letters: 22^12, 53 bits
SESSION = timedelta(days=30)


def _letters(key: bytes, clip_id: str, generation: int) -> str:
    text = f"clip link {clip_id} {generation}".encode()
    number = int.from_bytes(hmac.digest(key, text, "sha256"))
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def _hash(key: bytes, letters: str) -> str:
    return hmac.new(key, b"hash of a clip link " + letters.encode(), hashlib.sha256).hexdigest()


def as_shown(letters: str) -> str:
    """In lower case and in fours, as people copy it by hand."""
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4)).lower()


def has_one(session: Session, clip: Clip) -> bool:
    """Whether the clip is followed by a link: a pupil's, once it was handed in."""
    owner = session.get(Account, clip.owner_id)
    return owner is not None and owner.role == Role.PUPIL and clip.state != State.DRAFT


def newest(session: Session, clip_id: str) -> ClipLink | None:
    """The clip's last link, revoked or not; None before its first."""
    return session.scalar(
        select(ClipLink)
        .where(ClipLink.clip_id == clip_id)
        .order_by(ClipLink.generation.desc())
        .limit(1)
    )


def shown(session: Session, clip: Clip, key: bytes) -> str | None:
    """The letters of the link that stands; None for none, or one made under another key."""
    link = newest(session, clip.id)
    if link is None or link.revoked_at is not None:
        return None
    letters = _letters(key, clip.id, link.generation)
    return letters if hmac.compare_digest(_hash(key, letters), link.secret_hash) else None


def make_first(session: Session, clip: Clip, actor: Actor, key: bytes) -> None:
    """The owner looks at the clip for the first time. Two pages at once make one link."""
    if parties(actor, clip) != {Party.OWNER} or not has_one(session, clip):
        return
    if newest(session, clip.id) is None:
        try:
            with session.begin_nested():
                _add(session, clip.id, actor, key, 1)
        except IntegrityError:
            return


def _add(session: Session, clip_id: str, actor: Actor, key: bytes, generation: int) -> str:
    letters = _letters(key, clip_id, generation)
    session.add(
        ClipLink(
            clip_id=clip_id,
            generation=generation,
            secret_hash=_hash(key, letters),
            made_at=clock.now(session),
            made_by=actor.id,
        )
    )
    session.flush()
    return letters


def renew(session: Session, clip_id: str, actor: Actor, key: bytes) -> str:
    """The letters of a new link, for the teacher to hand to the pupil. The one before, and every
    browser that came by it, ends at once."""
    clip = _teachers(session, clip_id, actor)
    if clip.state == State.WITHDRAWN:
        raise WrongState("a withdrawn clip needs no new link")
    before = newest(session, clip.id)
    _end(session, clip.id)
    return _add(session, clip.id, actor, key, 1 if before is None else before.generation + 1)


def revoke(session: Session, clip_id: str, actor: Actor) -> None:
    """The link, and every browser that came by it, ends at once."""
    _end(session, _teachers(session, clip_id, actor).id)


def may_manage(actor: Actor, clip: Clip) -> bool:
    """Whether this is the teacher who hands out links to the clip's class."""
    is_teacher = Party.TEACHER in parties(actor, clip)
    return is_teacher and actor.class_id in (None, clip.class_id) and actor.id != clip.owner_id


def _teachers(session: Session, clip_id: str, actor: Actor) -> Clip:
    """The clip, locked: of two who renew at once one comes second."""
    clip = load_visible(session, clip_id, actor)
    if not may_manage(actor, clip) or not has_one(session, clip):
        raise NotAllowed("the teacher of the class hands out the links of its pupils' clips")
    return clip


def _end(session: Session, clip_id: str) -> None:
    live = select(ClipLink.id).where(ClipLink.clip_id == clip_id)
    session.execute(delete(LoginSession).where(LoginSession.link_id.in_(live)))
    session.execute(
        update(ClipLink)
        .where(ClipLink.clip_id == clip_id, ClipLink.revoked_at.is_(None))
        .values(revoked_at=clock.now(session))
        .execution_options(synchronize_session=False)
    )


def find(session: Session, text: str, key: bytes) -> ClipLink:
    """The link that these letters are; raises :class:`WrongLink`, :class:`LinkRevoked`."""
    link = session.scalar(select(ClipLink).where(ClipLink.secret_hash == _hash(key, typed(text))))
    if link is None:
        raise WrongLink("there is no such link")
    if link.revoked_at is not None:
        raise LinkRevoked("the link was revoked")
    return link


def open_session(session: Session, link: ClipLink) -> str | None:
    """The secret of a browser's session for the link's clip; None when the clip is gone for good
    or its owner is switched off."""
    clip = session.get(Clip, link.clip_id)
    owner = session.get(Account, clip.owner_id) if clip is not None else None
    if owner is None or not owner.active:
        return None
    return accounts.add_session(session, owner, SESSION, link_id=link.id)


def session_owner(session: Session, secret: str, clip_id: str) -> Account | None:
    """The owner of the clip, for a browser that came by a link of this very clip that stands."""
    return session.scalar(
        select(Account)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .join(ClipLink, ClipLink.id == LoginSession.link_id)
        .where(
            LoginSession.token_hash == accounts.digest(secret),
            LoginSession.expires_at > clock.now(session),
            ClipLink.clip_id == clip_id,
            ClipLink.revoked_at.is_(None),
            Account.active,
        )
    )
