"""Upkeep that nobody waits for: ring for what is due, give up what is lost, remove what is left.

Everything here may run at any time, twice at once, and be killed in the middle.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import structlog
from sqlalchemy import or_, select

from review import (
    accounts,
    announcing,
    bucketed,
    consenting,
    guesses,
    hooks,
    jobs,
    lookalikes,
    processing,
    purge,
    redacting,
    reports,
    retention,
    search,
    takedown,
    uploads,
)
from review.errors import LeaseLost
from review.feed import pulls
from review.keys import original
from review.models import Clip, OutputFile, Revision
from review.models import Upload as UploadRow
from review.notices import digests, reading
from review.retention import Kept
from storage_config.blobs import S3Blobs
from workers.deps import Deps

log = structlog.get_logger(__name__)
RING_AGAIN = 30.0  # seconds before the bell rings again for the same job
ORPHAN_GRACE = 24 * 3600.0  # seconds: longer than any attempt between its blobs and its rows


@dataclass(slots=True)
class Sweeper:
    """Remembers for which jobs it has rung, so that a backlog does not fill the broker."""

    deps: Deps
    rung: dict[str, float] = field(default_factory=dict)

    def often(self) -> int:
        """Every few seconds: lost messages, dead workers, decisions to announce. Returns how
        many bells it rang."""
        self.give_up_exhausted()
        self.announce()
        return self.ring_due()

    def rarely(self) -> None:
        """Every few minutes: what has ended by itself."""
        with self.deps.database.write() as session:
            ended = consenting.expire_due(session)
            accounts.expire_sessions(session)
            guesses.forget_old(session)
            hooks.forget_old(session)
            pulls.forget_old(session)
            takedown.tell_again(session, self.deps.settings.takedown_hours)
            reading.forget_old(session)
            reports.forget_old(session)
        self.send_digests()
        if ended:
            log.info("consents_expired", clips=ended)
        self.remove_expired_uploads()
        self.remove_stale_redactions()
        self.remove_dead_scratch()

    def seldom(self) -> None:
        """Every hour: what a crash left behind. Looks at every key of the store."""
        self.forget_old_frames()
        self.remove_replaced()
        self.remove_past_retention()
        self.remove_orphans()
        self.remove_dead_parts()
        self.remove_lost_multiparts()
        self.deps.blobs.tidy()
        self.fill_search()
        self.deps.mailer.tidy()

    def fill_search(self) -> None:
        """Published clips that the search does not know: those from before there was one."""
        while True:
            with self.deps.database.read() as session:
                if not search.unknown(session, limit=1):
                    return
            with self.deps.database.write() as session:
                search.fill(session)

    def send_digests(self) -> None:
        """What waits for each reviewer, once a day; a few people in each transaction."""
        hour = self.deps.settings.digest_hour
        while True:
            with self.deps.database.write() as session:
                if digests.send_due(session, hour, limit=50) < 50:
                    return

    def ring_due(self) -> int:
        now = time.monotonic()
        self.rung = {i: at for i, at in self.rung.items() if now - at < RING_AGAIN}
        with self.deps.database.read() as session:
            due = jobs.due(session, limit=20)
        count = 0
        for job_id, kind in due:
            if job_id not in self.rung and self.deps.doorbell.ring(job_id, kind):
                self.rung[job_id] = now
                count += 1
        return count

    def announce(self) -> int:
        """Decisions whose day has come."""
        count = announcing.announce_all(self.deps.database.read, self.deps.database.write)
        if count:
            log.info("decisions_announced", clips=count)
        return count

    def give_up_exhausted(self) -> int:
        """Jobs whose worker died in the last attempt end here."""
        with self.deps.database.read() as session:
            lost = jobs.exhausted(session)
        for claim in lost:
            try:
                with self.deps.database.write() as session:
                    processing.gave_up(session, claim, "worker_lost")
            except LeaseLost:
                continue  # another sweep was quicker
            log.warning("job_given_up", job=claim.job_id, kind=claim.kind)
        return len(lost)

    def remove_expired_uploads(self) -> int:
        """Row first, then the bytes: a crash between leaves an orphan, never a row without."""
        with self.deps.database.write() as session:
            gone = uploads.expired(session)
            for upload in gone:
                session.delete(upload)
        for upload in gone:
            for file in self.deps.part_files.glob(f"{upload.id}.*"):
                file.unlink(missing_ok=True)
            if upload.key is not None:
                self.deps.blobs.delete(upload.key)
        self.remove_dead_multiparts()
        return len(gone)

    def remove_dead_multiparts(self) -> int:
        """What the bucket still has of uploads that are gone or complete."""
        blobs = self.deps.blobs
        if not isinstance(blobs, S3Blobs):
            return 0
        with self.deps.database.read() as session:
            dead = bucketed.dead(session)
        for row in dead:
            if row.multipart is not None:
                blobs.multiparts.abort(original(row.upload_id), row.multipart)
            if row.tail is not None:
                blobs.delete(row.tail)
            with self.deps.database.write() as session:
                bucketed.forget(session, row.upload_id)
        return len(dead)

    def remove_lost_multiparts(self) -> int:
        """Multipart uploads that a crash began and left before their row said so."""
        blobs = self.deps.blobs
        if not isinstance(blobs, S3Blobs):
            return 0
        count = 0
        for pending in blobs.multiparts.pending():
            age = time.time() - pending.begun.timestamp()
            if age > ORPHAN_GRACE and not self._knows(pending.key, pending.multipart):
                blobs.multiparts.abort(pending.key, pending.multipart)
                count += 1
        return count

    def _knows(self, key: str, multipart: str) -> bool:
        with self.deps.database.read() as session:
            row = bucketed.get(session, key.rpartition("/")[2])
        return row is not None and row.multipart == multipart

    def remove_stale_redactions(self) -> int:
        """Renders that nobody can keep any more: row first, then the bytes."""
        with self.deps.database.write() as session:
            keys = redacting.drop_stale(session)
        for key in keys:
            self.deps.blobs.delete(key)
        return len(keys)

    def remove_dead_scratch(self) -> int:
        """Folders of attempts whose worker was killed."""
        with self.deps.database.read() as session:
            running = jobs.running_attempts(session)
        dead = [p for p in _folders(self.deps.scratch) if p.name not in running and _is_old(p)]
        for path in dead:
            shutil.rmtree(path, ignore_errors=True)
        return len(dead)

    def remove_dead_parts(self) -> int:
        """Bytes of unfinished uploads whose row went in a sweep that was cut short."""
        dead = [
            path
            for pattern in ("*.part", "*.writer")
            for path in self.deps.part_files.glob(pattern)
            if self._is_dead_part(path)
        ]
        for path in dead:
            path.unlink(missing_ok=True)
        return len(dead)

    def _is_dead_part(self, path: Path) -> bool:
        if not _is_older(path, ORPHAN_GRACE):
            return False
        with self.deps.database.read() as session:
            return session.get(UploadRow, path.stem) is None

    def forget_old_frames(self) -> None:
        """What clips looked like that were withdrawn years ago, a few in each transaction."""
        while True:
            with self.deps.database.write() as session:
                if lookalikes.forget_old(session, limit=100) < 100:
                    return

    def remove_replaced(self) -> int:
        """What was made of revisions that were replaced: rows first, then the bytes."""
        count = 0
        with self.deps.database.read() as session:
            due = purge.due(session)
        for revision_id in due:
            with self.deps.database.write() as session:
                keys = purge.forget(session, revision_id)
            count += len(keys)
        self.finish_purges()
        return count

    def remove_past_retention(self) -> int:
        """Originals, and all of withdrawn clips, whose time is over."""
        settings = self.deps.settings
        kept = Kept.days(settings.keep_originals_days, settings.keep_withdrawn_days)
        count = 0
        with self.deps.database.read() as session:
            due = retention.due(session, kept)
        for clip_id in due:
            with self.deps.database.write() as session:
                count += retention.let_go(session, clip_id, kept)
        self.finish_purges()
        if count:
            log.info("retention_over", files=count)
        return count

    def finish_purges(self) -> None:
        """Rows first, then the bytes, then the rows say so: what a crash left is done here."""
        while True:
            with self.deps.database.read() as session:
                ordered = purge.ordered(session)
            if not ordered:
                return
            for _, key in ordered:
                self.deps.blobs.delete(key)
            with self.deps.database.write() as session:
                purge.done(session, [purge_id for purge_id, _ in ordered])

    def remove_orphans(self) -> int:
        """Blobs that no row names, once they are older than any running attempt."""
        count = 0
        for prefix, find in (
            ("derived/", self._known_attempt),
            ("originals/", self._known_key),
            ("tails/", self._known_tail),
        ):
            # One question for all the files of an attempt: their keys come together.
            for place, keys in groupby(self.deps.blobs.keys(prefix), key=_place):
                if find(place):
                    continue
                for key in [k for k in keys if self._is_past_grace(k)]:
                    self.deps.blobs.delete(key)
                    count += 1
        if count:
            log.info("orphans_removed", blobs=count)
        return count

    def _known_attempt(self, place: str) -> bool:
        match place.split("/"):
            case [_, clip_id, number, attempt] if number.isdecimal():
                # Of a replaced revision files stay as long as rows name them: the next reviewer
                # compares them. What is left after those went is an orphan.
                is_named = select(OutputFile.id).where(OutputFile.revision_id == Revision.id)
                query = (
                    select(Revision)
                    .join(Clip, Clip.id == Revision.clip_id)
                    .where(
                        Revision.clip_id == clip_id,
                        Revision.number == int(number),
                        or_(Revision.number == Clip.revision, is_named.exists()),
                    )
                )
            case _:
                return True  # not a key of ours: whoever put it there knows why
        with self.deps.database.read() as session:
            revision = session.scalar(query)
        return revision is not None and attempt in (
            revision.examine_attempt,
            revision.ladder_attempt,
        )

    def _known_tail(self, key: str) -> bool:
        with self.deps.database.read() as session:
            row = bucketed.get(session, key.split("/")[1])
        return row is not None and row.tail == key

    def _known_key(self, key: str) -> bool:
        with self.deps.database.read() as session:
            found = session.scalar(select(UploadRow.id).where(UploadRow.key == key))
            return found is not None or redacting.is_alive(session, key)

    def _is_past_grace(self, key: str) -> bool:
        try:
            return time.time() - self.deps.blobs.stat(key).modified > ORPHAN_GRACE
        except FileNotFoundError:
            return False


def _place(key: str) -> str:
    """What decides about a key: the folder of its attempt, or the whole key of an original."""
    return "/".join(key.split("/")[:4])


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from (p for p in parent.iterdir() if p.is_dir())


def _is_old(path: Path) -> bool:
    """Older than a lease: a folder may be made before its claim is seen here."""
    return _is_older(path, jobs.LEASE.total_seconds())


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False
