"""What do the feed's pages and 304s cost, beside the same server that answers from memory?

.venv/bin/python bench/feed.py [--rounds 7] [--calls 150] [--entries 1000000]

One gunicorn worker on SQLite, as `lantoa web` runs it, and one client on one connection. "Memory"
is a route of the same application, behind the same middleware, that holds the very bytes. A page is
"made" for the first who asks after a change, and "kept" for the libraries that follow. The
entries at both ends of the log are as long as real ones, those between are short: the file would
have 2 GB else.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.measure import in_turns, ratio, row, table  # noqa: E402
from bench.uploads import wait_for  # noqa: E402
from review import accounts, schema  # noqa: E402
from storage_config.database import Database  # noqa: E402
from storage_config.settings import load  # noqa: E402
from tests.services.ports import free_port  # noqa: E402

SERVER = """
import sys
from flask import Response, request
from pathlib import Path
from storage_config.settings import load
from webapp.app import create_app
from webapp.server import Server, gunicorn_options

held = {}

def make():
    app = create_app(load({"LANTOA_FEED_RATE": "0"}, data=Path(sys.argv[1])))

    @app.before_request
    def forget_pages():
        if "X-Made" in request.headers:
            app.extensions["lantoa_feed_pages"].__init__()

    @app.post("/feed/bench/hold/<name>")
    def hold(name):
        kept = {k: request.headers[k] for k in ("X-Etag", "X-Encoding") if k in request.headers}
        held[name] = (request.get_data(), kept["X-Etag"], kept.get("X-Encoding"))
        return {}

    @app.get("/feed/bench/memory/<name>")
    def memory(name):
        body, etag, encoding = held[name]
        known = request.if_none_match.contains_weak(etag)
        response = Response(status=304) if known else Response(body, mimetype="application/json")
        response.set_etag(etag)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Accept-Encoding, Authorization"
        if encoding and not known:
            response.headers["Content-Encoding"] = encoding
        return response

    return app

Server(make, gunicorn_options("127.0.0.1", int(sys.argv[2]), 1)).run()
"""
EDGE = 1000  # entries at each end that are as long as real ones
CLIP = "01m{:023d}"


def record(number: int, *, short: bool) -> str:
    clip_id = CLIP.format(number)
    value: dict[str, object] = {"id": clip_id, "revision": 1, "title": "Đừng chia sẻ mật khẩu"}
    if not short:
        value |= {
            "summary": "Bạn bè hỏi mật khẩu thì trả lời thế nào? " * 5,
            "language": "vi",
            "level": "lower_secondary",
            "topics": ["safe_networks", "conduct"],
            "campaign": None,
            "credit": "Lớp 7A",
            "licence": "CC-BY-NC-4.0",
            "scope": "public",
            "reenactment": False,
            "published_at": "2026-03-01T08:00:00.000Z",
            "duration_s": 61.2,
            "poster": "poster.jpg",
            "sprite": "sprite.vtt",
            "captions": [],
            "renditions": [
                {
                    "kind": "mp4",
                    "what": f"mp4/{height}p.mp4",
                    "width": height * 16 // 9,
                    "height": height,
                    "bytes": 5_000_000,
                    "sha256": "5" * 64,
                    "mime": "video/mp4",
                }
                for height in (240, 360, 480, 720)
            ],
            "audio": {"what": "audio.m4a", "bytes": 9, "sha256": "5" * 64, "mime": "audio/mp4"},
            "view_bytes": {"low": 1_000_000, "usual": 5_000_000},
        }
    return json.dumps(value | {"seq": number}, ensure_ascii=False)


def fill(data: Path, entries: int) -> str:
    """A log of so many entries and a page more; a library's token."""
    database = Database(load({}, data=data).database_url)
    schema.upgrade(database.engine)
    with database.write() as session:
        library = accounts.add_library(session, "Thư viện đo")
        token = accounts.add_token(session, label="bench", library_id=library.id)
    database.dispose()
    last = entries + EDGE
    rows = ((n, CLIP.format(n), record(n, short=EDGE < n <= entries)) for n in range(1, last + 1))
    with sqlite3.connect(data / "lantoa.sqlite3") as connection:
        connection.executemany(
            "INSERT INTO feed (seq, kind, clip_id, at, record, revision, scope, level) VALUES "
            "(?, 'published', ?, '2026-03-01 08:00:00.000000', ?, 1, 'public', 'lower_secondary')",
            rows,
        )
        connection.execute("INSERT OR REPLACE INTO feed_head (id, seq) VALUES (1, ?)", (last,))
    connection.close()
    return token


@contextmanager
def serving(data: Path) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(data), str(port)], cwd=ROOT)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


class Client:
    def __init__(self, port: int, token: str, calls: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.calls = calls

    def ask(self, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", path, headers=self.headers | named)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def many(self, status: int, path: str, **headers: str) -> Callable[[], None]:
        def work() -> None:
            for _ in range(self.calls):
                assert self.ask(path, **headers)[0] == status

        return work

    def hold(self, name: str, path: str, **headers: str) -> str:
        """Have the memory route answer what ``path`` answers; its ETag."""
        _, told, body = self.ask(path, **headers)
        etag = told["ETag"].strip('"')
        kept = {"X-Etag": etag, "X-Encoding": told.get("Content-Encoding", "")}
        self.connection.request("POST", f"/feed/bench/hold/{name}", body, self.headers | kept)
        self.connection.getresponse().read()
        return etag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=150)
    parser.add_argument("--entries", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lantoa-bench-") as folder:
        data = Path(folder)
        token = fill(data, chosen.entries)
        with serving(data) as port:
            measure(Client(port, token, chosen.calls), chosen.entries, chosen.rounds)


def measure(client: Client, entries: int, rounds: int) -> None:
    start, end = "/feed/v1/changes?cursor=s0", f"/feed/v1/changes?cursor=s{entries}"
    tail = f"/feed/v1/changes?cursor=s{entries + EDGE}"
    small = {"Accept_Encoding": "gzip"}
    client.hold("page", start)
    client.hold("small", start, **small)
    known = client.hold("tail", tail)
    print(
        f"a page of 100: {len(client.ask(start)[2])} bytes, "
        f"{len(client.ask(start, **small)[2])} with gzip"
    )
    memory = "/feed/bench/memory"
    costs = in_turns(
        {
            "page, made": client.many(200, start, X_Made="1"),
            "page, made, at the end": client.many(200, end, X_Made="1"),
            "page, kept": client.many(200, start),
            "memory": client.many(200, f"{memory}/page"),
            "gzip, made": client.many(200, start, X_Made="1", **small),
            "gzip, kept": client.many(200, start, **small),
            "memory gzip": client.many(200, f"{memory}/small", **small),
            "304": client.many(304, tail, If_None_Match=f'"{known}"'),
            "memory 304": client.many(304, f"{memory}/tail", If_None_Match=f'"{known}"'),
        },
        rounds,
    )
    table("answer", "ms (median)")
    for name, found in costs.items():
        middle = sorted(c.wall for c in found)[len(found) // 2]
        row(name, f"{middle / client.calls * 1000:.2f}")
    table("rate, or time", "ratio (range)", "target")
    row(
        f"time at cursor {entries} to the start",
        ratio(costs["page, made, at the end"], costs["page, made"]),
        "<= 1.2",
    )
    for name, theirs, target in (
        ("page, made", "memory", "-"),
        ("page, kept", "memory", ">= 0.5"),
        ("gzip, made", "memory gzip", "-"),
        ("gzip, kept", "memory gzip", ">= 0.5"),
        ("304", "memory 304", ">= 0.7"),
    ):
        row(f"rate, {name} to {theirs}", ratio(costs[theirs], costs[name]), target)


if __name__ == "__main__":
    main()
