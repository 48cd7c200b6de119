"""Blobs in a directory: written aside, made durable, then moved into place."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from storage_config.blobs.shape import BLOCK, BlobStat, check_key, check_prefix, whole_file

_ASIDE = ".aside"  # on the same file system, so that the move is one step
ABANDONED = 24 * 3600  # seconds: longer than any copy takes
MOVES = 100  # tries to move a file in, against others that delete beside it


class LocalBlobs:
    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        """Store the whole of ``source``; the number of bytes. Durable when it returns."""
        target = self._file(key)
        _make_folder(self.root / _ASIDE)
        descriptor, name = tempfile.mkstemp(dir=self.root / _ASIDE)
        aside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                _copy(source, out)
                out.flush()
                os.fsync(out.fileno())
                size = out.tell()
            _move(aside, target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return size

    def take(self, key: str, source: Path) -> None:
        """Store a file that nobody changes any more, without a copy where both are on one disk.

        The file keeps its name, too: whoever dies after this may do it again.
        """
        target = self._file(key)
        _make_folder(self.root / _ASIDE)
        aside = self.root / _ASIDE / secrets.token_hex(8)
        try:
            os.link(source, aside)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOSPC, errno.EDQUOT):
                raise
            self.put(key, source)  # another disk, or one that knows no second names
            return
        try:
            _move(aside, target)
        finally:
            # Two names of one file are not moved onto each other.
            aside.unlink(missing_ok=True)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of the blob, or of ``length`` bytes from ``start``; empty beyond its end."""
        file = self._open(key)
        if start:
            file.seek(start)
        return file if length is None else io.BufferedReader(_Part(file, length))

    def fetch(self, key: str, target: Path) -> None:
        """Copy the blob to a local file, which is whole or not there."""
        with self._open(key) as source, whole_file(target) as out:
            shutil.copyfileobj(source, out, BLOCK)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with ``prefix``, in order."""
        check_prefix(prefix)
        return (k for k in self._walk(prefix.rpartition("/")[0]) if k.startswith(prefix))

    def stat(self, key: str) -> BlobStat:
        found = self._stat(key)
        return BlobStat(found.st_size, found.st_mtime)

    def delete(self, key: str) -> None:
        """Deleting a missing key is no error. Empty folders go with the last blob."""
        file = self._file(key)
        with suppress(FileNotFoundError):
            self._stat(key)
            file.unlink()
        with suppress(OSError):
            for folder in file.parents:
                if folder == self.root:
                    break
                folder.rmdir()

    def tidy(self) -> int:
        """Remove what writers that were killed left aside; how many files."""
        left = [f for f in _entries(self.root / _ASIDE) if _age(f) > ABANDONED]
        for entry in left:
            Path(entry).unlink(missing_ok=True)
        return len(left)

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

    def _stat(self, key: str) -> os.stat_result:
        """Of a blob: a folder on the way to others is no blob."""
        try:
            found = self._file(key).stat()
        except NotADirectoryError:
            found = None
        if found is None or not stat.S_ISREG(found.st_mode):
            raise _missing(key)
        return found

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._file(key).open("rb")
        except (IsADirectoryError, NotADirectoryError):
            raise _missing(key) from None

    def _walk(self, folder: str) -> Iterator[str]:
        """Keys below ``folder``, in the order of S3: by the whole key, not folder by folder."""
        path = self.root / folder
        for entry in sorted(_entries(path), key=lambda e: f"{e.name}/" if e.is_dir() else e.name):
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_file():
                yield key
            elif entry.name != _ASIDE:
                yield from self._walk(key)


def _missing(key: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "there is no blob", key)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """None for a folder that is not there (any more), or that is a blob."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _age(entry: os.DirEntry[str]) -> float:
    try:
        return time.time() - entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _copy(source: Path | BinaryIO, out: BinaryIO) -> None:
    if isinstance(source, Path):
        with source.open("rb") as file:
            shutil.copyfileobj(file, out, BLOCK)
    else:
        shutil.copyfileobj(source, out, BLOCK)


def _move(aside: Path, target: Path) -> None:
    """Give the finished file its name. Deleting a neighbour may take the folder away meanwhile."""
    for attempt in range(MOVES):
        try:
            _make_folder(target.parent)
            aside.replace(target)
            break
        except FileNotFoundError:
            if attempt == MOVES - 1:
                raise
    with suppress(FileNotFoundError):  # deleted already
        _sync(target.parent)


def _make_folder(folder: Path) -> None:
    """With its parents, each as durable as the files in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """A new name is durable only with the folder that holds it."""
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
