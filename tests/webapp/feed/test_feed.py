"""The feed, as a library site reads it: a cursor to follow, and a proof that the copy is right."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from review import publication
from review.consent import Scope
from review.policy import Role
from review.states import Action, State
from tests.webapp.conftest import Caller, problem
from tests.webapp.feed.conftest import edit
from tests.world import TITLE, World, consented

Callers = Callable[..., Caller]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass
class Reader:
    """A library site: follows the cursor, keeps what is live, proves it by the digest."""

    call: Caller
    limit: int = 100
    cursor: str | None = None
    shelf: dict[str, dict[str, Any]] = field(default_factory=dict)

    def follow(self) -> None:
        more = True
        while more:
            at = "" if self.cursor is None else f"&cursor={self.cursor}"
            page = self.call("GET", f"/feed/v1/changes?limit={self.limit}{at}").get_json()
            for change in page["changes"]:
                if change["kind"] == "withdrawn":
                    self.shelf.pop(change["clip"]["id"], None)
                else:
                    self.shelf[change["clip"]["id"]] = change["clip"]
            self.cursor, more = page["next"], page["more"]

    def digest(self) -> str:
        lines = [f"{i} {c['revision']} {c['seq']}\n" for i, c in sorted(self.shelf.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def is_right(self) -> bool:
        """The server's snapshot says the same as this copy."""
        told = self.call("GET", "/feed/v1/snapshot").get_json()
        assert [c["id"] for c in told["clips"]] == sorted(self.shelf)
        return bool(told["digest"] == self.digest())


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_copy_is_right_at_every_step(world: World, library: Caller, limit: int) -> None:
    reader, late = Reader(library, limit), Reader(library, limit)
    truth: dict[str, str] = {}

    def agree() -> None:
        reader.follow()
        assert {i: c["title"] for i, c in reader.shelf.items()} == truth
        assert reader.is_right()

    agree()
    first = world.clip(State.PUBLISHED, title="một")
    truth[first] = "một"
    agree()
    second = world.clip(State.APPROVED, title="hai")
    agree()
    world.ladder(second)
    truth[second] = "hai"
    agree()
    edit(world, first, title="một, sửa lại")
    truth[first] = "một, sửa lại"
    agree()
    world.withdraw(first, "guardian")
    del truth[first]
    agree()
    world.decide(second, Action.ESCALATE, Role.REVIEWER)
    del truth[second]
    agree()
    third = world.clip(State.PUBLISHED, title="ba")
    truth[third] = "ba"
    agree()
    late.follow()
    assert (late.shelf, late.cursor) == (reader.shelf, reader.cursor)


def test_a_clip_that_comes_back_is_published_again(world: World, library: Caller) -> None:
    reader, clip_id = Reader(library), world.clip(State.PUBLISHED)
    reader.follow()
    world.withdraw(clip_id, "office")
    reader.follow()
    assert reader.shelf == {}
    moderator, clip = world.actor(Role.MODERATOR), world.get(clip_id)
    with world.write() as session:
        publication.restore(session, clip_id, moderator, clip.version)
    world.approve(clip_id, ladder=False)
    reader.follow()

    assert (list(reader.shelf), reader.is_right()) == ([clip_id], True)


class TestChanges:
    def test_a_record_has_the_contracts_fields_and_nobodys_name(
        self, world: World, library: Caller
    ) -> None:
        clip_id = world.clip(State.PUBLISHED, people=(consented("bạn áo đỏ", Scope.LIBRARY),))
        page = library("GET", "/feed/v1/changes").get_json()
        (change,) = page["changes"]
        place = f"http://127.0.0.1:8000/media/{clip_id}"
        sha256 = change["clip"]["renditions"][0]["sha256"]

        assert TIME.fullmatch(change["at"])
        assert TIME.fullmatch(change["clip"]["published_at"])
        assert page == {
            "changes": [
                {
                    "seq": 1,
                    "kind": "published",
                    "at": change["at"],
                    "clip": {
                        "id": clip_id,
                        "revision": 1,
                        "title": TITLE,
                        "summary": "",
                        "language": "vi",
                        "level": "lower_secondary",
                        "topics": [],
                        "campaign": None,
                        "credit": "Lớp 7A",
                        "licence": "CC-BY-NC-4.0",
                        "scope": "library",
                        "reenactment": False,
                        "published_at": change["clip"]["published_at"],
                        "duration_s": 12.5,
                        "poster": f"{place}/poster.jpg",
                        "sprite": None,
                        "captions": [],
                        "renditions": [
                            {
                                "kind": kind,
                                "url": f"{place}/{what}",
                                "width": 640,
                                "height": 360,
                                "bytes": 9,
                                "sha256": sha256,
                                "mime": mime,
                            }
                            for kind, what, mime in (
                                ("hls", "hls/master.m3u8", "application/vnd.apple.mpegurl"),
                                ("mp4", "mp4/360p.mp4", "video/mp4"),
                            )
                        ],
                        "audio": None,
                        "view_bytes": None,
                        "seq": 1,
                    },
                    "reason": None,
                }
            ],
            "next": "s1",
            "more": False,
        }

    def test_a_tombstone_says_when_and_why_and_no_more(self, world: World, library: Caller) -> None:
        clip_id = world.clip(State.PUBLISHED)
        world.withdraw(clip_id, "guardian")
        (change,) = library("GET", "/feed/v1/changes").get_json()["changes"]

        assert change == {
            "seq": 2,
            "kind": "withdrawn",
            "at": change["at"],
            "clip": {"id": clip_id},
            "reason": "guardian",
        }

    def test_no_persons_data_is_in_it(self, world: World, library: Caller) -> None:
        world.clip(State.PUBLISHED, people=(consented(),))
        gone = world.clip(State.PUBLISHED)
        world.withdraw(gone, "owner")
        told = "".join(
            library("GET", f"/feed/v1/{what}").get_data(as_text=True)
            for what in ("changes", "snapshot")
        )
        secrets = [world.school.name, world.school.id, world.group.id, "bạn áo đỏ", "clip.mp4"]
        for account in world.people.values():
            secrets += [account.id, account.username or account.id]

        assert [s for s in secrets if s in told] == []

    def test_what_is_not_meant_for_libraries_is_not_there(
        self, world: World, library: Caller
    ) -> None:
        for scope in (Scope.CLASS, Scope.SCHOOL):
            world.clip(State.PUBLISHED, scope=scope)
        for state in (State.IN_REVIEW, State.APPROVED, State.HELD, State.REJECTED):
            world.clip(state)

        assert library("GET", "/feed/v1/changes").get_json() == {
            "changes": [],
            "next": "s0",
            "more": False,
        }

    def test_pages_are_bounded_and_follow_each_other(self, world: World, library: Caller) -> None:
        for _ in range(3):
            world.clip(State.PUBLISHED)
        seen, cursor = [], ""
        for _ in range(3):
            page = library("GET", f"/feed/v1/changes?limit=1&cursor={cursor}").get_json()
            seen += [(c["seq"], page["more"]) for c in page["changes"]]
            cursor = page["next"]

        assert seen == [(1, True), (2, True), (3, False)]
        assert problem(library("GET", "/feed/v1/changes?limit=501")) == (422, "invalid")

    def test_a_cursor_beyond_the_end_waits_there(self, library: Caller) -> None:
        page = library("GET", "/feed/v1/changes?cursor=s900").get_json()
        assert page == {"changes": [], "next": "s900", "more": False}

    @pytest.mark.parametrize("cursor", ["x", "12", "s-1", "s٣", "s" + "9" * 18, "s1;", "%00"])
    def test_a_wrong_cursor_is_400(self, library: Caller, cursor: str) -> None:
        refused = library("GET", f"/feed/v1/changes?cursor={cursor}")
        assert problem(refused) == (400, "bad_cursor")

    def test_nothing_new_is_304(self, world: World, library: Caller) -> None:
        world.clip(State.PUBLISHED)
        first = library("GET", "/feed/v1/changes")
        etag = first.headers["ETag"]
        same = library("GET", "/feed/v1/changes", If_None_Match=etag)
        world.clip(State.PUBLISHED)
        changed = library("GET", "/feed/v1/changes", If_None_Match=etag)

        assert (etag.startswith("W/"), first.headers["Cache-Control"]) == (
            False,
            "private, no-cache",
        )
        assert (same.status_code, same.data) == (304, b"")
        assert (changed.status_code, changed.headers["ETag"] != etag) == (200, True)


class TestOneClip:
    def test_published_withdrawn_and_anything_else(self, world: World, library: Caller) -> None:
        live, gone = world.clip(State.PUBLISHED), world.clip(State.PUBLISHED)
        world.withdraw(gone)
        narrow = world.clip(State.PUBLISHED, scope=Scope.SCHOOL)
        others = [world.clip(s) for s in (State.DRAFT, State.IN_REVIEW, State.WITHDRAWN)]
        answers = {i: library("GET", f"/feed/v1/clips/{i}") for i in (live, gone, narrow, "x")}

        assert answers[live].status_code == 200
        (first, *_) = library("GET", "/feed/v1/changes").get_json()["changes"]
        assert answers[live].get_json() == first["clip"]
        assert problem(answers[gone]) == (410, "withdrawn")
        assert problem(answers[narrow]) == (404, "no_such_clip")
        assert problem(answers["x"]) == (404, "no_such_clip")
        assert [library("GET", f"/feed/v1/clips/{i}").status_code for i in others] == [
            404,
            404,
            410,  # it had been published
        ]

    def test_a_hold_looks_like_a_withdrawal(self, world: World, library: Caller) -> None:
        clip_id = world.clip(State.PUBLISHED)
        world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
        (change,) = library("GET", "/feed/v1/changes").get_json()["changes"]

        assert (change["kind"], change["reason"]) == ("withdrawn", "office")
        assert problem(library("GET", f"/feed/v1/clips/{clip_id}")) == (410, "withdrawn")


class TestSnapshot:
    def test_it_is_what_the_changes_add_up_to(self, world: World, library: Caller) -> None:
        ids = [world.clip(State.PUBLISHED) for _ in range(3)]
        world.withdraw(ids[1])
        edit(world, ids[0], title="sửa lại")
        told = library("GET", "/feed/v1/snapshot").get_json()
        live = {ids[0]: 5, ids[2]: 3}
        lines = "".join(f"{i} 1 {live[i]}\n" for i in sorted(live))

        assert told == {
            "seq": 5,
            "clips": [{"id": i, "revision": 1, "seq": live[i]} for i in sorted(live)],
            "digest": hashlib.sha256(lines.encode()).hexdigest(),
        }

    def test_an_empty_feed_has_a_digest_too(self, library: Caller) -> None:
        told = library("GET", "/feed/v1/snapshot").get_json()
        assert told == {"seq": 0, "clips": [], "digest": hashlib.sha256(b"").hexdigest()}


class TestAck:
    def test_it_only_grows(self, world: World, library: Caller) -> None:
        for _ in range(3):
            world.clip(State.PUBLISHED)
        told = [library("POST", "/feed/v1/ack", {"seq": s}).get_json() for s in (2, 1, 3)]

        assert told == [{"seq": 2}, {"seq": 2}, {"seq": 3}]

    @pytest.mark.parametrize("seq", [-1, 1.5, "1", None, True, 10**30, 99])
    def test_what_is_not_in_the_feed_can_not_be_applied(self, library: Caller, seq: object) -> None:
        assert problem(library("POST", "/feed/v1/ack", {"seq": seq})) == (422, "invalid")


def test_only_libraries_read_it(world: World, caller: Callers) -> None:
    told = {
        str(who): [
            problem(caller(who)(method, f"/feed/v1/{path}", body))
            for method, path, body in (
                ("GET", "changes", None),
                ("GET", "snapshot", None),
                ("GET", "clips/x", None),
                ("POST", "ack", {"seq": 0}),
            )
        ]
        for who in (None, Role.TEACHER, Role.ADMIN)
    }

    assert told == {
        "None": [(401, "library_token_needed")] * 4,
        "teacher": [(403, "library_token_needed")] * 4,
        "admin": [(403, "library_token_needed")] * 4,
    }


def test_a_library_that_was_switched_off_reads_nothing(world: World, caller: Callers) -> None:
    row, token = world.library()
    with world.write() as session:
        session.merge(row).active = False

    assert problem(caller(token)("GET", "/feed/v1/changes")) == (401, "unknown_token")


def test_odd_text_stays_well_formed(world: World, library: Caller) -> None:
    odd = 'a]]>&<b>"\u2028\x0b{{7*7}}=cmd|'
    world.clip(State.PUBLISHED, title=odd)
    raw = library("GET", "/feed/v1/changes").get_data(as_text=True)

    (change,) = json.loads(raw)["changes"]
    assert "\x0b" not in raw
    assert change["clip"]["title"].startswith('a]]>&<b>"')


def test_it_is_the_same_on_both_databases(any_world: World, make_app: Callable[..., Flask]) -> None:
    call = Caller(make_app(database=any_world.database), any_world.library()[1])
    reader, ids = Reader(call), [any_world.clip(State.PUBLISHED) for _ in range(2)]
    any_world.withdraw(ids[0])
    reader.follow()

    assert (list(reader.shelf), reader.is_right()) == ([ids[1]], True)
