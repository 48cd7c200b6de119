"""Consent as data. For every child who can be recognised: the guardian's always, the child's
own from the age of 7 (Decree 13/2023/ND-CP, article 20), each with a scope, a term, the version
of the text that was signed, and where the evidence is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput, NoSuchThing, NotAllowed
from review.models import Clip, ClipPerson, Consent
from review.policy import Actor, parties
from review.states import Party
from review.text import clean, one_of

TEXT_VERSION = "2026-09"  # of the consent form that the office hands out
TERM = timedelta(days=2 * 365)  # unless the form says otherwise: about two school years
RECORDERS = frozenset({Party.OWNER, Party.TEACHER, Party.MODERATOR})


class Scope(StrEnum):
    """Who may watch, from the narrowest to the widest."""

    CLASS = "class"
    SCHOOL = "school"
    LIBRARY = "library"
    PUBLIC = "public"

    @property
    def width(self) -> int:
        return list(Scope).index(self)

    def covers(self, other: Scope) -> bool:
        return self.width >= other.width


FEED_SCOPES = frozenset({Scope.LIBRARY, Scope.PUBLIC})


def narrowest(scopes: Iterable[Scope]) -> Scope:
    return min(scopes, key=lambda s: s.width, default=Scope.PUBLIC)


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """One consent as it was given; times are aware UTC."""

    kind: str  # guardian | own
    scope: Scope = Scope.PUBLIC
    valid_until: datetime | None = None
    text_version: str = TEXT_VERSION
    evidence: str = ""
    given_at: datetime | None = None

    @classmethod
    def parse(cls, kind: str, value: Any, field: str) -> GivenConsent | None:
        """From the API's JSON: null or false: none; true: given, with the defaults; or an
        object {scope, valid_until, text_version, evidence, given_at}."""
        if value is None or value is False:
            return None
        if value is True:
            return cls(kind)
        if not isinstance(value, Mapping):
            raise InvalidInput(**{field: "Cần một đối tượng JSON."})
        if value.get("given") is False:
            return None
        return cls(
            kind,
            parse_scope(value.get("scope"), f"{field}.scope") or Scope.PUBLIC,
            _time(value.get("valid_until"), f"{field}.valid_until"),
            _text(value.get("text_version"), f"{field}.text_version") or TEXT_VERSION,
            _text(value.get("evidence"), f"{field}.evidence"),
            _time(value.get("given_at"), f"{field}.given_at"),
        )


@dataclass(frozen=True, slots=True)
class Person:
    """A child who can be recognised, and the consents given so far."""

    label: str
    under_seven: bool = False
    consents: tuple[GivenConsent, ...] = ()

    @classmethod
    def parse(cls, value: Any, field: str) -> Person:
        """From {label, under_seven, guardian_consent, assent}; raises :class:`InvalidInput`."""
        if not isinstance(value, Mapping):
            raise InvalidInput(**{field: "Cần một đối tượng JSON."})
        label = _text(value.get("label"), f"{field}.label", limit=80)
        if not label:
            raise InvalidInput(**{f"{field}.label": "Hãy ghi cách gọi, ví dụ «bạn áo đỏ»."})
        given = (
            GivenConsent.parse(
                "guardian", value.get("guardian_consent"), f"{field}.guardian_consent"
            ),
            GivenConsent.parse("own", value.get("assent"), f"{field}.assent"),
        )
        return cls(label, value.get("under_seven") is True, tuple(g for g in given if g))


def parse_scope(value: Any, field: str) -> Scope | None:
    if value is None or value == "":
        return None
    try:
        return Scope(value)
    except ValueError:
        raise InvalidInput(**{field: one_of(Scope)}) from None


def _text(value: Any, field: str, limit: int = 200) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(**{field: "Cần là chữ."})
    return clean(value, limit=limit)


def _time(value: Any, field: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value)
        return clock.in_utc(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (TypeError, ValueError):
        raise InvalidInput(**{field: "Cần là ngày theo dạng 2026-12-31."}) from None


def clamp(scope: Scope | None, people: Iterable[Person]) -> Scope:
    """The widest scope that no given consent forbids; ``scope`` None asks for the widest."""
    given = [consent.scope for person in people for consent in person.consents]
    return narrowest([scope or Scope.PUBLIC, *given])


def store_people(session: Session, clip: Clip, actor: Actor, people: Iterable[Person]) -> None:
    """Write the rows of ``people``, with their consents, for a clip without any."""
    seen: set[str] = set()
    for index, person in enumerate(people):
        if person.label.casefold() in seen:
            raise InvalidInput(**{f"people.{index}.label": "Cách gọi này đã có."})
        seen.add(person.label.casefold())
        _store_person(session, clip, actor, person)


def _store_person(session: Session, clip: Clip, actor: Actor, person: Person) -> ClipPerson:
    row = ClipPerson(
        clip_id=clip.id,
        label=person.label,
        under_seven=person.under_seven,
        created_at=clock.now(session),
    )
    session.add(row)
    session.flush()
    for given in person.consents:
        store_consent(session, row, actor, given)
    return row


def store_consent(
    session: Session, person: ClipPerson, actor: Actor, given: GivenConsent
) -> Consent:
    now = clock.now(session)
    given_at = given.given_at or now
    if given_at > now + timedelta(days=1):
        raise InvalidInput(given_at="Ngày đồng ý không thể ở tương lai.")
    assert actor.id is not None
    row = Consent(
        person_id=person.id,
        kind=given.kind,
        scope=given.scope,
        text_version=given.text_version,
        evidence=given.evidence,
        given_at=given_at,
        valid_until=given.valid_until or given_at + TERM,
        recorded_by=actor.id,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    return row


def require_recorder(actor: Actor, clip: Clip) -> None:
    if not parties(actor, clip) & RECORDERS:
        raise NotAllowed("only the owner, the school's teachers and moderators record consents")


def person(session: Session, person_id: str) -> ClipPerson:
    row = session.get(ClipPerson, person_id)
    if row is None:
        raise NoSuchThing(f"there is no person {person_id}")
    return row


def consents_of(session: Session, clip: Clip) -> dict[str, tuple[ClipPerson, list[Consent]]]:
    """Person id -> (person, all consents that were ever recorded, oldest first)."""
    people = session.scalars(
        select(ClipPerson).where(ClipPerson.clip_id == clip.id).order_by(ClipPerson.id)
    )
    found: dict[str, tuple[ClipPerson, list[Consent]]] = {p.id: (p, []) for p in people}
    rows = session.scalars(
        select(Consent)
        .join(ClipPerson, ClipPerson.id == Consent.person_id)
        .where(ClipPerson.clip_id == clip.id)
        .order_by(Consent.recorded_at, Consent.id)
    )
    for row in rows:
        found[row.person_id][1].append(row)
    return found


def is_valid(consent: Consent, now: datetime) -> bool:
    return consent.revoked_at is None and consent.given_at <= now < consent.valid_until


def allowed_scope(session: Session, clip: Clip, *, since: datetime | None = None) -> Scope:
    """The widest scope that the valid consents allow; who has given none forbids nothing yet.

    ``since``: as for :func:`missing`.
    """
    now = clock.now(session)
    widest: dict[tuple[str, str], Scope] = {}
    for person, consents in consents_of(session, clip).values():
        for given in consents:
            if is_valid(given, now) and (since is None or given.recorded_at > since):
                key, scope = (person.id, given.kind), Scope(given.scope)
                widest[key] = max(widest.get(key, scope), scope, key=lambda s: s.width)
    return narrowest(widest.values())


def lower_to_consents(session: Session, clip: Clip, *, since: datetime | None = None) -> None:
    """A clip's scope is never wider than the consents of the people in it."""
    clip.scope = narrowest([Scope(clip.scope), allowed_scope(session, clip, since=since)])


def missing(session: Session, clip: Clip, *, since: datetime | None = None) -> list[str]:
    """Labels of the people whose valid consents do not cover the clip's scope.

    ``since``: only consents recorded after this time count (for a clip that is restored).
    """
    now = clock.now(session)
    wanted = Scope(clip.scope)
    labels = []
    for person, consents in consents_of(session, clip).values():
        good = {
            c.kind
            for c in consents
            if is_valid(c, now)
            and Scope(c.scope).covers(wanted)
            and (since is None or c.recorded_at > since)
        }
        needed = {"guardian"} if person.under_seven else {"guardian", "own"}
        if not needed <= good:
            labels.append(person.label)
    return labels
