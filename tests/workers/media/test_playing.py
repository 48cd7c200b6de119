"""What is made of every odd source really plays: in Chromium, streamed, as a file, as a preview."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clips.colours import COLUMNS, PATCHES, ROWS
from tests.workers.conftest import Works
from tests.workers.media import look, test_odd
from tests.workers.media.serving import served
from tests.workers.media.test_colours import PLAIN
from tests.workers.media.test_made import one_file
from tests.workers.media.test_odd import KINDS, SILENT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("made")]

PAGE = """<!doctype html><meta charset="utf-8"><title>player</title>
<video id="film" playsinline></video><script src="/hls.js"></script>"""

# Plays to its end as fast as a browser does it, and tells what came of it.
PLAY = """
async ([source, streamed]) => {
  const film = document.createElement('video');
  document.body.replaceChildren(film);
  film.muted = false; film.volume = 0.05;
  const troubles = [];
  let hls = null;
  if (streamed) {
    hls = new Hls({startLevel: -1, capLevelToPlayerSize: false});
    hls.on(Hls.Events.ERROR, (_, data) => troubles.push(data.details));
    hls.loadSource(source); hls.attachMedia(film);
    hls.once(Hls.Events.MANIFEST_PARSED, () => { hls.nextLevel = hls.levels.length - 1; });
  } else { film.src = source; }
  const happened = (names, ms) => new Promise((resolve) => {
    for (const name of names) film.addEventListener(name, () => resolve(name), {once: true});
    setTimeout(() => resolve('nothing'), ms);
  });
  const first = await happened(['loadeddata', 'error'], 10000);
  film.playbackRate = 4;
  const last = happened(['ended', 'error'], 15000);
  await film.play();
  const how = await last;
  const quality = film.getVideoPlaybackQuality();
  const told = {
    first, how, at: film.currentTime, duration: film.duration,
    width: film.videoWidth, height: film.videoHeight,
    frames: quality.totalVideoFrames, sound: film.webkitAudioDecodedByteCount,
    pictures: film.webkitDecodedFrameCount, code: film.error ? film.error.message : null, troubles,
  };
  if (hls) hls.destroy();
  return told;
}
"""

# The colours in the middle of each patch, as the page gets them from the film.
SEE = """
async ([source, columns, rows]) => {
  const film = document.createElement('video');
  document.body.replaceChildren(film);
  film.src = source; film.muted = true;
  await new Promise((resolve, reject) => { film.onloadeddata = resolve; film.onerror = reject; });
  film.currentTime = 0.5;
  await new Promise((resolve) => { film.onseeked = resolve; });
  const canvas = document.createElement('canvas');
  canvas.width = film.videoWidth; canvas.height = film.videoHeight;
  const pen = canvas.getContext('2d');
  pen.drawImage(film, 0, 0);
  const found = [];
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const x = (c + 0.5) * canvas.width / columns, y = (r + 0.5) * canvas.height / rows;
    found.push([...pen.getImageData(x, y, 1, 1).data].slice(0, 3));
  }
  return found;
}
"""

# Plays at the usual speed and changes the rung on its way; notes each time the film waits.
CHANGE = """
async (source) => {
  const film = document.createElement('video');
  document.body.replaceChildren(film);
  film.volume = 0.05;
  const hls = new Hls({startLevel: 0, maxBufferLength: 4, maxMaxBufferLength: 6});
  const troubles = [], waits = [], widths = [];
  hls.on(Hls.Events.ERROR, (_, data) => troubles.push([data.details, data.fatal]));
  hls.loadSource(source); hls.attachMedia(film);
  await new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve));
  hls.currentLevel = 0;
  await new Promise((resolve) => film.addEventListener('canplay', resolve, {once: true}));
  film.addEventListener('resize', () => widths.push([film.currentTime, film.videoWidth]));
  await film.play();
  film.addEventListener('waiting', () => waits.push(film.currentTime));
  widths.push([film.currentTime, film.videoWidth]);
  const until = (t) => new Promise((resolve) => {
    const look = () => (film.currentTime >= t || film.ended) ? resolve() : setTimeout(look, 20);
    setTimeout(resolve, 15000); look();
  });
  await until(1.0);
  hls.nextLevel = hls.levels.length - 1;
  await until(7.8);
  const gaps = [];
  for (let i = 1; i < film.buffered.length; i++)
    gaps.push(film.buffered.start(i) - film.buffered.end(i - 1));
  widths.push([film.currentTime, film.videoWidth]);
  const told = {at: film.currentTime, troubles, waits, widths, gaps};
  hls.destroy();
  return told;
}
"""


@pytest.fixture(scope="module")
def page(works: Works, browser: Browser) -> Iterator[Page]:
    """One page for all of it; the folder of everything that was made is its site."""
    works.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy("node_modules/hls.js/dist/hls.min.js", works.folder / "hls.js")
    (works.folder / "player.html").write_text(PAGE)
    with served(works.folder) as address:
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(f"{address}/player.html")
        yield opened
        opened.close()


@pytest.fixture
def play(page: Page) -> Callable[[str, bool], dict[str, Any]]:
    def played(place: str, streamed: bool) -> dict[str, Any]:
        told = page.evaluate(PLAY, [f"/{place}", streamed])
        assert isinstance(told, dict)
        return told

    return played


def check(told: dict[str, Any], size: tuple[int, int], lasting: float, sounding: bool) -> None:
    assert (told["first"], told["how"], told["code"]) == ("loadeddata", "ended", None)
    assert told["troubles"] == []
    assert (told["width"], told["height"]) == size
    # A stream ends with its sound, if that is longer: AAC comes in pieces of 21 ms.
    assert told["at"] == pytest.approx(lasting, abs=0.15)
    assert told["pictures"] > 10
    assert (told["sound"] > 0) is sounding


@pytest.mark.parametrize("name", KINDS)
def test_it_plays_in_every_form(
    works: Works, play: Callable[[str, bool], dict[str, Any]], name: str
) -> None:
    file = one_file(works, name)
    width, height, _ = KINDS[name]
    lasting = works.examined(name).facts.duration_s
    sounding = name not in SILENT
    streamed = play(f"{name}/hls/master.m3u8", True)
    check(streamed, (width, height), lasting, sounding)
    check(play(f"{name}/{place(works, file)}", False), (width, height), lasting, sounding)
    told = play(f"{name}/proxy.mp4", False)
    seen = works.examined(name).facts
    shape = seen.width / seen.height
    assert told["how"] == "ended"
    assert told["width"] / told["height"] == pytest.approx(shape, rel=0.03)
    assert told["pictures"] > 10


def place(works: Works, file: Path) -> str:
    return "/".join(file.parts[-2:])


@pytest.mark.parametrize("name", PLAIN)
def test_the_browser_shows_the_sources_colours(works: Works, page: Page, name: str) -> None:
    for path in (one_file(works, name), *test_odd.rung_files(works, name).values()):
        where = "/".join(path.relative_to(works.folder).parts)
        seen = page.evaluate(SEE, [f"/{where}", COLUMNS, ROWS])
        for colour, meant in zip(seen, PATCHES, strict=True):
            assert max(abs(a - b) for a, b in zip(colour, meant, strict=True)) <= 8, where


@pytest.mark.parametrize("name", ["copyable", "copyable_plain"])
def test_a_change_to_a_copied_rung_does_not_stall(works: Works, page: Page, name: str) -> None:
    """From the smallest rung, which was encoded, to the largest, which is the source."""
    works.rendered(name)
    told = page.evaluate(CHANGE, f"/{name}/hls/master.m3u8")
    # Words of a player that helps itself are no trouble for who watches.
    assert [trouble for trouble, fatal in told["troubles"] if fatal] == []
    assert told["waits"] == []
    assert told["gaps"] == []
    widths = [width for _, width in told["widths"]]
    assert (widths[0], widths[-1]) == (256, 640)
    assert told["at"] >= 7.8


def test_the_sound_alone_plays(works: Works, play: Callable[[str, bool], dict[str, Any]]) -> None:
    works.rendered("surround")
    told = play("surround/audio/sound.m4a", False)
    assert told["how"] == "ended"
    assert told["sound"] > 0
    lasting = float(look.stream(works.out("surround") / "audio/sound.m4a", "audio")["duration"])
    assert told["at"] == pytest.approx(lasting, abs=0.1)
