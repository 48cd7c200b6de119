"""The job that drafts captions: sound out of a real clip, and a recogniser that behaves."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from review import accounts, jobs, revisions
from review.captions import keeping, reading
from review.captions.cues import Cue, write
from review.models import Clip
from review.policy import Role
from tests.clips import Clips
from tests.workers.conftest import Works
from tests.workers.office import Office
from workers.media import MediaLimits, MediaToolFailed
from workers.media.speech import command, extract
from workers.pipeline import work_once

pytestmark = pytest.mark.slow
SAID = (Cue(0.5, 1.5, "Chào các bạn"), Cue(1.5, 9.0, "hết giờ"), Cue(20.0, 21.0, "không có thật"))


@dataclass
class Recogniser:
    """Says what it was told to say, after having looked at the sound."""

    trouble: Exception | None = None
    heard: list[tuple[str, int, int, float]] = field(default_factory=list)

    def transcribe(self, audio: Path, language: str) -> Iterator[tuple[float, Cue]]:
        with wave.open(str(audio), "rb") as file:
            shape = (file.getnchannels(), file.getframerate(), file.getnframes() / 16_000)
        self.heard.append((language, *shape))
        for cue in SAID:
            if self.trouble is not None:
                raise self.trouble
            yield cue.end_s, cue


def asked(office: Office, clips: Clips) -> str:
    """A clip of four seconds in review, whose owner asked for a draft."""
    clip_id = office.hand_in(clips.landscape())
    assert work_once(office.deps, "w", ["examine"])
    owner = accounts.actor_of(office.world.person(Role.TEACHER))
    with office.deps.database.write() as session:
        keeping.propose(session, clip_id, owner)
    return clip_id


def drafts(office: Office, clip_id: str) -> list[tuple[str, bool, str]]:
    with office.deps.database.read() as session:
        rows = reading.current(session, session.get_one(Clip, clip_id), drafts=True)
        return [(row.language, row.confirmed, row.vtt) for row in rows]


def test_a_draft_is_made_of_what_was_heard(office: Office, clips: Clips) -> None:
    clip_id = asked(office, clips)
    recogniser = Recogniser()
    deps = replace(office.deps, transcriber=recogniser)
    assert work_once(deps, "w", ["transcribe"])

    ((language, channels, rate, seconds),) = recogniser.heard
    with office.deps.database.read() as session:
        found = revisions.current(session, session.get_one(Clip, clip_id))
    assert found.facts is not None
    length = found.facts["duration_s"]
    assert (language, channels, rate) == ("vi", 1, 16_000)
    assert abs(seconds - length) < 0.1
    kept = (SAID[0], replace(SAID[1], end_s=round(length, 3)))
    assert drafts(office, clip_id) == [("vi", False, write(kept))]
    assert office.jobs(clip_id)[-1] == ("transcribe", "done", 1, None)
    assert office.scratch() == []


@pytest.mark.parametrize(
    "recogniser", [None, Recogniser(RuntimeError("the model is broken"))], ids=["none", "broken"]
)
def test_three_failures_and_the_clip_is_as_before(
    office: Office, clips: Clips, recogniser: Recogniser | None
) -> None:
    clip_id = asked(office, clips)
    before = office.clip(clip_id)
    deps = replace(office.deps, transcriber=recogniser)
    for _ in range(3):
        assert work_once(deps, "w", ["transcribe"])
        office.make_due()
    assert office.jobs(clip_id)[-1] == ("transcribe", "failed", 3, "not_transcribed")
    after = office.clip(clip_id)
    assert (after.state, after.version, after.problem) == ("in_review", before.version, None)
    assert drafts(office, clip_id) == []
    assert office.scratch() == []


def test_the_ladder_and_the_look_at_a_clip_come_first(office: Office, clips: Clips) -> None:
    asked(office, clips)
    with office.deps.database.write() as session:
        claim = jobs.claim(session, "w")
    assert claim is not None
    assert claim.kind == "ladder"


def test_the_command_opens_only_files_and_keeps_no_tags() -> None:
    argv = command(Path("/x/proxy.mp4"), "speech.wav")
    at = argv.index("-protocol_whitelist")
    assert argv[at + 1] == "file"
    assert argv[argv.index("-f") + 1] == "mov"
    assert "-map_metadata" in argv


def test_a_preview_without_sound_is_our_trouble_not_the_owners(
    works: Works, tmp_path: Path
) -> None:
    facts = works.examined("silent").facts
    preview = works.out("silent") / "proxy.mp4"
    with pytest.raises(MediaToolFailed) as caught:
        extract(preview, tmp_path, facts=facts, limits=MediaLimits(), sandbox=works.sandbox)
    assert caught.value.code == "bad_output"
