"""The reference client and a server that is not ours: it stops with a sentence."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from tests.mirrors import Ours
from tests.serving import served
from webapp.cli import client
from webapp.cli.client import Refused
from webapp.libraryclient import remote
from webapp.libraryclient.files import Malformed

CLIP = "0" * 26
DIGEST = hashlib.sha256(f"{CLIP} 1 1\n".encode()).hexdigest()
PICTURE = b"\xff\xd8 picture"


def record(**changes: Any) -> dict[str, Any]:
    said = {
        "id": CLIP,
        "seq": 1,
        "revision": 1,
        "title": "một",
        "summary": "",
        "credit": "",
        "licence": "",
        "topics": [],
        "published_at": "2026-03-01T00:00:00Z",
        "duration_s": 1.5,
        "poster": f"http://a.example/media/{CLIP}/poster.jpg",
        "audio": None,
        "renditions": [],
        "captions": [],
    }
    said.update(changes)
    return {name: value for name, value in said.items() if value is not ...}


def page(clip: dict[str, Any], **changes: Any) -> dict[str, Any]:
    change = {"kind": "published", "seq": 1, "at": "", "reason": None, "clip": clip}
    return {"changes": [change], "next": "1", "more": False, **changes}


@dataclass
class Hostile:
    """What it answers, and what it was asked."""

    page: Any
    poster: Response | BaseResponse | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> Any:
            self.asked.append((path, request.headers.get("Authorization")))
            if path == "feed/v1/changes":
                return self.page if request.args["cursor"] in ("", "same") else page({}, changes=[])
            if path == "feed/v1/snapshot":
                return {"digest": DIGEST, "clips": [{"id": CLIP}]}
            if path.startswith("feed/v1/clips/"):
                return record()
            if path.startswith("media/"):
                return self.poster
            return Response(PICTURE) if path == "picture.jpg" else {}

        return app


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def mirror(stack: ExitStack, server: Hostile, tmp_path: Path) -> Ours:
    return Ours(stack.enter_context(served(server.app())), "secret", tmp_path / "mirror")


FILM = {"kind": "mp4", "url": f"/media/{CLIP}/mp4/360p.mp4", "sha256": "", "bytes": 1}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("title", page(record(title="\ud800"))),
        ("title", page(record(title=7))),
        ("renditions", page(record(renditions=...))),
        ("renditions", page(record(renditions=["x"]))),
        ("renditions.height", page(record(renditions=[{**FILM, "height": "x"}]))),
        ("renditions.bytes", page(record(renditions=[{**FILM, "height": 1, "bytes": -1}]))),
        ("captions.url", page(record(captions=[{}]))),
        ("topics", page(record(topics=[{}]))),
        ("duration_s", page(record(duration_s="1"))),
        ("seq", page(record(seq=None))),
        ("seq", page(record(seq=2**70))),
        ("record", page(record(more={"deep": ["\udfff"]}))),
        ("changes", {"next": "1", "more": False}),
        ("next", page(record(), next=None)),
        ("clip", page(record(), changes=[{}])),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(
    stack: ExitStack, tmp_path: Path, name: str, said: dict[str, Any]
) -> None:
    server = Hostile(Response(json.dumps(said), mimetype="application/json"))
    with pytest.raises(Malformed, match=f"^the feed says {name}: "):
        mirror(stack, server, tmp_path).run()


@pytest.mark.parametrize("cursor", ["same", ""])
def test_more_for_ever_at_one_place(stack: ExitStack, tmp_path: Path, cursor: str) -> None:
    server = Hostile({"changes": [], "next": cursor, "more": True})
    with pytest.raises(Malformed, match="again and again"):
        mirror(stack, server, tmp_path).run()


def test_an_answer_without_end_is_not_kept(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LARGEST", 1 << 20)
    server = Hostile(Response(itertools.repeat(b" " * 100_000), mimetype="application/json"))
    with pytest.raises(Refused, match="more than 1 MiB"):
        mirror(stack, server, tmp_path).run()


def test_a_redirect_without_end_is_not_read(stack: ExitStack, tmp_path: Path) -> None:
    endless = itertools.repeat(b" " * 100_000)
    server = Hostile(Response(endless, 302, {"Location": "/nothing"}))
    with pytest.raises(Malformed, match="changes"):
        mirror(stack, server, tmp_path).run()


class TestPoster:
    """Nothing tells what it should be."""

    @pytest.fixture
    def other(self, stack: ExitStack) -> tuple[Hostile, str]:
        """Another server, and the address of a picture there under another name."""
        server = Hostile(None)
        url = stack.enter_context(served(server.app()))
        return server, f"{url.replace('127.0.0.1', 'localhost')}/picture.jpg"

    def test_it_is_not_fetched_from_inside_for_a_server_outside(
        self,
        stack: ExitStack,
        tmp_path: Path,
        other: tuple[Hostile, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(remote, "_is_inside", lambda host: host == "localhost")
        ours = mirror(stack, Hostile(page(record()), redirect(other[1])), tmp_path)
        assert ours.run().failed == [CLIP]
        assert other[0].asked == []
        assert any("leads into this network" in line for line in ours.said)

    def test_a_bucket_is_asked_without_our_token(
        self, stack: ExitStack, tmp_path: Path, other: tuple[Hostile, str]
    ) -> None:
        """Where the server itself stands inside, as here, its bucket may too."""
        ours = mirror(stack, Hostile(page(record()), redirect(other[1])), tmp_path)
        assert ours.run().failed == []
        assert other[0].asked == [("picture.jpg", None)]
        assert (ours.folder / "clips" / CLIP / "poster.jpg").read_bytes() == PICTURE

    def test_it_leads_on_and_on(self, stack: ExitStack, tmp_path: Path) -> None:
        place = f"/media/{CLIP}/poster.jpg"
        ours = mirror(stack, Hostile(page(record()), redirect(place)), tmp_path)
        assert ours.run().failed == [CLIP]


def test_a_name_that_leads_inside() -> None:
    assert [remote._is_inside(h) for h in ("127.0.0.1", "::1", "10.0.0.1", "1.1.1.1")] == [
        True,
        True,
        True,
        False,
    ]
