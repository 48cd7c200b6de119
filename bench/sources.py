"""Clips for the benches: filmed and drawn pieces that ship inside a package, as phones send them.

Made anew for each run, outside of what is measured. The film is 640x272 of 25 frames a second: it
is scaled up, and grain is laid over it, so that the decoder and the encoders have as much to do
as with a phone's film of that size.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.clips import ffmpeg, film

_GRAIN = "noise=alls=4:allf=t"
_SOUND = ("-c:a", "aac", "-ac", "2", "-b:a", "128k")


def _filmed(path: Path, seconds: float, size: str, *codec: str) -> Path:
    ffmpeg(
        *("-stream_loop", "-1", "-i", film("bikes"), "-stream_loop", "-1"),
        *("-i", film("bigbuckbunny"), "-t", str(seconds), "-map", "0:v", "-map", "1:a"),
        *("-vf", f"scale={size}:flags=lanczos,setsar=1,{_GRAIN},fps=30", *codec),
        *("-pix_fmt", "yuv420p", *_SOUND, path),
    )
    return path


def phone(folder: Path, seconds: float) -> Path:
    """1080p: H.264 High with CABAC, no B frames, a key frame each second, 18 Mbit/s."""
    rate = ("-b:v", "18M", "-maxrate", "20M", "-bufsize", "20M")
    codec = ("-c:v", "libx264", "-preset", "fast", "-bf", "0", "-g", "30", *rate)
    return _filmed(folder / "phone.mp4", seconds, "1920:1080", *codec)


def four_k(folder: Path, seconds: float) -> Path:
    """4K: HEVC Main, a key frame each second, 45 Mbit/s: what new phones write."""
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-b:v", "45M")
    codec += ("-x265-params", "log-level=error:keyint=30:rd=2")
    return _filmed(folder / "four_k.mp4", seconds, "3840:2160", *codec)


def hevc(folder: Path, seconds: float) -> Path:
    """1080p in HEVC: browsers do not play it, the preview has to be encoded."""
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-b:v", "12M")
    codec += ("-x265-params", "log-level=error:keyint=30")
    return _filmed(folder / "hevc.mp4", seconds, "1920:1080", *codec)


def drawn(folder: Path, seconds: float) -> Path:
    """Drawn film, 1280x720, turned upright to 1080 lines, as an editing app exports it."""
    path = folder / "drawn.mp4"
    ffmpeg(
        *("-stream_loop", "-1", "-i", film("bigbuckbunny"), "-t", str(seconds)),
        *("-vf", "crop=406:720,scale=1080:1920:flags=lanczos,setsar=1,fps=30", "-c:v", "libx264"),
        *("-preset", "fast", "-b:v", "10M", "-g", "30", "-pix_fmt", "yuv420p", *_SOUND, path),
    )
    return path


def talking(folder: Path, seconds: float) -> Path:
    """A filmed face, scaled up to 720p."""
    path = folder / "talking.mp4"
    ffmpeg(
        *("-stream_loop", "-1", "-i", film("carphone_pristine"), "-t", str(seconds)),
        *("-vf", "scale=1280:720:flags=lanczos,setsar=1,noise=alls=2:allf=t,fps=30"),
        *("-c:v", "libx264", "-preset", "fast", "-b:v", "8M", "-g", "30"),
        *("-pix_fmt", "yuv420p", path),
    )
    return path


def slides(folder: Path, seconds: float) -> Path:
    """Pictures of the film that stand for three seconds each, 720p."""
    path = folder / "slides.mp4"
    ffmpeg(
        *("-i", film("bikes"), "-vf"),
        "fps=1/3,scale=1280:720:flags=lanczos,setsar=1,fps=30",
        *("-t", str(seconds), "-c:v", "libx264", "-preset", "fast", "-b:v", "8M", "-g", "30"),
        *("-pix_fmt", "yuv420p", path),
    )
    return path
