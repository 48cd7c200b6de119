"""Published clips whose files are really there, and the two clients that mirror them."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from review import processing, queries
from review.consent import Scope
from review.keys import derived
from review.processing import Output, Rendered
from review.states import State
from storage_config.blobs import LocalBlobs
from tests.world import World
from webapp.cli.client import Server
from webapp.libraryclient import Remote, Result, Shelf, Sync

DOCUMENT = Path(__file__).parents[1] / "docs" / "library.md"
FILM = b"a film of several blocks, more or less " * 40


def film(clip_id: str, height: int = 360) -> bytes:
    return f"{clip_id} {height}p ".encode() + FILM


def publish(
    world: World,
    blobs: LocalBlobs,
    *,
    title: str = "một",
    scope: Scope = Scope.PUBLIC,
    heights: tuple[int, ...] = (360,),
) -> str:
    """A published clip with a poster and films."""
    clip_id = world.clip(State.APPROVED, title=title, scope=scope)
    claim = world.claim_job(clip_id, "ladder")
    base = derived(clip_id, 1, claim.attempt_name)
    outputs, made = [], []
    for height in heights:
        what, content = f"mp4/{height}p.mp4", film(clip_id, height)
        sha256 = hashlib.sha256(content).hexdigest()
        blobs.put(f"{base}/{what}", io.BytesIO(content))
        outputs.append(Output(what, f"{base}/{what}", len(content), sha256, "video/mp4"))
        size = (height * 16 // 9, height, len(content), sha256, "video/mp4")
        made.append(Rendered("mp4", what, *size))
    with world.write() as session:
        processing.laddered(session, claim, outputs=outputs, renditions=made)
    with world.read() as session:
        poster = queries.output_files(session, world.get(clip_id))["poster.jpg"]
    blobs.put(poster.key, io.BytesIO(b"\xff\xd8 picture"))
    return clip_id


@dataclass
class Ours:
    """The reference client."""

    url: str
    token: str
    folder: Path
    said: list[str] = field(default_factory=list)

    def run(self, **more: Any) -> Result:
        with Shelf(self.folder, self.url) as shelf:
            return self.sync(shelf, **more).run()

    def sync(self, shelf: Shelf, **more: Any) -> Sync:
        remote = Remote(Server(self.url, self.token), say=self.said.append, pauses=())
        return Sync(shelf, remote, **more)

    def shown(self) -> dict[str, str]:
        """Id -> title of what may be seen; every file of it is right."""
        found = {}
        for path in (self.folder / "clips").glob("*/clip.json"):
            record = json.loads(path.read_text())
            for file in record["files"]:
                content = (path.parent / file["what"]).read_bytes()
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
            found[record["id"]] = record["title"]
        return found


@dataclass
class Documented:
    """The client of docs/library.md, as it stands there."""

    url: str
    token: str
    folder: Path

    def run(self) -> None:
        source = re.search(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
        assert source is not None
        with ExitStack() as stack:
            before = sys.argv
            stack.callback(setattr, sys, "argv", before)
            sys.argv = ["client.py", self.url, self.token, str(self.folder)]
            names: dict[str, Any] = {}
            exec(compile(source[1], str(DOCUMENT), "exec"), names)
            names["web"].close()

    def shown(self) -> dict[str, str]:
        found = {}
        for path in self.folder.glob("*/clip.json"):
            record = json.loads(path.read_text())
            for made in (r for r in record["renditions"] if r["kind"] == "mp4"):
                name = made["url"].partition(f"{record['id']}/")[2].replace("/", "-")
                content = (path.parent / name).read_bytes()
                assert hashlib.sha256(content).hexdigest() == made["sha256"]
            found[record["id"]] = record["title"]
        return found


Client = Ours | Documented
