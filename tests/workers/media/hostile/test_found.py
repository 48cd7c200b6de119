"""Hostile clips that once passed a step further than they should."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.hostile.mp4 import Mp4
from tests.hostile.times import Times
from tests.workers.media import look
from tests.workers.media.hostile.treat import LIMITS, made, refused
from workers.media import Refused, Sandbox, examine, render_ladder


@pytest.mark.slow
def test_a_table_of_millions_of_times(mp4: Mp4, out: Path, cage: Sandbox) -> None:
    """Its sound comes out with no length: the source's fault, not a failure of ours."""
    path = mp4.real_bomb()
    facts = examine(path, out, limits=LIMITS, sandbox=cage).facts
    with pytest.raises(Refused):
        render_ladder(path, out, facts=facts, limits=LIMITS, sandbox=cage)


@pytest.mark.slow
def test_ten_thousand_pictures_a_second(times: Times, out: Path, cage: Sandbox) -> None:
    """The preview is a copy: the reviewer's browser gets ten thousand pictures a second."""
    done = made(times.twenty_thousand_pictures(), out, cage)
    proxy = look.stream(done.out / "proxy.mp4", "video")
    assert Fraction(proxy["avg_frame_rate"]) <= 60


@pytest.mark.parametrize("name", ["elsewhere_alias", "child_beyond_its_parent"])
def test_a_refusal_in_the_preview_leaves_nothing(
    mp4: Mp4, out: Path, cage: Sandbox, name: str
) -> None:
    refused(mp4.get(name), out, cage)
    assert list(out.iterdir()) == []
