"""A machine's draft: nobody's word until a person has saved it."""

from __future__ import annotations

import pytest

from review import jobs, processing
from review.captions import keeping, reading
from review.captions.cues import Cue, write
from review.errors import LeaseLost, NotAllowed, StaleCaptions, WrongState
from review.policy import Role
from review.states import State
from tests.captioning import CUES, OTHER, keep, kept
from tests.world import FACTS, World


class TestTheMachine:
    def ask(self, world: World, clip_id: str, role: Role = Role.TEACHER) -> None:
        actor = world.actor(role)
        with world.write() as session:
            keeping.propose(session, clip_id, actor)

    def hear(self, world: World, claim: jobs.Claim, cues: tuple[Cue, ...] = OTHER) -> None:
        with world.write() as session:
            keeping.transcribed(session, claim, "vi", cues)

    def test_its_draft_is_seen_by_nobody_until_a_person_saves_it(self, world: World) -> None:
        clip_id = world.clip()
        version = world.get(clip_id).version
        self.ask(world, clip_id)
        self.ask(world, clip_id)  # a second press asks nobody twice
        self.hear(world, world.claim_job(clip_id, "transcribe"))
        with world.read() as session:
            assert jobs.claim(session, "w", ["transcribe"]) is None
            assert reading.served(session, world.get(clip_id), "captions/vi.vtt") is None
        assert kept(world, clip_id) == {}
        assert kept(world, clip_id, drafts=True) == {"vi": write(OTHER)}
        assert world.get(clip_id).version == version
        keep(world, clip_id, cues=OTHER)
        assert kept(world, clip_id) == {"vi": write(OTHER)}

    def test_what_a_person_wrote_meanwhile_stays(self, world: World) -> None:
        clip_id = world.clip()
        self.ask(world, clip_id)
        claim = world.claim_job(clip_id, "transcribe")
        keep(world, clip_id)
        self.hear(world, claim)
        assert kept(world, clip_id, drafts=True) == {"vi": write(CUES)}
        with pytest.raises(StaleCaptions):
            self.ask(world, clip_id)

    def test_a_clip_that_was_taken_back_is_heard_by_nobody(self, world: World) -> None:
        clip_id = world.clip()
        self.ask(world, clip_id)
        claim = world.claim_job(clip_id, "transcribe")
        world.withdraw(clip_id)
        with pytest.raises(LeaseLost):
            self.hear(world, claim)
        assert kept(world, clip_id, drafts=True) == {}

    def test_who_may_not_edit_may_not_ask(self, world: World) -> None:
        clip_id = world.clip(State.PUBLISHED)
        with pytest.raises(NotAllowed):
            self.ask(world, clip_id)

    def test_a_silent_clip_has_nothing_to_hear(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(FACTS, "audio_index", None)
        clip_id = world.clip()
        with pytest.raises(WrongState):
            self.ask(world, clip_id)

    def test_its_failure_leaves_the_clip_as_it_is(self, world: World) -> None:
        clip_id = world.clip()
        self.ask(world, clip_id)
        before = world.get(clip_id)
        claim = world.claim_job(clip_id, "transcribe")
        with world.write() as session:
            jobs.heartbeat(session, claim, "transcribe:40")
            processing.gave_up(session, claim, "not_transcribed")
        after = world.get(clip_id)
        assert (after.state, after.version, after.progress) == ("in_review", before.version, None)
        with world.read() as session:
            assert keeping.listening(session, after) == "failed"
        self.ask(world, clip_id)
