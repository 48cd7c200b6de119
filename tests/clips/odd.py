"""What phones and cameras make that players rarely meet."""

from __future__ import annotations

import math
import struct
from pathlib import Path

from tests.clips.base import QUICK, SOUND, ffmpeg, film
from tests.clips.usual import Usual, turn

BOTH = ("-map", "0:v", "-map", "1:a")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1")
_SMALL = "scale=428:240,setsar=1"


class Odd(Usual):
    """Pictures, rates and sounds of unusual kinds; 428x240 where the size does not matter."""

    def hlg(self) -> Path:
        """HDR as television sends it: HEVC of 10 bits, HLG, BT.2020."""
        said = "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
        return self._film(
            "hlg.mp4",
            *(*BOTH, "-vf", f"{_SMALL},format=yuv420p10le", *_HEVC, "-x265-params", said),
            *("-color_primaries", "bt2020", "-color_trc", "arib-std-b67"),
            *("-colorspace", "bt2020nc", *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def ten_bit(self) -> Path:
        """H.264 of 10 bits, of ordinary range."""
        return self._film(
            "ten_bit.mp4",
            *(*BOTH, "-vf", f"{_SMALL},format=yuv420p10le", "-c:v", "libx264"),
            *("-preset", "ultrafast", *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def four_two_two(self) -> Path:
        """A camera's H.264: 4:2:2, 10 bits."""
        return self._film(
            "four_two_two.mp4",
            *(*BOTH, "-vf", f"{_SMALL},format=yuv422p10le", "-c:v", "libx264"),
            *("-preset", "ultrafast", *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def four_four_four(self) -> Path:
        return self._film(
            "four_four_four.mp4",
            *(*BOTH, "-vf", f"{_SMALL},format=yuv444p", "-c:v", "libx264"),
            *("-preset", "ultrafast", *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def screen(self) -> Path:
        """A recorded screen: H.264 of red, green and blue, not of luma."""
        return self._film(
            "screen.mp4",
            *(*BOTH, "-vf", _SMALL, "-c:v", "libx264rgb", "-preset", "ultrafast"),
            *(*SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def bottom_first(self) -> Path:
        """A camcorder of the other kind: the lower field comes first."""
        return self._film(
            "bottom_first.mp4",
            *(*BOTH, "-vf"),
            "fps=50,scale=720:480,tinterlace=mode=interleave_bottom,setsar=1,setfield=bff",
            *("-flags", "+ildct+ilme", "-x264-params", "bff=1", *QUICK, *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def turned_180(self) -> Path:
        return self._once("turned_180.mp4", lambda path: turn(self._lying(), path, 2))

    def turned_270(self) -> Path:
        return self._once("turned_270.mp4", lambda path: turn(self._lying(), path, 3))

    def turned_anamorphic(self) -> Path:
        """320x240 stored, seen as 427x240, and then turned: upright 240x427."""
        lying = self._film(
            "lying_anamorphic.mp4",
            *(*BOTH, "-vf", "scale=320:240,setsar=4/3", *QUICK, *SOUND, "-ac", "2"),
            seconds=1.6,
        )
        return self._once("turned_anamorphic.mp4", lambda path: turn(lying, path))

    def _lying(self) -> Path:
        return self._film(
            "lying.mp4", *BOTH, "-vf", _SMALL, *QUICK, *SOUND, "-ac", "2", seconds=1.6
        )

    def mixed_rate(self) -> Path:
        """25 frames a second for a while, then 50."""
        return self._film(
            "mixed_rate.mp4",
            *(*BOTH, "-vf", f"fps=50,select='gt(n,45)+not(mod(n,2))',{_SMALL}"),
            *("-fps_mode", "vfr", *QUICK, *SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def panning(self) -> Path:
        """60 frames a second, and each shows something else: the camera follows a bicycle."""
        return self._panning("panning.mp4", "60")

    def panning_small(self) -> Path:
        """The same of 176x144: its only rung is the fast one. Black from 1.05 s on."""
        black = "drawbox=c=black:t=fill:enable='gte(t,1.049)'"
        crop = "crop=176:144:'abs(400-mod(n*3,800))':60"
        return self._panning("panning_small.mp4", "60", f"{crop},{black}")

    def fifty(self) -> Path:
        return self._panning("fifty.mp4", "50")

    def standing(self) -> Path:
        """60 frames a second of a picture in which nothing happens but the sensor's noise."""
        return self._film(
            "standing.mp4",
            *("-map", "0:v", "-vf"),
            f"trim=end_frame=1,loop=96:1,setpts=N/60/TB,fps=60,noise=alls=6:allf=t,{_SMALL}",
            *QUICK,
            seconds=1.6,
        )

    def _panning(
        self, name: str, rate: str, crop: str = "crop=428:240:'abs(200-mod(n*3,400))':20"
    ) -> Path:
        # The film is taken frame by frame at the higher rate: it moves 2.4 times as fast.
        return self._film(
            name,
            *(*BOTH, "-vf", f"setpts=N/{rate}/TB,{crop},setsar=1", "-r", rate),
            *("-t", "1.6", *QUICK, *SOUND, "-ac", "2"),
            seconds=4.0,
        )

    def film_rate(self) -> Path:
        """24000/1001 frames a second."""
        return self._film(
            "film_rate.mp4",
            *(*BOTH, "-vf", f"fps=24000/1001,{_SMALL}", *QUICK, *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def eight_channels(self) -> Path:
        """7.1, without compression."""
        return self._film(
            "eight_channels.mov",
            *(*BOTH, "-vf", _SMALL, "-af", "aformat=channel_layouts=7.1"),
            *(*QUICK, "-c:a", "pcm_s16le"),
            seconds=1.6,
        )

    def nameless_channels(self) -> Path:
        """Ten channels of a recorder that does not say what they are."""
        wave = (round(6000 * math.sin(n * 2 * math.pi * 440 / 48000)) for n in range(76_800))
        tone = b"".join(struct.pack("<h", value) * 10 for value in wave)
        raw = self._bytes("nameless.pcm", tone)
        sound = ("-f", "s16le", "-ar", "48000", "-ac", "10", "-i", raw)
        return self._once(
            "nameless_channels.mkv",
            lambda path: ffmpeg(
                *("-ss", "3", "-t", "1.6", "-i", film("bikes"), *sound, *BOTH, "-vf", _SMALL),
                *(*QUICK, "-c:a", "pcm_s16le", path),
            ),
        )

    def quiet(self) -> Path:
        """A child that whispers far from the telephone: -45 LUFS."""
        return self._loud("quiet.mp4", "volume=-20dB")

    def loud(self) -> Path:
        """Shouted into the microphone: clipped."""
        return self._loud("loud.mp4", "volume=24dB,aformat=sample_fmts=s16,aformat=sample_fmts=flt")

    def _loud(self, name: str, change: str) -> Path:
        return self._film(
            name,
            *(*BOTH, "-vf", _SMALL, "-af", f"loudnorm=I=-25:TP=-2:linear=false,{change}"),
            *(*QUICK, "-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"),
            seconds=3.0,
        )

    def silent_track(self) -> Path:
        """A sound track with nothing on it."""
        return self._film(
            "silent_track.mp4",
            *(*BOTH, "-vf", _SMALL, "-af", "volume=0", *QUICK, *SOUND, "-ac", "2"),
            seconds=1.6,
        )

    def holed_sound(self) -> Path:
        """The microphone was away from 0.8 s to 1.4 s: no sound is stored of that time."""
        return self._film(
            "holed_sound.mkv",
            *(*BOTH, "-vf", _SMALL, "-af", "aselect='not(between(t,0.8,1.4))'"),
            *(*QUICK, "-c:a", "pcm_s16le", "-ac", "2"),
            seconds=2.4,
        )

    def short_sound(self) -> Path:
        """The sound ends a second before the picture."""
        return self._film(
            "short_sound.mp4",
            *(*BOTH, "-vf", _SMALL, "-af", "atrim=end=1.4", *QUICK, *SOUND, "-ac", "2"),
            seconds=2.4,
        )

    def one_key(self) -> Path:
        """Ten seconds, and only the first picture stands for itself."""
        return self._once(
            "one_key.mp4",
            lambda path: ffmpeg(
                *("-i", film("bikes"), "-i", film("bigbuckbunny"), *BOTH, "-vf", _SMALL),
                *("-g", "999", "-sc_threshold", "0", *QUICK, *SOUND, "-ac", "2", "-t", "10", path),
            ),
        )

    def changing(self) -> Path:
        """A call that was recorded: the picture becomes smaller on its way."""
        parts = []
        for number, size in enumerate(("428:240", "320:180")):
            parts.append(
                self._film(
                    f"changing_{number}.ts",
                    *(*BOTH, "-vf", f"scale={size},setsar=1", *QUICK, *SOUND, "-ac", "2"),
                    *("-output_ts_offset", str(1.2 * number), "-f", "mpegts"),
                    start=3.0 + 1.2 * number,
                    seconds=1.2,
                )
            )
        content = b"".join(part.read_bytes() for part in parts)
        return self._bytes("changing.ts", content)
