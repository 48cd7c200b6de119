"""Bring a shelf up to date: first what was withdrawn goes, then what is new comes.

Reading the feed takes seconds, fetching films takes hours: so changes are noted and tombstones
applied (and acknowledged) before any film is fetched, and again every minute meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.cli.client import Refused
from webapp.libraryclient.files import Malformed, files_of
from webapp.libraryclient.remote import Damaged, Gone, Remote
from webapp.libraryclient.shelf import Noted, Shelf

LOOK_AGAIN = 60.0  # seconds between two looks at the feed while films are fetched


@dataclass(slots=True)
class Result:
    """``right``: the server's snapshot says the same as this copy; ``failed``: clips whose files
    could not be had, for the next run."""

    changes: int = 0
    withdrawn: int = 0
    fetched: int = 0
    bytes: int = 0
    failed: list[str] = field(default_factory=list)
    seq: int = 0
    clips: int = 0
    right: bool = False

    @property
    def is_good(self) -> bool:
        return self.right and not self.failed

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Sync:
    """One run after the other on one shelf. ``progress(bytes, total)`` after every block."""

    def __init__(
        self,
        shelf: Shelf,
        remote: Remote,
        *,
        max_height: int | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.shelf, self.remote, self.max_height = shelf, remote, max_height
        self._progress = progress
        self._looked = 0.0
        self._total = 0
        self.result = Result()

    def run(self) -> Result:
        """Raises :class:`Refused` and :class:`Unreachable`; the next run goes on from there."""
        self.result = Result()
        self.shelf.clear()
        self._pull()
        self._fill()
        self.result.right = self._is_right() or self._mend()
        self.result.seq, self.result.clips = self.shelf.seq, len(self.shelf.ids())
        return self.result

    def _pull(self) -> int:
        """Note what is new and remove what is withdrawn; how many changes there were."""
        count, more, asked = 0, True, set()
        while more:
            if self.shelf.cursor in asked:
                raise Malformed("the feed says again and again that there is more")
            asked.add(self.shelf.cursor)
            page = self.remote.changes(self.shelf.cursor)
            self.shelf.note(page)
            self.shelf.clear()
            count += len(page["changes"])
            self.result.withdrawn += sum(c["kind"] == "withdrawn" for c in page["changes"])
            more = bool(page["more"])
            if self.shelf.seq > self.shelf.acknowledged:
                self._acknowledge()
        self._looked = time.monotonic()
        self.result.changes += count
        return count

    def _acknowledge(self) -> None:
        """Only now: what the number stands for is on the disk, or off it."""
        seq = self.shelf.seq
        try:
            self.remote.ack(seq)
        except Refused as error:
            if error.status != 422:
                raise
            return  # the feed was set back: the snapshot shows it
        self.shelf.acknowledged = seq

    def _fill(self) -> None:
        """Fetch until nothing new is noted; each clip is tried once, and once more as it is now."""
        failed: set[str] = set()
        while waiting := [c for c in self.shelf.incomplete() if c.id not in failed]:
            self._total = self.result.bytes + sum(
                f.bytes or 0 for clip in waiting for f in files_of(clip.record, self.max_height)
            )
            late = [clip.id for clip in waiting if not self._fetched(clip)]
            self.shelf.settle()
            if late:
                self._pull()
            failed |= {clip_id for clip_id in late if not self._had_after_all(clip_id)}
            self.shelf.settle()
        self.result.failed = sorted(failed & self.shelf.ids())

    def _fetched(self, noted: Noted) -> bool:
        if time.monotonic() - self._looked > LOOK_AGAIN:
            self._pull()
        clip = self.shelf.noted(noted.id)
        if clip is None:
            return True  # withdrawn meanwhile
        try:
            self._fetch(clip)
        except (Gone, Damaged) as error:
            self.remote.say(f"{clip.id}: {error}")
            return False
        return True

    def _fetch(self, clip: Noted) -> None:
        files = files_of(clip.record, self.max_height)
        self.shelf.make_way(clip, files)
        for file in files:
            if self.shelf.has(clip, file):
                continue
            part = self.shelf.part(clip.id, file.what)
            part.parent.mkdir(parents=True, exist_ok=True)
            self.remote.download(clip.id, file, part, self._count)
            self.shelf.place(clip, file)
        self.shelf.show(clip, files)
        self.result.fetched += 1

    def _count(self, size: int) -> None:
        self.result.bytes += size
        self._progress(self.result.bytes, self._total)

    def _had_after_all(self, clip_id: str) -> bool:
        """A file was not there, or another one: ask what is true of the clip now."""
        if self.shelf.noted(clip_id) is None:
            return True
        record = self.remote.record(clip_id)
        if record is None:
            self.shelf.drop(clip_id)
            self.shelf.clear()
            return True
        self.shelf.renew(record)
        noted = self.shelf.noted(clip_id)
        return noted is not None and self._fetched(noted)

    def _is_right(self) -> bool:
        """Compare with the snapshot; what changed between the two looks is read first."""
        for _ in range(5):
            if self.remote.snapshot()["digest"] == self.shelf.digest():
                return True
            if not self._pull():
                return False
            self._fill()
        return False

    def _mend(self) -> bool:
        """The copy is wrong and the feed has nothing new: it was set back to a backup, or this
        folder was. All is read again, and what is not there any more goes."""
        self.remote.say("this copy is not the server's: reading all of the feed again")
        self.shelf.start_over()
        self._pull()
        told = {clip["id"] for clip in self.remote.snapshot()["clips"]}
        for clip_id in self.shelf.ids() - told:
            self.shelf.drop(clip_id)
        self.shelf.clear()
        self._fill()
        return self._is_right()
