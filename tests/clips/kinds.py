"""Clips of one size that need very different bit rates: 1280x720, three seconds."""

from __future__ import annotations

from pathlib import Path

from tests.clips.base import QUICK, Made, ffmpeg, film

_SIZE = "scale=1280:720:flags=lanczos,setsar=1"


class Kinds(Made):
    def slides(self) -> Path:
        """Three photographs, a second each, at 25 frames a second."""
        return self._kind("slides.mp4", "bikes", f"fps=1,{_SIZE},fps=25", seconds=3.0)

    def talking(self) -> Path:
        """A face in a car, four times the size that it was filmed with, at half the speed."""
        return self._kind("talking.mp4", "carphone_pristine", f"setpts=2*PTS,fps=25,{_SIZE}")

    def street(self) -> Path:
        """Bicycles and cuts, with the sharpness that the camera had."""
        return self._kind("street.mp4", "bikes", f"{_SIZE},unsharp=5:5:2:5:5:1", start=1.0)

    def wall(self) -> Path:
        """Nothing but grey, without end or detail."""
        return self._once(
            "wall.mp4",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", "color=gray:s=640x360:r=25:d=2", *QUICK, "-crf", "20", path)
            ),
        )

    def panning_hd(self) -> Path:
        """1920x1080 of 60 different frames a second."""
        steps = "setpts=N/60/TB,crop=400:224:'mod(n*3,240)':20,scale=1920:1080,setsar=1"
        argv = ("-r", "60", "-t", "1.1", *QUICK, "-crf", "26")
        inputs = ("-ss", "3.1", "-t", "3", "-i", film("bikes"))
        return self._once(
            "panning_hd.mp4", lambda path: ffmpeg(*inputs, "-vf", steps, "-an", *argv, path)
        )

    def heavy_hd(self) -> Path:
        """1920x1080 as a telephone films it: its rate lies above any rung's."""
        return self._once(
            "heavy_hd.mp4",
            lambda path: ffmpeg(
                *("-ss", "3.1", "-i", film("bikes"), "-vf", "scale=1920:1080,setsar=1", "-an"),
                *("-t", "2", *QUICK, "-crf", "10", path),
            ),
        )

    def heavy_4k(self) -> Path:
        """3840x2160, HEVC of 10 bits, PQ, at 25 frames a second."""
        colours = ("bt2020", "smpte2084", "bt2020nc")
        names = ("color_primaries", "color_trc", "colorspace")
        said = tuple(p for n, c in zip(names, colours, strict=True) for p in (f"-{n}", c))
        x265 = "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:ref=4"
        steps = "scale=3840:2160,setsar=1,format=yuv420p10le"
        return self._once(
            "heavy_4k.mp4",
            lambda path: ffmpeg(
                *("-ss", "3.1", "-i", film("bikes"), "-vf", steps, "-an", "-t", "1.2"),
                *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
                *("-x265-params", x265, *said, path),
            ),
        )

    def _kind(
        self, name: str, source: str, filters: str, seconds: float = 3.0, start: float = 0.0
    ) -> Path:
        return self._once(
            name,
            lambda path: ffmpeg(
                *("-ss", str(start), "-i", film(source), "-vf", filters, "-an"),
                *("-t", str(seconds), *QUICK, "-crf", "16", path),
            ),
        )
