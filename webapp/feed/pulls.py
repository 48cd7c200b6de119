"""The log of pulls: counted in memory, written a minute later at the latest by the next pull.

A poll that finds nothing new must not cost a write. What a killed process had counted is lost:
it is a help for the operator, no proof (acknowledgements are).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import structlog
from flask import Flask

from review.feed import pulls
from review.feed.pulls import Count
from storage_config.database import Database, DatabaseBusy

log = structlog.get_logger(__name__)
EVERY = 60.0  # seconds
_KEY = "lantoa_pulls"


class PullLog:
    """One for each web process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}
        self._written = time.monotonic()
        self._known: set[str] = set()

    def note(self, library_id: str, *, unchanged: bool = False, changes: int = 0) -> None:
        new = Count(1, int(unchanged), changes)
        with self._lock:
            self._counts[library_id] = self._counts.get(library_id, Count()) + new

    def write_if_due(self, database: Database) -> None:
        """The first pull at once: that a library has clips is never lost."""
        with self._lock:
            is_new = not self._counts.keys() <= self._known
        if is_new or time.monotonic() - self._written >= EVERY:
            self.write(database)

    def write(self, database: Database) -> None:
        with self._lock:
            counts, self._counts = self._counts, {}
            self._written = time.monotonic()
        if not counts:
            return
        try:
            with database.write() as session:
                pulls.add(session, counts)
            with self._lock:
                self._known |= counts.keys()
        except DatabaseBusy as error:
            log.warning("pulls_not_written", why=str(error))
            self._give_back(counts)

    def _give_back(self, counts: Mapping[str, Count]) -> None:
        with self._lock:
            for library_id, count in counts.items():
                self._counts[library_id] = self._counts.get(library_id, Count()) + count


def init(app: Flask) -> None:
    app.extensions[_KEY] = PullLog()


def of(app: Flask) -> PullLog:
    found = app.extensions[_KEY]
    assert isinstance(found, PullLog)
    return found
