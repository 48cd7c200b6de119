"""What becomes of renders that nobody keeps: which blobs live, and which the sweep takes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from review import clock, redacting
from review.models import Redaction
from review.policy import Role
from review.states import Action, State
from tests import redactions
from tests.world import World


def shown(world: World, redaction_id: str) -> str:
    with world.read() as session:
        return redacting.shown_state(session, session.get_one(Redaction, redaction_id))[0]


def test_what_the_sweep_throws_away(any_world: World) -> None:
    """What somebody may still keep stays; what nobody can, or wanted for a week, goes."""
    world = any_world
    moderator = world.actor(Role.MODERATOR)

    def one(state: State = State.IN_REVIEW) -> tuple[str, str]:
        clip_id = world.clip(state)
        made = redactions.asked(world, clip_id, moderator)
        return made, redactions.render(world, clip_id)

    waits, _ = one()
    approved, _ = one(State.APPROVED)
    old, old_key = one()
    held_clip = world.clip(State.IN_REVIEW)
    held = redactions.ready(world, held_clip, moderator)
    world.decide(held_clip, Action.ESCALATE, Role.REVIEWER)
    gone_clip = world.clip(State.IN_REVIEW)
    gone = redactions.asked(world, gone_clip, moderator)
    gone_key = redactions.render(world, gone_clip)
    world.decide(gone_clip, Action.REJECT, Role.REVIEWER)
    thrown_clip = world.clip(State.IN_REVIEW)
    thrown = redactions.asked(world, thrown_clip, moderator)
    thrown_key = redactions.render(world, thrown_clip)
    with world.write() as session:
        redacting.discard(session, thrown_clip, thrown, moderator)
        session.execute(
            update(Redaction)
            .where(Redaction.id == old)
            .values(finished_at=clock.now(session) - redacting.UNKEPT - timedelta(minutes=1))
        )
    with world.write() as session:
        assert sorted(redacting.drop_stale(session)) == sorted([old_key, gone_key, thrown_key])
    states = {made: shown(world, made) for made in (waits, approved, held, old, gone, thrown)}
    assert states == {
        **dict.fromkeys((waits, approved, held), "ready"),
        **dict.fromkeys((old, gone, thrown), "discarded"),
    }


def test_which_blobs_are_alive(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = world.actor(Role.REVIEWER)
    made = redactions.asked(world, clip_id, reviewer)
    key = redactions.render(world, clip_id)

    def alive() -> bool:
        with world.read() as session:
            return redacting.is_alive(session, key)

    assert alive()
    with world.write() as session:
        redacting.keep(session, clip_id, made, reviewer)
    assert alive()
    other = world.clip(State.IN_REVIEW)
    thrown = redactions.asked(world, other, reviewer)
    key = redactions.render(world, other)
    with world.write() as session:
        redacting.discard(session, other, thrown, reviewer)
    assert not alive()
