"""Keeps a claim alive while the work goes on, and tells the work when the claim is lost."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import structlog

from review import jobs
from review.errors import LeaseLost
from review.jobs import Claim
from storage_config.database import Database, DatabaseBusy

log = structlog.get_logger(__name__)
BEAT = jobs.LEASE.total_seconds() / 4


class Heartbeat:
    """A thread that renews the lease every few seconds.

    ``progress`` is called by the work with 0..1; it raises :class:`LeaseLost` once the job was
    given to another worker or its clip was withdrawn, so that the media tool is stopped.
    """

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim
        self._done = threading.Event()
        self._lost = threading.Event()
        self._progress: str | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def progress(self, fraction: float) -> None:
        """Note how far the work is, for people. Raises :class:`LeaseLost`."""
        percent = round(100 * min(1.0, max(0.0, fraction)))
        self._progress = f"{self._claim.kind}:{percent}"
        if self._lost.is_set():
            raise LeaseLost(f"job {self._claim.job_id} is no longer this worker's")

    def _beat(self) -> None:
        while not self._done.wait(BEAT):
            try:
                with self._database.write() as session:
                    jobs.heartbeat(session, self._claim, self._progress)
            except LeaseLost:
                self._lost.set()
                return
            except DatabaseBusy as error:
                # The lease outlives three missed beats; the next one may get through.
                log.warning("heartbeat_missed", job=self._claim.job_id, why=str(error))
