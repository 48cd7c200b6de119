"""Sources that are already what a rung would be are copied; what only looks like it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import CANARIES
from tests.workers.conftest import Works
from tests.workers.media import look
from tests.workers.media.test_made import all_files, rung_files
from workers.media import MediaFacts, MediaLimits, commands, copying, ladder
from workers.media.copying import Packet
from workers.media.probe import probe
from workers.media.tool import ask

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shaped")]

# Source: whether it is copied as its largest rung.
DECISIONS = {
    "copyable": True,
    "copyable_irregular": True,
    "copyable_plain": True,
    "open_gop": False,
    "key_in_ten": False,
    "wavering": False,
    "nearly_steady": False,
    "turned_copy": False,
    "ten_bits_copy": False,
    "above_the_cap": False,
    "burst": False,
    "hidden_begin": False,
    "sound_first": False,
    "full_range_copy": False,
    "fields_copy": False,
    "between_rungs": False,
    "wide_colours_copy": False,
    "changing_copy": False,
    "refreshing": False,
    "as_matroska": False,
}
COPIED = tuple(name for name, copied in DECISIONS.items() if copied)


def decided(works: Works, name: str) -> tuple[MediaFacts, list[Packet], list[float]]:
    """Facts, packets and key frames: the latter where it is copied."""
    source = works.clips.get(name)
    facts = probe(source, limits=MediaLimits(), sandbox=works.sandbox)
    rung = ladder.rungs_for(facts.short_side)[-1]
    if not copying.is_candidate(facts, rung):
        return facts, [], []
    argv = commands.video_packets(source, facts, MediaLimits())
    found = copying.packets(ask(argv, source, MediaLimits(), works.sandbox))
    return facts, found, copying.key_times(source, facts, rung, found)


@pytest.mark.parametrize(("name", "copied"), DECISIONS.items())
def test_which_sources_are_copied(works: Works, name: str, copied: bool) -> None:
    assert bool(decided(works, name)[2]) is copied


def test_a_burst_is_refused_for_its_segment_and_not_for_its_mean(works: Works) -> None:
    facts, found, keys = decided(works, "burst")
    assert facts.video_kbps < ladder.rungs_for(360)[-1].max_kbps
    assert len([p for p in found if p.key]) == 4
    assert keys == []


def biggest(works: Works, name: str) -> Path:
    return rung_files(works, name)["360p"]


@pytest.mark.parametrize("name", COPIED)
def test_a_copied_rung_shows_the_sources_own_pictures(works: Works, name: str) -> None:
    source = works.clips.get(name)
    assert look.hashes(biggest(works, name)) == look.hashes(source)
    assert look.hashes(rung_files(works, name)["240p"]) != look.hashes(source)


@pytest.mark.parametrize("name", COPIED)
def test_key_frames_are_the_sources_in_every_rung(works: Works, name: str) -> None:
    keys = look.key_times(works.clips.get(name))
    for path in rung_files(works, name).values():
        made = look.key_times(path)
        begin = made[0]
        assert [at - begin for at in made] == pytest.approx(keys, abs=0.002), path.name


@pytest.mark.parametrize("name", COPIED)
def test_segments_are_short_and_the_same_in_every_rung(works: Works, name: str) -> None:
    lengths = {p: look.segments(p.with_suffix(".m3u8")) for p in rung_files(works, name).values()}
    first, *others = lengths.values()
    for other in others:
        assert other == pytest.approx(first, abs=0.002)
    assert max(first) <= 6.0
    lasting = works.examined(name).facts.duration_s
    assert sum(first) == pytest.approx(lasting, abs=0.1)


@pytest.mark.parametrize("name", COPIED)
def test_rungs_do_not_drift_apart(works: Works, name: str) -> None:
    """A change of rung shows neither a frame twice nor one less: the same times in all, and at
    each of them the same picture, not the one before or after."""
    rungs = rung_files(works, name)
    times = {stem: look.frame_times(path) for stem, path in rungs.items()}
    assert all(found == pytest.approx(times["360p"], abs=0.0015) for found in times.values())
    frame = times["360p"][1] - times["360p"][0]
    for at in (1.0, 3.5, 7.0):
        copied = look.picture(rungs["360p"], at, (32, 18))
        encoded = [look.picture(rungs["240p"], at + n * frame, (32, 18)) for n in (-1, 0, 1)]
        before, same, after = (look.likeness(copied, other) for other in encoded)
        assert same < 3
        assert same < min(before, after)


def test_a_copy_stays_with_its_sound(works: Works) -> None:
    """Picture and sound begin together: the file's edit list hides only what AAC needs before."""
    works.rendered("copyable")
    folder = works.out("copyable") / "hls"
    picture = look.frame_times(folder / "360p.mp4")[0]
    sound = float(look.stream(folder / "audio.mp4", "audio")["start_time"])
    priming = 1024 / 48000
    assert picture == pytest.approx(sound + priming, abs=0.005)


def test_nothing_of_the_family_is_copied(works: Works) -> None:
    source = works.clips.copyable().read_bytes()
    planted = [c.encode() for c in CANARIES.values() if c.encode() in source]
    assert len(planted) >= 4
    for path in all_files(works, "copyable"):
        content = path.read_bytes()
        assert [c for c in planted if c in content] == [], path
        assert b"x264" not in content, path


def test_packets_without_times_or_places_fit_nowhere() -> None:
    found = copying.packets(b"0.000000,812,48,K__\nN/A,30,900,___\n0.080000,40,,___\n")
    assert found == [
        Packet(0.0, True, 812, 48),
        Packet(-1.0, False, 0, -1),
        Packet(-1.0, False, 0, -1),
    ]
