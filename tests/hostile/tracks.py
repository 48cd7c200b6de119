"""Rows 15, 16, 25 to 28: too many tracks, none at all, and those that nobody ordered."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.clips import CANARIES, ffmpeg, film
from tests.hostile.base import SECRET, Base, box

_SRT = """1
00:00:00,000 --> 00:00:02,000
<script>alert("{0}")</script> {{\\an8}}{0}
"""
_ASS = """[Script Info]
ScriptType: v4.00+
Title: {0}
[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,{0},40
[Fonts]
fontname: {0}.ttf
!!!!
[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:02.00,Default,{{\\p1}}m 0 0 l 9 9{{\\p0}}<script>{0}</script>
"""
# Where a phone or an editor says more than the picture: in Adobe's way.
XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f"<rdf:li>{CANARIES['author']}</rdf:li><exif:GPSLatitude>{CANARIES['gps']}"
    f"</exif:GPSLatitude><tiff:Model>{CANARIES['device']}</tiff:Model></x:xmpmeta>"
).encode()
_XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


class Tracks(Base):
    def sound_beyond_all_loudness(self) -> Path:
        """Samples of 1e30, then such as are no numbers."""
        return self._once(
            "beyond.mkv",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-f", "lavfi", "-t", "2"),
                *("-i", "aevalsrc='if(gt(t,0.5),if(gt(t,1),0/0,1e30),sin(2764*t))':s=48000"),
                *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_f32le", path),
            ),
        )

    def sound_goes_on(self) -> Path:
        """Half a minute of it after the last picture."""
        return self._with_sound("goes-on.mp4", 0, "-c:a", "aac")

    def sound_goes_on_unsaid(self) -> Path:
        """In Matroska, which says no length of a track."""
        return self._with_sound("goes-on.mkv", 0, "-c:a", "aac")

    def sound_comes_after_the_film(self) -> Path:
        return self._with_sound("after.mkv", 20, "-c:a", "aac")

    def a_sample_a_second(self) -> Path:
        return self._with_sound("rare.mkv", 0, "-c:a", "pcm_s16le", "-ar", "1", "-t", "2")

    def _with_sound(self, name: str, begin: int, *how: str) -> Path:
        sound = ["-itsoffset", str(begin), "-f", "lavfi", "-i", "sine=d=30"]
        return self._once(
            name,
            lambda path: ffmpeg(
                *("-i", self.plain(), *sound, "-map", "0:v", "-map", "1:a"),
                *("-c:v", "copy", *how, path),
            ),
        )

    """29 too: a cover is a track."""

    # 15

    def three_hundred(self) -> Path:
        return self._once(
            "three_hundred.mkv",
            lambda path: ffmpeg("-i", self.plain(), *("-map", "0:a") * 300, "-c", "copy", path),
        )

    def five_thousand(self) -> Path:
        """The same two tracks, again and again, in one index."""

        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        moov = content[at + 8 :]
        track = moov.index(b"trak") - 4
        one = moov[track : track + int.from_bytes(moov[track : track + 4])]
        return self._bytes("five_thousand.mp4", content[:at] + box(b"moov", moov + one * 5000))

    # 16

    def sound(self) -> Path:
        return self._once(
            "sound.mkv", lambda path: ffmpeg("-i", self.plain(), "-vn", "-c", "copy", path)
        )

    def sound_in_film_box(self) -> Path:
        return self._once(
            "sound.mp4", lambda path: ffmpeg("-i", self.plain(), "-vn", "-c", "copy", path)
        )

    def song_with_cover(self) -> Path:
        return self._once(
            "song.mp4",
            lambda path: ffmpeg(
                *("-i", self.sound_in_film_box(), "-i", self.cover(), "-map", "0", "-map", "1"),
                *("-c", "copy", "-disposition:v:0", "attached_pic", path),
            ),
        )

    def picture(self) -> Path:
        return self._bytes("picture.mp4", self.cover().read_bytes())

    def moving_picture(self) -> Path:
        """A GIF."""
        made = self._once(
            "moving.gif", lambda path: ffmpeg("-i", self.plain(), "-vf", "fps=5,scale=96:-2", path)
        )
        return self._bytes("moving.mp4", made.read_bytes())

    def cover(self) -> Path:
        return self._once(
            "cover.jpg", lambda path: ffmpeg("-i", film("bikes"), "-frames:v", "1", path)
        )

    # 25 to 27: with the plain film, and something hidden in each.

    def subtitles(self) -> Path:
        """SRT with a script, ASS with a font of its own, as Matroska holds them."""
        srt = self._bytes("hidden.srt", _SRT.format(SECRET).encode())
        ass = self._bytes("hidden.ass", _ASS.format(SECRET).encode())
        return self._once(
            "subtitles.mkv",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-i", srt, "-i", ass, "-map", "0", "-map", "1", "-map", "2"),
                *("-c", "copy", "-disposition:s", "default+forced", path),
            ),
        )

    def subtitles_of_phones(self) -> Path:
        srt = self._bytes("hidden.srt", _SRT.format(SECRET).encode())
        return self._once(
            "subtitles.mp4",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-i", srt, "-map", "0", "-map", "1", "-c", "copy"),
                *("-c:s", "mov_text", path),
            ),
        )

    def attachments(self) -> Path:
        """A font and a program, which players unpack."""
        font = self._bytes("hidden.ttf", b"\0\1\0\0" + SECRET.encode() * 99)
        program = self._bytes("hidden.exe", b"MZ\x90\0" + SECRET.encode() * 99)
        return self._once(
            "attachments.mkv",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c", "copy", "-attach", font, "-attach", program),
                *("-metadata:s:t:0", "mimetype=application/x-truetype-font"),
                *("-metadata:s:t:1", "mimetype=application/x-msdownload", path),
            ),
        )

    def timecode(self) -> Path:
        """The clock of a camera, with the name of its reel."""
        return self._once(
            "timecode.mov",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c", "copy", "-timecode", "10:11:12:13"),
                *("-metadata:s:v", f"reel_name={SECRET}", path),
            ),
        )

    def positions(self) -> Path:
        """What an action camera notes of its way, as a track of data (GPMD)."""
        piece = b"GPS5l\x14\0\1" + SECRET.encode() + CANARIES["gps"].encode()
        return self._data("gpmd.mp4", b"gpmd", piece)

    def timed_notes(self) -> Path:
        """Apple's timed metadata: faces, places."""
        return self._data("mebx.mov", b"mebx", f"{SECRET} {CANARIES['author']}".encode())

    def _data(self, name: str, kind: bytes, piece: bytes) -> Path:
        """The plain film with one more track: of ``kind``, one piece a second."""
        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        place = at + 8
        inside = content[at + 8 :]
        track = _data_track(kind, len(piece), [place, place + len(piece)])
        film = content[:at] + box(b"mdat", piece * 2)
        return self._bytes(name, film + box(b"moov", inside + track))

    def chapters(self) -> Path:
        text = f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle={SECRET}\n"
        notes = self._bytes("chapters.txt", text.encode())
        return self._once(
            "chapters.mp4",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-f", "ffmetadata", "-i", notes, "-map", "0"),
                *("-map_chapters", "1", "-c", "copy", path),
            ),
        )

    # 28: everything that a family would not want to tell.

    def told_by_an_iphone(self) -> Path:
        names = ("location.ISO6709", "make", "model", "software", "title", "author")
        names = (*names, "content.identifier", "camera.lens_model", "camera.serial")
        values = (*CANARIES.values(), SECRET, SECRET, SECRET)
        tags = zip(names, values, strict=True)
        return self._tagged(
            "iphone.mov",
            *("-movflags", "use_metadata_tags"),
            *(p for n, v in tags for p in ("-metadata", f"com.apple.quicktime.{n}={v}")),
        )

    def told_by_an_android(self) -> Path:
        names = ("location", "title", "artist", "comment", "copyright", "description")
        tags = zip(names, CANARIES.values(), strict=True)
        return self._tagged(
            "android.mp4",
            *(p for n, v in tags for p in ("-metadata", f"{n}={v}")),
            *("-metadata:s", f"handler_name={CANARIES['handler']}"),
        )

    def told_by_a_recorder(self) -> Path:
        """Matroska, with tags on the file, on the streams and on a chapter."""
        return self._tagged(
            "recorder.mkv",
            *(p for n, v in CANARIES.items() for p in ("-metadata", f"{n}={v}")),
            *(p for n, v in CANARIES.items() for p in ("-metadata:s", f"{n}={v}")),
        )

    def _tagged(self, name: str, *tags: str) -> Path:
        return self._once(name, lambda path: ffmpeg("-i", self.plain(), "-c", "copy", *tags, path))

    def adobe(self) -> Path:
        """XMP in a box of its own at the end, and again within the index."""
        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        known = box(
            b"udta",
            box(b"XMP_", XMP) + box(b"\xa9xyz", b"\0\x16\x15\xc7" + CANARIES["gps"].encode()),
        )
        uuid = box(b"uuid", _XMP_ID + XMP)
        return self._bytes(
            "adobe.mp4", content[:at] + box(b"moov", content[at + 8 :] + known + uuid) + uuid
        )

    def told_within_the_pictures(self) -> Path:
        """A side unit of H.264 in each picture: what drones and body cameras write."""
        note = "086f3693-b7b3-4f2c-9653-21492feee5b8+" + CANARIES["gps"] + SECRET
        return self._tagged("sei.mp4", "-bsf:v", f"h264_metadata=sei_user_data={note}")

    def told_within_the_sound(self) -> Path:
        """An ID3 tag in AAC, and a comment in the sound's own packets."""
        return self._once(
            "fill.ts",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c", "copy", "-metadata", f"title={SECRET}"),
                *("-metadata", f"service_provider={CANARIES['author']}", "-f", "mpegts", path),
            ),
        )

    def cover_of_a_camera(self) -> Path:
        """A film whose cover picture has the place and the camera in its EXIF."""
        cover = self._bytes("exif.jpg", with_exif(self.cover().read_bytes()))
        return self._once(
            "cover.mp4",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-i", cover, "-map", "0", "-map", "1", "-c", "copy"),
                *("-disposition:v:1", "attached_pic", path),
            ),
        )

    def bomb_as_cover(self, side: int = 30_000) -> Path:
        """A picture of 30000x30000 in some kilobytes, as the film's cover."""
        return self._with_cover(f"bomb_{side}.mp4", png(side, side, 1, 0))

    def heavy_cover(self) -> Path:
        """Within what the tool takes by itself: two megabytes that unpack to 432."""
        return self._with_cover("heavy.mp4", png(12_000, 12_000, 8, 2))

    def _with_cover(self, name: str, cover: bytes) -> Path:
        """In iTunes' place for covers: ``cover`` need not be one that a tool would take."""
        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        data = box(b"data", (14).to_bytes(4) + bytes(4) + cover)
        handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
        meta = box(b"meta", bytes(4) + handler + box(b"ilst", box(b"covr", data)))
        moov = content[at + 8 :]
        return self._bytes(name, content[:at] + box(b"moov", moov + box(b"udta", meta)))


def png(width: int, height: int, depth: int, colour: int) -> bytes:
    """All black (PNG, 11.2): a hundred rows are packed once, so that it costs us nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = bytes(1 + (width * depth * channels + 7) // 8)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    hundred = packer.compress(row * 100) + packer.flush(zlib.Z_FULL_FLUSH)
    total = len(row) * height
    check = (total % 65521 << 16 | 1).to_bytes(4)  # Adler-32 of as many zeros
    packed = b"\x78\x01" + hundred * (height // 100) + b"\x03\0" + check
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def with_exif(jpeg: bytes) -> bytes:
    """EXIF with camera and place, a smaller picture inside it, and a colour profile of 60 KB."""
    picture = Image.open(BytesIO(jpeg))
    exif = picture.getexif()
    exif[0x010F] = exif[0x0110] = CANARIES["device"]
    exif[0x0131] = CANARIES["software"]
    exif[0x013B] = CANARIES["author"]
    exif.get_ifd(0x8825)[29] = CANARIES["gps"]
    out = BytesIO()
    picture.save(
        out, "JPEG", exif=exif, icc_profile=SECRET.encode() * 2500, comment=SECRET.encode()
    )
    return out.getvalue()


def _data_track(kind: bytes, size: int, places: list[int]) -> bytes:
    """A track of data: a piece of ``size`` bytes each second, at ``places``."""
    count = len(places)
    tkhd = bytes(3) + b"\1" + bytes(8) + (9).to_bytes(4) + bytes(4) + (2000).to_bytes(4)
    tkhd += bytes(16) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30) + bytes(8)
    mdhd = bytes(12) + (1).to_bytes(4) + count.to_bytes(4) + b"\x55\xc4\0\0"
    hdlr = bytes(8) + b"meta" + bytes(12) + SECRET.encode() + b"\0"
    dinf = box(b"dref", bytes(4) + (1).to_bytes(4) + box(b"url ", b"\0\0\0\1"))
    entry = box(kind, bytes(6) + b"\0\1")
    tables = [
        box(b"stsd", bytes(4) + (1).to_bytes(4) + entry),
        box(b"stts", bytes(4) + struct.pack(">III", 1, count, 1)),
        box(b"stsc", bytes(4) + struct.pack(">IIII", 1, 1, 1, 1)),
        box(b"stsz", bytes(4) + struct.pack(">II", size, count)),
        box(b"stco", bytes(4) + count.to_bytes(4) + b"".join(p.to_bytes(4) for p in places)),
    ]
    minf = box(b"nmhd", bytes(4)) + box(b"dinf", dinf) + box(b"stbl", b"".join(tables))
    mdia = box(b"mdhd", mdhd) + box(b"hdlr", hdlr) + box(b"minf", minf)
    return box(b"trak", box(b"tkhd", tkhd) + box(b"mdia", mdia))
