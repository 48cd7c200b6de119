"""A library's program, and a feed with something of everything in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from review import publication
from review.consent import Scope
from review.details import Details
from review.policy import Role
from review.states import State
from tests.webapp.conftest import Caller
from tests.world import World


@pytest.fixture
def library(world: World, caller: Callable[..., Caller]) -> Caller:
    return caller(world.library()[1])


def edit(world: World, clip_id: str, **changes: object) -> None:
    """A moderator corrects what a published clip says of itself."""
    moderator, clip = world.actor(Role.MODERATOR), world.get(clip_id)
    with world.write() as session:
        details = Details(**{"title": clip.title, **changes})  # type: ignore[arg-type]
        publication.edit_details(session, clip_id, moderator, details, clip.version)


@dataclass(frozen=True)
class Shelf:
    """``rich``: says everything that a clip can say; ``plain``: nothing but its title;
    ``gone``: was published, then withdrawn."""

    rich: str
    plain: str
    gone: str


@pytest.fixture
def shelf(world: World) -> Shelf:
    rich, plain, gone = (
        world.clip(State.PUBLISHED, title=title, scope=scope)
        for title, scope in (("một", Scope.PUBLIC), ("hai", Scope.LIBRARY), ("ba", Scope.PUBLIC))
    )
    edit(
        world,
        rich,
        title="Mật khẩu & <bạn bè>",
        summary="Vì sao không nói\nmật khẩu cho ai.",
        topics=("safe_networks", "conduct"),
        level="primary",
    )
    world.withdraw(gone, "guardian")
    return Shelf(rich, plain, gone)
