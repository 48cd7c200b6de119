"""What is made of real clips, seen as a viewer's player sees it."""

from __future__ import annotations

import hashlib
import itertools
import re
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import CANARIES
from tests.workers.conftest import Works
from tests.workers.media import look
from workers.media import MediaLimits, render_ladder
from workers.media.ladder import rate_for, rungs_for

# One process makes the clips for all of these.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("made")]

# Name: upright size, rungs, whether the preview is a copy.
KINDS: dict[str, tuple[tuple[int, int], list[int], bool]] = {
    "landscape": ((1280, 720), [144, 240, 360, 480, 720], True),
    "portrait": ((720, 1280), [144, 240, 360, 480, 720], True),
    "full_hd": ((1920, 1080), [144, 240, 360, 480, 720, 1080], True),
    "silent": ((640, 272), [144, 240], True),
    "small": ((193, 144), [144], False),
    "variable": ((640, 272), [144, 240], True),
    "hdr": ((640, 360), [144, 240, 360], False),
    "interlaced": ((720, 576), [144, 240, 360, 480], False),
    "anamorphic": ((1024, 576), [144, 240, 360, 480], False),
    "odd": ((427, 241), [144, 240], False),
    "mono": ((640, 272), [144, 240], True),
    "surround": ((1280, 720), [144, 240, 360, 480, 720], True),
    "fast": ((640, 272), [144, 240], True),
    "recorder": ((640, 360), [144, 240, 360], False),
    "long_sound": ((640, 272), [144, 240], True),
    "marked": ((640, 360), [144, 240, 360], True),
    "late_picture": ((640, 360), [144, 240, 360], True),
    "transport": ((640, 360), [144, 240, 360], False),
    "old_camera": ((320, 240), [144, 240], False),
    "slideshow": ((640, 272), [144, 240], True),
    "still": ((640, 272), [144, 240], True),
    "fragmented": ((640, 360), [144, 240, 360], True),
    "trimmed": ((640, 360), [144, 240, 360], True),
    "cover_first": ((640, 360), [144, 240, 360], True),
}
SILENT = ("silent", "small", "fast", "slideshow", "still")
# Already what their largest rung would be: copied, with the profile that they came with.
COPIED = {"full_hd": ("1080p", "Constrained Baseline"), "surround": ("720p", "Main")}
# One of each sort, for what does not depend on the source.
FEW = ("landscape", "portrait", "silent", "odd")
every = pytest.mark.parametrize("name", KINDS)
few = pytest.mark.parametrize("name", FEW)


def hls_files(works: Works, name: str) -> dict[str, Path]:
    """Rung or sound -> its file: "720p", "audio", "audio-low"."""
    works.rendered(name)
    return {path.stem: path for path in (works.out(name) / "hls").glob("*.mp4")}


def rung_files(works: Works, name: str) -> dict[str, Path]:
    return {s: p for s, p in hls_files(works, name).items() if not s.startswith("audio")}


def one_file(works: Works, name: str) -> Path:
    """The best of the single files."""
    made = [r for r in works.rendered(name).renditions if r.kind == "mp4"]
    return works.out(name) / max(made, key=lambda r: r.height).what


def all_files(works: Works, name: str) -> list[Path]:
    made = (*works.examined(name).files, *works.rendered(name).files)
    return [file.path for file in made]


@every
def test_the_clip_is_understood(works: Works, name: str) -> None:
    size, _, copied = KINDS[name]
    made = works.examined(name)
    assert (made.facts.width, made.facts.height) == size
    assert made.remuxed is copied
    assert made.facts.silent == (name in SILENT)
    # What a browser says of the preview, which it takes from the file: who has watched it all is
    # measured by this.
    told = look.described(works.out(name) / "proxy.mp4")["format"]["duration"]
    assert made.signals["preview_s"] == pytest.approx(float(told))


@every
def test_rungs_by_the_short_side(works: Works, name: str) -> None:
    size, sides, _ = KINDS[name]
    found = set(rung_files(works, name))
    assert found == {f"{side}p" for side in sides}
    for side in sides:
        stream = look.stream(hls_files(works, name)[f"{side}p"], "video")
        assert min(stream["width"], stream["height"]) == side
        assert (stream["width"] > stream["height"]) == (size[0] > size[1])
        # The shape stays, to the nearest even number.
        assert max(stream["width"], stream["height"]) == pytest.approx(
            side * max(size) / min(size), abs=1.01
        )


@every
def test_pictures_stand_upright_with_square_pixels(works: Works, name: str) -> None:
    for path in (*hls_files(works, name).values(), one_file(works, name)):
        for stream in look.described(path)["streams"]:
            assert "side_data_list" not in stream
            assert "rotate" not in stream.get("tags", {})
            if stream["codec_type"] == "video":
                assert stream.get("sample_aspect_ratio", "1:1") == "1:1"


@every
def test_every_phone_plays_it(works: Works, name: str) -> None:
    """H.264 of 8 bits, progressive, at most 30 frames a second (60 in one rung of a clip that
    moves); AAC of 48 kHz, stereo."""
    facts = works.examined(name).facts
    for stem, path in hls_files(works, name).items():
        if stem.startswith("audio"):
            sound = look.stream(path, "audio")
            kept = (sound["codec_name"], sound["profile"], sound["channels"], sound["sample_rate"])
            assert kept == ("aac", "LC", 1 if stem == "audio-low" else 2, "48000")
            continue
        video = look.stream(path, "video")
        profile = COPIED[name][1] if COPIED.get(name, ("",))[0] == stem else "High"
        assert (video["codec_name"], video["profile"]) == ("h264", profile)
        assert (video["pix_fmt"], video["field_order"]) == ("yuv420p", "progressive")
        assert video.get("color_range") in (None, "tv")
        assert video.get("color_transfer") in (None, "bt709", "smpte170m", "unknown", "bt470bg")
        rate = 60 if (name, stem) == ("fast", "240p") else rate_for(facts)
        assert Fraction(video["r_frame_rate"]) == rate
    assert look.kinds(one_file(works, name)) == (["video"] if facts.silent else ["video", "audio"])


@every
def test_nothing_is_lost_at_the_end(works: Works, name: str) -> None:
    facts = works.examined(name).facts
    for path in (*hls_files(works, name).values(), one_file(works, name)):
        described = look.described(path)
        lasting = float(described["format"]["duration"])
        # A stream of sound may end up to a second later, as the source's did.
        longer = 1.1 if name == "long_sound" else 0.25
        assert facts.duration_s - 0.25 <= lasting <= facts.duration_s + longer


@every
def test_every_picture_can_be_decoded(works: Works, name: str) -> None:
    facts = works.examined(name).facts
    pictures, words = look.decodes_to(one_file(works, name))
    assert words == ""
    rate = 60 if name == "fast" else float(rate_for(facts))
    assert pictures == pytest.approx(facts.duration_s * rate, abs=2.5)


@every
def test_preview_and_poster_can_be_watched(works: Works, name: str) -> None:
    size, _, copied = KINDS[name]
    out = works.out(name)
    facts = works.examined(name).facts
    preview = look.described(out / "proxy.mp4")
    lasting = float(preview["format"]["duration"])
    assert facts.duration_s - 0.25 <= lasting <= facts.duration_s + 1.1
    video = look.stream(out / "proxy.mp4", "video")
    assert video["codec_name"] == "h264"
    assert video["pix_fmt"] in ("yuv420p", "yuvj420p")
    if not copied:
        assert min(video["width"], video["height"]) <= 480
    poster = look.stream(out / "poster.jpg", "video")
    assert (poster["width"] > poster["height"]) == (size[0] > size[1])
    assert max(poster["width"], poster["height"]) <= 1280


@few
def test_key_frames_agree_across_rungs(works: Works, name: str) -> None:
    rungs = rung_files(works, name)
    times = {tuple(look.key_times(path)) for path in rungs.values()}
    assert len(times) == 1
    (keys,) = times
    assert keys == pytest.approx([keys[0] + 2.0 * i for i in range(len(keys))], abs=0.05)
    assert keys[0] < 0.1


@few
def test_segments_of_four_seconds(works: Works, name: str) -> None:
    works.rendered(name)
    playlists = [*(works.out(name) / "hls").glob("*p.m3u8")]
    assert playlists
    for playlist in playlists:
        lengths = [float(n) for n in re.findall(r"#EXTINF:([0-9.]+)", playlist.read_text())]
        assert lengths[:-1] == pytest.approx([4.0] * (len(lengths) - 1), abs=0.05)
        assert lengths[-1] <= 4.05
        (target,) = re.findall(r"#EXT-X-TARGETDURATION:(\d+)", playlist.read_text())
        assert max(lengths) <= int(target) + 0.5


@few
def test_playlists_point_to_ranges_that_are_there(works: Works, name: str) -> None:
    """CMAF in one file for each rung: an initial part, then whole fragments, to the last byte."""
    for stem, path in hls_files(works, name).items():
        text = (path.parent / f"{stem}.m3u8").read_text()
        assert re.findall(r"^(?!#)\S+$", text, re.MULTILINE) == [path.name] * text.count("#EXTINF")
        assert text.endswith("#EXT-X-ENDLIST\n")
        ranges = [(int(n), int(at)) for n, at in re.findall(r"BYTERANGE:(\d+)@(\d+)", text)]
        content = path.read_bytes()
        init = re.search(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@0"', text)
        assert init is not None
        assert init[1] == path.name
        assert content[: int(init[2])].count(b"moov") == 1
        assert ranges[0][1] == int(init[2])
        for (length, at), (_, following) in itertools.pairwise(ranges):
            assert at + length == following
        assert sum(ranges[-1]) <= len(content)
        assert all(content[at + 4 : at + 8] in (b"styp", b"moof", b"sidx") for _, at in ranges)


@few
def test_the_master_playlist_tells_what_is_there(works: Works, name: str) -> None:
    works.rendered(name)
    folder = works.out(name) / "hls"
    text = (folder / "master.m3u8").read_text()
    facts = works.examined(name).facts
    variants = re.findall(r"#EXT-X-STREAM-INF:(\S+)\n(\S+)\n", text)
    assert [v[1] for v in variants] == [f"{r.name}.m3u8" for r in rungs_for(facts.short_side)]
    assert ('URI="audio.m3u8"' in text) is not facts.silent
    for attributes, place in variants:
        path = folder / place.replace(".m3u8", ".mp4")
        video = look.stream(path, "video")
        said = dict(re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', attributes))
        assert said["RESOLUTION"] == f"{video['width']}x{video['height']}"
        rate = re.split("/", video["r_frame_rate"])
        assert float(said["FRAME-RATE"]) == pytest.approx(int(rate[0]) / int(rate[1]), abs=0.001)
        codec = f"avc1.6400{video['level']:02x}"
        assert said["CODECS"].strip('"').split(",") == [codec, *["mp4a.40.2"] * (not facts.silent)]
        # No segment, with its sound, needs more than was announced.
        assert int(said["AVERAGE-BANDWIDTH"]) <= int(said["BANDWIDTH"])
        heard = "audio-low" if 'AUDIO="low"' in attributes else "audio"
        sound = 0.0 if facts.silent else peak(folder / f"{heard}.m3u8")
        assert peak(folder / place) + sound <= int(said["BANDWIDTH"]) + 2


def peak(playlist: Path) -> float:
    text = playlist.read_text()
    lengths = [float(n) for n in re.findall(r"#EXTINF:([0-9.]+)", text)]
    sizes = [int(n) for n in re.findall(r"BYTERANGE:(\d+)@", text)]
    return max(8 * s / n for s, n in zip(sizes, lengths, strict=True) if n >= 1)


@few
def test_one_file_begins_to_play_at_once(works: Works, name: str) -> None:
    boxes = look.box_order(one_file(works, name))
    assert boxes.index("moov") < boxes.index("mdat")
    preview = look.box_order(works.out(name) / "proxy.mp4")
    assert preview.index("moov") < preview.index("mdat")


@few
def test_files_are_listed_with_their_size_and_hash(works: Works, name: str) -> None:
    made = (*works.examined(name).files, *works.rendered(name).files)
    for file in made:
        content = file.path.read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    found = {p.relative_to(works.out(name)).as_posix() for p in works.out(name).rglob("*.*")}
    assert {file.what for file in made} == found
    mimes = {file.what.rpartition("/")[2]: file.mime for file in made}
    assert mimes["proxy.mp4"] == "video/mp4"
    assert mimes["poster.jpg"] == "image/jpeg"
    assert mimes["master.m3u8"] == "application/vnd.apple.mpegurl"
    assert mimes.get("audio.mp4", "audio/mp4") == "audio/mp4"


def test_renditions_say_what_a_library_gets(works: Works) -> None:
    hls, *singles, sound = works.rendered("full_hd").renditions
    files = {f.what: f for f in works.rendered("full_hd").files}
    assert (hls.kind, hls.what, hls.width, hls.height) == ("hls", "hls/master.m3u8", 1920, 1080)
    assert [(s.kind, s.what, s.width, s.height) for s in singles] == [
        ("mp4", "mp4/144p.mp4", 256, 144),
        ("mp4", "mp4/360p.mp4", 640, 360),
        ("mp4", "mp4/720p.mp4", 1280, 720),
    ]
    assert (sound.kind, sound.what, sound.mime) == ("audio", "audio/sound.m4a", "audio/mp4")
    assert look.kinds(works.out("full_hd") / sound.what) == ["audio"]
    for made in (hls, *singles, sound):
        assert made.sha256 == files[made.what].sha256
    stream = [f for what, f in files.items() if what.startswith("hls/") and "sprite" not in what]
    assert hls.bytes == sum(f.bytes for f in stream)
    assert [s.bytes for s in (*singles, sound)] == [files[s.what].bytes for s in (*singles, sound)]


def test_the_smallest_view_costs_little(works: Works) -> None:
    """144 lines with a voice: less than two megabytes a minute."""
    facts = works.examined("full_hd").facts
    small = next(r for r in works.rendered("full_hd").renditions if r.what == "mp4/144p.mp4")
    assert small.bytes * 60 / facts.duration_s < 2_000_000


@pytest.mark.parametrize("name", ["marked", "late_picture"])
def test_picture_and_sound_agree(works: Works, name: str) -> None:
    """A white picture and a beep come together, in the preview and in everything that is served,
    also where the source's picture began 0.8 s after its sound."""
    works.rendered(name)
    at = 2.0 if name == "marked" else 2.8
    folder = works.out(name) / "hls"
    for path in (works.out(name) / "proxy.mp4", one_file(works, name)):
        assert look.white_at(path) == pytest.approx(at, abs=0.06)
        assert look.beep_at(path) == pytest.approx(at, abs=0.06)
    assert look.white_at(folder / "360p.mp4") == pytest.approx(at, abs=0.06)
    assert look.beep_at(folder / "audio.mp4") == pytest.approx(at, abs=0.06)


def test_a_portrait_shows_what_the_phone_showed(works: Works) -> None:
    """Compared with the source as a player turns it, and not upside down or lying."""
    seen = look.picture(works.clips.portrait(), 1.0, (36, 64))
    for path in (
        works.out("portrait") / "proxy.mp4",
        one_file(works, "portrait"),
        hls_files(works, "portrait")["240p"],
    ):
        assert look.likeness(look.picture(path, 1.0, (36, 64)), seen) < 10
    assert look.likeness(seen, seen[::-1]) > 20
    poster = look.stream(works.out("portrait") / "poster.jpg", "video")
    assert (poster["width"], poster["height"]) == (720, 1280)


@pytest.mark.parametrize(
    "name", ["landscape", "interlaced", "anamorphic", "odd", "transport", "old_camera"]
)
def test_the_picture_is_the_sources(works: Works, name: str) -> None:
    seen = look.picture(works.clips.get(name), 1.0, (64, 36))
    assert look.likeness(look.picture(one_file(works, name), 1.0, (64, 36)), seen) < 10


def test_hdr_is_neither_black_nor_burnt(works: Works) -> None:
    values = look.picture(one_file(works, "hdr"), 1.0, (64, 36))
    assert 20 < sum(values) / len(values) < 200
    assert max(values) - min(values) > 60


@pytest.mark.parametrize("name", ["portrait", "tagged"])
def test_nothing_of_the_family_comes_out(works: Works, name: str) -> None:
    """Positions, devices, names: neither as tags nor anywhere among the bytes."""
    source = works.clips.get(name).read_bytes()
    planted = [c.encode() for c in CANARIES.values() if c.encode() in source]
    assert len(planted) >= 4
    files = all_files(works, name)
    assert len(files) == (28 if name == "portrait" else 23)
    for path in files:
        content = path.read_bytes()
        found = [c for c in planted if c in content]
        assert found == [], path
        for word in (b"quicktime", b"ISO6709", b"+10.7", b"loci", b"x264"):
            assert word not in content, (path, word)
        # In the preview the sound is the source's own, bit for bit.
        if path.name != "proxy.mp4":
            assert b"Lavc" not in content, path
            assert b"Lavf" not in content, path


PLAIN = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "handler_name",
    "language",
    "vendor_id",
}


@pytest.mark.parametrize("name", ["portrait", "tagged", "surround"])
def test_only_the_muxers_own_tags_are_left(works: Works, name: str) -> None:
    for path in all_files(works, name):
        if path.suffix in (".m3u8", ".vtt"):
            continue
        described = look.described(path)
        holders = [described["format"], *described["streams"]]
        tags = {k: v for holder in holders for k, v in holder.get("tags", {}).items()}
        assert set(tags) <= PLAIN, path
        assert tags.get("handler_name", "VideoHandler") in ("VideoHandler", "SoundHandler")
        assert tags.get("language", "und") == "und"


def test_progress_goes_up_to_the_end(works: Works, tmp_path: Path) -> None:
    seen: list[float] = []
    facts = works.examined("silent").facts
    render_ladder(
        works.clips.silent(),
        tmp_path,
        facts=facts,
        limits=MediaLimits(),
        sandbox=works.sandbox,
        progress=seen.append,
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(0 <= fraction <= 1 for fraction in seen)


def test_four_k_of_ten_bits_stays_within_the_memory(works: Works) -> None:
    """The heaviest that a phone makes."""
    facts = works.examined("four_k").facts
    assert (facts.width, facts.height, facts.hdr) == (3840, 2160, True)
    assert set(rung_files(works, "four_k")) == {f"{n}p" for n in (144, 240, 360, 480, 720, 1080)}
