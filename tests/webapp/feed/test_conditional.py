"""What a library is spared: answers that it has (304), bytes (gzip), and too many pulls."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from review import feed
from review.consent import Scope
from review.feed import View
from review.models import Library, Pulls
from review.states import State
from storage_config.settings import Settings, load
from tests.rows import counted
from tests.webapp.conftest import Caller, problem
from tests.webapp.feed.test_feed import Reader, edit
from tests.world import World
from webapp.feed.records import changes_text, clip_record

Callers = Callable[..., Caller]
PATHS = ("changes", "snapshot", "feed.json", "feed.rss", "feed.atom", "clips/{id}")


@pytest.fixture
def site(world: World) -> tuple[Library, str]:
    return world.library()


@pytest.fixture
def library(site: tuple[Library, str], caller: Callers) -> Caller:
    return caller(site[1])


def etag(answer: Any) -> str:
    found = answer.headers["ETag"]
    assert not found.startswith("W/")
    return str(found)


@pytest.mark.parametrize("path", PATHS)
def test_whoever_has_the_answer_is_told_so(world: World, library: Caller, path: str) -> None:
    path = "/feed/v1/" + path.format(id=world.clip(State.PUBLISHED))
    first = library("GET", path)
    known = etag(first)
    for value in (known, f'"other", {known}', f"W/{known}", "*"):
        same = library("GET", path, If_None_Match=value)
        assert (same.status_code, same.data, etag(same)) == (304, b"", known), value
        assert same.headers["Cache-Control"] == "private, no-cache"
        assert "Accept-Encoding" in same.headers["Vary"]
    assert library("GET", path, If_None_Match='"other"').data == first.data


def test_each_change_makes_another_etag(world: World, library: Caller) -> None:
    clip_id = world.clip(State.PUBLISHED)

    def told() -> dict[str, str]:
        return {p: etag(library("GET", "/feed/v1/" + p.format(id=clip_id))) for p in PATHS}

    before = told()
    edit(world, clip_id, title="sửa lại")
    after = told()
    world.clip(State.PUBLISHED)
    later = told()
    assert [p for p in PATHS if before[p] == after[p]] == []
    # Of one clip: what others do changes nothing.
    assert [p for p in PATHS if after[p] == later[p]] == ["clips/{id}"]


def test_another_view_makes_another_etag(
    world: World, site: tuple[Library, str], library: Caller
) -> None:
    known = etag(library("GET", "/feed/v1/changes"))
    with world.write() as session:
        assert feed.set_view(session, site[0].id, View(scope="public")) == 0
    assert library("GET", "/feed/v1/changes", If_None_Match=known).status_code == 200


def test_a_wrong_cursor_is_refused_whatever_is_known(library: Caller) -> None:
    refused = library("GET", "/feed/v1/changes?cursor=x", If_None_Match="*")
    assert problem(refused) == (400, "bad_cursor")
    gone = library("GET", "/feed/v1/clips/" + "0" * 26, If_None_Match="*")
    assert problem(gone) == (404, "no_such_clip")


@pytest.mark.parametrize("path", PATHS)
def test_a_304_costs_two_questions_at_the_most(world: World, library: Caller, path: str) -> None:
    path = "/feed/v1/" + path.format(id=world.clip(State.PUBLISHED))
    known = etag(library("GET", path))
    with counted(world.database) as statements:
        assert library("GET", path, If_None_Match=known).status_code == 304
    asked = [sql for sql in statements.sent if not sql.startswith("PRAGMA")]
    assert len(asked) == (2 if "clips" in path else 1), asked


class TestHarvest:
    """OAI-PMH tells the time at the top of each answer: its ETags are weak."""

    CLIP = "/feed/v1/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=urn:lantoa:clip:{}"
    ALL = "/feed/v1/oai?verb=ListRecords&metadataPrefix=oai_dc"

    @pytest.mark.parametrize("asked", [CLIP, ALL])
    def test_nothing_new_costs_one_question(
        self, world: World, library: Caller, asked: str
    ) -> None:
        asked = asked.format(world.clip(State.PUBLISHED))
        first = library("GET", asked)
        known = first.headers["ETag"]
        with counted(world.database) as statements:
            same = library("GET", asked, If_None_Match=known)
        assert known.startswith("W/")
        assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", known)
        assert len([sql for sql in statements.sent if not sql.startswith("PRAGMA")]) == 1
        world.clip(State.PUBLISHED)
        assert library("GET", asked, If_None_Match=known).status_code == 200

    def test_another_question_has_another_answer(self, world: World, library: Caller) -> None:
        clips = [world.clip(State.PUBLISHED) for _ in range(2)]
        known = [library("GET", self.CLIP.format(i)).headers["ETag"] for i in clips]
        asked = self.CLIP.format(clips[1])
        assert library("GET", asked, If_None_Match=known[0]).status_code == 200
        assert library("GET", asked, If_None_Match=known[1]).status_code == 304

    @pytest.mark.parametrize(
        ("method", "query"), [("GET", "verb=ListSets"), ("GET", "verb=Identify"), ("POST", "")]
    )
    def test_what_the_clock_changes_has_none(
        self, library: Caller, method: str, query: str
    ) -> None:
        told = library(method, f"/feed/v1/oai?{query}", If_None_Match="*")
        assert (told.status_code, told.headers.get("ETag")) == (200, None)
        assert told.headers["Cache-Control"] == "private, no-store"

    def test_it_is_small_for_those_who_take_it(self, world: World, library: Caller) -> None:
        world.clip(State.PUBLISHED)
        small = library("GET", self.ALL, Accept_Encoding="gzip")
        assert small.headers["Content-Encoding"] == "gzip"
        assert b"<ListRecords>" in gzip.decompress(small.data)
        assert "Accept-Encoding" in small.headers["Vary"]


class TestGzip:
    @pytest.mark.parametrize("path", PATHS)
    def test_only_for_those_who_take_it(self, world: World, library: Caller, path: str) -> None:
        path = "/feed/v1/" + path.format(id=world.clip(State.PUBLISHED))
        plain = library("GET", path)
        small = library("GET", path, Accept_Encoding="br, gzip")
        assert plain.headers.get("Content-Encoding") is None
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.data) == plain.data
        assert etag(small) != etag(plain)
        again = library("GET", path, Accept_Encoding="gzip")
        assert (again.data, etag(again)) == (small.data, etag(small))

    @pytest.mark.parametrize(
        ("accepted", "is_small"),
        [
            ("gzip", True),
            ("gzip;q=0", False),
            ("identity", False),
            ("gzip;q=0.5, identity;q=0.9", False),
            ("gzip;q=0.9, identity;q=0.5", True),
            ("br", False),
            ("", False),
        ],
    )
    def test_as_they_weigh_it(self, library: Caller, accepted: str, is_small: bool) -> None:
        answer = library("GET", "/feed/v1/snapshot", Accept_Encoding=accepted)
        assert (answer.headers.get("Content-Encoding") == "gzip") == is_small

    def test_the_etag_of_one_encoding_is_not_the_others(self, library: Caller) -> None:
        plain = etag(library("GET", "/feed/v1/changes"))
        asked = library("GET", "/feed/v1/changes", Accept_Encoding="gzip", If_None_Match=plain)
        assert asked.status_code == 200


class TestRate:
    def test_too_many_pulls_are_told_when_to_come_back(
        self, world: World, make_app: Callable[..., Flask], settings: Settings
    ) -> None:
        slow = load({"LANTOA_FEED_RATE": "3"}, data=settings.data)
        app = make_app(settings=slow)
        tokens = [world.library()[1] for _ in range(2)]
        first, second = (Caller(app, token) for token in tokens)
        told = [first("GET", "/feed/v1/changes") for _ in range(4)]
        assert [answer.status_code for answer in told] == [200, 200, 200, 429]
        assert problem(told[-1]) == (429, "rate_limited")
        assert 0 < int(told[-1].headers["Retry-After"]) <= 60
        assert second("GET", "/feed/v1/changes").status_code == 200  # another token, its own rate

    def test_none_where_the_operator_wants_none(
        self, world: World, make_app: Callable[..., Flask], settings: Settings
    ) -> None:
        app = make_app(settings=load({"LANTOA_FEED_RATE": "0"}, data=settings.data))
        call = Caller(app, world.library()[1])
        assert {call("GET", "/feed/v1/changes").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("path", ["feed.rss", "oai?verb=ListRecords&metadataPrefix=oai_dc"])
def test_pulls_of_every_form_are_counted(
    world: World,
    site: tuple[Library, str],
    library: Caller,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setattr("webapp.feed.pulls.EVERY", 0.0)
    world.clip(State.PUBLISHED)
    known = library("GET", f"/feed/v1/{path}").headers["ETag"]
    library("GET", f"/feed/v1/{path}", If_None_Match=known)
    with world.read() as session:
        (row,) = session.query(Pulls).all()
    assert (row.library_id, row.asked, row.unchanged, row.changes) == (site[0].id, 2, 1, 0)


def test_pulls_are_counted_by_day(
    world: World, site: tuple[Library, str], library: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.feed.pulls.EVERY", 0.0)
    world.clip(State.PUBLISHED)
    known = etag(library("GET", "/feed/v1/changes"))
    for _ in range(3):
        library("GET", "/feed/v1/changes", If_None_Match=known)
    with world.read() as session:
        (row,) = session.query(Pulls).all()
    assert (row.library_id, row.asked, row.unchanged, row.changes) == (site[0].id, 4, 3, 1)


def test_a_library_for_all_the_public_sees_no_more(
    world: World, site: tuple[Library, str], library: Caller
) -> None:
    """Records, one clip, the snapshot and the media themselves."""
    with world.write() as session:
        feed.set_view(session, site[0].id, View(scope="public"))
    inside = world.clip(State.PUBLISHED, scope=None)
    outside = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
    reader = Reader(library)
    reader.follow()
    assert (list(reader.shelf), reader.is_right()) == ([inside], True)
    assert problem(library("GET", f"/feed/v1/clips/{outside}")) == (404, "no_such_clip")
    assert library("GET", f"/media/{outside}/poster.jpg").status_code == 404


ODD = (
    '"what": "x"',
    '\\"what": "',
    'a"poster": "b',
    "\\",
    '{"what": "',
    "Tiếng Việt \u2028",
    "</script>",
)


@pytest.mark.parametrize("title", ODD)
def test_the_text_that_is_sent_is_the_record(app: Flask, world: World, title: str) -> None:
    """A record is sent as it is stored, with its paths replaced: no title may look like one."""
    world.clip(State.PUBLISHED)
    with world.read() as session:
        (entry,) = feed.changes(session).entries
    assert entry.record is not None
    stored = {**entry.record, "title": title, "credit": title, "summary": title}
    old = {k: v for k, v in stored.items() if k not in ("audio", "view_bytes")}
    texts = [json.dumps(stored), json.dumps(stored, ensure_ascii=False), json.dumps(old)]
    with app.app_context():
        told = json.loads(f"[{changes_text(entry._replace(text=text) for text in texts)}]")
        assert [change["clip"] for change in told] == [
            clip_record(stored),
            clip_record(stored),
            clip_record(old),
        ]
