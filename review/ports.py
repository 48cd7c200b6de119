"""What the rules need from outside, as shapes. ``storage_config`` has classes of these shapes."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO, Protocol

from review.captions.cues import Cue


class BlobStat(Protocol):
    """Size in bytes and time of the last write (Unix seconds)."""

    @property
    def bytes(self) -> int: ...

    @property
    def modified(self) -> float: ...


class BlobStore(Protocol):
    """Bytes under keys. A missing key is ``FileNotFoundError`` in every back end."""

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        """Store the whole of ``source``, visible only when whole; the number of bytes."""

    def take(self, key: str, source: Path) -> None:
        """Store a file that nobody changes any more; it stays where it is, too."""

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO: ...

    def fetch(self, key: str, target: Path) -> None: ...

    def keys(self, prefix: str = "") -> Iterator[str]: ...

    def stat(self, key: str) -> BlobStat: ...

    def delete(self, key: str) -> None:
        """Deleting a missing key is no error."""

    def tidy(self) -> int:
        """Remove what writers that were killed left behind; how many pieces."""

    def url(
        self, key: str, *, seconds: int, mime: str | None = None, filename: str | None = None
    ) -> str | None:
        """A link that lives ``seconds``, or None where the web process sends the bytes."""

    def path(self, key: str) -> Path | None:
        """The local file, or None where there is none."""


class Transcriber(Protocol):
    """Listens to speech. What it says is a draft, which a person reads before anybody else."""

    def transcribe(self, audio: Path, language: str) -> Iterator[tuple[float, Cue]]:
        """``audio``: a WAV, one channel, 16 kHz, 16 bits. Each cue as soon as it was heard, with
        the seconds of sound that are behind it."""


class Mailer(Protocol):
    """Takes a mail to where it is read. The same mail may be sent twice after a crash."""

    def send(self, message: EmailMessage) -> None:
        """To the one address in ``To``; the sender is the mailer's own."""

    def tidy(self) -> int:
        """Remove what nobody needs any more; how many mails."""


class Doorbell(Protocol):
    """Tells workers that a job is due. May be lost: the job's row is the truth."""

    def ring(self, job_id: str, queue: str) -> bool: ...
