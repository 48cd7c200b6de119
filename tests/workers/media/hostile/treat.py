"""What becomes of a hostile clip: refused with a code, or made into what a viewer may see."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from review.problems import REFUSALS as SENTENCES
from tests.clips import CANARIES
from tests.hostile.base import SECRET
from tests.workers.media import look
from workers.media import Examined, MediaLimits, Refused, Sandbox, examine, render_ladder

LIMITS = MediaLimits()
PLANTED = [word.encode() for word in (*CANARIES.values(), SECRET)]
PROXY = "proxy.mp4"
# What no clip of two seconds may take, on a machine that others use as well.
LONGEST = 40.0


def refused(path: Path, out: Path, cage: Sandbox) -> str:
    """The code. What a first look refuses leaves nothing; what the preview did not get through
    leaves no more than a piece of it, which goes with the attempt's folder."""
    begin = time.monotonic()
    with pytest.raises(Refused) as caught:
        examine(path, out, limits=LIMITS, sandbox=cage)
    assert time.monotonic() - begin < LONGEST
    return _checked(caught.value, out)


def _checked(error: Refused, out: Path) -> str:
    assert error.code in SENTENCES
    assert {p.name for p in out.iterdir()} <= {PROXY}
    check_nothing_came_through(out)
    return error.code


@dataclass
class Made:
    """The whole work on one clip; ``single`` is the one progressive MP4."""

    examined: Examined
    out: Path
    single: Path


def made(path: Path, out: Path, cage: Sandbox) -> Made:
    """Examined and rendered, and looked at as a viewer and as a spy would."""
    begin = time.monotonic()
    examined = examine(path, out, limits=LIMITS, sandbox=cage)
    facts = examined.facts
    rendered = render_ladder(path, out, facts=facts, limits=LIMITS, sandbox=cage)
    assert time.monotonic() - begin < LONGEST
    (single,) = (out / r.what for r in rendered.renditions if r.kind == "mp4")
    check_nothing_came_through(out)
    done = Made(examined, out, single)
    check_watchable(done)
    return done


def refused_or_made(path: Path, out: Path, cage: Sandbox) -> str | Made:
    """For a lie that one tool believes and a newer one sees through."""
    try:
        return made(path, out, cage)
    except Refused as error:
        return _checked(error, out)


def check_nothing_came_through(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [word for word in PLANTED if word in content] == [], path


def check_watchable(done: Made) -> None:
    facts = done.examined.facts
    assert facts.duration_s <= 60
    described = look.described(done.single)
    video, *sound = described["streams"]
    assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert (video["width"] % 2, video["height"] % 2) == (0, 0)
    assert video.get("sample_aspect_ratio", "1:1") == "1:1"
    assert "side_data_list" not in video
    assert Fraction(video["r_frame_rate"]) <= 30
    upright = video["width"] / video["height"]
    assert upright == pytest.approx(facts.width / facts.height, rel=0.03)
    tracks = [(s["codec_name"], s["channels"], s["sample_rate"]) for s in sound]
    assert tracks == ([] if facts.silent else [("aac", 2, "48000")])
    length = float(video["duration"])
    # Lengths are those of whole frames; a clip of 5 frames a second has long ones.
    frame = float(1 / Fraction(video["r_frame_rate"]))
    assert length == pytest.approx(facts.duration_s, abs=max(0.15, 1.1 * frame))
    pictures, words = look.decodes_to(done.single)
    assert words == ""
    assert 0 < pictures <= 30 * length + 1
    assert (done.out / "poster.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert set(look.kinds(done.out / PROXY)) <= {"video", "audio"}
