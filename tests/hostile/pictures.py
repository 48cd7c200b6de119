"""Rows 8, 9, 30, 31 and 34 to 36: pictures and sound of every kind that a tool can make."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.clips import ffmpeg, film, turn
from tests.hostile.base import QUICK, Base
from tests.hostile.tracks import with_exif

_STREET = ("-ss", "3", "-t", "2", "-i", film("bikes"))
_DEEP = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt")
_PQ = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"

# Codecs that a clip may not have, each in a container that holds it.
LEGACY: dict[str, str] = {
    "msmpeg4v2": "avi",
    "msmpeg4": "avi",
    "cinepak": "avi",
    "flv": "mkv",
    "wmv1": "avi",
    "wmv2": "avi",
    "svq1": "mov",
    "mpeg1video": "avi",
    "rv10": "rm",
    "rv20": "rm",
    "libtheora": "mkv",
    "huffyuv": "avi",
    "ffv1": "mkv",
    "utvideo": "avi",
    "dnxhd": "mov",
    "jpeg2000": "mov",
    "snow": "avi",
    "asv1": "avi",
    "smc": "mov",
    "qtrle": "mov",
    "rpza": "mov",
    "zmbv": "avi",
    "rawvideo": "avi",
    "png": "mov",
    "msvideo1": "avi",
}
_NEEDS: dict[str, tuple[str, ...]] = {
    "dnxhd": ("-vf", "scale=1280:720,fps=25", "-b:v", "90M", "-pix_fmt", "yuv422p", "-t", "1"),
    "cinepak": ("-vf", "scale=96:72", "-t", "1"),
    "snow": ("-strict", "-2"),
    "rv10": ("-vf", "scale=176:144"),
    "rv20": ("-vf", "scale=176:144"),
    "zmbv": ("-vf", "scale=96:54", "-t", "1"),
}
LEGACY_SOUND: dict[str, str] = {"wmav2": "avi", "adpcm_ms": "avi", "dca": "mkv", "wavpack": "mkv"}


class Pictures(Base):
    # 8, 9

    def giant(self) -> Path:
        """Really 16000x16000, of one colour, the largest that the tool takes by itself: three
        megabytes that unpack to 256."""

        def make(path: Path) -> None:
            picture = path.with_suffix(".jpg")
            Image.new("L", (16000, 16000), 90).save(picture, "JPEG", quality=10)
            ffmpeg("-loop", "1", "-framerate", "1", "-t", "2", "-i", picture, "-c", "copy", path)
            picture.unlink()

        return self._once("giant.mkv", make)

    def sized(self, width: int, height: int) -> Path:
        """A drawn test picture of this size, in any codec that holds it."""
        return self._once(
            f"sized_{width}x{height}.mkv",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", f"testsrc=s={width}x{height}:r=10:d=1.5"),
                *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", path),
            ),
        )

    def one_by_one(self) -> Path:
        return self.sized(1, 1)

    def a_line(self) -> Path:
        """Two pixels high, and as wide as a codec allows."""
        return self._once(
            "line.mkv",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", "color=red:s=16000x2:r=10:d=1.5", "-c:v", "mjpeg", path)
            ),
        )

    def odd(self) -> Path:
        return self.sized(127, 97)

    # 30

    def photographs_with_notes(self) -> Path:
        """Motion JPEG: each picture has its EXIF, a picture inside it, and a profile."""

        def make(path: Path) -> None:
            shot = path.with_suffix(".jpg")
            ffmpeg(*_STREET, "-vf", "scale=192:108", "-frames:v", "1", shot)
            shot.write_bytes(with_exif(shot.read_bytes()))
            ffmpeg("-loop", "1", "-r", "10", "-t", "1.5", "-i", shot, "-c", "copy", path)
            shot.unlink()

        return self._once("noted.avi", make)

    # 31

    def _street(self, name: str, *how: str) -> Path:
        return self._once(name, lambda path: ffmpeg(*_STREET, *how, path))

    def ten_bits(self) -> Path:
        return self._street("ten.mp4", "-vf", "scale=192:108,setsar=1", *_DEEP, "yuv420p10le")

    def all_colours(self) -> Path:
        """4:4:4, of ten bits."""
        return self._street("444.mp4", "-vf", "scale=192:108,setsar=1", *_DEEP, "yuv444p10le")

    def half_colours(self) -> Path:
        """4:2:2, as cameras of the press."""
        return self._street("422.mp4", "-vf", "scale=192:108,setsar=1", *_DEEP, "yuv422p10le")

    def no_colours(self) -> Path:
        return self._street("gray.mp4", "-vf", "scale=192:108,setsar=1", *_DEEP, "gray")

    def full_range(self) -> Path:
        return self._street("full.mp4", "-vf", "scale=192:108,setsar=1", *_DEEP, "yuvj420p")

    def twelve_bits(self) -> Path:
        return self._street(
            *("twelve.mkv", "-vf", "scale=192:108,setsar=1,format=yuv420p12le"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        )

    def see_through(self) -> Path:
        """ProRes 4444: with transparency."""
        return self._street(
            *("alpha.mov", "-vf", "scale=192:108,setsar=1,format=yuva444p10le"),
            *("-c:v", "prores_ks", "-profile:v", "4444"),
        )

    def hdr(self) -> Path:
        return self._street(
            *("hdr.mp4", "-vf", "scale=192:108,setsar=1,format=yuv420p10le", "-tag:v", "hvc1"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params"),
            *(f"log-level=error:{_PQ}", "-color_primaries", "bt2020"),
            *("-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        )

    def turned(self) -> Path:
        """Upright, by a quarter turn."""
        lying = self._street("lying.mp4", "-vf", "scale=192:108,setsar=1", *QUICK)
        return self._once("turned.mp4", lambda target: turn(lying, target))

    def two_fields(self) -> Path:
        return self._street(
            *("fields.mp4", "-vf", "fps=50,scale=192:144,tinterlace=mode=interleave_top,setsar=1"),
            *("-flags", "+ildct+ilme", "-x264-params", "tff=1", *QUICK),
        )

    def odd_pixels(self) -> Path:
        """Pixels of 64:45: 720x576 is seen as 1024x576."""
        return self._street("sar.mp4", "-vf", "scale=180:144,setsar=64/45", *QUICK)

    def absurd_pixels(self) -> Path:
        """Pixels that are sixty thousand times as wide as high."""
        return self._street("sar_absurd.mp4", "-vf", "scale=192:108,setsar=60000/1", *QUICK)

    # 34

    def legacy(self, codec: str) -> Path:
        how = _NEEDS.get(codec, ("-vf", "scale=192:108"))
        if "-vf" not in how:
            how = ("-vf", "scale=192:108", *how)
        return self._street(f"old_{codec}.{LEGACY[codec]}", *how, "-c:v", codec)

    def legacy_sound(self, codec: str) -> Path:
        return self._once(
            f"sound_{codec}.{LEGACY_SOUND[codec]}",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c:v", "copy", "-c:a", codec, "-strict", "-2", path)
            ),
        )

    # 35

    def _sounding(self, name: str, sound: str, *how: str) -> Path:
        return self._once(
            name,
            lambda path: ffmpeg(
                *("-i", self.plain(), "-f", "lavfi", "-t", "2", "-i", sound),
                *("-map", "0:v", "-map", "1:a", "-c:v", "copy", *how, path),
            ),
        )

    def eight_channels(self) -> Path:
        """Sound of eight channels and 192 kHz."""
        return self._sounding(
            "eight.mkv",
            "sine=frequency=440:sample_rate=192000,pan=7.1|c0=c0|c1=c0|c2=c0|c6=c0",
            *("-c:a", "pcm_s24le"),
        )

    def three_quarters_of_a_megahertz(self) -> Path:
        return self._sounding(
            "768.mkv", "sine=frequency=440:sample_rate=768000", "-c:a", "pcm_f32le"
        )

    def far_too_loud(self) -> Path:
        """Sixty decibel above what a loudspeaker can play."""
        return self._sounding(
            "loud.mkv", "sine=frequency=440:sample_rate=48000,volume=60dB", "-c:a", "pcm_f32le"
        )

    def not_a_number(self) -> Path:
        """Samples that are no numbers."""
        return self._sounding(
            "nan.mkv", "aevalsrc='if(lt(t,1),sin(2764*t),0/0)':s=48000", "-c:a", "pcm_f32le"
        )

    # 36

    def flashing(self, rate: int, colours: str = "black|white", seconds: float = 3.0) -> Path:
        """Whole pictures that change ``rate`` times a second to and fro, after a second of rest;
        the flashing lasts from 1.0 s on to the end."""
        one, other = colours.split("|")
        period = 30 // rate
        change = f"gte(n,30)*lt(mod(n,{period}),{period / 2})"
        return self._once(
            f"flashing_{rate}_{one}_{other}.mp4",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", f"color={one}:s=320x180:r=30:d={seconds}"),
                *("-vf", f"drawbox=c={other}:t=fill:enable='{change}'", *QUICK, path),
            ),
        )

    def flashing_white(self) -> Path:
        """Ten times a second: can start a seizure (WCAG 2.3.1: at most three)."""
        return self.flashing(10)

    def flashing_slower(self) -> Path:
        return self.flashing(5)

    def flashing_fastest(self) -> Path:
        """As fast as 30 pictures a second show it."""
        return self.flashing(15)

    def flashing_red(self) -> Path:
        """Saturated red against black, five times a second: worse than white of that strength."""
        return self.flashing(5, "black|red")

    def blinking(self) -> Path:
        """Once a second: harmless."""
        return self.flashing(1, seconds=5.0)
