"""Films that become others on their way: right for whoever watches, or refused with a code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.hostile.changes import Changes
from tests.workers.media import look
from tests.workers.media.hostile.treat import LIMITS, made, refused
from tests.workers.media.serving import served
from tests.workers.media.test_playing import PAGE, PLAY
from workers.media import Sandbox, examine
from workers.media.render import render_ladder

# Each process makes the clips that it needs.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile-changes")]


@pytest.fixture(scope="session")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    return Changes(tmp_path_factory.mktemp("changes"))


def work(path: Path, out: Path, cage: Sandbox) -> None:
    """The preview and the whole ladder."""
    done = examine(path, out, limits=LIMITS, sandbox=cage)
    render_ladder(path, out, facts=done.facts, limits=LIMITS, sandbox=cage, noticed=done.signals)


def played(browser: Browser, out: Path) -> dict[str, tuple[str, float, int]]:
    """How the preview and the stream end in Chromium, when, and after how many pictures."""
    (out / "index.html").write_text(PAGE)
    shutil.copy("node_modules/hls.js/dist/hls.min.js", out / "hls.js")
    found = {}
    with served(out) as address:
        page = browser.new_page()
        page.goto(f"{address}/index.html")
        for what in ("proxy.mp4", "hls/master.m3u8"):
            told = page.evaluate(PLAY, [f"{address}/{what}", what.endswith("m3u8")])
            found[what] = (told["how"], told["at"], told["pictures"])
        page.close()
    return found


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("two_descriptions", 8.0),
        ("two_sizes", 8.0),
        ("unnamed_key_frames", 8.0),
        ("swapped", 8.0),
        ("without_the_middle", 6.0),
    ],
)
def test_reviewers_and_viewers_see_the_whole_of_it(
    browser: Browser, changes: Changes, out: Path, strongest: Sandbox, name: str, seconds: float
) -> None:
    """A preview that breaks off, or shows other seconds than what is published, would let through
    what nobody has reviewed."""
    work(changes.get(name), out, strongest)
    for what, (how, at, pictures) in played(browser, out).items():
        assert how == "ended", what
        assert at == pytest.approx(seconds, abs=0.2), what
        assert pictures == pytest.approx(25 * seconds, abs=2), what
    for path in (out / "proxy.mp4", *sorted((out / "mp4").iterdir())):
        assert look.decodes_to(path)[1] == "", path
    rungs = {p.stem: look.frame_times(p) for p in (out / "mp4").iterdir()}
    assert len({len(times) for times in rungs.values()}) == 1, rungs


@pytest.mark.parametrize(("name", "white", "tone"), [("swapped", 1.0, 1.0)])
def test_preview_and_ladder_show_the_same_seconds(
    changes: Changes, out: Path, strongest: Sandbox, name: str, white: float, tone: float
) -> None:
    work(changes.get(name), out, strongest)
    for path in (out / "proxy.mp4", *sorted((out / "mp4").iterdir())):
        assert look.white_at(path) == pytest.approx(white, abs=0.06), path
        assert look.beep_at(path) == pytest.approx(tone, abs=0.06), path


@pytest.mark.parametrize("name", ["other_channels", "other_rate", "ever_other_channels"])
def test_a_sound_that_changes_its_form_is_refused(
    changes: Changes, out: Path, cage: Sandbox, name: str
) -> None:
    assert refused(changes.get(name), out, cage) == "codec_not_supported"


def test_pieces_of_one_sound_are_one(changes: Changes, out: Path, strongest: Sandbox) -> None:
    facts = made(changes.one_sound(), out, strongest).examined.facts
    assert facts.duration_s == pytest.approx(4.0, abs=0.15)


def test_thousands_of_key_frames(changes: Changes, out: Path, strongest: Sandbox) -> None:
    """The scrub pictures stay few, and small enough for a phone."""
    path = changes.every_picture_a_key()
    assert len(look.key_times(path)) == 3600
    examined = examine(path, out, limits=LIMITS, sandbox=strongest)
    assert "sprite.jpg" in [f.what for f in examined.files]
    assert (out / "sprite.vtt").read_text().count("-->") <= 100
    assert (out / "sprite.jpg").stat().st_size < 500_000
