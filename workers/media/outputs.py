"""Files that were made, measured: size, SHA-256 and type."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workers.media.errors import MediaToolFailed
from workers.media.facts import OutputFile

_MIME = {
    ".mp4": "video/mp4",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
    ".m4a": "audio/mp4",
}
AUDIO_MIME = "audio/mp4"


def collect(folder: Path, whats: list[str]) -> tuple[OutputFile, ...]:
    return tuple(measure(folder, what) for what in whats)


def measure(folder: Path, what: str) -> OutputFile:
    """Raises :class:`MediaToolFailed` ("bad_output") for a file that is missing or empty."""
    path = folder / what
    if not path.is_file() or path.stat().st_size == 0:
        raise MediaToolFailed("bad_output", f"{what} is missing or empty")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    mime = AUDIO_MIME if path.stem in ("audio", "audio-low") else _MIME[path.suffix]
    return OutputFile(what, path, path.stat().st_size, digest, mime)
