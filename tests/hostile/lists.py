"""Rows 1 to 6: lists of other places, and pages, that wear a film's name."""

from __future__ import annotations

from pathlib import Path

from tests.clips import ffmpeg
from tests.hostile.base import SECRET, Base, box, changed

_HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n{}\n#EXT-X-ENDLIST\n"


class Lists(Base):
    """``place``: where a list points; with a colon, as the tool writes addresses."""

    place: str = "file:///etc/passwd"

    def hls(self) -> Path:
        return self._list("hls", _HLS.format(self.place))

    def hls_after_a_mark(self) -> Path:
        """A byte order mark and empty lines before it."""
        return self._list("hls_bom", "\ufeff\n\n" + _HLS.format(self.place))

    def hls_behind_sound(self) -> Path:
        """An ID3 tag, as recorders of radio put before each piece."""
        tag = b"ID3\x04\x00\x00\x00\x00\x00\x00"
        return self._bytes("hls_id3.mp4", tag + _HLS.format(self.place).encode())

    def hls_concat(self) -> Path:
        """The header of one file, the secrets of another: both in one address."""
        return self._list("hls_concat", _HLS.format(f"concat:{self.place}|{self.secret()}"))

    def hls_crypto(self) -> Path:
        key = f'#EXT-X-KEY:METHOD=AES-128,URI="{self.place}",IV=0x0\n'
        return self._list("hls_crypto", _HLS.format(key + self.place))

    def hls_subfile(self) -> Path:
        return self._list("hls_subfile", _HLS.format(f"subfile,,start,0,end,64,,:{self.secret()}"))

    def hls_in_a_film_box(self) -> Path:
        """First a box of MP4, so that it is taken for one; then the list."""
        return self._bytes(
            "hls_box.mp4", box(b"free", b"\n" * 8) + _HLS.format(self.place).encode()
        )

    def hls_in_matroska(self) -> Path:
        return self._bytes(
            "hls_ebml.mp4", b"\x1a\x45\xdf\xa3\x80\n" + _HLS.format(self.place).encode()
        )

    def hls_in_avi(self) -> Path:
        """Its first bytes say AVI, the rest is a list of places."""
        text = _HLS.format(self.place).encode()
        return self._bytes("hls_avi.mp4", b"RIFF\xff\x00\x00\x00AVI " + text * 9)

    def concat(self) -> Path:
        """With its defaults the tool would put another local file into the clip."""
        return self._list("concat", f"ffconcat version 1.0\nfile {self.plain()}\n")

    def concat_of_options(self) -> Path:
        lines = f"file '{self.secret()}'\noption safe 0\nfile_packet_metadata x=y\n"
        return self._list("concat_options", "ffconcat version 1.0\n" + lines)

    def dash(self) -> Path:
        return self._list(
            "dash",
            '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
            f"<Period><BaseURL>{self.place}</BaseURL></Period></MPD>",
        )

    def smooth(self) -> Path:
        return self._list("smooth", f'<SmoothStreamingMedia Url="{self.place}"/>')

    def pls(self) -> Path:
        return self._list("pls", f"[playlist]\nFile1={self.place}\nNumberOfEntries=1\n")

    def svg(self) -> Path:
        return self._list(
            "svg",
            '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>'
            f'<image href="{self.place}"/></svg>',
        )

    def html(self) -> Path:
        return self._list("html", f'<!doctype html><iframe src="{self.place}"></iframe>')

    def sdp(self) -> Path:
        return self._list("sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n")

    def html_and_film(self) -> Path:
        """A page behind a film, in a box that players skip."""
        page = f"<!doctype html><script>document.title='{SECRET}'</script>".encode()
        return self._bytes("html_and_film.mp4", self.plain().read_bytes() + box(b"free", page))

    def film_in_a_page(self) -> Path:
        """The same with the page's text as first box: what sniffs for HTML sees a page."""
        page = f"--><!doctype html><script>document.title='{SECRET}'</script>".encode()
        content = self._moved(len(page) + 8)
        return self._bytes("film_in_a_page.mp4", box(b"free", page) + content)

    def _moved(self, by: int) -> bytes:
        """The plain film for a place ``by`` bytes further on."""

        def shift(inside: bytes) -> bytes:
            count = int.from_bytes(inside[4:8])
            places = [int.from_bytes(inside[8 + 4 * i : 12 + 4 * i]) + by for i in range(count)]
            return box(b"stco", inside[:8] + b"".join(p.to_bytes(4) for p in places))

        return changed(self.plain().read_bytes(), b"stco", shift)

    def subtitle_list(self) -> Path:
        """AVI whose subtitle is a list of places (GAB2): the tool opens subtitles by itself."""
        return self._gab2("gab2.avi", _HLS.format(self.place).encode())

    def subtitle_list_of_text(self) -> Path:
        """The same with pictures of text (XBIN), which would show what the file holds."""
        secret = f"concat:{self.secret()}"
        head = b"XBIN\x1a\x20\x00\x0f\x00\x10\x04"
        return self._gab2("gab2_xbin.avi", head + _HLS.format(secret).encode())

    def _gab2(self, name: str, text: bytes) -> Path:
        return self._once(name, lambda path: write_gab2(self.plain(), path, text))

    def _list(self, name: str, text: str) -> Path:
        return self._bytes(f"{name}.mp4", text.encode())


def write_gab2(film: Path, target: Path, text: bytes) -> None:
    """``film`` as AVI with one more stream, a subtitle as VLC and others write it."""
    ffmpeg("-i", film, "-t", "2", "-c:v", "mpeg4", "-c:a", "mp3", target)
    content = target.read_bytes()
    title = "x".encode("utf-16-le") + b"\0\0"
    gab2 = b"GAB2\0" + b"\x02\0" + len(title).to_bytes(4, "little") + title
    gab2 += b"\x04\0" + len(text).to_bytes(4, "little") + text
    target.write_bytes(with_subtitle(content, gab2 + b"\0" * (len(gab2) % 2)))


def riff(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)


def with_subtitle(avi: bytes, chunk: bytes) -> bytes:
    """A stream header of the kind "txts" behind the others, its only chunk first in the film."""
    header = avi.index(b"hdrl") - 8
    size = int.from_bytes(avi[header + 4 : header + 8], "little")
    inside = avi[header + 12 : header + 8 + size]
    count = int.from_bytes(inside[8 + 24 : 8 + 28], "little")
    inside = inside[: 8 + 24] + (count + 1).to_bytes(4, "little") + inside[8 + 28 :]
    strh = b"txts" + bytes(16) + (1).to_bytes(4, "little") * 2 + bytes(28)
    strl = riff(b"LIST", b"strl" + riff(b"strh", strh) + riff(b"strf", b""))
    hdrl = riff(b"LIST", b"hdrl" + inside + strl)
    movi = avi.index(b"movi") - 8
    length = int.from_bytes(avi[movi + 4 : movi + 8], "little")
    text = riff(f"{count:02d}tx".encode(), chunk)
    film = riff(b"LIST", b"movi" + text + avi[movi + 12 : movi + 8 + length])
    return riff(b"RIFF", b"AVI " + hdrl + film)
