"""The bytes of an unfinished upload in an S3 bucket: parts of a multipart upload, and a tail.

S3 takes no part below 5 MiB but the last, so what is not enough for one is kept in an object of
its own, the tail. A row names the parts and the tail that count; the bucket has them before the
row says so. A lease in the database, not a file's lock, makes one writer among all machines.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from review import bucketed, keys
from review.errors import LeaseLost
from review.models import BucketUpload
from storage_config.blobs import S3Blobs
from storage_config.blobs.multipart import SMALLEST
from storage_config.database import Database, DatabaseBusy
from webapp.uploads.shape import BLOCK, Block, Overtaken, PartLocked, SentDirectly

PART = SMALLEST  # bytes that a writer keeps in memory at most, and a block
WAIT_SECONDS = 5.0  # how long a newcomer waits for the writer before it
ASK_SECONDS = 1.0  # how often a writer looks whether it was overtaken
RENEW_SECONDS = 5.0  # well within a lease
FLUSH_SECONDS = 10.0  # a slow network's bytes are made durable at least so often


def tail_key(upload_id: str, number: int) -> str:
    return f"tails/{upload_id}/{number}"


@contextmanager
def _lost_told() -> Iterator[None]:
    try:
        yield
    except LeaseLost as error:
        raise Overtaken from error


@dataclass(slots=True)
class BucketWriter:
    """Holds the lease of the upload's row."""

    database: Database
    blobs: S3Blobs
    held: bucketed.Held
    multipart: str | None
    direct: bool
    parts: list[dict[str, Any]]
    tail: str | None
    tail_bytes: int
    buffer: bytearray = field(default_factory=bytearray)  # the tail, and what came after it
    stale: list[str] = field(default_factory=list)  # tails that no row names any more
    before: tuple[list[dict[str, Any]], str | None, int] = ([], None, 0)
    flushed: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.before = (self.parts, self.tail, self.tail_bytes)

    @property
    def offset(self) -> int:
        return sum(int(part["bytes"]) for part in self.parts) + self.tail_bytes

    @property
    def _key(self) -> str:
        return keys.original(self.held.upload_id)

    def is_newest(self) -> bool:
        now = time.monotonic()
        if now - self.asked < ASK_SECONDS:
            return True
        self.asked = now
        with _lost_told():
            if now - self.renewed > RENEW_SECONDS:
                with self.database.write() as session:
                    bucketed.renew(session, self.held)
                self.renewed = now
            with self.database.read() as session:
                return bucketed.is_newest(session, self.held)

    def go_direct(self) -> str:
        """The multipart upload into which the client itself sends, from its beginning on."""
        if self.multipart is None:
            self.multipart = self.blobs.multiparts.begin(self._key)
        with _lost_told(), self.database.write() as session:
            bucketed.make_direct(session, self.held, self.multipart)
        self.direct = True
        return self.multipart

    def adopt(self, parts: list[dict[str, Any]]) -> None:
        """What the client sent counts now."""
        self._record(parts, None, 0)

    def append(self, blocks: Iterable[Block]) -> int:
        if self.direct:
            raise SentDirectly
        self._load_tail()
        try:
            for block in blocks:
                self.buffer += block
                while len(self.buffer) >= PART:
                    self._send_part(PART)
                if time.monotonic() - self.flushed > FLUSH_SECONDS:
                    self._keep_tail()
        finally:
            self._keep_tail()
        return self.offset

    def _load_tail(self) -> None:
        if len(self.buffer) == self.tail_bytes:
            return  # it is here already
        self.buffer.clear()
        if self.tail is not None:
            with self.blobs.open(self.tail) as stream:
                self.buffer += stream.read()

    def _send_part(self, size: int) -> None:
        """The first ``size`` bytes of the buffer as the next part."""
        if self.multipart is None:
            self.multipart = self.blobs.multiparts.begin(self._key)
        number, data = self._number(), bytes(self.buffer[:size])
        etag = self.blobs.multiparts.send(self._key, self.multipart, number, data)
        part = {"n": number, "bytes": size, "etag": etag}
        self._record([*self.parts, part], None, 0)
        del self.buffer[:size]

    def _keep_tail(self) -> None:
        self.flushed = time.monotonic()
        if len(self.buffer) == self.tail_bytes:
            return  # a tail only ever grows
        tail = tail_key(self.held.upload_id, self._number())
        self.blobs.put(tail, io.BytesIO(self.buffer))
        self._record(self.parts, tail, len(self.buffer))

    def _number(self) -> int:
        with _lost_told(), self.database.write() as session:
            return bucketed.fresh_number(session, self.held)

    def _record(self, parts: list[dict[str, Any]], tail: str | None, tail_bytes: int) -> None:
        with _lost_told(), self.database.write() as session:
            bucketed.record(
                session,
                self.held,
                multipart=self.multipart,
                parts=parts,
                tail=tail,
                tail_bytes=tail_bytes,
            )
        if self.tail is not None:
            self.stale.append(self.tail)
        self.parts, self.tail, self.tail_bytes = parts, tail, tail_bytes
        self.flushed = self.renewed = time.monotonic()

    def undo(self) -> None:
        """The parts stay in the bucket, named by no row: completing or giving up drops them."""
        self._record(*self.before)
        self.buffer.clear()

    def keep(self, key: str, length: int, sha256: str | None) -> str:
        if self.offset != length:
            raise OSError(f"{self.offset} bytes are here of {length}")
        self._load_tail()
        if self.multipart is None:
            self.blobs.put(key, io.BytesIO(self.buffer))
        else:
            if self.buffer:
                self._send_part(len(self.buffer))
            self.blobs.multiparts.complete(key, self.multipart, self.parts, length)
        return sha256 or self._read_back(key)

    def _read_back(self, key: str) -> str:
        digest = hashlib.sha256()
        with self.blobs.open(key) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                self.is_newest()  # the lease must not end meanwhile
        return digest.hexdigest()

    def remove(self) -> None:
        with self.database.read() as session:
            row = bucketed.get(session, self.held.upload_id)
        if row is not None:
            drop(self.database, self.blobs, row)

    def drop_stale(self) -> None:
        for tail in self.stale:
            if tail != self.tail:
                with suppress(OSError):  # the sweep finds it
                    self.blobs.delete(tail)


def drop(database: Database, blobs: S3Blobs, row: BucketUpload) -> None:
    """Give up what the bucket has of an upload, then its row: may be repeated from any step."""
    if row.multipart is not None:
        blobs.multiparts.abort(keys.original(row.upload_id), row.multipart)
    if row.tail is not None:
        blobs.delete(row.tail)
    with database.write() as session:
        bucketed.forget(session, row.upload_id)


@dataclass(frozen=True, slots=True)
class BucketParts:
    database: Database
    blobs: S3Blobs

    def create(self, upload_id: str) -> None:
        with self.database.write() as session:
            bucketed.begin(session, upload_id)

    def offset(self, upload_id: str) -> int | None:
        with self.database.read() as session:
            row = bucketed.get(session, upload_id)
            return None if row is None else bucketed.offset(row)

    def silent(self, upload_ids: Collection[str]) -> set[str]:
        with self.database.read() as session:
            return bucketed.silent(session, upload_ids) if upload_ids else set()

    @contextmanager
    def writing(self, upload_id: str, *, overtake: bool = True) -> Iterator[BucketWriter]:
        held, row = self._wait(upload_id, overtake=overtake)
        writer = BucketWriter(
            self.database,
            self.blobs,
            held,
            row.multipart,
            row.direct,
            row.parts,
            row.tail,
            row.tail_bytes,
        )
        try:
            yield writer
        finally:
            # A database that is away keeps the lease until it ends by itself.
            with suppress(DatabaseBusy), self.database.write() as session:
                bucketed.release(session, held)
            writer.drop_stale()

    def _wait(self, upload_id: str, *, overtake: bool) -> tuple[bucketed.Held, BucketUpload]:
        ticket = None
        if overtake:
            with self.database.write() as session:
                ticket = bucketed.want(session, upload_id)
        end = time.monotonic() + WAIT_SECONDS
        while True:
            with self.database.write() as session:
                claimed = bucketed.claim(session, upload_id, ticket)
            if claimed is not None:
                return claimed
            if time.monotonic() > end:
                raise PartLocked(upload_id)
            time.sleep(0.2)

    def has_room(self, announced: Mapping[str, int], length: int) -> bool:
        """A bucket has; the quotas are its bounds."""
        return True
