"""Blobs in a directory: written aside, made durable, then moved into place."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from storage_config.blobs.shape import BlobStat, check_key, check_prefix

_ASIDE = ".aside"  # on the same file system, so that the move is one step
_BLOCK = 1024 * 1024


class LocalBlobs:
    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        """Store the whole of ``source``; the number of bytes. Durable when it returns."""
        target = self._file(key)
        aside = self.root / _ASIDE
        aside.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=aside)
        try:
            with os.fdopen(descriptor, "wb") as out:
                _copy(source, out)
                out.flush()
                os.fsync(out.fileno())
                size = out.tell()
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(name, target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise
        _sync_folder(target.parent)
        return size

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of the blob, or of ``length`` bytes from ``start``."""
        file = self._file(key).open("rb")
        if start:
            file.seek(start)
        return file if length is None else io.BufferedReader(_Part(file, length))

    def fetch(self, key: str, target: Path) -> None:
        """Copy the blob to a local file."""
        with self._file(key).open("rb") as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, _BLOCK)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with ``prefix``, in order."""
        check_prefix(prefix)
        folder = self.root / prefix.rpartition("/")[0] if "/" in prefix else self.root
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(f for f in folders if f != _ASIDE)
            for name in sorted(names):
                key = (Path(parent) / name).relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    yield key

    def stat(self, key: str) -> BlobStat:
        found = self._file(key).stat()
        return BlobStat(found.st_size, found.st_mtime)

    def delete(self, key: str) -> None:
        """Deleting a missing key is no error. Empty folders go with the last blob."""
        file = self._file(key)
        file.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in file.parents:
                if folder == self.root:
                    break
                folder.rmdir()

    def url(
        self, key: str, *, seconds: int, mime: str | None = None, filename: str | None = None
    ) -> str | None:
        """None: the web process sends local files itself."""
        check_key(key)
        return None

    def path(self, key: str) -> Path | None:
        return self._file(key)

    def _file(self, key: str) -> Path:
        return self.root / check_key(key)


def _copy(source: Path | BinaryIO, out: BinaryIO) -> None:
    if isinstance(source, Path):
        with source.open("rb") as file:
            shutil.copyfileobj(file, out, _BLOCK)
    else:
        shutil.copyfileobj(source, out, _BLOCK)


def _sync_folder(folder: Path) -> None:
    """A file's new name is durable only with its folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Part(io.RawIOBase):
    """The next ``length`` bytes of a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)[: self._left]  # type: ignore[arg-type]
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
