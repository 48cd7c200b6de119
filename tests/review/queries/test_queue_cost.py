"""What the queue costs: as many questions for many clips as for few, each one walk along an index.

The times at a million clips are measured by bench/waiting.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import event

from review import accounts, decisions, queries, savedfilters, taking
from review.decisions import Verdict
from review.models import Clip
from review.policy import Actor, Role
from review.queries import Filters
from review.queries.filters import SCOPES
from review.queries.numbers import PERIODS, numbers
from review.states import Action
from storage_config.database import Database
from tests import queued
from tests.rows import counted
from tests.world import World


def look(database: Database, actor: Actor, filters: Filters) -> None:
    """All that a page of the queue asks."""
    with database.read() as session:
        page = queries.review_queue(session, actor, filters=filters)
        if page.next is not None:
            queries.review_queue(session, actor, page.next, filters=filters)
        for scope in SCOPES:
            queries.count(session, actor, filters.within(scope))
        queries.next_in_queue(session, actor, filters=filters)
        savedfilters.saved(session, actor)


@pytest.fixture
def crowd(world: World) -> tuple[list[tuple[str, str]], list[str]]:
    """(schools, campaigns) of 3,000 waiting clips."""
    schools = [(world.school.id, world.school.level), *queued.schools(world.database, 9)]
    campaigns = queued.campaigns(world.database, 2)
    queued.fill(world.database, world.actor(Role.TEACHER), 3000, schools, campaigns)
    return schools, campaigns


def combinations_of(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """None of them, each, and ever more of them: how many there are makes the question."""
    yield {}
    for name, value in asked.items():
        yield {name: value}
    for size in range(2, len(asked) + 1):
        yield dict(list(asked.items())[:size])


def plans(database: Database, statements: Sequence[tuple[str, Any]]) -> set[str]:
    """The steps by which SQLite answers."""
    with database.engine.connect() as connection:
        return {
            row[3]
            for sql, values in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        }


def test_no_filter_reads_all_clips_or_sorts(
    world: World, crowd: tuple[list[tuple[str, str]], list[str]]
) -> None:
    (school, level), campaign = crowd[0][0], crowd[1][0]
    database, sent = world.database, {}
    asked = {"topic": "conduct", "language": "vi", "sign": "returns", "days": 7}
    asked |= {"campaign": campaign, "level": level, "school": school}

    def note(_c: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.startswith("SELECT"):
            sent.setdefault(sql, values)

    for actor in (world.actor(Role.REVIEWER), world.actor(Role.MODERATOR)):
        with world.write() as session:  # so that "mine" is asked, too
            assert taking.take_next(session, actor) is not None
        event.listen(database.engine, "before_cursor_execute", note)
        for filters in combinations_of(asked):
            for scope in SCOPES:
                look(database, actor, Filters(scope, **filters))
        event.remove(database.engine, "before_cursor_execute", note)

    check(plans(database, list(sent.items())))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    database.dispose()
    check(plans(database, list(sent.items())))


def check(steps: set[str]) -> None:
    large = ("clips", "queue_places", "revisions")
    assert {step for step in steps if re.match(rf"SCAN ({'|'.join(large)})", step)} == set()
    assert {step for step in steps if "TEMP B-TREE" in step} == set()
    # Of the clips only single rows are read, and what one person has claimed.
    claimed = "claimed_by=? AND claimed_until>? AND claimed_until<?"
    assert {step for step in steps if step.startswith("SEARCH clips")} == {
        "SEARCH clips USING INDEX sqlite_autoindex_clips_1 (id=?)",
        f"SEARCH clips USING INDEX ix_clips_claims ({claimed})",
        "SEARCH clips USING INDEX ix_clips_assigned (assigned_to=? AND state=?)",
    }


def test_a_move_reads_no_more_of_many_clips(
    world: World, crowd: tuple[list[tuple[str, str]], list[str]]
) -> None:
    """Standing in line, and telling those that resemble the clip."""
    database, clip_id, sent = world.database, world.clip(), {}

    def note(_c: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.startswith(("SELECT", "UPDATE", "DELETE")):
            sent.setdefault(sql, values)

    event.listen(database.engine, "before_cursor_execute", note)
    world.approve(clip_id, ladder=False)
    world.withdraw(clip_id)
    event.remove(database.engine, "before_cursor_execute", note)
    about = ("queue_places", "look_alikes", "original_sha256", "_days")
    asked = [(sql, values) for sql, values in sent.items() if any(t in sql for t in about)]
    assert len(asked) >= 8
    for _ in range(2):
        steps = plans(database, asked)
        large = ("clips", "queue_places", "revisions", "look_alikes")
        assert {s for s in steps if re.match(rf"SCAN ({'|'.join(large)})", s)} == set()
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
        database.dispose()


def test_a_page_asks_as_much_of_3000_clips_as_of_30(world: World) -> None:
    schools = [(world.school.id, world.school.level), *queued.schools(world.database, 3)]
    owner, moderator = world.actor(Role.TEACHER), world.actor(Role.MODERATOR)
    asked = [Filters(), Filters("all"), Filters("all", level=schools[0][1], topic="conduct")]

    def costs() -> list[int]:
        found = []
        for filters in asked:
            with counted(world.database) as statements, world.read() as session:
                page = queries.review_queue(session, moderator, None, 10, filters)
                assert len(page.items) > 3
                queries.count(session, moderator, filters)
            found.append(len(statements))
        return found

    queued.fill(world.database, owner, 30, schools, [])
    few = costs()
    queued.fill(world.database, owner, 3000, schools, [], seed=8)
    assert costs() == few
    assert max(few) <= 26


def test_the_numbers_read_their_period_and_ask_as_much_of_many_as_of_none(world: World) -> None:
    database, sent = world.database, {}

    def note(_c: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        sent.setdefault(sql, values)

    def costs() -> list[int]:
        found = []
        for role in (Role.REVIEWER, Role.MODERATOR):
            for weeks in PERIODS:
                with counted(database) as statements, world.read() as session:
                    numbers(session, world.actor(role), weeks)
                found.append(len(statements))
        return found

    for role in (Role.REVIEWER, Role.MODERATOR):
        world.actor(role)
    event.listen(database.engine, "before_cursor_execute", note)
    none = costs()
    event.remove(database.engine, "before_cursor_execute", note)
    for _ in range(3):
        school = world.another_school()
        clip_id = world.clip(owner=world.account(Role.TEACHER, school=school))
        reviewer = accounts.actor_of(world.account(Role.REVIEWER, school=school))
        verdict = Verdict(Action.APPROVE, 1, world.get(clip_id).version, watched=True)
        with world.write() as session:
            decisions.decide(session, clip_id, reviewer, verdict)
    assert costs() == none
    assert max(none) <= 12
    asked = [(sql, values) for sql, values in sent.items() if sql.startswith("SELECT")]
    sums = r"SCAN (review|waiting|reason|school|person)_"
    assert {step for step in plans(database, asked) if re.match(sums, step)} == set()


def test_bulk_clips_stand_where_the_rules_would_put_them(world: World) -> None:
    """What the other tests and the bench measure is what the program writes."""
    schools = [(world.school.id, world.school.level)]
    campaigns = queued.campaigns(world.database, 1)
    queued.fill(world.database, world.actor(Role.TEACHER), 20, schools, campaigns)
    names = ("sign:flashing", "sign:returns", "sign:returns_here", "sign:consent", "sign:gps")

    def lists() -> dict[str, set[str]]:
        with world.read() as session:
            rows = session.query(queued.QueuePlace.clip_id, queued.QueuePlace.list).all()
        found: dict[str, set[str]] = {}
        for clip_id, name in rows:
            if not name.endswith(names):  # those are drawn by lot
                found.setdefault(clip_id, set()).add(name)
        return found

    bulk = lists()
    with world.write() as session:
        ids = [row.id for row in session.query(Clip.id)]
        session.query(queued.QueuePlace).delete()
    queued.stand(world, ids)
    assert lists() == bulk
