"""Two who act at the same moment on captions: one order, and nothing unseen is approved."""

from __future__ import annotations

from collections.abc import Callable

from review import accounts, audit, decisions
from review.captions import keeping
from review.captions.cues import Cue, write
from review.captions.keeping import NOTHING, Seen
from review.decisions import Verdict
from review.errors import NotAllowed, StaleCaptions, StaleClip
from review.models import Account
from review.policy import Role
from review.states import Action
from tests.captioning import CUES, OTHER, Store, kept
from tests.racing import race
from tests.world import World


def saving(
    world: World, clip_id: str, who: Account, cues: tuple[Cue, ...], seen: Seen
) -> Callable[[], str]:
    actor = accounts.actor_of(who)

    def call() -> str:
        with world.write() as session:
            store = Store()
            row = keeping.save(
                session,
                store,  # type: ignore[arg-type]
                clip_id,
                actor,
                "vi",
                cues,
                seen,
                source="editor",
            )
            return row.vtt

    return call


def test_of_two_who_save_at_once_exactly_one_saves(any_world: World) -> None:
    world = any_world
    teacher, reviewer = world.person(Role.TEACHER), world.person(Role.REVIEWER)
    for _ in range(10):
        clip_id, seen = world.clip(), Seen(NOTHING, 1)
        results = race(
            saving(world, clip_id, teacher, CUES, seen),
            saving(world, clip_id, reviewer, OTHER, seen),
        )
        (saved,) = [r for r in results if isinstance(r, str)]
        (told,) = [r for r in results if not isinstance(r, str)]
        assert isinstance(told, StaleCaptions)
        assert told.detail["text"] == saved
        assert kept(world, clip_id) == {"vi": saved}


def test_nobody_approves_what_changed_at_the_same_moment(any_world: World) -> None:
    """Either the last approval comes first and the owner is too late, or the moderator is told."""
    world = any_world
    moderator, owner = world.actor(Role.MODERATOR), world.person(Role.TEACHER)
    for _ in range(10):
        clip_id = world.clip(stage=1)
        verdict = Verdict(Action.APPROVE, 1, world.get(clip_id).version, watched=True)

        def approve(clip_id: str = clip_id, verdict: Verdict = verdict) -> str:
            with world.write() as session:
                return decisions.decide(session, clip_id, moderator, verdict).id

        approved, saved = race(approve, saving(world, clip_id, owner, CUES, Seen(NOTHING, 1)))
        if isinstance(approved, str):
            assert isinstance(saved, NotAllowed)
            assert (world.get(clip_id).state, kept(world, clip_id)) == ("approved", {})
        else:
            assert isinstance(approved, StaleClip)
            assert (world.get(clip_id).state, saved) == ("in_review", write(CUES))
    with world.read() as session:
        assert audit.verify(session)[1] is None
