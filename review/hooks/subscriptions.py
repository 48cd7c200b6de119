"""A library's webhook: its address, its secrets, and whether it is on."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import NoSuchThing
from review.feed.announcing import queue
from review.feed.log import head
from review.hooks.places import read_url
from review.models import Hook, HookDelivery, Library

OVERLAP = timedelta(hours=24)  # so long two secrets are valid: time to put the new one in


def new_secret() -> str:
    """As Standard Webhooks writes them: 24 to 64 random bytes in base 64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def get(session: Session, library_id: str) -> Hook | None:
    return session.get(Hook, library_id)


def set_hook(session: Session, library_id: str, url: str, allowed: Collection[str]) -> str | None:
    """Send hints there from now on; the secret, to be shown once, where there was none before."""
    read_url(url, allowed)
    if session.get(Library, library_id) is None:
        raise NoSuchThing(f"there is no library {library_id}")
    now = clock.now(session)
    hook = session.get(Hook, library_id, with_for_update=True)
    if hook is not None:
        hook.url = url
        switch_on(session, library_id)
        return None
    secret = new_secret()
    session.add(
        Hook(library_id=library_id, url=url, secret=secret, next_attempt_at=now, created_at=now)
    )
    session.flush()
    return secret


def _existing(session: Session, library_id: str) -> Hook:
    hook = session.get(Hook, library_id, with_for_update=True, populate_existing=True)
    if hook is None:
        raise NoSuchThing(f"library {library_id} has no webhook")
    return hook


def rotate(session: Session, library_id: str) -> str:
    """A new secret, to be shown once; the one before signs too, for a day."""
    hook = _existing(session, library_id)
    hook.old_secret, hook.old_until = hook.secret, clock.now(session) + OVERLAP
    hook.secret = new_secret()
    session.flush()
    return hook.secret


def switch_on(session: Session, library_id: str) -> None:
    """Try again, at once and patiently."""
    hook = _existing(session, library_id)
    hook.off, hook.failures, hook.failing_since = None, 0, None
    hook.next_attempt_at = clock.now(session)
    session.flush()


def switch_off(session: Session, library_id: str, why: str = "operator") -> None:
    """Nothing is sent any more, what waits neither, nor is what is on its way tried again."""
    hook = _existing(session, library_id)
    hook.off = why
    hook.fence, hook.lease_until = hook.fence + 1, None
    session.execute(
        update(HookDelivery)
        .where(HookDelivery.library_id == library_id, HookDelivery.state == "queued")
        .values(state="dropped")
    )
    session.flush()


def remove(session: Session, library_id: str) -> None:
    """With what was sent and waits: it tells of an address that is none any more."""
    switch_off(session, library_id)
    session.execute(delete(HookDelivery).where(HookDelivery.library_id == library_id))
    session.execute(delete(Hook).where(Hook.library_id == library_id))


def send_test(session: Session, library_id: str) -> HookDelivery:
    """A hint of the type "test", before all that waits and without any delay."""
    hook = _existing(session, library_id)
    hook.next_attempt_at = clock.now(session)
    return queue(session, library_id, "test", head(session), None)


def switched_off(session: Session) -> list[tuple[str, str]]:
    """(library's name, why) of what was switched off by itself: for the operator's eyes."""
    query = (
        select(Library.name, Hook.off)
        .join(Hook, Hook.library_id == Library.id)
        .where(Hook.off.in_(("gone", "failing")), Library.active)
        .order_by(Library.name)
    )
    return [(name, why or "") for name, why in session.execute(query)]
