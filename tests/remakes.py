"""Real films come back changed: compressed, framed, mirrored, cut anew. And their frames."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.clips import ffmpeg, film
from workers.media.hashes import frame_hashes

FILMS = ("bikes", "carphone_pristine", "bigbuckbunny")
_PAD_4_3 = r"pad=iw:trunc(max(iw*3/4\,ih*1.15)/2)*2:0:(oh-ih)/2"
# What is done to the picture (a filter) and to the bytes (options).
CHANGES: dict[str, Sequence[str]] = {
    "compressed, 240p at CRF 35": ("-vf", "scale=-2:240", "-crf", "35"),
    "compressed, 144p at CRF 40": ("-vf", "scale=-2:144", "-crf", "40"),
    "letterboxed": ("-vf", _PAD_4_3),
    "pillarboxed in white": ("-vf", "pad=trunc(max(iw*1.15\\,ih*16/9)/2)*2:ih:(ow-iw)/2:0:white"),
    "bars on all sides": ("-vf", "pad=iw*1.3:ih*1.5:(ow-iw)/2:(oh-ih)/2", "-crf", "30"),
    "mirrored": ("-vf", "hflip"),
    "mirrored, letterboxed, 240p": ("-vf", f"hflip,scale=-2:240,{_PAD_4_3}", "-crf", "34"),
    "brighter, more contrast": ("-vf", "eq=brightness=0.12:contrast=1.25"),
    "darker, paler": ("-vf", "eq=brightness=-0.15:contrast=0.8:saturation=0.5"),
    "1.1 times as fast": ("-vf", "setpts=PTS/1.1"),
    "a logo in the corner": (
        *("-vf", "drawbox=x=iw*0.85:y=ih*0.05:w=iw*0.1:h=ih*0.12:color=yellow:t=fill"),
    ),
    "the first 2 s cut off": ("-ss", "2.13"),
    "the inner half": ("-ss", "{quarter}", "-t", "{half}"),
}
_QUICK = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p")


def remake(source: Path, change: str, target: Path) -> Path:
    """The film changed in this way; made once."""
    if not target.exists():
        length = _probe(source, "duration")
        cut = {"quarter": f"{length / 4 + 0.07:.2f}", "half": f"{length / 2:.2f}"}
        ffmpeg("-i", source, *_QUICK, *(o.format(**cut) for o in CHANGES[change]), target)
    return target


def joined(first: Path, second: Path, target: Path) -> Path:
    """One film and then the other, both at 640x360."""
    same = "scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1,fps=25,setsar=1"
    graph = f"[0:v]{same}[a];[1:v]{same}[b];[a][b]concat=n=2:v=1[v]"
    ffmpeg("-i", first, "-i", second, "-filter_complex", graph, "-map", "[v]", *_QUICK, target)
    return target


def frames_of(path: Path, each_s: float = 0.5) -> tuple[np.ndarray, list[float]]:
    """RGB frames of 320 px width, one each so many seconds, and their times."""
    width, height = (int(_probe(path, name)) for name in ("width", "height"))
    height = max(2, round(height * 320 / width / 2) * 2)
    # The frame that shows at that time, as a player would stop on it.
    graph = f"fps={1 / each_s}:round=down,scale=320:{height}"
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-vf", graph]
    done = subprocess.run(
        [*argv, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
    )
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, height, 320, 3)
    return frames, [n * each_s for n in range(len(frames))]


def hashes_of(path: Path, each_s: float = 0.5) -> list[dict[str, Any]]:
    """What the pipeline hands over for this clip."""
    return [h.as_json() for h in frame_hashes(*frames_of(path, each_s))]


def _probe(path: Path, name: str) -> float:
    what = "format" if name == "duration" else "stream"
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", f"{what}={name}"]
    done = subprocess.run([*argv, str(path)], capture_output=True, text=True, check=True)
    found = re.search(rf"{name}=([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


__all__ = ["CHANGES", "FILMS", "film", "frames_of", "hashes_of", "joined", "remake"]
