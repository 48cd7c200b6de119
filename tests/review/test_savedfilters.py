"""Filters that people keep: each its own, under a name."""

from __future__ import annotations

import pytest

from review import accounts, savedfilters
from review.errors import InvalidInput
from review.keys import new_id
from review.policy import Role
from review.queries import Filters
from tests.world import World

FLASHES, CONDUCT = Filters(sign="flashing"), Filters("all", topic="conduct")


def test_kept_by_name_and_for_one_person(any_world: World) -> None:
    world = any_world
    me, other = (accounts.actor_of(world.account(Role.MODERATOR)) for _ in range(2))
    with world.write() as session:
        savedfilters.save(session, me, " Nhấp  nháy ", FLASHES)
        savedfilters.save(session, me, "Ứng xử", CONDUCT, is_default=True)
        savedfilters.save(session, other, "Nhấp nháy", CONDUCT)
    with world.read() as session:
        rows = savedfilters.saved(session, me)
        assert [(r.name, Filters.from_text(r.filters), r.is_default) for r in rows] == [
            ("Nhấp nháy", FLASHES, False),
            ("Ứng xử", CONDUCT, True),
        ]
        assert savedfilters.default(session, me) == CONDUCT
        assert savedfilters.default(session, other) is None


def test_the_same_name_replaces_and_one_is_the_default(world: World) -> None:
    me = world.actor(Role.MODERATOR)
    with world.write() as session:
        first = savedfilters.save(session, me, "Một", FLASHES, is_default=True)
        second = savedfilters.save(session, me, "Hai", FLASHES, is_default=True)
        again = savedfilters.save(session, me, "Một", CONDUCT)
        assert again.id == first.id
    with world.write() as session:
        assert savedfilters.default(session, me) == FLASHES
        savedfilters.choose_default(session, me, first.id)
        assert savedfilters.default(session, me) == CONDUCT
        savedfilters.choose_default(session, me, None)
        assert savedfilters.default(session, me) is None
        savedfilters.forget(session, me, second.id)
        assert [row.name for row in savedfilters.saved(session, me)] == ["Một"]


def test_nobody_reaches_anothers(world: World) -> None:
    me, other = (accounts.actor_of(world.account(Role.MODERATOR)) for _ in range(2))
    with world.write() as session:
        mine = savedfilters.save(session, me, "Của tôi", FLASHES)
        savedfilters.forget(session, other, mine.id)
        savedfilters.choose_default(session, other, mine.id)
        for odd in ("", "x\x00", new_id()):
            savedfilters.forget(session, me, odd)
        assert [row.is_default for row in savedfilters.saved(session, me)] == [False]


def test_a_name_is_needed_and_twenty_are_enough(world: World) -> None:
    me = world.actor(Role.MODERATOR)
    with world.write() as session:
        with pytest.raises(InvalidInput):
            savedfilters.save(session, me, " \u200b ", FLASHES)
        for number in range(savedfilters.MAX_SAVED):
            savedfilters.save(session, me, f"Bộ lọc {number}", FLASHES)
        with pytest.raises(InvalidInput):
            savedfilters.save(session, me, "Thêm một", FLASHES)
        savedfilters.save(session, me, "Bộ lọc 3", CONDUCT)
