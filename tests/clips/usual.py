"""What phones and cameras make."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.clips.base import CANARIES, QUICK, SOUND, Made, ffmpeg, film

# Quarter turns clockwise, as matrices (ISO/IEC 14496-12, 8.3.2).
_TURNS = {
    quarters: struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    for quarters, (cos, sin) in {1: (0, 1), 2: (-1, 0), 3: (0, -1)}.items()
}


class Usual(Made):
    def landscape(self) -> Path:
        """The usual: 1280x720, 25 fps, stereo, index at the front."""
        return self._film(
            "landscape.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=1280:720,setsar=1"),
            *(*QUICK, *SOUND, "-ac", "2", "-movflags", "+faststart"),
            seconds=2.5,
        )

    def portrait(self) -> Path:
        """A telephone held upright: stored lying, turned by a tag; with all that phones tell."""
        tags = {
            "com.apple.quicktime.location.ISO6709": CANARIES["gps"],
            "com.apple.quicktime.make": CANARIES["device"],
            "com.apple.quicktime.model": CANARIES["device"],
            "com.apple.quicktime.software": CANARIES["software"],
            "com.apple.quicktime.title": CANARIES["title"],
            "com.apple.quicktime.author": CANARIES["author"],
            "com.apple.quicktime.creationdate": "2024-05-17T08:00:00+0700",
        }
        path = self._film(
            "portrait.mov",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=1280:720,setsar=1", *QUICK, *SOUND),
            *("-ac", "2", "-movflags", "use_metadata_tags", "-timecode", "10:00:00:00"),
            *(part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")),
            *("-metadata:s", f"handler_name={CANARIES['handler']}"),
            *("-metadata:s", f"title={CANARIES['title']}"),
            seconds=2.5,
        )
        return self._once("turned.mov", lambda target: turn(path, target))

    def tagged(self) -> Path:
        """The tags that an Android phone and an editor write into an MP4."""
        tags = {
            "location": CANARIES["gps"],
            "title": CANARIES["title"],
            "artist": CANARIES["author"],
            "comment": CANARIES["software"],
            "copyright": CANARIES["device"],
        }
        return self._once(
            "tagged.mp4",
            lambda path: ffmpeg(
                *("-i", self.marked(), "-c", "copy"),
                *(p for name, value in tags.items() for p in ("-metadata", f"{name}={value}")),
                *("-metadata:s", f"handler_name={CANARIES['handler']}", path),
            ),
        )

    def full_hd(self) -> Path:
        """1920x1080: every rung of the ladder."""
        return self._film(
            "full_hd.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=1920:1080,setsar=1"),
            *(*QUICK, *SOUND, "-ac", "2"),
            seconds=2.5,
        )

    def silent(self) -> Path:
        """The film as it is: 640x272, without sound."""
        return self._once(
            "silent.mp4",
            lambda path: ffmpeg("-i", film("bikes"), "-t", "5", "-c", "copy", path),
        )

    def small(self) -> Path:
        """A filmed face of 176x144: below every rung."""
        return self._once(
            "small.mp4", lambda path: ffmpeg("-i", film("carphone_pristine"), "-c", "copy", path)
        )

    def variable(self) -> Path:
        """A phone in the dark: 25 frames a second, then 8."""
        return self._film(
            "variable.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "select='lt(n,40)+not(mod(n,3))',scale=640:-2"),
            *("-fps_mode", "vfr", *QUICK, *SOUND, "-ac", "2"),
        )

    def hdr(self) -> Path:
        """HDR10: HEVC of 10 bits, PQ, BT.2020."""
        colours = ("colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:repeat-headers=1",)
        return self._film(
            "hdr.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,setsar=1,format=yuv420p10le"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
            *("-x265-params", f"log-level=error:{colours[0]}", "-color_primaries", "bt2020"),
            *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", *SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def interlaced(self) -> Path:
        """A camcorder: two fields a frame."""
        return self._film(
            "interlaced.mp4",
            *("-map", "0:v", "-map", "1:a"),
            *("-vf", "fps=50,scale=720:576,tinterlace=mode=interleave_top,setsar=1,setfield=tff"),
            *("-flags", "+ildct+ilme", "-x264-params", "tff=1", *QUICK, *SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def anamorphic(self) -> Path:
        """720x576 stored, 1024x576 seen."""
        return self._film(
            "anamorphic.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=720:576,setsar=64/45"),
            *(*QUICK, *SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def odd(self) -> Path:
        """WebM of 427x241: both sides odd."""
        return self._film(
            "odd.webm",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=427:241,setsar=1", "-pix_fmt", "yuv420p"),
            *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k"),
            *("-c:a", "libopus", "-ac", "2"),
            seconds=2.0,
        )

    def mono(self) -> Path:
        return self._film(
            "mono.mp4",
            *("-map", "0:v", "-map", "1:a", *QUICK, *SOUND, "-ac", "1", "-ar", "22050"),
            seconds=2.0,
        )

    def surround(self) -> Path:
        """Drawn, 1280x720, with six channels: the film as it is."""
        return self._once(
            "surround.mp4",
            lambda path: ffmpeg("-i", film("bigbuckbunny"), "-t", "1.2", "-c", "copy", path),
        )

    def fast(self) -> Path:
        """60 frames a second."""
        return self._film(
            "fast.mp4", "-map", "0:v", "-vf", "fps=60,scale=640:-2", *QUICK, seconds=2.0
        )

    def recorder(self) -> Path:
        """What a browser records: WebM that does not say how long it is."""
        return self._film(
            "recorder.webm",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,setsar=1", "-pix_fmt", "yuv420p"),
            *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k"),
            *("-c:a", "libopus", "-ac", "2", "-live", "1"),
            seconds=2.0,
        )

    def fragmented(self) -> Path:
        """What Safari records: an MP4 of fragments, whose index says nothing of a length."""
        return self._once(
            "fragmented.mp4",
            lambda path: ffmpeg(
                *("-i", self.marked(), "-c", "copy"),
                *("-movflags", "frag_keyframe+empty_moov+default_base_moof", path),
            ),
        )

    def long_sound(self) -> Path:
        """Matroska whose sound goes on for a second after the picture's end."""
        return self._film(
            "long_sound.mkv",
            *("-map", "0:v", "-map", "1:a", "-filter:v", "trim=end=2,scale=640:-2"),
            *(*QUICK, *SOUND, "-ac", "2"),
            seconds=3.0,
        )

    def transport(self) -> Path:
        """A camcorder's MPEG transport stream, with Dolby sound; its clock begins anywhere."""
        return self._film(
            "transport.mts",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,setsar=1", *QUICK),
            *("-c:a", "ac3", "-output_ts_offset", "5000", "-f", "mpegts"),
            seconds=2.0,
        )

    def old_camera(self) -> Path:
        """AVI of photographs (Motion JPEG) and plain sound."""
        return self._film(
            "old_camera.avi",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=320:240,setsar=1,format=yuvj420p"),
            *("-c:v", "mjpeg", "-q:v", "6", "-c:a", "pcm_s16le", "-ac", "1", "-ar", "11025"),
            seconds=2.0,
        )

    def late_picture(self) -> Path:
        """The sound begins 0.8 s before the picture."""
        source = self.marked()
        return self._once(
            "late_picture.mp4",
            lambda path: ffmpeg(
                *("-itsoffset", "0.8", "-i", source, "-itsoffset", "0.8", "-i", source),
                *("-f", "lavfi", "-t", "0.8", "-i", "anullsrc=r=48000:cl=stereo"),
                *("-filter_complex", "[1:a]asetpts=PTS-STARTPTS[m];[2:a][m]concat=n=2:v=0:a=1[a]"),
                *("-map", "0:v", "-map", "[a]", "-c:v", "copy", *SOUND, path),
            ),
        )

    def slideshow(self) -> Path:
        """Pictures of an editing app: the second one stands for three seconds."""
        return self._film(
            "slideshow.mp4",
            *("-map", "0:v", "-vf", "fps=2,select='lt(n,2)+eq(n,7)'", "-fps_mode", "vfr", *QUICK),
        )

    def still(self) -> Path:
        """One picture that stands for three seconds."""
        return self._film(
            "still.mp4",
            *("-map", "0:v", "-frames:v", "1", "-r", "1/3", *QUICK),
        )

    def trimmed(self) -> Path:
        """Cut on the phone without encoding: an edit list hides the first frames."""
        return self._once(
            "trimmed.mp4",
            lambda path: ffmpeg("-ss", "1.3", "-i", self.marked(), "-c", "copy", path),
        )

    def cover_first(self) -> Path:
        """A picture as first stream, then the film."""
        cover = self._once(
            "cover.jpg", lambda path: ffmpeg("-i", film("bikes"), "-frames:v", "1", path)
        )
        return self._once(
            "cover_first.mp4",
            lambda path: ffmpeg(
                *("-i", cover, "-i", self.marked(), "-map", "0:v", "-map", "1", "-c", "copy"),
                *("-disposition:v:0", "attached_pic", path),
            ),
        )

    def marked(self) -> Path:
        """White and a beep, both from 2.0 s to 2.4 s: shows whether picture and sound agree."""
        return self._once(
            "marked.mp4",
            lambda path: ffmpeg(
                *("-ss", "3", "-t", "4", "-i", film("bikes")),
                *("-f", "lavfi", "-t", "4", "-i", "sine=frequency=1000:sample_rate=48000"),
                *("-filter_complex", _FLASH),
                *("-map", "[v]", "-map", "[a]", *QUICK, "-bf", "2", *SOUND, "-ac", "2", path),
            ),
        )

    def four_k(self) -> Path:
        """3840x2160, HEVC of 10 bits, PQ: the heaviest that a phone makes."""
        return self._film(
            "four_k.mp4",
            *("-map", "0:v", "-vf", "fps=5,scale=3840:2160,setsar=1,format=yuv420p10le"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params"),
            "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
            *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
            seconds=1.2,
        )


def turn(source: Path, target: Path, quarters: int = 1) -> None:
    """Write quarter turns clockwise into the video track's header, as a phone does."""
    content = bytearray(source.read_bytes())
    at = content.find(b"tkhd")
    while at >= 0:
        width = int.from_bytes(content[at + 80 : at + 82])
        if width:  # sound has no width
            content[at + 44 : at + 80] = _TURNS[quarters]
            break
        at = content.find(b"tkhd", at + 4)
    target.write_bytes(content)


_FLASH = (
    "[0:v]scale=640:360,setsar=1,drawbox=c=white:t=fill:enable='between(t,2,2.39)'[v];"
    "[1:a]volume=0:enable='lt(t,2)+gt(t,2.4)'[a]"
)
