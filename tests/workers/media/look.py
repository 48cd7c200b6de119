"""What a viewer would notice of a file, asked of the tool without our own code."""

from __future__ import annotations

import json
import re
import subprocess
from array import array
from pathlib import Path
from typing import Any

from PIL import Image


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


def colours(path: Path, columns: int, rows: int) -> list[tuple[int, int, int]]:
    """Red, green and blue in the middle of each patch of a chart, row by row, as a browser shows
    them: a picture that does not name its colours has those that its size suggests."""
    video = stream(path, "video")
    named = video.get("color_space", "unknown")
    large = min(video["width"], video["height"]) >= 720
    matrix = named if named != "unknown" else ("bt709" if large else "smpte170m")
    place = ("-ss", "0.4") if path.suffix == ".mp4" else ()
    steps = f"scale=in_color_matrix={matrix}:flags=accurate_rnd+full_chroma_int,format=rgb24"
    size = f"scale={20 * columns}:{20 * rows}:flags=area"
    argv = ("ffmpeg", "-v", "error", "-i", path, *place, "-frames:v", "1")
    content, _ = _run(*argv, "-vf", f"{steps},{size}", "-f", "rawvideo", "-")
    return patches(Image.frombytes("RGB", (20 * columns, 20 * rows), content), columns, rows)


def tile(path: Path, width: int, height: int, number: int = 0) -> Image.Image:
    """One picture of a sheet."""
    with Image.open(path) as sheet:
        row, column = divmod(number, sheet.width // width)
        x, y = column * width, row * height
        return sheet.convert("RGB").crop((x, y, x + width, y + height))


def patches(chart: Image.Image, columns: int, rows: int) -> list[tuple[int, int, int]]:
    """The colour in the middle of each patch."""
    width, height = chart.width // columns, chart.height // rows
    middles = [(c + 0.5, r + 0.5) for r in range(rows) for c in range(columns)]
    found = [chart.getpixel((int(x * width), int(y * height))) for x, y in middles]
    return [(c[0], c[1], c[2]) for c in found if isinstance(c, tuple)]


def loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness (LUFS, as two loudspeakers play it) and true peak (dBTP)."""
    dual = ":dualmono=true" if stream(path, "audio")["channels"] == 1 else ""
    argv = ("ffmpeg", "-nostdin", "-v", "info", "-i", path, "-vn")
    _, words = _run(*argv, "-af", f"ebur128=peak=true{dual}", "-f", "null", "-")
    summary = words[words.rindex("Summary:") :]
    found = (re.findall(r"I:\s+(\S+) LUFS", summary), re.findall(r"Peak:\s+(\S+) dBFS", summary))
    return float(found[0][0]), float(found[1][0])


def hashes(path: Path) -> list[str]:
    """The MD5 of each picture, as it is decoded."""
    argv = ("ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-fps_mode", "passthrough")
    out, _ = _run(*argv, "-f", "framemd5", "-")
    lines = out.decode().splitlines()
    return [line.rpartition(",")[2].strip() for line in lines if not line.startswith("#")]


def frame_times(path: Path) -> list[float]:
    argv = ("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time")
    out, _ = _run(*argv, "-of", "csv=p=0", path)
    return [float(line.strip(",")) for line in out.decode().split()]


def levels(path: Path, seconds: float) -> list[float]:
    """RMS of each such piece of the sound, in dB."""
    steps = f"aresample=48000,asetnsamples={round(48000 * seconds)}:p=0,astats=metadata=1:reset=1"
    show = "ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-"
    argv = ("ffmpeg", "-v", "error", "-i", path, "-vn", "-af", f"{steps},{show}")
    out, _ = _run(*argv, "-f", "null", "-")
    return [float(value) for value in re.findall(r"RMS_level=(\S+)", out.decode())]


def channels(path: Path) -> float:
    """How far the two sides of the sound differ: RMS of the difference by that of the sum."""
    argv = ("ffmpeg", "-v", "error", "-i", path, "-vn", "-ac", "2", "-ar", "8000")
    content, _ = _run(*argv, "-f", "s16le", "-")
    values = array("h", content)
    pairs = list(zip(values[::2], values[1::2], strict=True))
    apart = sum((left - right) ** 2 for left, right in pairs)
    together = sum((left + right) ** 2 for left, right in pairs)
    return float((apart / max(1, together)) ** 0.5)


def combing(path: Path) -> float:
    """How far a line differs from its neighbours, which agree with each other, on the mean."""
    video = stream(path, "video")
    width, height = video["width"], video["height"]
    argv = ("ffmpeg", "-v", "error", "-i", path, "-ss", "1.0", "-frames:v", "1")
    content, _ = _run(*argv, "-vf", "format=gray", "-f", "rawvideo", "-")
    rows = [content[n * width : (n + 1) * width] for n in range(height)]
    found = 0
    for above, line, below in zip(rows, rows[1:], rows[2:], strict=False):
        found += sum(
            max(0, min(abs(b - a), abs(b - c)) - abs(a - c))
            for a, b, c in zip(above, line, below, strict=True)
        )
    return found / (width * height)


def segments(playlist: Path) -> list[float]:
    """Their lengths in seconds."""
    return [float(n) for n in re.findall(r"#EXTINF:([0-9.]+)", playlist.read_text())]
