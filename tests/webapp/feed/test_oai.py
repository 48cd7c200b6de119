"""OAI-PMH, by the letter of its text, and as a harvester that is not ours reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from flask import Flask
from lxml import etree
from oaipmh_scythe import Scythe
from oaipmh_scythe.config import HTTPConfig
from sqlalchemy import update

from review.models import FeedEntry
from review.policy import Role
from review.states import State
from tests.rows import add_campaign
from tests.serving import served
from tests.webapp.conftest import Caller, problem
from tests.webapp.feed.conftest import Shelf, edit
from tests.world import World

NS = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lom": "http://ltsc.ieee.org/xsd/LOM",
}
DC = {"metadataPrefix": "oai_dc"}


class Bearer(httpx2.Auth):
    def __init__(self, token: str) -> None:
        self.token = token

    def auth_flow(self, request: Any) -> Iterator[Any]:
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


@pytest.fixture
def harvester(app: Flask, world: World) -> Iterator[Callable[..., Scythe]]:
    """A foreign client of a real server."""
    opened = []
    with served(app) as address:

        def make(method: str = "GET") -> Scythe:
            auth = Bearer(world.library()[1])
            config = HTTPConfig(http_method=method, auth=auth)
            opened.append(Scythe(f"{address}/feed/v1/oai", http_config=config))
            return opened[-1]

        yield make
        for scythe in opened:
            scythe.close()


def name(clip_id: str) -> str:
    return f"urn:lantoa:clip:{clip_id}"


def ask(library: Caller, verb: str, **arguments: str) -> Any:
    """The answer as a tree; ``from_`` is "from"."""
    query = {k.rstrip("_"): v for k, v in arguments.items()}
    answer = library.client.get(
        "/feed/v1/oai", query_string={"verb": verb, **query}, headers=library.headers
    )
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    return etree.fromstring(answer.data)


def error(told: Any) -> str:
    assert [etree.QName(e).localname for e in told] == ["responseDate", "request", "error"]
    return str(told.find("oai:error", NS).get("code"))


def headers(told: Any) -> list[tuple[str, str | None]]:
    return [
        (h.findtext("oai:identifier", namespaces=NS).rpartition(":")[2], h.get("status"))
        for h in told.iterfind(".//oai:header", NS)
    ]


_DEEP = base64.urlsafe_b64encode(b"[" * 100_000).decode()


class TestHarvester:
    """oaipmh-scythe against a real server."""

    def test_it_learns_who_we_are(self, harvester: Callable[..., Scythe], shelf: Shelf) -> None:
        told = harvester().identify()
        assert (told.repositoryName, told.protocolVersion, told.deletedRecord) == (
            "Lan Tỏa",
            "2.0",
            "persistent",
        )
        assert (told.granularity, told.baseURL) == (
            "YYYY-MM-DDThh:mm:ssZ",
            "http://127.0.0.1:8000/feed/v1/oai",
        )

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_it_harvests_all_in_small_pages(
        self,
        harvester: Callable[..., Scythe],
        world: World,
        shelf: Shelf,
        monkeypatch: pytest.MonkeyPatch,
        method: str,
    ) -> None:
        monkeypatch.setattr("webapp.feed.oai.PAGE", 1)
        records = list(harvester(method).list_records(metadata_prefix="oai_dc"))

        assert [(r.header.identifier, r.deleted) for r in records] == [
            (name(shelf.plain), False),
            (name(shelf.rich), False),
            (name(shelf.gone), True),
        ]
        assert records[1].metadata["title"] == ["Mật khẩu & <bạn bè>"]
        assert records[1].metadata["rights"] == ["https://creativecommons.org/licenses/by-nc/4.0/"]
        assert records[1].header.setSpecs == [
            "topic:safe_networks",
            "topic:conduct",
            "level:primary",
        ]

    def test_it_finds_formats_and_sets(
        self, harvester: Callable[..., Scythe], world: World, shelf: Shelf
    ) -> None:
        with world.write() as session:
            add_campaign(session, "tuần an toàn", "Tuần an toàn")
        scythe = harvester()
        sets = {s.setSpec: s.setName for s in scythe.list_sets()}

        assert [f.metadataPrefix for f in scythe.list_metadata_formats()] == ["oai_dc", "oai_lom"]
        assert sets["topic:wellbeing"] == "Tâm lý và hỗ trợ"
        assert sets["level:primary"] == "Tiểu học"
        assert "Tuần an toàn" in sets.values()
        lom = scythe.get_record(identifier=name(shelf.rich), metadata_prefix="oai_lom")
        assert lom.header.identifier == name(shelf.rich)


# Code, verb, arguments.
ERRORS: list[tuple[str, str, dict[str, str]]] = [
    ("badVerb", "", {}),
    ("badVerb", "Nothing", {}),
    ("badArgument", "Identify", {"set": "topic"}),
    ("badArgument", "GetRecord", DC),
    ("badArgument", "GetRecord", {"identifier": name("x")}),
    ("badArgument", "ListRecords", {}),
    ("badArgument", "ListRecords", {**DC, "set": "nothing"}),
    ("badArgument", "ListRecords", {**DC, "set": "topic:nothing"}),
    ("badArgument", "ListRecords", {**DC, "set": "topic:"}),
    ("badArgument", "ListRecords", {**DC, "from_": "yesterday"}),
    ("badArgument", "ListRecords", {**DC, "from_": "2026-02-30"}),
    ("badArgument", "ListRecords", {**DC, "from_": "2026-01-01T00:00:00"}),
    ("badArgument", "ListRecords", {**DC, "from_": "2026-01-02", "until": "2026-01-01"}),
    (
        "badArgument",
        "ListRecords",
        {**DC, "from_": "2026-01-01", "until": "2026-01-02T00:00:00Z"},
    ),
    ("badArgument", "ListRecords", {**DC, "until": "9999-12-31"}),
    ("badArgument", "ListRecords", {**DC, "resumptionToken": "x"}),
    ("badResumptionToken", "ListRecords", {"resumptionToken": "x"}),
    ("badResumptionToken", "ListSets", {"resumptionToken": "x"}),
    ("cannotDisseminateFormat", "ListRecords", {"metadataPrefix": "marc21"}),
    (
        "cannotDisseminateFormat",
        "GetRecord",
        {"identifier": name("x"), "metadataPrefix": "marc21"},
    ),
    ("idDoesNotExist", "GetRecord", {**DC, "identifier": name("0" * 26)}),
    ("idDoesNotExist", "GetRecord", {**DC, "identifier": "oai:other:1"}),
    ("idDoesNotExist", "ListMetadataFormats", {"identifier": "x"}),
    ("noRecordsMatch", "ListRecords", {**DC, "until": "2001-01-01"}),
    ("noRecordsMatch", "ListIdentifiers", {**DC, "from_": "2999-01-01T00:00:00Z"}),
]


class TestErrors:
    def test_each_has_its_code(self, library: Caller, shelf: Shelf) -> None:
        for code, verb, arguments in ERRORS:
            told = ask(library, verb, **arguments)
            assert (verb, arguments, error(told)) == (verb, arguments, code)
            # Of what is not understood no argument is repeated (3.2).
            repeated = bool(told.find("oai:request", NS).attrib)
            assert repeated == (code not in ("badVerb", "badArgument"))

    def test_an_argument_twice(self, library: Caller, shelf: Shelf) -> None:
        answer = library("GET", "/feed/v1/oai?verb=ListRecords&metadataPrefix=a&metadataPrefix=b")
        assert error(etree.fromstring(answer.data)) == "badArgument"

    def test_a_withdrawn_clip_has_no_format(self, library: Caller, shelf: Shelf) -> None:
        told = ask(library, "ListMetadataFormats", identifier=name(shelf.gone))
        assert error(told) == "noMetadataFormats"

    def test_a_forged_token(self, library: Caller, shelf: Shelf) -> None:
        at = "2026-01-01T00:00:00+00:00"
        states: list[object] = [
            [],
            [{}, "", 0, 0],
            [DC, "2026-01-01", 0, 0],
            [DC, at, "1", 0],
            [DC, at, -1, 0],
            [{"metadataPrefix": "marc21"}, at, 1, 0],
            [[], at, 1, 0],
            [{"metadataPrefix": ["oai_dc"]}, at, 1, 0],
            [{**DC, "from": 5}, at, 1, 0],
            [DC, "0001-01-01T00:00:00+14:00", 1, 0],
            [DC, "9999-12-31T23:00:00-14:00", 1, 0],
            [DC, at, True, 0],
            [DC, at, 1, True],
            [{**DC, "set": "campaign:\ud800"}, at, 1, 0],
            [{**DC, "set": "campaign:'00"}, at, 1, 0],
            {"a": 1},
            7,
        ]
        forged = [base64.urlsafe_b64encode(json.dumps(s).encode()).decode() for s in states]
        for token in (*forged, "\x00", "\u0661", "A", "====", "e30", "bnVsbA", "[" * 3000, _DEEP):
            told = ask(library, "ListRecords", resumptionToken=token)
            assert (token, error(told)) == (token, "badResumptionToken")

    def test_a_set_that_no_database_can_write(self, library: Caller, shelf: Shelf) -> None:
        assert error(ask(library, "ListRecords", **DC, set="campaign:'00")) == "badArgument"

    def test_only_libraries_harvest(self, caller: Callable[..., Caller]) -> None:
        told = [problem(caller(who)("GET", "/feed/v1/oai")) for who in (None, Role.ADMIN)]
        assert told == [(401, "library_token_needed"), (403, "library_token_needed")]


LEVELS = ("level:primary", "level:lower_secondary")


class TestParts:
    def test_sets(self, world: World, library: Caller, shelf: Shelf) -> None:
        """A tombstone is in every set: it has forgotten where it belonged."""
        gone = (shelf.gone, "deleted")
        told = {
            spec: headers(ask(library, "ListIdentifiers", **DC, set=spec))
            for spec in ("topic", "topic:conduct", "topic:wellbeing", "level", *LEVELS)
        }
        assert told == {
            "topic": [(shelf.plain, None), (shelf.rich, None), gone],
            "topic:conduct": [(shelf.rich, None), gone],
            "topic:wellbeing": [gone],
            "level": [(shelf.plain, None), (shelf.rich, None), gone],
            "level:primary": [(shelf.rich, None), gone],
            "level:lower_secondary": [(shelf.plain, None), gone],
        }

    def test_a_campaign_is_a_set(self, world: World, library: Caller) -> None:
        with world.write() as session:
            add_campaign(session, "tuần an toàn", "Tuần an toàn")
        clip_id = world.clip(State.PUBLISHED)
        world.clip(State.PUBLISHED)
        with world.write() as session:
            entry = session.get_one(FeedEntry, 1)
            record = {**(entry.record or {}), "campaign": "tuần an toàn"}
            session.execute(update(FeedEntry).where(FeedEntry.seq == 1).values(record=record))
        told = ask(library, "ListIdentifiers", **DC)
        specs = [str(e.text) for e in told.iterfind(".//oai:setSpec", NS)]
        (spec,) = [spec for spec in specs if spec.startswith("campaign:")]
        part = ask(library, "ListIdentifiers", **DC, set=spec)

        assert headers(part) == [(clip_id, None)]
        assert spec in [e.text for e in ask(library, "ListSets").iterfind(".//oai:setSpec", NS)]

    def test_times_are_inclusive_to_the_second_and_to_the_day(
        self, world: World, library: Caller, shelf: Shelf
    ) -> None:
        days = [datetime(2026, 3, d, 12, 0, 0, 500_000, tzinfo=UTC) for d in (1, 2, 3)]
        with world.write() as session:
            for seq, at in zip((2, 4, 5), days, strict=True):
                session.execute(update(FeedEntry).where(FeedEntry.seq == seq).values(at=at))

        def between(**times: str) -> list[str]:
            return [i for i, _ in headers(ask(library, "ListIdentifiers", **DC, **times))]

        assert between(from_="2026-03-02", until="2026-03-02") == [shelf.rich]
        assert between(from_="2026-03-02T12:00:00Z") == [shelf.rich, shelf.gone]
        assert between(until="2026-03-02T12:00:00Z") == [shelf.plain, shelf.rich]
        assert between(until="2026-03-01") == [shelf.plain]
        assert between(from_="2026-03-02T12:00:01Z") == [shelf.gone]

    @pytest.mark.parametrize("limit", [1, 2])
    def test_who_changes_meanwhile_is_not_skipped(
        self, world: World, library: Caller, monkeypatch: pytest.MonkeyPatch, limit: int
    ) -> None:
        monkeypatch.setattr("webapp.feed.oai.PAGE", limit)
        ids = [world.clip(State.PUBLISHED) for _ in range(4)]
        told = ask(library, "ListIdentifiers", **DC)
        seen = headers(told)
        edit(world, ids[0], title="sửa lại")
        world.withdraw(ids[3])
        late = world.clip(State.PUBLISHED)
        while token := told.findtext(".//oai:resumptionToken", namespaces=NS):
            told = ask(library, "ListIdentifiers", resumptionToken=token)
            seen += headers(told)

        assert seen[limit:] == [
            *((i, None) for i in ids[limit:3]),
            (ids[0], None),
            (ids[3], "deleted"),
            (late, None),
        ]
        assert told.find(".//oai:resumptionToken", NS).get("cursor") == str(len(seen) - limit)

    def test_pages_tell_where_they_are(
        self, world: World, library: Caller, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("webapp.feed.oai.PAGE", 2)
        first = ask(library, "ListRecords", **DC).find(".//oai:resumptionToken", NS)
        last = ask(library, "ListRecords", resumptionToken=first.text)
        token = last.find(".//oai:resumptionToken", NS)

        assert (first.get("cursor"), token.get("cursor"), token.text) == ("0", "2", None)


def test_learning_object_metadata(library: Caller, shelf: Shelf) -> None:
    told = ask(library, "GetRecord", identifier=name(shelf.rich), metadataPrefix="oai_lom")
    lom = told.find(".//lom:lom", NS)

    def text(path: str) -> list[str]:
        return [e.text for e in lom.iterfind(path, NS)]

    assert [etree.QName(e).localname for e in lom] == [
        "general",
        "metaMetadata",
        "technical",
        "educational",
        "rights",
    ]
    assert text("lom:general/lom:title/lom:string") == ["Mật khẩu & <bạn bè>"]
    assert text("lom:general/lom:keyword/lom:string") == [
        "Dùng mạng xã hội an toàn",
        "Ứng xử văn minh",
    ]
    assert text("lom:technical/lom:duration/lom:duration") == ["PT12.5S"]
    assert text("lom:educational/lom:typicalAgeRange/lom:string") == ["6-11"]


def test_nobodys_name_is_in_it(world: World, library: Caller, shelf: Shelf) -> None:
    told = "".join(
        etree.tostring(ask(library, "ListRecords", metadataPrefix=prefix), encoding="unicode")
        for prefix in ("oai_dc", "oai_lom")
    )
    secrets = [world.school.name, world.school.id, world.group.id, "clip.mp4", "ba</"]
    for account in world.people.values():
        secrets += [account.id, account.username or account.id]
    assert [s for s in secrets if s in told] == []


def test_no_letter_breaks_it(world: World, library: Caller, shelf: Shelf) -> None:
    with world.write() as session:
        entry = session.get_one(FeedEntry, 4)
        odd = "a\x01\x0b\ud800\uffff]]>b"
        record = {**(entry.record or {}), **dict.fromkeys(("title", "summary", "credit"), odd)}
        session.execute(update(FeedEntry).where(FeedEntry.seq == 4).values(record=record))
    for prefix in ("oai_dc", "oai_lom"):
        told = ask(library, "GetRecord", identifier=name(shelf.rich), metadataPrefix=prefix)
        assert "a]]>b" in "".join(told.itertext())


def test_it_is_the_same_on_both_databases(any_world: World, make_app: Callable[..., Flask]) -> None:
    call = Caller(make_app(database=any_world.database), any_world.library()[1])
    ids = [any_world.clip(State.PUBLISHED) for _ in range(3)]
    edit(any_world, ids[1], topics=("conduct",), level="primary")
    any_world.withdraw(ids[2])
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")

    assert headers(ask(call, "ListRecords", **DC, set="topic:conduct", from_=yesterday)) == [
        (ids[1], None),
        (ids[2], "deleted"),
    ]
    assert headers(ask(call, "ListRecords", **DC, set="level:primary")) == [
        (ids[1], None),
        (ids[2], "deleted"),
    ]
