"""The card before an acted scene: two seconds that nobody takes for real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from review.models import Clip
from tests.clips import Clips
from tests.workers.conftest import Works
from tests.workers.media import look
from tests.workers.office import Office
from workers.media import MediaLimits, Rendered, render_ladder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shaped")]

SECONDS = 2.0


def with_card(works: Works, name: str, language: str) -> tuple[Path, Rendered]:
    """The ladder of a clip, made once with the card in that language."""
    key = f"{name} acted {language}"
    out = works.folder / key.replace(" ", "-")
    if key not in works._rendered:
        examined = works.examined(name)
        out.mkdir()
        works._rendered[key] = render_ladder(
            works.clips.get(name),
            out,
            facts=examined.facts,
            limits=MediaLimits(),
            sandbox=works.sandbox,
            noticed=examined.signals,
            acted=language,
        )
    return out, works._rendered[key]


def letters(path: Path, at: float) -> tuple[float, tuple[float, float, float, float]]:
    """Which part of the picture is white, and the frame of it: left, top, right, bottom, as parts
    of the picture's sides."""
    video = look.stream(path, "video")
    width, height = video["width"], video["height"]
    content = look.picture(path, at, (width, height))
    white = [n for n, value in enumerate(content) if value > 150]
    if not white:
        return 0.0, (0, 0, 0, 0)
    columns = sorted(n % width for n in white)
    frame = (columns[0] / width, white[0] / width / height)
    return len(white) / len(content), (*frame, columns[-1] / width, white[-1] / width / height)


@pytest.mark.parametrize(
    ("name", "language"), [("marked", "vi"), ("portrait", "en"), ("film_rate", "vi")]
)
def test_letters_stand_inside_every_picture(works: Works, name: str, language: str) -> None:
    out, _ = with_card(works, name, language)
    rungs = sorted((out / "hls").glob("*p.mp4"))
    assert len(rungs) >= 2
    for path in (*rungs, *(out / "mp4").glob("*.mp4")):
        for at in (0.0, 1.0, 1.9):
            share, (left, top, right, bottom) = letters(path, at)
            assert 0.01 < share < 0.2, (path.name, at)
            assert left > 0.02
            assert right < 0.98
            assert 0.2 < top < bottom < 0.8
            # As wide as the picture allows, for small screens, and in the middle.
            assert right - left > 0.5
            assert left + right == pytest.approx(1, abs=0.06)


def test_the_clip_follows_where_the_card_ends(works: Works) -> None:
    out, made = with_card(works, "marked", "vi")
    lasting = works.examined("marked").facts.duration_s
    source = works.clips.marked()
    for path in (*(out / "hls").glob("*p.mp4"), *(out / "mp4").glob("*.mp4")):
        assert float(look.stream(path, "video")["duration"]) == pytest.approx(
            lasting + SECONDS, abs=0.1
        )
        for at in (0.1, 1.0, 3.5):
            seen = look.picture(source, at, (32, 18))
            shown = look.picture(path, at + SECONDS, (32, 18))
            assert look.likeness(shown, seen) < 6, path.name
    assert made.signals["card_s"] == SECONDS


def test_picture_and_sound_stay_together(works: Works) -> None:
    """The white picture and the beep of 2.0 s come at 4.0 s, and the card is silent."""
    out, _ = with_card(works, "marked", "vi")
    for file in (out / "mp4" / "360p.mp4", out / "mp4" / "144p.mp4"):
        assert look.white_at(file) == pytest.approx(2 + SECONDS, abs=0.06)
        assert look.beep_at(file) == pytest.approx(2 + SECONDS, abs=0.06)
    for stem in ("audio", "audio-low"):
        path = out / "hls" / f"{stem}.mp4"
        assert look.beep_at(path) == pytest.approx(2 + SECONDS, abs=0.06)
        assert max(look.levels(path, 0.5)[:4]) < -70


def test_what_was_noticed_keeps_the_clips_own_times(works: Works) -> None:
    """A reviewer reads them beside the preview, which has no card."""
    _, made = with_card(works, "marked", "vi")
    assert {**made.signals, "card_s": 0} == {**works.rendered("marked").signals, "card_s": 0}
    assert made.hashes == works.rendered("marked").hashes


def test_the_scrub_pictures_go_with_what_is_played(works: Works) -> None:
    """The first stands also for the card; the others come two seconds later."""

    def starts(folder: Path) -> list[float]:
        text = (folder / "hls" / "sprite.vtt").read_text()
        found = re.findall(r"^00:(\d\d):([\d.]+) -->", text, re.MULTILINE)
        return [60 * int(minutes) + float(seconds) for minutes, seconds in found]

    out, _ = with_card(works, "marked", "vi")
    works.rendered("marked")
    plain = starts(works.out("marked"))
    assert starts(out) == [0.0, *(at + SECONDS for at in plain[1:])]
    (end,) = re.findall(r"--> 00:(\d\d:[\d.]+)", (out / "hls/sprite.vtt").read_text())[-1:]
    assert end == "00:06.000"


def test_every_language_has_its_card(works: Works) -> None:
    """One that we do not speak gets the Vietnamese one, and so does none."""
    cards = {}
    for language in ("vi", "en", "tay", ""):
        out, _ = with_card(works, "film_rate", language)
        cards[language] = look.picture(out / "hls" / "240p.mp4", 1.0, (428, 240))
    assert cards["tay"] == cards["vi"] == cards[""]
    assert look.likeness(cards["en"], cards["vi"]) > 2


def test_an_acted_clip_gets_it_on_its_way(office: Office, clips: Clips, tmp_path: Path) -> None:
    """Handed in as re-enacted, worked on by a worker: what is served begins with the card."""
    plain, acted = office.hand_in(clips.film_rate()), office.hand_in(clips.film_rate())
    with office.deps.database.write() as session:
        session.get_one(Clip, acted).reenactment = True
    assert office.work() == 4
    assert [office.jobs(c)[1][:2] for c in (plain, acted)] == [("ladder", "done")] * 2
    lasting = {}
    for clip in (plain, acted):
        (key,) = [k for k in office.stored(f"derived/{clip}/") if k.endswith("hls/240p.mp4")]
        with office.deps.blobs.open(key) as stream:
            path = tmp_path / f"{clip}.mp4"
            path.write_bytes(stream.read())
        lasting[clip] = float(look.stream(path, "video")["duration"])
    assert lasting[acted] - lasting[plain] == pytest.approx(SECONDS, abs=0.05)
