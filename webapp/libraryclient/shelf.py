"""The folder of a mirror: what the feed said, in one small database, and the files beside it.

``clips/<id>/clip.json`` is written when all files of the clip are there and right, and goes first
when the clip is withdrawn: whatever has one can be shown. ``.lantoa/`` is the client's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from webapp.libraryclient.files import (
    File,
    Malformed,
    checked_id,
    keep_only,
    make_way,
    put,
    sha256_of,
    sync_file,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clips (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, revision INTEGER NOT NULL,
    record TEXT NOT NULL, complete INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS withdrawn (id TEXT PRIMARY KEY, at TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS doomed (id TEXT PRIMARY KEY);
"""


# Clips that are waited for together until the disk has them: alone each costs 20 ms.
AT_ONCE = 500


class InUse(Exception):
    """Another program works in this folder."""


class WrongServer(Exception):
    """The folder mirrors another server."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A clip as the feed said it last."""

    id: str
    seq: int
    record: dict[str, Any]


class Shelf:
    """Open it with ``with``: it is locked meanwhile. ``server`` None: whatever it mirrors."""

    def __init__(self, folder: Path, server: str | None = None) -> None:
        self.folder = folder
        self.clips = folder / "clips"
        self.own = folder / ".lantoa"
        self._trash = self.own / "trash"
        self.own.mkdir(parents=True, exist_ok=True)
        self.clips.mkdir(exist_ok=True)
        self._lock = lock(self.own / "lock")
        self._shown: list[Noted] = []
        self._rows = sqlite3.connect(self.own / "feed.sqlite3", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=FULL")
        self._rows.executescript(_TABLES)
        self.server = self._bind(server)

    def _bind(self, server: str | None) -> str:
        known = self._get("server", "")
        if server and known and server != known:
            self.close()
            raise WrongServer(f"{self.folder} mirrors {known}, not {server}")
        if server and not known:
            self._set("server", server)
        return server or known

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._rows.close()
        os.close(self._lock)

    # What the feed said.

    @property
    def cursor(self) -> str:
        return self._get("cursor", "")

    @property
    def seq(self) -> int:
        """The number of the last change that is noted here."""
        return int(self._get("seq", "0"))

    @property
    def acknowledged(self) -> int:
        return int(self._get("acknowledged", "0"))

    @acknowledged.setter
    def acknowledged(self, seq: int) -> None:
        self._set("acknowledged", str(seq))

    def _get(self, name: str, default: str) -> str:
        row = self._rows.execute("SELECT value FROM told WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def _set(self, name: str, value: str) -> None:
        self._rows.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (name, value))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._rows.execute("ROLLBACK")
            raise
        self._rows.execute("COMMIT")

    def note(self, page: Mapping[str, Any]) -> None:
        """Keep a page's changes and its cursor together: a kill leaves both or none."""
        with self._transaction():
            for change in page["changes"]:
                clip_id = checked_id(change["clip"]["id"])
                if change["kind"] == "withdrawn":
                    self._note_withdrawn(clip_id, change)
                else:
                    self._note_record(change["clip"])
            if page["changes"]:
                self._set("seq", str(max(self.seq, int(page["changes"][-1]["seq"]))))
            self._set("cursor", str(page["next"]))

    def _note_withdrawn(self, clip_id: str, change: Mapping[str, Any]) -> None:
        self._doom(clip_id)
        self._rows.execute(
            "INSERT OR REPLACE INTO withdrawn VALUES (?, ?, ?)",
            (clip_id, change["at"], change["reason"]),
        )

    def _note_record(self, record: Mapping[str, Any]) -> None:
        self._rows.execute(
            "INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?, 0)",
            (record["id"], record["seq"], record["revision"], json.dumps(record)),
        )
        self._rows.execute("DELETE FROM withdrawn WHERE id = ?", (record["id"],))

    def start_over(self) -> None:
        """Read the feed from its beginning again; files that are right stay."""
        with self._transaction():
            for name in ("cursor", "seq", "acknowledged"):
                self._rows.execute("DELETE FROM told WHERE name = ?", (name,))

    def renew(self, record: Mapping[str, Any]) -> None:
        """What the server says of one clip now."""
        checked_id(record["id"])
        with self._transaction():
            self._note_record(record)

    def drop(self, clip_id: str) -> None:
        """The clip is not in the feed any more, whatever the reason."""
        with self._transaction():
            self._doom(clip_id)

    def _doom(self, clip_id: str) -> None:
        """Its files go with the next :meth:`clear`."""
        self._rows.execute("DELETE FROM clips WHERE id = ?", (clip_id,))
        self._rows.execute("INSERT OR REPLACE INTO doomed VALUES (?)", (clip_id,))

    def ids(self) -> set[str]:
        return {row[0] for row in self._rows.execute("SELECT id FROM clips")}

    def withdrawn(self) -> list[dict[str, str]]:
        rows = self._rows.execute("SELECT id, at, reason FROM withdrawn ORDER BY id")
        return [{"id": i, "at": at, "reason": reason} for i, at, reason in rows]

    def digest(self) -> str:
        """As the server's snapshot has it."""
        rows = self._rows.execute("SELECT id, revision, seq FROM clips ORDER BY id")
        lines = "".join(f"{i} {revision} {seq}\n" for i, revision, seq in rows)
        return hashlib.sha256(lines.encode()).hexdigest()

    # What lies in the folder.

    def clear(self) -> None:
        """Remove what a kill left half removed, and what is withdrawn."""
        shutil.rmtree(self._trash, ignore_errors=True)
        for (clip_id,) in self._rows.execute("SELECT id FROM doomed").fetchall():
            self._remove(clip_id)
            self._rows.execute("DELETE FROM doomed WHERE id = ?", (clip_id,))

    def _remove(self, clip_id: str) -> None:
        """Out of sight in one step, then off the disk."""
        self._trash.mkdir(exist_ok=True)
        for place in (self.clips / clip_id, self.part(clip_id, "").parent):
            if os.path.lexists(place):
                place.rename(self._trash / f"{clip_id}-{place.parent.name}")
                sync_file(place.parent)
        shutil.rmtree(self._trash, ignore_errors=True)

    def incomplete(self) -> list[Noted]:
        """Clips whose files are not all here yet, in the feed's order."""
        return self._noted("complete = 0 ORDER BY seq")

    def complete(self) -> list[Noted]:
        return self._noted("complete = 1 ORDER BY id")

    def noted(self, clip_id: str) -> Noted | None:
        found = self._noted("id = ?", clip_id)
        return found[0] if found else None

    def _noted(self, where: str, *values: str) -> list[Noted]:
        query = f"SELECT id, seq, record FROM clips WHERE {where}"  # noqa: S608 - our own words
        return [Noted(i, seq, json.loads(r)) for i, seq, r in self._rows.execute(query, values)]

    def part(self, clip_id: str, what: str) -> Path:
        """Where a file lies while it arrives."""
        return self.own / "parts" / clip_id / (what.replace("/", "~") or "-")

    def make_way(self, clip: Noted, files: list[File]) -> None:
        """Before its files are looked for: see :func:`webapp.libraryclient.files.make_way`."""
        for what in ("clip.json", *(f.what for f in files)):
            make_way(self.clips, self.clips / clip.id / what)

    def has(self, clip: Noted, file: File) -> bool:
        """Whether this very file lies here already."""
        place = self.clips / clip.id / file.what
        return file.sha256 is not None and sha256_of(place) == file.sha256

    def place(self, clip: Noted, file: File) -> None:
        put(self.part(clip.id, file.what), self.clips / clip.id / file.what)

    def show(self, clip: Noted, files: list[File]) -> None:
        """All its files are here: now it may be seen. What it had before and has no more goes."""
        folder = self.clips / clip.id
        listed = [{"what": f.what, "sha256": f.sha256 or sha256_of(folder / f.what)} for f in files]
        folder.mkdir(exist_ok=True)
        aside = folder / ".clip.json.new"
        aside.write_text(json.dumps({**clip.record, "files": listed}, ensure_ascii=False), "utf-8")
        aside.replace(folder / "clip.json")
        named = {folder / "clip.json", *(folder / f.what for f in files)}
        keep_only(folder, named)
        shutil.rmtree(self.part(clip.id, "").parent, ignore_errors=True)
        self._shown.append(clip)
        if len(self._shown) >= AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Note what is shown by now, once it stays through a power cut; until then the next run
        looks at it again."""
        if not self._shown:
            return
        os.sync()
        with self._transaction():
            self._rows.executemany(
                "UPDATE clips SET complete = 1 WHERE id = ? AND seq = ?",
                [(clip.id, clip.seq) for clip in self._shown],
            )
        self._shown.clear()


def lock(path: Path) -> int:
    """The open descriptor is the lock. Raises :class:`InUse`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InUse(f"another program works in {path.parent.parent}") from None
    return descriptor


def read_clip(folder: Path) -> dict[str, Any]:
    """A shown clip's ``clip.json``."""
    try:
        value = json.loads((folder / "clip.json").read_text("utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Malformed(f"{folder}/clip.json is damaged")
    return value
