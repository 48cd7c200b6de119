"""Redaction on real films: every frame of a span is hidden, every other one is the source's."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import CANARIES, Clips, ffmpeg, film
from tests.workers.conftest import Works
from workers.media import MediaFacts, MediaLimits, Refused, Sandbox
from workers.media.probe import probe
from workers.media.redact import (
    HiddenBox,
    Redacted,
    Redactions,
    SilentSpan,
    command,
    hidden_frames,
    redact,
    size_of,
)

RATE = 48_000
LIMITS = MediaLimits()


class Bench:
    """Renders plans in folders of their own, and reads what came out."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox

    def facts(self, source: Path) -> MediaFacts:
        return probe(source, limits=LIMITS, sandbox=self.sandbox)

    def render(self, source: Path, plan: Redactions, limits: MediaLimits = LIMITS) -> Redacted:
        out = self.folder / f"out-{len(list(self.folder.iterdir()))}"
        out.mkdir()
        facts = self.facts(source)
        return redact(source, out, facts=facts, plan=plan, limits=limits, sandbox=self.sandbox)


@pytest.fixture
def bench(tmp_path: Path, sandbox: Sandbox) -> Bench:
    return Bench(tmp_path, sandbox)


def frames(path: Path, size: tuple[int, int], rate: str = "25") -> np.ndarray:
    """Every frame's luma as (frame, row, column), upright, at this size and rate."""
    width, height = size
    # The luma plane as it is stored: ffmpeg 7 stretches what becomes grey to the full range.
    wanted = f"fps={rate}:start_time=0,scale={width}:{height}:out_range=tv,format=yuv444p"
    argv = ["ffmpeg", "-v", "error", "-i", path, "-vf", wanted, "-f", "rawvideo", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, 3, height, width)[:, 0].astype(np.float32)


def sound(path: Path) -> np.ndarray:
    """One channel, -1..1."""
    argv = ["ffmpeg", "-v", "error", "-i", path, "-vn", "-ac", "1", "-ar", str(RATE)]
    raw = subprocess.run([*argv, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32).astype(np.float64)


def piece(samples: np.ndarray, start: float, end: float) -> np.ndarray:
    return samples[int(start * RATE) : int(end * RATE)]


def level(samples: np.ndarray) -> float:
    """dB of full scale."""
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(samples**2)))))


def tone(samples: np.ndarray, hertz: float) -> float:
    """dB of full scale of what sounds within 20 Hz of this."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) * 4 / len(samples)
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(20 * np.log10(max(1e-9, spectrum[np.abs(at - hertz) < 20].max())))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """PSNR in dB: above 30 one takes two pictures for the same."""
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one - other) ** 2))))


def detail(picture: np.ndarray) -> float:
    """How much one pixel differs from the next: what eyes, noses and letters are made of."""
    return float(np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture, axis=1)).mean())


def part(picture: np.ndarray, box: HiddenBox, *, grow: float = 0.0) -> np.ndarray:
    """What of a picture lies in the box (grown by this share of its size)."""
    height, width = picture.shape
    left = max(0, round((box.x - grow * box.width) * width))
    top = max(0, round((box.y - grow * box.height) * height))
    right = round((box.x + (1 + grow) * box.width) * width)
    bottom = round((box.y + (1 + grow) * box.height) * height)
    return picture[top:bottom, left:right]


def without(picture: np.ndarray, box: HiddenBox) -> np.ndarray:
    """The picture with the surroundings of the box blackened."""
    rest = picture.copy()
    part(rest, box, grow=0.25)[:] = 0
    return rest


def check_every_frame(
    source: np.ndarray, made: np.ndarray, box: HiddenBox, facts: MediaFacts, alike: float = 30
) -> None:
    first, last = hidden_frames(box, facts)
    assert len(made) == len(source)
    for number, (before, after) in enumerate(zip(source, made, strict=True)):
        assert likeness(without(before, box), without(after, box)) > alike, number
        if first <= number <= last:
            assert detail(part(after, box)) < 0.25 * detail(part(before, box)), number
            assert likeness(part(before, box), part(after, box)) < 28, number
        else:
            assert likeness(part(before, box), part(after, box)) > alike, number


@pytest.mark.parametrize("cover", [False, True])
def test_a_box_hides_every_frame_of_its_span_and_nothing_else(
    bench: Bench, clips: Clips, cover: bool
) -> None:
    source = clips.landscape()
    facts = bench.facts(source)
    # Where there is much to be seen all the time: leaves and the car's lights.
    box = HiddenBox(0.05, 0.02, 0.35, 0.4, 0.8, 1.6, cover=cover)
    made = bench.render(source, Redactions(boxes=(box,)))
    assert hidden_frames(box, facts) == (19, 41)  # seen: 20 to 40
    assert size_of(facts) == (1280, 720)
    size = (640, 360)  # looked at in half the size: four times as fast
    check_every_frame(frames(source, size), frames(made.file.path, size), box, facts)
    assert abs(made.duration_s - facts.duration_s) < 0.1


def test_a_face_is_not_known_any_more(bench: Bench, clips: Clips) -> None:
    """All that is left of it are a few cells: the patch is told by them alone, on every frame."""
    source = clips.small()
    box = HiddenBox(0.40, 0.12, 0.30, 0.50, 0.0, 4.0)
    made = bench.render(source, Redactions(boxes=(box,)))
    facts = bench.facts(source)
    size, rate = size_of(facts), facts.frame_rate
    before, after = frames(source, size, rate), frames(made.file.path, size, rate)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        seen, left = part(old, box), part(new, box)
        # What the eye knows a face by is finer than a sixth of it: less than 2 % is left.
        assert fine_energy(left) < 0.02 * fine_energy(seen), number


def fine_energy(picture: np.ndarray, cells: int = 6) -> float:
    """Energy of all that repeats more than ``cells`` times along a side."""
    window = np.outer(*(np.hanning(side) for side in picture.shape))
    spectrum = np.abs(np.fft.fft2((picture - picture.mean()) * window)) ** 2
    rows, columns = (np.abs(np.fft.fftfreq(side) * side) for side in picture.shape)
    return float(spectrum[(rows[:, None] > cells) | (columns[None, :] > cells)].sum())


def test_boxes_are_those_of_the_upright_picture(bench: Bench, clips: Clips) -> None:
    source = clips.portrait()
    facts = bench.facts(source)
    box = HiddenBox(0.0, 0.0, 0.6, 0.25, 0.4, 1.2)
    made = bench.render(source, Redactions(boxes=(box,)))
    assert size_of(facts) == (720, 1280)
    size = (360, 640)
    check_every_frame(frames(source, size), frames(made.file.path, size), box, facts)
    told = bench.facts(made.file.path)
    assert (told.width, told.height, told.rotation) == (720, 1280, 0)


def test_nothing_that_the_phone_wrote_comes_along(bench: Bench, clips: Clips) -> None:
    made = bench.render(clips.portrait(), Redactions(cuts=((0.5, 1.0),)))
    content = made.file.path.read_bytes()
    assert [name for name, word in CANARIES.items() if word.encode() in content] == []
    assert bench.facts(made.file.path).tags_removed == ()
    assert b"Lavf" not in content
    assert b"x264" not in content


def test_hdr_becomes_what_the_preview_shows(bench: Bench, clips: Clips, works: Works) -> None:
    source = clips.hdr()
    works.examined("hdr")
    box = HiddenBox(0.05, 0.02, 0.35, 0.4, 0.4, 1.0)
    made = bench.render(source, Redactions(boxes=(box,)))
    told = bench.facts(made.file.path)
    assert (told.hdr, told.pixel_format, told.video_codec) == (False, "yuv420p", "h264")
    size = size_of(told)
    proxy = frames(works.out("hdr") / "proxy.mp4", size)
    check_every_frame(proxy, frames(made.file.path, size), box, bench.facts(source), alike=28)


def test_a_moving_box_goes_along(bench: Bench, tmp_path: Path) -> None:
    """A white square that crosses the street is never seen, on no frame and at no edge."""
    source = tmp_path / "square.mp4"
    square = "color=white:s=60x60:r=25:d=2[s];[0:v]scale=640:360,setsar=1[v];"
    ffmpeg(
        *("-ss", "3", "-t", "2", "-i", film("bikes"), "-filter_complex"),
        f"{square}[v][s]overlay=x='100+200*t':y=150:shortest=1,drawbox=0:0:1:1",
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", source),
    )
    size = (640, 360)
    path = {"to_x": 500 / 640, "to_y": 150 / 360}
    box = HiddenBox(100 / 640, 150 / 360, 60 / 640, 60 / 360, 0.0, 2.0, cover=True, **path)
    made = frames(bench.render(source, Redactions(boxes=(box,))).file.path, size)
    for number, picture in enumerate(made):
        assert picture[150:210, 100 + 8 * number : 160 + 8 * number].max() < 100, number
    # And it stands nowhere else: at the end the beginning's place is the street again.
    assert likeness(made[-1][140:220, 90:170], frames(source, size)[-1][140:220, 90:170]) > 28


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds in which every frame has a brightness of its own, and every second a tone:
    500, 900, 1400, 2000 Hz."""
    path = tmp_path_factory.mktemp("counted") / "counted.mp4"
    tones = "0.3*sin(2*PI*t*(500+400*gte(t\\,1)+500*gte(t\\,2)+600*gte(t\\,3)))"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=black:s=128x96:r=25:d=4,format=yuv420p"),
        *("-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:d=4"),
        *("-vf", "geq=lum='20+2*N':cb=128:cr=128", "-c:v", "libx264", "-qp", "1"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", path),
    )
    return path


def numbers(path: Path, rate: str = "25") -> list[int]:
    """Which frames of the counted film these are."""
    return [round((picture.mean() - 20) / 2) for picture in frames(path, (128, 96), rate)]


def test_a_cut_takes_out_its_frames_and_their_sound(bench: Bench, counted: Path) -> None:
    assert numbers(counted) == list(range(100))
    made = bench.render(counted, Redactions(cuts=((1.0, 2.0),)))
    assert numbers(made.file.path) == [*range(25), *range(50, 100)]
    heard = sound(made.file.path)
    assert [round(tone(piece(heard, at, at + 0.8), hz)) > -20 for at, hz in CHANGED] == [True] * 3
    assert max(tone(piece(heard, at, at + 0.8), 900) for at, _ in CHANGED) < -50
    # The tone changes where the picture does: at 1 s, to a hundredth.
    assert tone(piece(heard, 0.89, 0.99), 500) > -20 > -40 > tone(piece(heard, 0.89, 0.99), 1400)
    assert tone(piece(heard, 1.01, 1.11), 1400) > -20 > -40 > tone(piece(heard, 1.01, 1.11), 500)


CHANGED = ((0.1, 500), (1.1, 1400), (2.1, 2000))


def test_cuts_at_both_ends_and_between_frames(bench: Bench, counted: Path) -> None:
    """A frame that is seen for a part of the cut goes whole."""
    cuts = ((0.0, 0.5), (1.01, 1.99), (3.5, 4.0))
    made = bench.render(counted, Redactions(cuts=cuts))
    assert numbers(made.file.path) == [*range(13, 25), *range(50, 87)]
    assert abs(made.duration_s - (4 - 0.5 - 0.98 - 0.5)) < 0.1


@pytest.mark.parametrize("rate", ["30000/1001", "24"])
def test_every_frame_that_stays_is_there_once_at_any_rate(
    bench: Bench, tmp_path: Path, rate: str
) -> None:
    source = tmp_path / "counted.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=black:s=128x96:r={rate}:d=3.3,format=yuv420p"),
        *("-vf", "geq=lum='20+2*N':cb=128:cr=128", "-c:v", "libx264", "-qp", "1", source),
    )
    # None begins or ends within a tenth of a frame of another: that counts as the next.
    cuts = ((0.31, 0.43), (1.01, 1.58), (2.01, 2.015))
    made = bench.render(source, Redactions(cuts=cuts)).file.path
    per_second = float(Fraction(rate))
    shown = [(n, n / per_second, (n + 1) / per_second) for n in numbers(source, rate)]
    stay = [n for n, since, to in shown if all(to < a or since > b for a, b in cuts)]
    assert numbers(made, rate) == stay


def test_twenty_cuts_do_not_pull_picture_and_sound_apart(bench: Bench, clips: Clips) -> None:
    """White and a beep at 2.0 s of the source: together still."""
    cuts = tuple((0.1 * n + 0.013, 0.1 * n + 0.05) for n in range(1, 19))
    made = bench.render(clips.marked(), Redactions(cuts=cuts))
    pictures = frames(made.file.path, (64, 36)).mean(axis=(1, 2))
    flash = next(i for i, value in enumerate(pictures) if value > 200) / 25
    heard = np.abs(sound(made.file.path))
    beep = np.argmax(heard > 0.05) / RATE
    assert abs(flash - beep) < 0.045
    assert flash < 2.0 - 18 * 0.04 + 0.05


def test_a_muted_span_is_silent_and_a_beep_has_nothing_of_the_voice(
    bench: Bench, counted: Path
) -> None:
    spans = (SilentSpan(0.4, 0.7), SilentSpan(2.2, 2.8, beep=True))
    before, after = sound(counted), sound(bench.render(counted, Redactions(sounds=spans)).file.path)
    assert level(piece(after, 0.4, 0.7)) < -70 < -20 < level(piece(before, 0.4, 0.7))
    beep = piece(after, 2.2, 2.8)
    assert -26 < tone(beep, 1000) < -14
    assert tone(beep, 1400) < -60 < -20 < tone(piece(before, 2.2, 2.8), 1400)
    for start, end in ((0.0, 0.3), (0.8, 2.1), (2.9, 3.9)):
        difference = level(piece(after, start, end)) - level(piece(before, start, end))
        assert abs(difference) < 1, (start, end)
    assert numbers(counted) == list(range(100))


def test_silence_and_cuts_agree_on_the_time(bench: Bench, counted: Path) -> None:
    """Spans are told in the source's time, whatever is cut before them."""
    plan = Redactions(cuts=((0.0, 1.0),), sounds=(SilentSpan(3.0, 4.0),))
    heard = sound(bench.render(counted, plan).file.path)
    assert tone(piece(heard, 0.1, 0.9), 900) > -20
    assert tone(piece(heard, 1.1, 1.9), 1400) > -20
    assert level(piece(heard, 2.0, 2.9)) < -70


@pytest.mark.parametrize(
    "name",
    [
        "variable",
        "late_picture",
        "interlaced",
        "anamorphic",
        "odd",
        "surround",
        "transport",
        "fast",
    ],
)
def test_whatever_phones_and_cameras_make(bench: Bench, clips: Clips, name: str) -> None:
    source = clips.get(name)
    facts = bench.facts(source)
    sounds = () if facts.silent else (SilentSpan(0.0, 0.2, beep=True),)
    box = HiddenBox(0.2, 0.2, 0.3, 0.3, 0.0, facts.duration_s)
    cut = (0.5, 0.7) if facts.duration_s > 1.3 else (0.5, 0.6)
    made = bench.render(source, Redactions((box,), sounds, (cut,)))
    told = bench.facts(made.file.path)
    assert abs(told.duration_s - (facts.duration_s - (cut[1] - cut[0]))) < 0.1
    assert (told.width, told.height) == size_of(facts)
    assert told.silent == facts.silent
    assert told.audio_channels in (None, 2)


@pytest.mark.slow
def test_the_fullest_plan_that_is_accepted_is_rendered(bench: Bench, clips: Clips) -> None:
    """Fifty of each, in Full HD, every box on the move: within the limits of any other run."""
    numbers = range(50)
    boxes = tuple(
        HiddenBox(0.02 * (n % 40), 0.015 * n, 0.15, 0.2, 0.02 * n, 2.4, n % 2 == 0, 0.7)
        for n in numbers
    )
    sounds = tuple(SilentSpan(0.04 * n, 0.04 * n + 0.04, n % 2 == 0) for n in numbers)
    cuts = tuple((0.04 * n, 0.04 * n + 0.04) for n in range(0, 50, 2))
    made = bench.render(clips.full_hd(), Redactions(boxes, sounds, cuts))
    told = bench.facts(made.file.path)
    assert (told.width, told.height, told.silent) == (1920, 1080, False)
    assert abs(told.duration_s - (2.52 - 25 * 0.04)) < 0.1


def test_a_large_film_becomes_no_larger_than_the_largest_rung(bench: Bench, clips: Clips) -> None:
    assert size_of(bench.facts(clips.four_k())) == (1920, 1080)


def test_what_is_left_may_be_too_short(bench: Bench, counted: Path) -> None:
    with pytest.raises(Refused, match="too_short"):
        bench.render(counted, Redactions(cuts=((0.0, 3.2),)))


def test_the_source_is_opened_as_everywhere(bench: Bench, clips: Clips) -> None:
    """Forced demuxer, local files only, no tag, no chapter."""
    source = clips.landscape()
    plan = Redactions(boxes=(HiddenBox(0.1, 0.1, 0.2, 0.2, 0.0, 1.0),))
    argv = command(source, bench.facts(source), LIMITS, plan, "redacted.mp4")
    before = argv[: argv.index("-i")]
    for option, value in (("-f", "mov"), ("-protocol_whitelist", "file")):
        assert before[before.index(option) + 1] == value
    assert "-format_whitelist" in before
    assert argv[argv.index("-map_metadata") + 1] == "-1"
    assert argv[argv.index("-map_chapters") + 1] == "-1"
