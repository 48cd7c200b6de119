"""Times are the database's, aware, and compare alike on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from review import clock
from review.models import School
from tests.world import World


def test_the_time_is_now_and_aware(any_world: World) -> None:
    with any_world.read() as session:
        first, second = clock.now(session), clock.now(session)
    assert first.tzinfo is UTC
    assert timedelta() <= second - first < timedelta(minutes=1)
    assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)


def test_a_stored_time_comes_back_as_it_was(any_world: World) -> None:
    at = datetime(2026, 9, 5, 7, 0, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    with any_world.write() as session:
        session.get_one(School, any_world.school.id).created_at = at
    with any_world.read() as session:
        assert session.get_one(School, any_world.school.id).created_at == at
        assert session.scalar(select(School.id).where(School.created_at == at))
        assert not session.scalar(select(School.id).where(School.created_at < at))
        assert not session.scalar(select(School.id).where(School.created_at > at))


def test_a_time_without_a_zone_is_no_time(world: World) -> None:
    def store() -> None:
        with world.write() as session:
            session.get_one(School, world.school.id).created_at = datetime(2026, 9, 5)  # noqa: DTZ001 - the mistake itself

    with pytest.raises(StatementError, match="without a zone"):
        store()


def test_one_form_of_time_outside() -> None:
    at = datetime(2026, 9, 5, 7, 0, 0, 123999, tzinfo=timezone(timedelta(hours=7)))
    assert clock.iso(at) == "2026-09-05T00:00:00.123Z"


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00", "9999-12-31T23:00:00Z"]
)
def test_a_time_that_no_other_zone_can_tell_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        clock.parsed(text)


def test_a_time_from_outside_has_a_zone() -> None:
    assert clock.parsed("2026-09-05T07:00:00+07:00") == datetime(2026, 9, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        clock.parsed("2026-09-05T07:00:00")
