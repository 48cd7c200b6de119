"""Which files belong to a clip, by its record, and how files get to a disk to stay."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What we store is named by the server: a name that could lead out of the folder is not taken.
_ID = re.compile(r"[0-9a-z]{26}")
_WHAT = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
BLOCK = 256 * 1024
LARGEST_PICTURE = 20 * 1024 * 1024  # bytes; a record does not tell the size of its poster


class Malformed(Exception):
    """The feed says something that no feed of ours says."""


@dataclass(frozen=True, slots=True)
class File:
    """``what``: its path below ``/media/<clip>/``, and below the clip's folder. Without
    ``sha256`` (the poster) it is fetched anew with every change of its clip."""

    what: str
    sha256: str | None
    bytes: int | None


def checked_id(clip_id: object) -> str:
    if not isinstance(clip_id, str) or not _ID.fullmatch(clip_id):
        raise Malformed(f"{clip_id!r} is no clip's id")
    return clip_id


def checked_what(what: str) -> str:
    if not _WHAT.fullmatch(what):
        raise Malformed(f"{what!r} is no file's name")
    return what


def files_of(record: Mapping[str, Any], max_height: int | None = None) -> list[File]:
    """The films (those up to ``max_height`` pixels, at least the smallest), the sound, the
    captions, the poster. HLS is for playing from the server: its parts have no digests."""
    films = sorted(
        (r for r in record["renditions"] if r["kind"] == "mp4"), key=lambda r: int(r["height"])
    )
    if max_height is not None:
        films = [r for r in films if r["height"] <= max_height] or films[:1]
    sound = [record["audio"]] if record.get("audio") else []
    found = [
        File(_what(record["id"], r["url"]), r["sha256"], r["bytes"])
        for r in (*films, *sound, *record["captions"])
    ]
    if record["poster"]:
        found.append(File(_what(record["id"], record["poster"]), None, None))
    return found


def _what(clip_id: str, url: str) -> str:
    """Of an address only what stands behind the clip is used: our token goes to our server."""
    return checked_what(url.partition(f"/media/{clip_id}/")[2])


def sha256_of(path: Path) -> str | None:
    """None when there is no such file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """After this a power cut leaves the file, or the folder's list of names, as it is."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(source: Path, target: Path) -> None:
    """Move a written file to where it is looked for: there it is whole, or not at all."""
    sync_file(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    sync_file(target.parent)


def remove(path: Path) -> None:
    """A file, a link (never what it leads to) or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_way(root: Path, target: Path) -> None:
    """What stands where ``target`` or a folder between it and ``root`` belongs, and is none, goes:
    a link too, or we would write to wherever it leads."""
    between = [root.joinpath(*part.parts) for part in target.relative_to(root).parents[:-1]]
    for folder in reversed(between):
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink(missing_ok=True)
    if target.is_symlink() or not target.is_file():
        remove(target)


def keep_only(folder: Path, named: Collection[Path]) -> None:
    """No other file stays below it, nor a link."""
    for path in list(folder.rglob("*")):
        if path not in named and (path.is_symlink() or not path.is_dir()):
            path.unlink()


def write_json(target: Path, value: Any) -> None:
    aside = target.with_name(f".{target.name}.new")
    aside.parent.mkdir(parents=True, exist_ok=True)
    aside.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
    put(aside, target)
