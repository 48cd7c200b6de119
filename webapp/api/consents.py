"""People who can be recognised in a clip, and their consents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify

from review import consenting, queries
from review.clock import iso
from review.consent import RECORDERS, GivenConsent, Person
from review.errors import InvalidInput, NoSuchClip, NoSuchThing, NotAllowed
from review.models import Clip, ClipPerson, Consent
from review.policy import Actor, is_blind, parties
from review.states import STAFF
from webapp.api.blueprint import blueprint, body
from webapp.auth import require_actor
from webapp.deps import deps


@contextmanager
def _unknown_alike() -> Iterator[None]:
    """A person or a consent of a clip that one may not see is answered like none at all."""
    try:
        yield
    except NoSuchClip:
        raise NoSuchThing("there is no such person or consent") from None


def _sees_evidence(actor: Actor, clip: Clip) -> bool:
    """Where a paper lies may name a school and people: it is told to those who keep such papers,
    and not while they are to judge without knowing whose clip it is."""
    return bool(parties(actor, clip) & RECORDERS) and not is_blind(actor, clip)


def _consent(row: Consent, *, evidence: bool = True) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "scope": row.scope,
        "text_version": row.text_version,
        "evidence": row.evidence if evidence else "",
        "given_at": iso(row.given_at),
        "valid_until": iso(row.valid_until),
        "revoked_at": iso(row.revoked_at) if row.revoked_at else None,
    }


def _person(row: ClipPerson, consents: list[Consent], *, evidence: bool = True) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "under_seven": row.under_seven,
        "consents": [_consent(c, evidence=evidence) for c in consents],
    }


@blueprint.get("/clips/<clip_id>/people")
def list_people(clip_id: str) -> Response:
    """For the owner and the staff who may see the clip."""
    actor = require_actor()
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
        if not parties(actor, clip) & (RECORDERS | STAFF):
            raise NotAllowed("consents are shown to the owner and to staff")
        evidence = _sees_evidence(actor, clip)
        items = [_person(*pair, evidence=evidence) for pair in queries.people(session, clip)]
    return jsonify({"items": items})


@blueprint.post("/clips/<clip_id>/people")
def add_person(clip_id: str) -> tuple[Response, int]:
    """Name one more child, with the consents given so far."""
    actor = require_actor()
    who = Person.parse(body(), "person")
    with deps().database.write() as session:
        row = consenting.add_person(session, clip_id, actor, who)
        clip = queries.get_clip(session, actor, clip_id)
        answer = next(_person(p, c) for p, c in queries.people(session, clip) if p.id == row.id)
    return jsonify(answer), 201


@blueprint.post("/people/<person_id>/consents")
def record_consent(person_id: str) -> tuple[Response, int]:
    """Record one consent: {"kind": "guardian" | "own", "scope", "valid_until", ...}."""
    actor = require_actor()
    value = body()
    kind = value.get("kind")
    if kind not in ("guardian", "own"):
        raise InvalidInput(kind="Phải là một trong: guardian, own.")
    given = GivenConsent.parse(kind, value, "consent")
    assert given is not None
    with _unknown_alike(), deps().database.write() as session:
        answer = _consent(consenting.record_consent(session, person_id, actor, given))
    return jsonify(answer), 201


@blueprint.post("/consents/<consent_id>/revoke")
def revoke_consent(consent_id: str) -> Response:
    """End a consent; the clip is withdrawn in the same transaction."""
    actor = require_actor()
    with _unknown_alike(), deps().database.write() as session:
        row = consenting.revoke_consent(session, consent_id, actor)
        clip = session.get_one(Clip, session.get_one(ClipPerson, row.person_id).clip_id)
        answer = _consent(row, evidence=_sees_evidence(actor, clip))
    return jsonify(answer)
