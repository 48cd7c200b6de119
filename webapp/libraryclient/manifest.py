"""What an offline pack says of itself, and the signature that nobody without the key can make."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.libraryclient.files import Malformed, checked_id, checked_what

FORMAT = "lantoa-pack-1"
NAME, SIGNATURE = "manifest.json", "manifest.sig"
LARGEST = 256 * 1024 * 1024  # bytes of a manifest: some 100,000 clips


class WrongSignature(Exception):
    """Not made with this key, or changed since."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of the pack. ``path``: from the folder's root."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """``seq``: the last change of the feed that it knows; ``made_at``: RFC 3339, in UTC."""

    seq: int
    made_at: str
    files: tuple[Packed, ...]
    clips: tuple[str, ...]
    withdrawn: tuple[dict[str, str], ...]

    @property
    def age(self) -> tuple[int, str]:
        """Grows from pack to pack."""
        return self.seq, self.made_at

    def written(self) -> bytes:
        value = {
            "format": FORMAT,
            "seq": self.seq,
            "made_at": self.made_at,
            "clips": list(self.clips),
            "withdrawn": list(self.withdrawn),
            "files": [{"path": f.path, "sha256": f.sha256, "bytes": f.bytes} for f in self.files],
        }
        return json.dumps(value, ensure_ascii=False, indent=1).encode()


def read(raw: bytes, signature: bytes, key: bytes) -> Manifest:
    """Raises :class:`WrongSignature` before anything in it is believed."""
    if not hmac.compare_digest(sign(raw, key).encode(), signature.strip()):
        raise WrongSignature("this pack was not made with this key, or was changed since")
    value = json.loads(raw)
    if value.get("format") != FORMAT:
        raise Malformed(f"a pack of the kind {value.get('format')!r} needs a newer program")
    return Manifest(
        seq=int(value["seq"]),
        made_at=str(value["made_at"]),
        files=tuple(_packed(f) for f in value["files"]),
        clips=tuple(checked_id(i) for i in value["clips"]),
        withdrawn=tuple(value["withdrawn"]),
    )


def _packed(value: dict[str, Any]) -> Packed:
    return Packed(checked_what(value["path"]), str(value["sha256"]), int(value["bytes"]))


def sign(raw: bytes, key: bytes) -> str:
    return hmac.new(key, FORMAT.encode() + b"\n" + raw, hashlib.sha256).hexdigest()


def make_key(path: Path) -> bytes:
    """The key in ``path``, made at the first use; only its owner can read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"lantoa-key-{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    return read_key(path)


def read_key(path: Path) -> bytes:
    text = path.read_text("ascii", "replace").strip()
    if not text.startswith("lantoa-key-") or len(text) != 11 + 64:
        raise Malformed(f"{path} holds no key of a pack")
    return text.encode()
