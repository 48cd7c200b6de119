"""Bring a school's folder up to date from a pack: what was withdrawn goes first."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from webapp.libraryclient.files import (
    BLOCK,
    Malformed,
    keep_only,
    make_way,
    put,
    remove,
    sha256_of,
    sync_file,
    write_json,
)
from webapp.libraryclient.manifest import LARGEST, NAME, SIGNATURE, Manifest, Packed, read
from webapp.libraryclient.shelf import lock


class OlderPack(Exception):
    """It knows less than what lies here: it would bring back what was withdrawn since."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    clips: int
    removed: int
    written: int
    seq: int


def unpack(source: Path, folder: Path, key: bytes) -> Unpacked:
    """Make ``folder`` what the pack says; the same pack again mends what was damaged.

    Raises :class:`WrongSignature`, :class:`OlderPack` or :class:`Malformed`, and then has changed
    nothing, but for what was withdrawn when a file of the pack turns out to be damaged.
    """
    own = folder / ".lantoa"
    own.mkdir(parents=True, exist_ok=True)
    held = lock(own / "lock")
    try:
        with _opened(source) as archive:
            manifest = _manifest(archive, key)
            _refuse_older(own / "pack.json", manifest)
            _check_whole(archive, manifest)
            # A kill from here on leaves a folder that takes this pack again, and none before it.
            write_json(own / "pack.json", {"seq": manifest.seq, "made_at": manifest.made_at})
            removed = _remove_others(folder, manifest)
            written = _write(archive, folder, own, manifest)
    finally:
        os.close(held)
    return Unpacked(len(manifest.clips), removed, written, manifest.seq)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile:
        raise Malformed(
            f"{source} is no ZIP file, or only a part of one: get the pack again from the library"
        ) from None


def _manifest(archive: zipfile.ZipFile, key: bytes) -> Manifest:
    try:
        if archive.getinfo(NAME).file_size > LARGEST or archive.getinfo(SIGNATURE).file_size > 1024:
            raise Malformed("the pack's manifest is too large")
        return read(archive.read(NAME), archive.read(SIGNATURE), key)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _damaged("the manifest", f" ({error})") from None
    except KeyError as error:
        raise Malformed(f"this is no pack of a library: {error}") from None


def _refuse_older(applied: Path, manifest: Manifest) -> None:
    try:
        last = json.loads(applied.read_text("utf-8"))
    except FileNotFoundError:
        return
    if manifest.age < (last["seq"], last["made_at"]):
        raise OlderPack(
            f"the pack of {manifest.made_at} is older than that of {last['made_at']}, which was "
            "unpacked here before"
        )


def _check_whole(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    wrong = [f.path for f in manifest.files if sizes.get(f.path) != f.bytes]
    if wrong:
        raise Malformed(f"the pack lacks {wrong[0]} and {len(wrong) - 1} more")


def _remove_others(folder: Path, manifest: Manifest) -> int:
    """What of clips/ the pack does not have (clips, and what a system or a person left there) and
    files that its clips have no more. How many went, of those right in clips/."""
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    stray = [place for place in clips.iterdir() if place.name not in manifest.clips]
    if stray:
        # Out of sight in one step each; whatever an earlier run left aside is in nobody's way.
        aside = Path(tempfile.mkdtemp(prefix="gone-", dir=folder / ".lantoa"))
        for place in stray:
            place.rename(aside / place.name)
    sync_file(clips)
    for left in (folder / ".lantoa").glob("gone-*"):
        remove(left)
    named = {folder / file.path for file in manifest.files}
    for place in named:
        make_way(clips if place.is_relative_to(clips) else folder, place)
    keep_only(clips, named)
    return len(stray)


def _write(archive: zipfile.ZipFile, folder: Path, own: Path, manifest: Manifest) -> int:
    """How many files were new. The pages come first: the old ones name what is gone."""
    files = sorted(manifest.files, key=lambda f: "/" in f.path)
    new = [f for f in files if sha256_of(folder / f.path) != f.sha256]
    for file in new:
        _extract(archive, own / "part", file)
        put(own / "part", folder / file.path)
    return len(new)


def _extract(archive: zipfile.ZipFile, part: Path, file: Packed) -> None:
    digest, left = hashlib.sha256(), file.bytes
    try:
        with archive.open(file.path) as entry, part.open("wb") as out:
            while left > 0 and (block := entry.read(min(BLOCK, left))):
                digest.update(block)
                out.write(block)
                left -= len(block)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _damaged(file.path, f" ({error})") from None
    if digest.hexdigest() != file.sha256:
        raise _damaged(file.path)


def _damaged(what: str, why: str = "") -> Malformed:
    return Malformed(
        f"{what} is damaged in this pack{why}: get the pack again from the library, and unpack "
        "that one here"
    )
