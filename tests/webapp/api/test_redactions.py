"""Redactions for programs: asked for, followed, kept, thrown away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from review import redacting
from review.policy import Role
from review.states import State
from tests import redactions
from tests.redactions import BOX, PLAN
from tests.webapp.conftest import Caller, problem
from tests.world import World

Callers = Callable[..., Caller]
WHOLE = {"boxes": [{**BOX, "to_x": None, "to_y": None}], "sounds": [], "cuts": []}


def path(clip_id: str, *more: str) -> str:
    return "/".join(("/api/v1/clips", clip_id, "redactions", *more))


def test_from_a_plan_to_a_new_revision(world: World, caller: Callers) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = caller(Role.REVIEWER)
    asked = reviewer("POST", path(clip_id), {"plan": PLAN})
    answer = asked.get_json()
    made = answer["id"]
    assert asked.status_code == 201
    assert asked.headers["Location"] == path(clip_id, made)
    assert answer == {
        "id": made,
        "clip": clip_id,
        "state": "queued",
        "percent": None,
        "problem": None,
        "plan": WHOLE,
        "duration_s": None,
        "created_at": answer["created_at"],
        "preview": None,
    }
    assert problem(reviewer("POST", path(clip_id, made, "keep"))) == (409, "wrong_state")

    redactions.render(world, clip_id)
    seen = reviewer("GET", path(clip_id, made)).get_json()
    assert (seen["state"], seen["duration_s"]) == ("ready", 12.5)
    assert seen["preview"].endswith(f"/media/{clip_id}/redactions/{made}.mp4")

    version = world.get(clip_id).version
    stale = reviewer("POST", path(clip_id, made, "keep"), {"version": version + 1})
    assert problem(stale) == (409, "stale_clip")
    for _ in range(2):  # the same call again changes nothing
        kept = reviewer("POST", path(clip_id, made, "keep"), {"version": version})
        assert (kept.status_code, kept.get_json()) == (
            200,
            {"id": clip_id, "state": "processing", "revision": 2, "version": version + 1},
        )
    assert reviewer("GET", path(clip_id, made)).get_json()["state"] == "kept"
    world.examine(clip_id)
    clip = world.get(clip_id)
    body = {"action": "approve", "revision": 2, "version": clip.version, "watched": True}
    refused = reviewer("POST", f"/api/v1/review/{clip_id}/decisions", body)
    assert problem(refused) == (403, "same_person")


def test_a_wrong_plan_is_told_by_field(world: World, caller: Callers) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    body: Any = {"plan": {"boxes": [{**BOX, "end_s": 99, "x": "left"}], "cuts": {}}}
    answer = caller(Role.REVIEWER)("POST", path(clip_id), body)
    assert problem(answer) == (422, "invalid")
    assert answer.get_json()["errors"] == {
        "boxes.0.end_s": "Nằm ngoài clip: từ 0 đến 12,5 giây.",
        "boxes.0.x": "Cần là một số.",
        "cuts": "Cần là một danh sách.",
    }
    for odd in ({}, {"plan": None}, {"plan": "all of it"}):
        assert problem(caller(Role.REVIEWER)("POST", path(clip_id), odd)) == (422, "invalid")


def test_thrown_away(world: World, caller: Callers) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = caller(Role.REVIEWER)
    made = redactions.ready(world, clip_id, world.actor(Role.REVIEWER))
    gone = reviewer("POST", path(clip_id, made, "discard")).get_json()
    assert (gone["state"], gone["preview"]) == ("discarded", None)
    assert problem(reviewer("POST", path(clip_id, made, "keep"))) == (409, "wrong_state")


def test_a_failure_has_a_code_and_a_sentence(world: World, caller: Callers) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.failed(session, claim, "original_missing")
    seen = caller(Role.REVIEWER)("GET", path(clip_id, made)).get_json()
    assert (seen["state"], seen["problem"]["code"]) == ("failed", "original_missing")
    assert "bản gốc" in seen["problem"]["message"]


def test_nothing_public_is_replaced(world: World, caller: Callers) -> None:
    """A published clip is withdrawn first."""
    clip_id = world.clip(State.PUBLISHED)
    answer = caller(Role.MODERATOR)("POST", path(clip_id), {"plan": PLAN})
    assert problem(answer) == (409, "wrong_state")
