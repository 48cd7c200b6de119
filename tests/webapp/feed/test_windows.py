"""The feed in the readers of people: each view parsed by a reader that is not ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree
from sqlalchemy import update

from review import feed, publication
from review.consent import Scope
from review.models import Clip, FeedEntry
from review.policy import Role
from review.states import State
from tests.captioning import keep, published
from tests.rows import counted
from tests.webapp.conftest import Caller, problem
from tests.webapp.feed.conftest import Shelf
from tests.world import World

LISTED = "/feed/v1/oai?verb=ListIdentifiers&metadataPrefix=oai_dc"
VIEWS = ("feed.json", "feed.rss", "feed.atom")
NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
SITE = "http://127.0.0.1:8000"
_URL = {"type": "string", "format": "uri", "pattern": "^https?://"}
# After the text of jsonfeed.org/version/1.1: what must be there, of what type, and nothing else.
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "home_page_url": _URL,
        "feed_url": _URL,
        "next_url": _URL,
        "language": {"type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "anyOf": [{"required": ["content_text"]}, {"required": ["content_html"]}],
                "additionalProperties": False,
                "patternProperties": {"^_[A-Za-z]+$": {"type": "object"}},
                "properties": {
                    "id": {"type": "string"},
                    "url": _URL,
                    "title": {"type": "string"},
                    "content_text": {"type": "string", "minLength": 1},
                    "summary": {"type": "string"},
                    "image": _URL,
                    "date_published": {"type": "string", "format": "date-time"},
                    "date_modified": {"type": "string", "format": "date-time"},
                    "language": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "authors": {
                        "type": "array",
                        "items": {"type": "object", "required": ["name"]},
                    },
                    "attachments": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["url", "mime_type"],
                            "additionalProperties": False,
                            "properties": {
                                "url": _URL,
                                "mime_type": {"type": "string"},
                                "title": {"type": "string"},
                                "size_in_bytes": {"type": "integer"},
                                "duration_in_seconds": {"type": "number"},
                            },
                        },
                    },
                },
            },
        },
    },
}


def parsed(response: Any) -> Any:
    """As feedparser reads it; it complains of nothing."""
    assert response.status_code == 200
    kind = {"content-type": response.headers["Content-Type"]}
    found = feedparser.parse(response.data, response_headers=kind)
    assert not found.bozo, found.get("bozo_exception")
    return found


def tree(response: Any) -> Any:
    return etree.fromstring(response.data)


class TestJsonFeed:
    def test_it_is_json_feed(self, library: Caller, shelf: Shelf) -> None:
        answer = library("GET", "/feed/v1/feed.json?limit=1")
        told = answer.get_json(force=True)

        assert answer.mimetype == "application/feed+json"
        Draft202012Validator(JSON_FEED, format_checker=FormatChecker()).validate(told)
        assert told["next_url"].startswith(f"{SITE}/feed/v1/feed.json?")

    def test_an_item_says_what_the_record_says(self, library: Caller, shelf: Shelf) -> None:
        first, second = library("GET", "/feed/v1/feed.json").get_json(force=True)["items"]
        place = f"{SITE}/media/{shelf.rich}"

        assert second["id"] == f"urn:lantoa:clip:{shelf.plain}"
        assert first == {
            "id": f"urn:lantoa:clip:{shelf.rich}",
            "url": f"{SITE}/library/{shelf.rich}",
            "title": "Mật khẩu & <bạn bè>",
            "content_text": "Vì sao không nói\nmật khẩu cho ai.",
            "summary": "Vì sao không nói\nmật khẩu cho ai.",
            "image": f"{place}/poster.jpg",
            "date_published": first["date_published"],
            "date_modified": first["date_modified"],
            "authors": [{"name": "Lớp 7A"}],
            "tags": ["Dùng mạng xã hội an toàn", "Ứng xử văn minh"],
            "language": "vi",
            "attachments": [
                {
                    "url": f"{place}/mp4/360p.mp4",
                    "mime_type": "video/mp4",
                    "title": "Mật khẩu & <bạn bè>",
                    "size_in_bytes": 9,
                    "duration_in_seconds": 12.5,
                }
            ],
            "_lantoa": {
                "id": shelf.rich,
                "seq": 4,
                "revision": 1,
                "topics": ["safe_networks", "conduct"],
                "level": "primary",
                "campaign": None,
                "licence": "CC-BY-NC-4.0",
                "scope": "public",
                "hls": f"{place}/hls/master.m3u8",
                "captions": [],
            },
        }


class TestRss:
    def test_a_reader_finds_the_file_the_picture_and_the_words(
        self, library: Caller, shelf: Shelf
    ) -> None:
        found = parsed(library("GET", "/feed/v1/feed.rss"))
        first, second = found.entries
        place = f"{SITE}/media/{shelf.rich}"

        assert (found.version, found.feed.language) == ("rss20", "vi")
        assert [e.id for e in (first, second)] == [
            f"urn:lantoa:clip:{i}" for i in (shelf.rich, shelf.plain)
        ]
        assert (first.title, first.link) == (
            "Mật khẩu & <bạn bè>",
            f"{SITE}/library/{shelf.rich}",
        )
        assert [dict(c) for c in first.media_content] == [
            {
                "url": f"{place}/mp4/360p.mp4",
                "filesize": "9",
                "type": "video/mp4",
                "medium": "video",
                "isdefault": "true",
                "expression": "full",
                "duration": "12",
                "width": "640",
                "height": "360",
                "lang": "vi",
            }
        ]
        assert [t["url"] for t in first.media_thumbnail] == [f"{place}/poster.jpg"]
        assert first.media_keywords == "Dùng mạng xã hội an toàn, Ứng xử văn minh"
        assert first.media_rating == {"content": "nonadult", "scheme": "urn:simple"}
        assert [(e.href, e.length) for e in first.enclosures] == [(f"{place}/mp4/360p.mp4", "9")]
        assert first.media_license["href"] == "https://creativecommons.org/licenses/by-nc/4.0/"

    def test_captions_are_named_by_language(self, world: World, library: Caller) -> None:
        clip_id = published(world)
        keep(world, clip_id, Role.MODERATOR)
        (row,) = tree(library("GET", "/feed/v1/feed.rss")).findall(".//media:subTitle", NS)

        assert dict(row.attrib) == {
            "type": "text/vtt",
            "lang": "vi",
            "href": f"{SITE}/media/{clip_id}/captions/vi.vtt",
        }


class TestAtom:
    def test_a_reader_finds_entries_and_links(self, library: Caller, shelf: Shelf) -> None:
        found = parsed(library("GET", "/feed/v1/feed.atom"))
        (first, second) = found.entries

        assert (found.version, found.feed.id) == ("atom10", "urn:lantoa:feed")
        assert (first.id, second.id) == tuple(
            f"urn:lantoa:clip:{i}" for i in (shelf.rich, shelf.plain)
        )
        assert [(t.term, t.label) for t in first.tags] == [
            ("safe_networks", "Dùng mạng xã hội an toàn"),
            ("conduct", "Ứng xử văn minh"),
            ("primary", None),
        ]
        assert [x.href for x in first.links if x.rel == "enclosure"] == [
            f"{SITE}/media/{shelf.rich}/mp4/360p.mp4"
        ]
        assert re.fullmatch(r"[\d-]{10}T[\d:.]{12}Z", first.updated)

    def test_what_was_withdrawn_stands_as_a_tombstone(self, library: Caller, shelf: Shelf) -> None:
        feed = tree(library("GET", "/feed/v1/feed.atom"))
        (gone,) = feed.findall("at:deleted-entry", NS)

        assert gone.get("ref") == f"urn:lantoa:clip:{shelf.gone}"
        assert gone.findtext("at:comment", namespaces=NS) == "guardian"
        assert gone.get("when") == feed.findtext("atom:updated", namespaces=NS)
        assert f"{shelf.gone}" not in "".join(feed.itertext())

    def test_its_pages_lead_through_all_of_it(self, library: Caller, shelf: Shelf) -> None:
        address, seen = "/feed/v1/feed.atom?limit=1", []
        for _ in range(3):
            feed = tree(library("GET", address))
            seen += [e.findtext("atom:id", namespaces=NS) for e in feed.findall("atom:entry", NS)]
            seen += [e.get("ref") for e in feed.findall("at:deleted-entry", NS)]
            links = {x.get("rel"): x.get("href") for x in feed.findall("atom:link", NS)}
            assert links["self"] == SITE + address
            assert links["first"] == f"{SITE}/feed/v1/feed.atom?limit=1"
            address = links.get("next", "").removeprefix(SITE)

        assert address == ""
        assert seen == [f"urn:lantoa:clip:{i}" for i in (shelf.gone, shelf.rich, shelf.plain)]


@pytest.mark.parametrize("view", VIEWS)
class TestEvery:
    def test_an_empty_feed_is_one(self, library: Caller, view: str) -> None:
        answer = library("GET", f"/feed/v1/{view}")
        if view == "feed.json":
            assert answer.get_json(force=True)["items"] == []
        else:
            assert parsed(answer).entries == []

    def test_nothing_new_is_304(
        self, world: World, library: Caller, shelf: Shelf, view: str
    ) -> None:
        first = library("GET", f"/feed/v1/{view}")
        etag = first.headers["ETag"]
        same = library("GET", f"/feed/v1/{view}", If_None_Match=etag)
        world.withdraw(shelf.plain)
        changed = library("GET", f"/feed/v1/{view}", If_None_Match=etag)

        assert not etag.startswith("W/")
        assert (same.status_code, same.data) == (304, b"")
        assert (changed.status_code, shelf.plain in changed.get_data(as_text=True)) == (
            200,
            view == "feed.atom",
        )

    def test_as_many_queries_for_many_as_for_one(
        self, world: World, library: Caller, view: str
    ) -> None:
        told = []
        library("GET", f"/feed/v1/{view}")  # a library's first pull is noted at once
        for count in (1, 4):
            for _ in range(count):
                world.clip(State.PUBLISHED)
            with counted(world.database) as statements:
                library("GET", f"/feed/v1/{view}")
            told.append(len(statements))
        assert told[0] == told[1]

    def test_a_wrong_cursor_is_400(self, library: Caller, view: str) -> None:
        for cursor in ("x", "s-1", "12"):
            refused = library("GET", f"/feed/v1/{view}?before={cursor}")
            assert problem(refused) == (400, "bad_cursor")

    def test_only_libraries_read_it(self, caller: Callable[..., Caller], view: str) -> None:
        told = [problem(caller(who)("GET", f"/feed/v1/{view}")) for who in (None, Role.ADMIN)]
        assert told == [(401, "library_token_needed"), (403, "library_token_needed")]

    def test_what_is_not_meant_for_libraries_is_not_there(
        self, world: World, library: Caller, view: str
    ) -> None:
        for scope in (Scope.CLASS, Scope.SCHOOL):
            world.clip(State.PUBLISHED, scope=scope)
        for state in (State.IN_REVIEW, State.APPROVED, State.HELD):
            world.clip(state)
        assert "urn:lantoa:clip:" not in library("GET", f"/feed/v1/{view}").get_data(as_text=True)

    def test_no_letter_breaks_it(
        self, world: World, library: Caller, shelf: Shelf, view: str
    ) -> None:
        """A row that an older program wrote: today's forms take no such letter."""
        odd = "\x01\x08\x0b\x1f\ud800a\udfff\ud800\ufffe\uffff]]>\x85\u2028"
        with world.write() as session:
            entry = session.get_one(FeedEntry, 4)
            texts = dict.fromkeys(("title", "summary", "credit"), f"a{odd}b")
            session.execute(
                update(FeedEntry)
                .where(FeedEntry.seq == 4)
                .values(record={**(entry.record or {}), **texts})
            )
        answer = library("GET", f"/feed/v1/{view}")
        if view == "feed.json":
            title = json.loads(answer.data.decode())["items"][0]["title"]
        else:
            title = tree(answer).xpath("//*[local-name()='title'][starts-with(., 'a')]")[0].text
            assert parsed(answer).entries[0].title
        assert title == "aa]]>\x85\u2028b"


def test_a_library_of_public_clips_finds_no_other_in_any_form(
    world: World, caller: Callable[..., Caller], shelf: Shelf
) -> None:
    """What left its view is a tombstone to it; what it was never shown is not there at all."""
    _, token = world.library()
    wide = caller(token)
    partner, narrow_token = world.library()
    narrow = caller(narrow_token)
    with world.write() as session:
        feed.set_view(session, partner.id, feed.View(Scope.PUBLIC))
    late = world.clip(State.PUBLISHED, title="bốn", scope=Scope.LIBRARY)

    def ids(who: Caller) -> dict[str, bool]:
        """Id -> whether it is live, from OAI-PMH."""
        told = etree.fromstring(
            who("GET", "/feed/v1/oai?verb=ListIdentifiers&metadataPrefix=oai_dc").data
        )
        found = told.iterfind(".//{*}header")
        return {
            h.findtext("{*}identifier").rpartition(":")[2]: h.get("status") is None for h in found
        }

    assert ids(wide) == {shelf.rich: True, shelf.plain: True, shelf.gone: False, late: True}
    assert ids(narrow) == {shelf.rich: True, shelf.plain: False, shelf.gone: False}
    for view in VIEWS:
        text = narrow("GET", f"/feed/v1/{view}").text
        assert late not in text
        assert "hai" not in re.findall(r"<title>([^<]*)</title>", text)
    items = json.loads(narrow("GET", "/feed/v1/feed.json").data)["items"]
    assert len(items) == 1
    with world.write() as session:
        version = session.get_one(Clip, shelf.rich).version
        publication.lower_scope(
            session, shelf.rich, world.actor(Role.MODERATOR), Scope.LIBRARY, version
        )
    # In the same word as where it follows with a cursor.
    assert narrow("GET", "/feed/v1/changes").get_json()["changes"][-1]["reason"] == (
        "scope_lowered"
    )
    told = narrow("GET", "/feed/v1/feed.atom").text
    assert "scope_lowered" in told
    assert "view_left" not in told
    asked = "/feed/v1/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={}"
    told = narrow("GET", asked.format(_oai_id(wide, late))).text
    assert "idDoesNotExist" in told
    assert 'status="deleted"' in narrow("GET", asked.format(_oai_id(wide, shelf.plain))).text


def _oai_id(who: Caller, clip_id: str) -> str:
    told = who("GET", LISTED).text
    (found,) = re.findall(rf"<identifier>([^<]*{clip_id})</identifier>", told)
    return str(found)
