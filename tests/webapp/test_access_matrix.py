"""Every route x every role x own and foreign school: who gets what of one clip.

The routes come from the application itself: a new one without a line here fails the first test.
A stranger hears 404 everywhere, the same 404 as for what never was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from review import accounts
from review.consent import Scope
from review.models import Account, Job, Upload
from review.policy import Role
from review.queries import people
from review.states import State
from review.uploads import register_upload
from storage_config.blobs import LocalBlobs
from tests import redactions
from tests.webapp.conftest import TUS, Caller, problem, store_files
from tests.world import World, consented

Callers = Callable[..., Caller]
NOTHING = "01m00000000000000000000000"
PREFIXES = ("/api/", "/uploads", "/media/", "/feed/")
PART = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}


@dataclass(frozen=True)
class Call:
    """One way into one thing: ``{id}`` is filled with what ``of`` names."""

    method: str
    path: str
    of: str  # clip | person | consent | upload | job
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


CALLS = {
    "api.get_clip": Call("GET", "/api/v1/clips/{id}", "clip"),
    "api.add_revision": Call("POST", "/api/v1/clips/{id}/revisions", "clip", {"upload": NOTHING}),
    "api.withdraw": Call("POST", "/api/v1/clips/{id}/withdraw", "clip", {"reason": "office"}),
    "api.retry": Call("POST", "/api/v1/clips/{id}/retry", "clip"),
    "api.put_captions": Call("PUT", "/api/v1/clips/{id}/captions/vi", "clip", "WEBVTT"),
    "api.delete_captions": Call("DELETE", "/api/v1/clips/{id}/captions/vi", "clip"),
    "api.list_people": Call("GET", "/api/v1/clips/{id}/people", "clip"),
    "api.add_person": Call("POST", "/api/v1/clips/{id}/people", "clip", {"label": "bạn mới"}),
    "api.record_consent": Call(
        "POST", "/api/v1/people/{id}/consents", "person", {"kind": "guardian"}
    ),
    "api.revoke_consent": Call("POST", "/api/v1/consents/{id}/revoke", "consent"),
    "api.claim": Call("POST", "/api/v1/review/{id}/claim", "clip"),
    "api.decide": Call(
        "POST",
        "/api/v1/review/{id}/decisions",
        "clip",
        {"action": "escalate", "revision": 1, "version": 99},
    ),
    "api.add_redaction": Call(
        "POST", "/api/v1/clips/{id}/redactions", "clip", {"plan": redactions.PLAN}
    ),
    "api.get_redaction": Call("GET", f"/api/v1/clips/{{id}}/redactions/{NOTHING}", "clip"),
    "api.keep_redaction": Call("POST", f"/api/v1/clips/{{id}}/redactions/{NOTHING}/keep", "clip"),
    "api.discard_redaction": Call(
        "POST", f"/api/v1/clips/{{id}}/redactions/{NOTHING}/discard", "clip"
    ),
    "api.retry_job": Call("POST", "/api/v1/jobs/{id}/retry", "job"),
    "uploads.head": Call("HEAD", "/uploads/{id}", "upload", None, TUS),
    "uploads.append": Call("PATCH", "/uploads/{id}", "upload", None, {**TUS, **PART}),
    "uploads.terminate": Call("DELETE", "/uploads/{id}", "upload", None, TUS),
    "uploads.parts": Call("GET", "/uploads/{id}/parts", "upload"),
    "uploads.links": Call("POST", "/uploads/{id}/parts", "upload", {"numbers": [1]}),
    "uploads.complete": Call("POST", "/uploads/{id}/parts/complete", "upload", {}),
    "media.file": Call("GET", "/media/{id}/proxy.mp4", "clip"),
    "feed.clip": Call("GET", "/feed/v1/clips/{id}", "clip"),
}
# Routes that name no thing of anybody's: what they list is looked at below, or in their own tests.
WITHOUT_IDS = {
    "api.create_clip",
    "api.put_draft",  # under a name of the caller's own
    "api.list_clips",
    "api.review_queue",
    "api.take_next",
    "api.list_jobs",
    "api.describe",
    "uploads.create",
    "uploads.options",
    "uploads.room",
    "feed.changes",
    "feed.snapshot",
    "feed.ack",
    "feed.json_feed",
    "feed.rss_feed",
    "feed.atom_feed",
    "feed.oai",
}
# Answers 204 whatever the id is, and does nothing for whoever holds no claim.
SILENT = {"api.release_claim"}
ROLES = (
    Role.PUPIL,
    Role.TEACHER,
    Role.REVIEWER,
    Role.MODERATOR,
    Role.SAFEGUARDING,
    Role.ADMIN,
)


def test_every_route_is_in_the_matrix(app: Flask) -> None:
    ours = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIXES)}
    assert ours == set(CALLS) | WITHOUT_IDS | SILENT


@pytest.fixture
def things(world: World, blobs: LocalBlobs) -> Callable[[State], dict[str, str]]:
    """A clip in this state with a person, a consent, a job and an unfinished upload of its own."""

    def make(state: State) -> dict[str, str]:
        owner = world.account(Role.TEACHER)
        clip_id = world.clip(state, owner=owner, people=(consented("bạn áo đỏ", Scope.CLASS),))
        store_files(world, blobs, clip_id)
        with world.write() as session:
            upload: Upload = register_upload(session, owner, 9, "clip.mp4", hours=1, clip_id=None)
        with world.read() as session:
            ((person, consents),) = people(session, world.get(clip_id))
            job = session.scalars(select(Job.id).where(Job.clip_id == clip_id)).first()
        return {
            "clip": clip_id,
            "person": person.id,
            "consent": consents[0].id,
            "upload": upload.id,
            "job": job or NOTHING,
        }

    return make


def ask(caller: Caller, call: Call, thing: str) -> Any:
    return caller(call.method, call.path.format(id=thing), call.body, **dict(call.headers))


def answer(response: Any) -> tuple[Any, ...]:
    """What a stranger learns: the status, and every word of the body."""
    return response.status_code, response.get_data()


@pytest.mark.parametrize("endpoint", CALLS)
@pytest.mark.parametrize("state", [State.DRAFT, State.IN_REVIEW, State.HELD, State.PUBLISHED])
def test_a_stranger_can_not_tell_a_foreign_thing_from_nothing(
    world: World,
    caller: Callers,
    things: Callable[[State], dict[str, str]],
    endpoint: str,
    state: State,
) -> None:
    """People of another school, of no school's business, libraries and nobody: all the same 404
    (or 401, or the 403 of a role that has nothing to do here at all)."""
    call, found = CALLS[endpoint], things(state)
    school = world.another_school()
    strangers: dict[str, Account | str | None] = {
        f"foreign {role}": world.account(role, school=school)
        for role in (Role.TEACHER, Role.REVIEWER)
    }
    strangers |= {"admin": world.account(Role.ADMIN), "nobody": None}
    if endpoint != "feed.clip":
        strangers["library"] = world.library()[1]
    if call.of == "upload":
        strangers |= {f"own school's {role}": world.account(role) for role in ROLES}
    if state is State.HELD:
        strangers |= {
            f"own school's {r}": world.account(r) for r in (Role.REVIEWER, Role.MODERATOR)
        }
    if call.of == "job":
        del strangers["admin"]
    for name, who in strangers.items():
        as_who = caller(who)
        real, unreal = ask(as_who, call, found[call.of]), ask(as_who, call, NOTHING)

        assert answer(real) == answer(unreal), (name, real.get_data(as_text=True))
        assert real.status_code in (401, 403, 404), name
        if isinstance(who, Account) and call.of != "job" and endpoint != "feed.clip":
            assert real.status_code == 404, name
    clip = world.get(found["clip"])
    assert (clip.state, clip.claimed_by) == (state, None)


WHO = ("owner", "teacher", "reviewer", "moderator", "safeguarding")
EXPECTED = {
    "api.get_clip": (200, 200, 200, 200, 404),
    "api.put_captions": (422, 422, 422, 422, 404),  # allowed, and no captions at all
    "api.delete_captions": (404, 404, 404, 404, 404),  # there are none yet: see test_captions.py
    "api.list_people": (200, 200, 200, 200, 404),
    "api.add_person": (201, 201, 403, 201, 404),
    "api.record_consent": (201, 201, 403, 201, 404),
    "api.claim": (403, 403, 200, 403, 404),
    "api.retry": (409, 409, 409, 409, 404),
    "media.file": (200, 200, 200, 200, 404),
    "api.add_redaction": (403, 201, 201, 201, 404),
    "api.get_redaction": (404, 404, 404, 404, 404),  # there is none
    "api.keep_redaction": (403, 404, 404, 404, 404),
    "api.discard_redaction": (403, 404, 404, 404, 404),
    "api.withdraw": (422, 422, 403, 200, 404),  # "office" is the moderator's reason
    "api.decide": (201, 201, 201, 201, 404),  # to escalate: any staff
}


@pytest.mark.parametrize("endpoint", EXPECTED)
def test_who_works_on_a_clip_in_review(
    world: World,
    caller: Callers,
    things: Callable[[State], dict[str, str]],
    endpoint: str,
) -> None:
    told = []
    for who in WHO:
        found = things(State.IN_REVIEW)
        clip = world.get(found["clip"])
        with world.read() as session:
            owner = session.get_one(Account, clip.owner_id)
        call = CALLS[endpoint]
        if call.body and "version" in call.body:
            call = replace(call, body=call.body | {"version": clip.version})
        as_who = caller(owner if who == "owner" else world.account(Role(who)))
        told.append(ask(as_who, call, found[call.of]).status_code)

    assert tuple(told) == EXPECTED[endpoint]


def test_lists_hold_only_ones_own(
    world: World, caller: Callers, things: Callable[[State], dict[str, str]]
) -> None:
    things(State.IN_REVIEW)
    school = world.another_school()
    for role in ROLES[:3]:
        who = world.account(role, school=school) if role is not Role.PUPIL else role
        for path in ("/api/v1/clips", "/api/v1/review/queue"):
            assert caller(who)("GET", path).get_json() == {"items": [], "next": None}


def test_nobody_releases_anothers_claim(
    world: World, caller: Callers, things: Callable[[State], dict[str, str]]
) -> None:
    clip_id = things(State.IN_REVIEW)["clip"]
    assert caller(Role.REVIEWER)("POST", f"/api/v1/review/{clip_id}/claim").status_code == 200
    for who in (Role.MODERATOR, world.account(Role.REVIEWER, school=world.another_school())):
        released = caller(who)("DELETE", f"/api/v1/review/{clip_id}/claim")
        assert released.status_code == 204

    assert world.get(clip_id).claimed_by == world.person(Role.REVIEWER).id


def test_a_token_that_was_revoked_opens_nothing(world: World, caller: Callers) -> None:
    teacher = caller(Role.TEACHER)
    with world.write() as session:
        accounts.revoke_tokens(session, account_id=world.person(Role.TEACHER).id)

    assert problem(teacher("GET", "/api/v1/clips")) == (401, "unknown_token")
