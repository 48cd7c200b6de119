"""Every file that can not become a clip is refused with its own code, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.problems import REFUSALS as SENTENCES
from tests.clips import Clips
from tests.workers.conftest import Works
from workers.media import REFUSALS, MediaLimits, Refused, Sandbox, examine, render_ladder

BAD = {
    "text": "not_a_video",
    "empty": "empty_file",
    "zeros": "not_a_video",
    "noise": "not_a_video",
    "ten_hours": "too_long",
    "sound_only": "no_video_track",
    "sound_with_cover": "no_video_track",
    "mp3": "no_video_track",
    "concat_script": "playlist_not_video",
    "playlist": "playlist_not_video",
    "dash": "playlist_not_video",
    "cut_without_index": "truncated",
    "cut_with_index": "truncated",
    "cut_matroska": "truncated",
    "too_short": "too_short",
    "tiny": "picture_too_small",
    "huge": "picture_too_large",
    "many_streams": "too_many_streams",
    "old_codec": "codec_not_supported",
    "encrypted": "encrypted",
    "picture": "not_a_video",
    "heic": "no_video_track",
    "zip": "not_a_video",
    "pdf": "not_a_video",
    "exe": "not_a_video",
    "page": "not_a_video",
}


@pytest.mark.parametrize(("name", "code"), BAD.items(), ids=BAD.keys())
def test_refused_with_its_own_code(
    clips: Clips, sandbox: Sandbox, tmp_path: Path, name: str, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        examine(clips.get(name), tmp_path, limits=MediaLimits(), sandbox=sandbox)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_every_code_has_a_sentence_for_people() -> None:
    assert set(REFUSALS) == set(SENTENCES)
    elsewhere = {"too_large", "unreadable", "sound_broken", "sound_too_long", "too_many_pictures"}
    assert set(BAD.values()) | elsewhere == set(REFUSALS)


def test_more_bytes_than_allowed(clips: Clips, sandbox: Sandbox, tmp_path: Path) -> None:
    limits = MediaLimits(max_bytes=clips.silent().stat().st_size - 1)
    with pytest.raises(Refused) as caught:
        examine(clips.silent(), tmp_path, limits=limits, sandbox=sandbox)
    assert caught.value.code == "too_large"


def test_longer_than_the_office_allows(clips: Clips, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        examine(clips.silent(), tmp_path, limits=MediaLimits(max_seconds=4.0), sandbox=sandbox)
    assert caught.value.code == "too_long"


@pytest.mark.xdist_group("made")
def test_a_worn_memory_card_is_found_by_the_ladder(works: Works, tmp_path: Path) -> None:
    """Its index is whole, so that the preview could be copied; then a third can not be decoded."""
    facts = works.examined("broken_middle").facts
    with pytest.raises(Refused) as caught:
        render_ladder(
            works.clips.broken_middle(),
            tmp_path,
            facts=facts,
            limits=MediaLimits(),
            sandbox=works.sandbox,
        )
    assert caught.value.code == "unreadable"


@pytest.mark.xdist_group("made")
def test_a_blemish_is_no_reason(works: Works, tmp_path: Path) -> None:
    """Three hundred wrong bytes: a frame or two are spoilt, the clip is not."""
    source = tmp_path / "blemished.mp4"
    content = bytearray(works.clips.silent().read_bytes())
    content[100_000:100_300] = bytes(300)
    source.write_bytes(content)
    out = tmp_path / "out"
    out.mkdir()
    made = examine(source, out, limits=MediaLimits(), sandbox=works.sandbox)
    rendered = render_ladder(
        source, out, facts=made.facts, limits=MediaLimits(), sandbox=works.sandbox
    )
    assert [r.kind for r in rendered.renditions] == ["hls", "mp4", "mp4"]
