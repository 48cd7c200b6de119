"""The library's search, over both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from review import queries, search
from review.captions.cues import Cue
from review.consent import Scope
from review.models import Clip, SearchRow
from review.policy import Role
from review.states import Action, State
from tests.captioning import keep
from tests.review.queries.test_lists import published
from tests.world import World


def found(world: World, typed: str, **place: int) -> list[str]:
    with world.read() as session:
        return [c.title for c in queries.find(session, None, typed, **place).page.items]


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Đuổi KỊP", "duoi kip"),
        ("hoà / hòa", "hoa / hoa"),
        ("mật khẩu", "mat khau"),
        ("ma\u0323\u0302t kha\u0302\u0309u", "mat khau"),
        ("đường dây 111", "duong day 111"),
        ("Straße ÉTÉ", "strasse ete"),
    ],
)
def test_tones_and_case_do_not_matter(typed: str, folded: str) -> None:
    assert search.fold(typed) == folded


def test_what_people_type_finds_what_others_wrote(any_world: World) -> None:
    world = any_world
    published(world, title="Mật khẩu mạnh", summary="Đừng cho ai mượn")
    published(world, title="Lời hay", summary="Nói lời tử tế, giữ mật khẩu của mình")
    assert found(world, "mat khau") == ["Mật khẩu mạnh", "Lời hay"]  # titles first
    assert found(world, "MẬT KHẨU manh") == ["Mật khẩu mạnh"]
    assert found(world, "dung cho ai muon") == ["Mật khẩu mạnh"]
    assert found(world, "tử t") == ["Lời hay"]  # the last word is still being typed
    assert found(world, "ử") == []
    for odd in (
        "",
        "   ",
        "%",
        '"',
        "' OR 1=1 --",
        "\x00",
        "title:",
        "a OR",
        "NEAR(",
        "*",
        "_",
        "😀",
    ):
        assert isinstance(found(world, odd), list)
    assert found(world, '"loi" AND (hay)') in ([], ["Lời hay"])


def test_where_no_clip_has_every_word_the_nearest_are_shown(any_world: World) -> None:
    published(any_world, title="Mật khẩu mạnh")
    with any_world.read() as session:
        near = queries.find(session, None, "mật khẩu wifi")
        none = queries.find(session, None, "wifi")
    assert ([c.title for c in near.page.items], near.exact) == (["Mật khẩu mạnh"], False)
    assert (none.page.items, none.exact) == ([], True)


def test_the_index_follows_the_clip(any_world: World) -> None:
    world = any_world
    clip_id = published(world, title="Mật khẩu mạnh")
    keep(world, clip_id, Role.MODERATOR, (Cue(0.0, 1.0, "con <b>rồng</b> cháu tiên"),))
    assert found(world, "rong chau") == ["Mật khẩu mạnh"]
    keep(world, clip_id, Role.MODERATOR, (Cue(0.0, 1.0, "câu khác"),))
    assert found(world, "rồng") == []
    held = published(world, title="Con rồng")
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    assert found(world, "rồng") == []
    world.withdraw(clip_id, "office")
    assert found(world, "mật khẩu") == []
    with world.read() as session:
        # Of what was withdrawn not a word is kept.
        assert list(session.scalars(select(SearchRow.clip_id))) == [held]
        assert session.scalar(text("SELECT count(*) FROM search_words")) == 1


def test_only_what_is_meant_for_the_reader(any_world: World) -> None:
    world = any_world
    published(world, title="Cho mọi người")
    near = published(world, title="Cho trường mình", scope=Scope.SCHOOL)
    waiting = world.clip(State.IN_REVIEW, title="Cho ai đó chờ duyệt")
    assert found(world, "cho") == ["Cho mọi người"]
    with world.read() as session:
        mine = queries.find(session, world.actor(Role.REVIEWER), "cho").page.items
        assert {c.id for c in mine} == {near, *(c.id for c in mine if c.scope == Scope.PUBLIC)}
        assert waiting not in {c.id for c in mine}
        suggested = queries.suggest(session, None, "moi n")
    assert [c.title for c in suggested] == ["Cho mọi người"]


def test_pages_of_what_was_found(any_world: World) -> None:
    for number in range(3):
        published(any_world, title=f"Lời hay {number}")
    with any_world.read() as session:
        first = queries.find(session, None, "loi hay", limit=2).page
        assert first.next == "2"
        rest = queries.find(session, None, "loi hay", start=2, limit=2).page
        beyond = queries.find(session, None, "loi hay", start=10**9).page
    assert len({c.id for c in [*first.items, *rest.items]}) == 3
    assert (rest.next, beyond.items) == (None, [])


def test_clips_that_were_published_before_there_was_an_index(any_world: World) -> None:
    world = any_world
    clip_id = published(world, title="Mật khẩu mạnh")
    with world.write() as session:
        search._forget(session, clip_id)
    assert found(world, "mật khẩu") == []
    with world.write() as session:
        assert search.fill(session) == 1
        assert search.fill(session) == 0
        search.follow(session, session.get_one(Clip, clip_id))
    assert found(world, "mật khẩu") == ["Mật khẩu mạnh"]
