"""The queue's page: tabs, filters that are kept, who holds what, and the next clip."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from review import accounts, decisions, queueing
from review.models import Clip
from review.policy import Role
from review.states import Action
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

Visitor = Callable[..., Browser]


def rows(page: Page) -> list[str]:
    return [link.removeprefix("/review/") for link in page.links if link.startswith("/review/0")]


def tabs(page: Page) -> dict[str, str]:
    """Where each tab leads -> what it says."""
    words = {"Chờ trường duyệt", "Chờ Phòng duyệt", "Của tôi", "Cả trường", "Tất cả"}
    found = {}
    for word in words:
        _, there, rest = page.text.partition(f"{word} ")
        if there and rest.split()[0].rstrip("+").isdigit():
            found[word] = rest.split()[0]
    return found


def clip_at(world: World, title: str, language: str = "vi", stage: int = 0) -> str:
    clip_id = world.clip(title=title)
    with world.write() as session:
        session.get_one(Clip, clip_id).language = language
        queueing.refile(session, session.get_one(Clip, clip_id))
    if stage:
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    return clip_id


def test_tabs_count_what_they_show(visitor: Visitor, world: World) -> None:
    ours, office = world.clip(), world.clip(stage=1)
    person = visitor(Role.REVIEWER)
    page = person.get("/review")
    assert rows(page) == [ours]
    assert tabs(page) == {"Chờ trường duyệt": "1", "Của tôi": "0", "Cả trường": "2"}
    assert rows(person.get("/review?scope=all")) == [ours, office]
    person.get(f"/review/{ours}")  # opening takes it
    mine = person.get("/review?scope=mine")
    assert rows(mine) == [ours]
    assert tabs(mine)["Của tôi"] == "1"
    assert tabs(visitor(Role.MODERATOR).get("/review"))["Tất cả"] == "2"


def test_counting_ends_at_99(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        world.clip()
    person = visitor(Role.REVIEWER)
    assert tabs(person.get("/review"))["Cả trường"] == "3"
    monkeypatch.setattr("review.queries.queue.WINDOW", 2)
    assert tabs(person.get("/review"))["Cả trường"] == "2+"


def test_a_filter_leaves_out_what_is_not_asked_for(visitor: Visitor, world: World) -> None:
    clip_at(world, "Bằng tiếng Việt")
    english = clip_at(world, "In English", "en")
    person = visitor(Role.REVIEWER)
    page = person.get("/review?scope=due&campaign=&topic=&language=en&sign=&days=")
    assert rows(page) == [english]
    assert ("language", "en") in page.form("/review").fields
    assert tabs(page)["Chờ trường duyệt"] == "1"
    # The way on and the tabs keep what was asked for.
    assert "/review?language=en&scope=mine" in page.links
    none = person.get("/review?language=en&sign=flashing")
    assert "Không có clip nào hợp với bộ lọc" in none.text
    assert "/review?scope=due" in none.links
    for odd in ("topic=x", "scope=x", "days=2", "school=x", "campaign=%00", "language=vi%00"):
        assert person.get(f"/review?{odd}").status == 422


def test_only_the_office_filters_by_school(visitor: Visitor, world: World) -> None:
    world.clip(stage=1)
    names = [name for name, _ in visitor(Role.REVIEWER).get("/review").form("/review").fields]
    assert names == ["scope", "topic", "language", "sign", "days"]
    office = visitor(Role.MODERATOR)
    names = [name for name, _ in office.get("/review").form("/review").fields]
    assert names == ["scope", "school", "level", "topic", "language", "sign", "days"]
    here = office.get(f"/review?school={world.school.id}")
    assert len(rows(here)) == 1
    there = office.get(f"/review?school={world.another_school().id}")
    assert rows(there) == []


def test_a_filter_is_kept_used_and_forgotten(visitor: Visitor, world: World) -> None:
    vietnamese = clip_at(world, "Bằng tiếng Việt")
    english = clip_at(world, "In English", "en")
    person = visitor(Role.REVIEWER)
    page = person.get("/review?language=en")
    kept = person.send(page, "/review/filters", name="Tiếng Anh", default="y")
    told = person.follow(kept)
    assert "Đã lưu bộ lọc «Tiếng Anh»." in told.text
    # From now on the queue opens with it; what is asked for by hand goes before.
    assert rows(person.get("/review")) == [english]
    assert rows(person.get("/review?scope=due")) == [vietnamese, english]
    assert rows(visitor(world.account(Role.REVIEWER)).get("/review")) == [vietnamese, english]
    opened = person.get("/review")
    (forget,) = [f.action for f in opened.forms if f.action.endswith("/delete")]
    without = person.follow(person.send(opened, "/review/filters/default"))
    assert rows(without) == [vietnamese, english]
    person.send(opened, forget)
    assert "Tiếng Anh ★" not in person.get("/review").text


def test_a_kept_filter_opens_in_its_own_tab(visitor: Visitor, world: World) -> None:
    person = visitor(Role.REVIEWER)
    for scope in ("all", "due"):
        page = person.get(f"/review?scope={scope}&language=en")
        person.send(page, "/review/filters", name=f"Ở {scope}")
    chips = person.get("/review").all("a")
    everywhere, due = [a["href"] or "" for a in chips if a.get("class") == "chip small"]
    for link, scope in ((everywhere, "all"), (due, "due")):
        page = person.get(link)
        assert dict(page.form("/review").fields)["scope"] == scope
        assert [a["href"] for a in page.all("a") if a.get("aria-current") == "true"] == [link]


def test_the_next_one_keeps_to_the_filter(visitor: Visitor, world: World) -> None:
    clip_at(world, "Bằng tiếng Việt")
    english = clip_at(world, "In English", "en")
    person = visitor(Role.REVIEWER)
    page = person.get("/review?language=en")
    taken = person.send(page, "/review/next")
    assert (taken.status, taken.location) == (302, f"/review/{english}")
    assert world.get(english).claimed_by == world.person(Role.REVIEWER).id
    ended = person.follow(person.get(f"/review/next?after={english}"))
    assert "Không còn clip nào hợp với bộ lọc." in ended.text


def test_a_link_on_another_site_takes_no_clip(visitor: Visitor, world: World) -> None:
    clip_id = world.clip()
    person = visitor(Role.REVIEWER)
    sent = person.get("/review/next", **{"Sec-Fetch-Site": "cross-site"})
    assert (sent.status, sent.location) == (302, "/review")
    assert world.get(clip_id).claimed_by is None
    # By our own pages, the keyboard and whoever types the address.
    for site in ("same-origin", "none"):
        ours = person.get("/review/next", **{"Sec-Fetch-Site": site})
        assert ours.location == f"/review/{clip_id}"
    assert world.get(clip_id).claimed_by is not None


def test_a_row_says_who_has_it_and_until_when(visitor: Visitor, world: World) -> None:
    clip_id = world.clip()
    other = world.account(Role.REVIEWER)
    with world.write() as session:
        session.get_one(type(other), other.id).label = "Cô Hoa"
        decisions.claim(session, clip_id, accounts.actor_of(other))
    page = visitor(Role.REVIEWER).get("/review")
    assert "Cô Hoa đang xem, giữ đến" in page.text
    assert [f.action for f in page.forms if f.action.endswith("/next")] == []  # nothing is free
    theirs = visitor(other)
    page = theirs.get("/review")
    assert "bạn đang xem, giữ đến" in page.text
    theirs.send(page, f"/review/{clip_id}/leave")
    assert world.get(clip_id).claimed_by is None


def test_signs_stand_in_words(visitor: Visitor, world: World) -> None:
    world.clip()
    assert "tệp gốc có vị trí GPS" in visitor(Role.REVIEWER).get("/review").text


def test_an_empty_tab_says_what_to_do(visitor: Visitor, world: World) -> None:
    page = visitor(Role.REVIEWER).get("/review?scope=mine")
    assert "Bạn chưa nhận clip nào" in page.text
    assert "/review?scope=due" in page.links


def test_a_name_that_is_missing_is_asked_for(visitor: Visitor, world: World) -> None:
    person = visitor(Role.REVIEWER)
    assert person.post("/review/filters", {"name": " ", "sign": "gps"}).status == 422
    hostile = "<script>alert(1)</script>"
    person.post("/review/filters", {"name": hostile, "sign": "gps"})
    page = person.get("/review?sign=gps")
    assert hostile in page.text
    assert hostile not in page.source
