"""Every name that a clip's files have, for every viewer, at every step of its life."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from review import publication
from review.models import Account
from review.policy import Role
from review.states import Action, State
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from tests.pictured import LADDER, PREVIEW, PicturedWorld
from tests.webapp.conftest import Caller, store_files

Callers = Callable[..., Caller]
NAMES = (*PREVIEW, *LADDER)
EVIDENCE = [*PREVIEW, "posters/3.jpg"]
ROLES = (Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.SAFEGUARDING, Role.ADMIN)
WORKING = {"teacher", "reviewer", "moderator"}


@pytest.fixture
def world(database: Database) -> PicturedWorld:
    return PicturedWorld(database)


def viewers(world: PicturedWorld) -> dict[str, Role | Account | str | None]:
    school = world.another_school()
    found: dict[str, Role | Account | str | None] = {str(role): role for role in ROLES}
    for role in (Role.TEACHER, Role.REVIEWER):
        found[f"foreign {role}"] = world.account(role, school=school)
    return {**found, "library": world.library()[1], "nobody": None}


def seen(world: PicturedWorld, caller: Callers, clip_id: str) -> dict[str, list[str]]:
    """Viewer -> the names that are sent to them."""
    found = {}
    for name, who in viewers(world).items():
        ask = caller(who)
        sent = [w for w in NAMES if ask("GET", f"/media/{clip_id}/{w}").status_code == 200]
        if sent:
            found[name] = sent
    return found


def test_in_review_its_people_see_all_and_nobody_else_anything(
    world: PicturedWorld, blobs: LocalBlobs, caller: Callers
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    world.ladder(clip_id)
    store_files(world, blobs, clip_id)
    assert seen(world, caller, clip_id) == {name: list(NAMES) for name in sorted(WORKING)}


def test_published_and_then_held_and_then_withdrawn(
    world: PicturedWorld, blobs: LocalBlobs, caller: Callers
) -> None:
    clip_id = world.clip(State.PUBLISHED)
    store_files(world, blobs, clip_id)
    assert seen(world, caller, clip_id) == {name: list(NAMES) for name in viewers(world)}
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    # The owner sees what an owner sees of a clip in review.
    held = {name: list(NAMES) for name in ("teacher", "safeguarding")}
    assert seen(world, caller, clip_id) == held
    with world.write() as session:
        publication.withdraw(session, clip_id, world.actor(Role.TEACHER), "owner")
    told = seen(world, caller, clip_id)
    assert {name: sorted(names) for name, names in told.items()} == {
        "safeguarding": sorted(EVIDENCE)
    }


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.DRAFT])
def test_before_and_after_it_is_a_clip(
    world: PicturedWorld, blobs: LocalBlobs, caller: Callers, state: State
) -> None:
    clip_id = world.clip(state)
    if state is State.WITHDRAWN:
        store_files(world, blobs, clip_id)
    assert seen(world, caller, clip_id) == {}
