"""Keyset paging: ties, changes between pages, and cursors that nobody made."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from review import queries
from review.errors import InvalidInput
from review.keys import new_id
from review.models import Clip, Job
from review.policy import Actor, Role
from review.queries import Page, decode_cursor, encode_cursor
from review.states import State
from tests.queued import stand
from tests.world import World

AT = datetime(2026, 9, 5, 7, tzinfo=UTC)


def all_pages(read: Callable[[str | None], Page[Any]]) -> list[Any]:
    found, cursor = [], None
    while True:
        page = read(cursor)
        found += page.items
        if page.next is None:
            return found
        cursor = page.next


def many(world: World, owner: Actor, times: list[datetime], **more: Any) -> list[str]:
    """Rows as they would stand after a busy day; their ids, in the order of ``times``."""
    ids = [new_id() for _ in times]
    with world.write() as session:
        for clip_id, at in zip(ids, times, strict=True):
            session.add(
                Clip(
                    id=clip_id,
                    owner_id=owner.id,
                    school_id=owner.school_id,
                    class_id=owner.class_id,
                    title="Clip",
                    created_at=at,
                    submitted_at=at,
                    published_at=at,
                    **more,
                )
            )
    return ids


def test_clips_of_the_same_moment_come_once_each(any_world: World) -> None:
    world = any_world
    owner = world.actor(Role.TEACHER)
    times = [AT] * 7 + [AT + timedelta(microseconds=1)] * 5 + [AT + timedelta(days=1)]
    ids = many(world, owner, times, state=State.PUBLISHED)
    newest_first = [i for _, i in sorted(zip(times, ids, strict=True), reverse=True)]
    for limit in (1, 2, 3, 5, 12, 13, 14):
        with world.read() as session:
            mine = all_pages(lambda c, n=limit, s=session: queries.my_clips(s, owner, c, n))
            shown = all_pages(lambda c, n=limit, s=session: queries.gallery(s, None, c, n))
        assert [c.id for c in mine] == newest_first
        assert [c.id for c in shown] == newest_first


def test_the_queue_is_oldest_first_with_ties(any_world: World) -> None:
    world = any_world
    reviewer = world.actor(Role.REVIEWER)
    times = [AT, AT, AT, AT + timedelta(seconds=1)]
    ids = many(world, world.actor(Role.TEACHER), times, state=State.IN_REVIEW)
    for clip_id in (*sorted(ids[:3]), ids[3]):
        stand(world, [clip_id])
    with world.read() as session:
        rows = all_pages(lambda c: queries.review_queue(session, reviewer, c, 2))
    assert [r.clip.id for r in rows] == sorted(ids[:3]) + ids[3:]


def test_what_comes_in_between_two_pages_does_not_shift_them(world: World) -> None:
    owner = world.actor(Role.TEACHER)
    ids = many(world, owner, [AT + timedelta(hours=h) for h in range(4)])
    with world.read() as session:
        first = queries.my_clips(session, owner, limit=2)
    many(world, owner, [AT + timedelta(days=9)])
    with world.read() as session:
        second = queries.my_clips(session, owner, first.next, 2)
    assert [c.id for c in [*first.items, *second.items]] == ids[::-1]


def test_a_page_is_never_larger_than_the_bound(world: World) -> None:
    owner = world.actor(Role.TEACHER)
    many(world, owner, [AT] * 103)
    with world.read() as session:
        sizes = [len(queries.my_clips(session, owner, limit=n).items) for n in (-1, 0, 7, 10**6)]
    assert sizes == [1, 1, 7, 100]


def test_jobs_page_alike(world: World) -> None:
    for _ in range(3):
        world.clip(State.PROCESSING)
    with world.read() as session:
        rows = all_pages(lambda c: queries.job_list(session, None, c, 1))
        queued = queries.job_list(session, "queued").items
        none = queries.job_list(session, "no such state")
    assert rows == queued
    assert [j.id for j in rows] == sorted((j.id for j in rows), reverse=True)
    assert all(isinstance(j, Job) for j in rows)
    assert none == Page([], None)


# --- cursors -----------------------------------------------------------------------------------


@given(st.timedeltas(timedelta(), timedelta(days=365 * 300)))
def test_a_cursor_comes_back_as_it_went(after: timedelta) -> None:
    at, row_id = AT + after, new_id()
    assert decode_cursor(encode_cursor(at, row_id)) == (at, row_id)


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ID = "0" * 26
GARBAGE = [
    "x",
    "%",
    "A" * 10_000,
    "ünï",
    cursor_of(""),
    cursor_of("||"),
    cursor_of(f"2026-09-05T00:00:00|0|{ID}"),  # no zone
    cursor_of(f"2026-09-05T00:00:00Z|x|{ID}"),
    cursor_of(f"2026-09-05T00:00:00Z|-1|{ID}"),
    cursor_of(f"2026-09-05T00:00:00Z|{'9' * 5000}|{ID}"),
    cursor_of(f"0001-01-01T00:00:00+14:00|0|{ID}"),
    cursor_of(f"9999-12-31T23:59:59-14:00|0|{ID}"),
    cursor_of("2026-09-05T00:00:00Z|0|\x00"),
    cursor_of("2026-09-05T00:00:00Z|0|' OR 1=1 --"),
    cursor_of(f"2026-09-05T00:00:00Z|0|{ID}|more"),
]


@pytest.mark.parametrize("cursor", GARBAGE)
def test_a_cursor_that_nobody_made_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_cursor(cursor)
    assert list(caught.value.errors) == ["cursor"]


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
@example(GARBAGE[6])
def test_whatever_comes_as_a_cursor_never_reaches_the_database_unread(cursor: str) -> None:
    try:
        at, row_id = decode_cursor(cursor)
    except InvalidInput:
        return
    assert at.tzinfo is UTC
    assert len(row_id) == 26


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    east = timezone(timedelta(hours=7))
    row_id = new_id()
    assert decode_cursor(encode_cursor(AT.astimezone(east), row_id)) == (AT, row_id)
