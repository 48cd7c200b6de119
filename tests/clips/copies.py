"""Sources that are already what a rung would be, and those that only look like it: 640x360."""

from __future__ import annotations

from pathlib import Path

from tests.clips.base import CANARIES, Made, ffmpeg, film, void
from tests.clips.usual import turn

_X264 = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-crf", "32")
_AAC = ("-c:a", "aac", "-b:a", "96k", "-ac", "2")


class Copies(Made):
    """Eight seconds of the street with the drawn film's sound."""

    def _street(self, name: str, *argv: str, filters: str = "", x264: str = "") -> Path:
        steps = "scale=640:360,setsar=1" + (f",{filters}" if filters else "")
        params = "keyint=50:min-keyint=50:scenecut=0" + (f":{x264}" if x264 else "")
        inputs = ("-t", "8", "-i", film("bikes"), "-stream_loop", "1", "-i", film("bigbuckbunny"))
        both = ("-map", "0:v", "-map", "1:a", "-t", "8", "-vf", steps)
        coded = (*_X264, "-x264-params", params, *_AAC)
        return self._once(name, lambda path: ffmpeg(*inputs, *both, *coded, *argv, path))

    def copyable(self) -> Path:
        """As telephones write it: a key frame in two seconds, pictures in both directions; with
        all that they tell."""
        tags = (
            *("location", CANARIES["gps"], "title", CANARIES["title"]),
            *("artist", CANARIES["author"], "comment", CANARIES["software"]),
        )
        pairs = (f"{n}={v}" for n, v in zip(tags[::2], tags[1::2], strict=True))
        named = tuple(part for pair in pairs for part in ("-metadata", pair))
        handler = ("-metadata:s", f"handler_name={CANARIES['handler']}")
        return self._street("copyable.mp4", *named, *handler)

    def copyable_irregular(self) -> Path:
        """Key frames where the encoder likes them; 30000/1001 frames a second."""
        return self._street(
            "copyable_irregular.mp4",
            filters="fps=30000/1001",
            x264="keyint=120:min-keyint=10:scenecut=40",
        )

    def copyable_plain(self) -> Path:
        """Constrained Baseline, a key frame a second."""
        return self._street(
            "copyable_plain.mp4", "-profile:v", "baseline", x264="keyint=25:min-keyint=25:bframes=0"
        )

    def open_gop(self) -> Path:
        """Pictures before a key frame need the one before it."""
        return self._street("open_gop.mp4", x264="open-gop=1:bframes=3:b-adapt=0")

    def key_in_ten(self) -> Path:
        return self._street("key_in_ten.mp4", x264="keyint=250:min-keyint=250")

    def wavering(self) -> Path:
        """Its rate wavers: every seventh frame is missing for a while."""
        return self._street(
            "wavering.mp4", "-fps_mode", "vfr", filters="select='lt(n,100)+mod(n,7)'"
        )

    def nearly_steady(self) -> Path:
        """One gap of four frames in 200: its average rate is nearly the nominal one."""
        return self._street(
            "nearly_steady.mp4", "-fps_mode", "vfr", filters="select='not(between(n,60,60))'"
        )

    def ten_bits_copy(self) -> Path:
        return self._street("ten_bits_copy.mp4", "-pix_fmt", "yuv420p10le")

    def above_the_cap(self) -> Path:
        return self._street("above_the_cap.mp4", "-crf", "14")

    def burst(self) -> Path:
        """Its mean lies below the cap, one of its segments far above."""
        return self._street(
            "burst.mp4", filters="noise=alls=28:allf=t:enable='between(t,4,8)'", x264="crf=36"
        )

    def full_range_copy(self) -> Path:
        return self._street(
            "full_range_copy.mp4",
            *("-pix_fmt", "yuvj420p", "-color_range", "pc"),
            filters="scale=out_range=pc",
        )

    def fields_copy(self) -> Path:
        return self._street(
            "fields_copy.mp4", "-flags", "+ildct+ilme", filters="setfield=tff", x264="tff=1"
        )

    def between_rungs(self) -> Path:
        """432 lines: no rung's side."""
        return self._street("between_rungs.mp4", filters="scale=768:432")

    def wide_colours_copy(self) -> Path:
        """Says BT.2020, in 8 bits."""
        said = ("-color_primaries", "bt2020", "-color_trc", "bt2020-10", "-colorspace", "bt2020nc")
        return self._street("wide_colours_copy.mp4", *said)

    def refreshing(self) -> Path:
        """No key frames: each picture renews a stripe (Periodic Intra Refresh)."""
        return self._street("refreshing.mp4", x264="intra-refresh=1")

    def changing_copy(self) -> Path:
        """Two films behind one another, with parameters in the stream that change on the way."""
        first = self._street("changing_a.h264", "-an", "-t", "4", x264="bframes=0")
        second = self._street("changing_b.h264", "-an", "-t", "4", x264="bframes=0:ref=4:cabac=0")
        both = self._once(
            "changing_copy.h264",
            lambda path: void(path.write_bytes(first.read_bytes() + second.read_bytes())),
        )
        return self._once(
            "changing_copy.mp4",
            lambda path: ffmpeg("-r", "25", "-i", both, "-c", "copy", path),
        )

    def hidden_begin(self) -> Path:
        """An edit list hides what comes before the cut."""
        source = self.copyable()
        return self._once(
            "hidden_begin.mp4", lambda path: ffmpeg("-ss", "1.3", "-i", source, "-c", "copy", path)
        )

    def sound_first(self) -> Path:
        """The picture begins 0.8 s after the sound."""
        source = self.copyable()
        return self._once(
            "sound_first.mp4",
            lambda path: ffmpeg(
                *("-itsoffset", "0.8", "-i", source, "-i", source, "-map", "0:v", "-map", "1:a"),
                *("-c", "copy", path),
            ),
        )

    def turned_copy(self) -> Path:
        source = self.copyable()
        return self._once("turned_copy.mp4", lambda path: turn(source, path, 2))

    def as_matroska(self) -> Path:
        source = self.copyable()
        return self._once("as_matroska.mkv", lambda path: ffmpeg("-i", source, "-c", "copy", path))
