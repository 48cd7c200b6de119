"""What is refused."""

from __future__ import annotations

import random
import zipfile
import zlib
from pathlib import Path

from tests.clips.base import QUICK, ffmpeg, film
from tests.clips.usual import Usual


class RefusedOnes(Usual):
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
                *("-vf", "setpts=N*120/TB", "-fps_mode", "passthrough", *QUICK, path),
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
        return self._film("too_short.mp4", "-map", "0:v", *QUICK, seconds=0.4)

    def tiny(self) -> Path:
        return self._film("tiny.mp4", "-map", "0:v", "-vf", "scale=32:32", *QUICK, seconds=1.5)

    def huge(self) -> Path:
        """Wider than what phones and cinema cameras make."""
        return self._once(
            "huge.mp4",
            lambda path: ffmpeg(
                *("-f", "lavfi", "-i", "color=gray:s=4400x1080:r=1:d=2", *QUICK, path),
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
