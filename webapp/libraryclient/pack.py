"""A mirror as one signed ZIP for schools without internet: open ``index.html`` and watch."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from webapp.libraryclient import offline
from webapp.libraryclient.files import BLOCK, Malformed, put
from webapp.libraryclient.manifest import NAME, SIGNATURE, Manifest, Packed, sign
from webapp.libraryclient.shelf import Shelf, read_clip


def pack(shelf: Shelf, target: Path, key: bytes, *, now: datetime | None = None) -> Manifest:
    """Write the pack beside ``target`` and put it there when it is whole.

    Raises :class:`Malformed` for a file that is not what the feed said: a sync mends it.
    """
    made_at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    aside = target.with_name(f".{target.name}.new")
    # Films are packed already; a year before 1980 is none for a ZIP.
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as out:
        packed: list[Packed] = []
        cards: list[offline.Card] = []
        for clip in shelf.complete():
            folder = shelf.clips / clip.id
            record = read_clip(folder)
            packed += _add_clip(out, f"clips/{clip.id}", folder, record["files"])
            cards.append(offline.card(folder, record))
        for path, text in offline.pages(cards, made_at):
            packed.append(_add_text(out, path, text))
        manifest = Manifest(
            seq=shelf.seq,
            made_at=made_at,
            files=tuple(packed),
            clips=tuple(card.id for card in cards),
            withdrawn=tuple(shelf.withdrawn()),
        )
        raw = manifest.written()
        out.writestr(_entry(NAME), raw, zipfile.ZIP_DEFLATED)
        out.writestr(_entry(SIGNATURE), sign(raw, key))
    put(aside, target)
    return manifest


def _add_clip(
    out: zipfile.ZipFile, path: str, folder: Path, listed: list[dict[str, str]]
) -> Iterator[Packed]:
    for file in listed:
        try:
            packed = _add(out, f"{path}/{file['what']}", folder / file["what"])
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            packed = None
        if packed is None or packed.sha256 != file["sha256"]:
            raise Malformed(f"{folder / file['what']} is damaged: sync this mirror first")
        yield packed
    yield _add(out, f"{path}/clip.json", folder / "clip.json")


def _entry(path: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))


def _add(out: zipfile.ZipFile, path: str, source: Path) -> Packed:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, out.open(_entry(path), "w", force_zip64=True) as entry:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
            entry.write(block)
    return Packed(path, digest.hexdigest(), size)


def _add_text(out: zipfile.ZipFile, path: str, text: str) -> Packed:
    raw = text.encode()
    out.writestr(_entry(path), raw, zipfile.ZIP_DEFLATED)
    return Packed(path, hashlib.sha256(raw).hexdigest(), len(raw))
