"""Clips made black, frozen, silent and flashing on purpose: 320x180."""

from __future__ import annotations

from pathlib import Path

from tests.clips.base import QUICK, SOUND, Made, ffmpeg, film

_SIZE = "scale=320:180,setsar=1"


class Watched(Made):
    def _shown(self, name: str, filters: str, *argv: str, seconds: float = 6.0) -> Path:
        inputs = ("-ss", "5.6", "-t", str(seconds), "-stream_loop", "1", "-i", film("bikes"))
        return self._once(
            name,
            lambda path: ffmpeg(*inputs, "-vf", f"{_SIZE},{filters}", *argv, *QUICK, "-an", path),
        )

    def blackened(self) -> Path:
        """Black from 1.0 s to 2.2 s, and for 0.3 s at 3.0 s."""
        return self._shown(
            "blackened.mp4",
            "drawbox=c=black:t=fill:enable='between(t,1,2.19)+between(t,3,3.29)'",
            seconds=4.0,
        )

    def frozen(self) -> Path:
        """The picture stands from 1.0 s to 4.0 s; a coarse encoder adds its noise."""
        return self._shown(
            "frozen.mp4",
            "loop=loop=75:size=1:start=25,setpts=N/25/TB",
            *("-g", "50", "-crf", "30", "-t", "5"),
            seconds=3.0,
        )

    def speaking(self) -> Path:
        """A face that hardly moves, four seconds, scaled up."""
        return self._once(
            "speaking.mp4",
            lambda path: ffmpeg(
                *("-i", film("carphone_pristine"), "-t", "4"),
                *("-vf", "scale=320:180,setsar=1", *QUICK, "-crf", "30", path),
            ),
        )

    def flashing(self, rate: int, area: str = "320:180", colour: str = "white") -> Path:
        """From 1.0 s on the picture (or a part of it) turns to a colour ``rate`` times a second."""
        width, height = area.split(":")
        box = f"drawbox=0:0:{width}:{height}:c={colour}:t=fill"
        when = f"gte(t,1)*lt(mod((t-1)*{rate}+0.001,1),0.5)"
        name = f"flashing_{rate}_{width}_{colour}.mp4"
        dark = "eq=brightness=-0.3,fps=60"
        return self._shown(name, f"{dark},{box}:enable='{when}'", "-crf", "26", seconds=3.0)

    def cuts(self) -> Path:
        """The street's whole film, with its five cuts."""
        return self._once(
            "cuts.mp4",
            lambda path: ffmpeg("-i", film("bikes"), "-vf", _SIZE, *QUICK, "-crf", "26", path),
        )

    def hushed(self) -> Path:
        """A voice, silence from 1.0 s to 2.5 s, a voice."""
        return self._once(
            "hushed.mp4",
            lambda path: ffmpeg(
                *(
                    "-ss",
                    "3",
                    "-t",
                    "4",
                    "-i",
                    film("bikes"),
                    "-t",
                    "4",
                    "-i",
                    film("bigbuckbunny"),
                ),
                *("-map", "0:v", "-map", "1:a", "-vf", _SIZE),
                *("-af", "volume=0:enable='between(t,1,2.5)'", *QUICK, *SOUND, "-ac", "2", path),
            ),
        )
