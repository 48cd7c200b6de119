"""Wrong guesses, counted in the database: all processes count together."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from review import guesses
from review.errors import TooManyGuesses
from review.guesses import CLASS_CODE, CLIP_LINK, WINDOW, Door
from review.models import Guesses
from storage_config.database import Database
from tests.racing import race
from tests.world import World

FEW = Door("class_code", 3)


def guess(world: World, door: Door = FEW, who: str = "a", *, right: bool = False) -> None:
    with world.write() as session:
        guesses.take(session, door, who)
        if right:
            guesses.give_back(session, door, who)


def test_after_the_last_wrong_guess_the_door_is_shut_for_that_network_alone(world: World) -> None:
    for _ in range(50):
        guess(world, right=True)
    for _ in range(3):
        guess(world)
    with pytest.raises(TooManyGuesses) as told:
        guess(world, right=True)
    assert 0 < told.value.detail["retry_after"] <= WINDOW.total_seconds()
    guess(world, who="b")
    guess(world, door=CLIP_LINK)


def test_it_opens_again_after_the_window_and_is_then_forgotten(world: World) -> None:
    for _ in range(3):
        guess(world)
    with world.write() as session:
        row = session.scalars(select(Guesses)).one()
        row.since -= WINDOW
    guess(world)
    with world.write() as session:
        guesses.forget_old(session)
        assert session.scalars(select(Guesses)).one().wrong == 1
        session.scalars(select(Guesses)).one().since -= 2 * WINDOW
        guesses.forget_old(session)
        assert session.scalars(select(Guesses)).all() == []


def test_many_at_once_from_two_programs_are_all_counted(any_world: World) -> None:
    """Two engines stand for two processes."""
    other = World.__new__(World)
    other.database = Database(any_world.database.engine.url.render_as_string(hide_password=False))
    results = race(*(lambda w=w: guess(w) for w in (any_world, other) * 4))
    other.database.dispose()

    assert [type(r) for r in results if r is not None] == [TooManyGuesses] * 5
    assert CLASS_CODE.most == 40
