"""What a viewer would notice of a file, asked of the tool without our own code."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any


def _run(*argv: str | Path) -> tuple[bytes, str]:
    done = subprocess.run([*map(str, argv)], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout, done.stderr.decode(errors="replace")


def described(path: Path) -> dict[str, Any]:
    """All that ffprobe shows of streams and format."""
    argv = ("ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path)
    answer = json.loads(_run(*argv)[0])
    assert isinstance(answer, dict)
    return answer


def stream(path: Path, kind: str) -> dict[str, Any]:
    (found,) = (s for s in described(path)["streams"] if s["codec_type"] == kind)
    assert isinstance(found, dict)
    return found


def kinds(path: Path) -> list[str]:
    return [s["codec_type"] for s in described(path)["streams"]]


def key_times(path: Path) -> list[float]:
    """When the key frames are shown, in seconds."""
    argv = ("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries")
    out, _ = _run(*argv, "packet=pts_time,flags", "-of", "csv=p=0", path)
    rows = [line.split(",") for line in out.decode().split()]
    return [round(float(r[0]), 3) for r in rows if "K" in r[1]]


def picture(path: Path, at: float, size: tuple[int, int]) -> bytes:
    """Grey values of the picture shown at ``at`` seconds, scaled to ``size``."""
    argv = ("ffmpeg", "-v", "error", "-i", path, "-ss", str(at), "-frames:v", "1")
    scale = f"scale={size[0]}:{size[1]}:flags=area,format=gray"
    return _run(*argv, "-vf", scale, "-f", "rawvideo", "-")[0]


def greys(path: Path) -> bytes:
    """The mean grey of every picture."""
    argv = ("ffmpeg", "-v", "error", "-i", path, "-vf", "scale=1:1:flags=area,format=gray")
    return _run(*argv, "-f", "rawvideo", "-")[0]


def likeness(one: bytes, other: bytes) -> float:
    """Mean distance of two grey pictures of one size, 0..255: below 10 they show the same."""
    assert len(one) == len(other) > 0
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def white_at(path: Path) -> float:
    """When the picture turns white, in seconds from the begin."""
    argv = ("ffmpeg", "-v", "info", "-i", path, "-vf", "negate,blackdetect=d=0.1:pix_th=0.2")
    _, words = _run(*argv, "-an", "-f", "null", "-")
    return float(re.findall(r"black_start:([0-9.]+)", words)[0])


def beep_at(path: Path) -> float:
    """When the silence ends, in seconds from the begin."""
    argv = ("ffmpeg", "-v", "info", "-i", path, "-vn", "-af", "silencedetect=n=-35dB:d=0.3")
    _, words = _run(*argv, "-f", "null", "-")
    return float(re.findall(r"silence_end: ([0-9.]+)", words)[0])


def decodes_to(path: Path) -> tuple[int, str]:
    """How many pictures come out, and what the decoder complained of."""
    out, words = _run("ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-f", "framecrc", "-")
    return sum(not line.startswith(b"#") for line in out.splitlines()), words


def box_order(path: Path) -> list[str]:
    """Top boxes of an MP4, in order."""
    content = path.read_bytes()
    names, at = [], 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        names.append(content[at + 4 : at + 8].decode("latin-1"))
        at += length or len(content)
    return names
