"""Sends a file over tus 1.0 in parts, and goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader.uploader import Uploader

from webapp.cli.client import PAUSES, Server, Unreachable, refusal
from webapp.cli.resume import Places

KIB = 1024
FIRST_PART, SMALLEST_PART, LARGEST_PART = 512 * KIB, 128 * KIB, 16 * 1024 * KIB
QUICK, SLOW = 2.0, 8.0  # seconds for a part: below, the next is larger; above, smaller
GONE = frozenset({404, 410})
# Conflict, locked, checksum, and what passes: ask for the offset, then go on.
PASSING = frozenset({408, 409, 423, 425, 429, 460, 500, 502, 503, 504})

Progress = Callable[[int], None]


class Sender:
    """``progress(offset)`` after every part; ``say`` hears of interruptions.

    With ``clip`` the upload hands in that draft by itself once it is complete.
    """

    def __init__(
        self,
        server: Server,
        places: Places,
        *,
        say: Callable[[str], None],
        progress: Progress,
        pauses: tuple[float, ...] = PAUSES,
        clip: str | None = None,
    ) -> None:
        self.about = {} if clip is None else {"clip": clip}
        self.client = TusClient(f"{server.url}/uploads", headers=server.headers)
        self.places, self.say, self.progress, self.pauses = places, say, progress, pauses
        self.failures = 0

    def send(self, path: Path, key: str) -> str:
        """Upload the whole file; its tus URL. Raises :class:`Refused`, :class:`Unreachable`."""
        with path.open("rb") as stream:
            uploader = self._open(stream, path.name, key)
            size = path.stat().st_size
            self.progress(uploader.offset)
            while uploader.offset < size:
                self._part(uploader)
                self.progress(uploader.offset)
            return str(uploader.url)

    def _open(self, stream: BinaryIO, name: str, key: str) -> Uploader:
        known = self.places.find(key)
        while True:
            try:
                if known is not None:
                    return self._uploader(stream, name, known)
                uploader = self._uploader(stream, name, None)
                uploader.set_url(uploader.create_url())
            except TusCommunicationError as error:
                if known is not None and error.status_code in GONE:
                    self.places.forget(key)
                    known = None
                    continue
                self._pause(error)
            else:
                self.places.keep(key, str(uploader.url))
                return uploader

    def _uploader(self, stream: BinaryIO, name: str, url: str | None) -> Uploader:
        return self.client.uploader(
            file_stream=stream,
            url=url,
            chunk_size=FIRST_PART,
            metadata={"filename": name, **self.about},
            upload_checksum=True,
        )

    def _part(self, uploader: Uploader) -> None:
        began = time.monotonic()
        try:
            uploader.upload_chunk()  # type: ignore[no-untyped-call]  # tuspy has no types here
        except TusCommunicationError as error:
            uploader.chunk_size = SMALLEST_PART
            self._pause(error)
            self._ask_offset(uploader)
            return
        self.failures = 0
        uploader.chunk_size = next_part(uploader.chunk_size, time.monotonic() - began)

    def _ask_offset(self, uploader: Uploader) -> None:
        while True:
            try:
                uploader.offset = uploader.get_offset()
            except TusCommunicationError as error:
                self._pause(error)
            else:
                return

    def _pause(self, error: TusCommunicationError) -> None:
        """Wait before the next attempt, or raise what ends the upload."""
        status = error.status_code
        if status is not None and status not in PASSING:
            raise refusal(status, error.response_content) from None
        trouble = str(error) if status is None else str(refusal(status, error.response_content))
        if self.failures >= len(self.pauses):
            raise Unreachable(trouble) from None
        wait = self.pauses[self.failures]
        self.failures += 1
        self.say(f"interrupted ({trouble}); going on in {wait:.0f} s")
        time.sleep(wait)


def next_part(size: int, seconds: float) -> int:
    """The size of the next part, in bytes, after one of ``size`` took ``seconds``."""
    if seconds < QUICK:
        return min(size * 2, LARGEST_PART)
    return max(size // 2, SMALLEST_PART) if seconds > SLOW else size
