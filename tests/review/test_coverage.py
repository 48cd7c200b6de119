"""What was played of a clip: which parts are missing, and when it counts as watched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from review import announcing, clock, coverage, decisions, purge, queries
from review.decisions import Verdict
from review.errors import InvalidInput, NotWatched, StaleClip
from review.models import Clip, Coverage, Decision, Revision
from review.policy import Actor, Role
from review.states import Action, State
from tests.world import FACTS, World

LENGTH = FACTS["duration_s"]
LATER = datetime(2099, 1, 1, tzinfo=UTC)


def bytes_of(world: World, clip_id: str) -> str:
    with world.read() as session:
        revision = queries.revision(session, world.get(clip_id))
    assert revision is not None
    assert revision.watched_sha256 is not None
    return revision.watched_sha256


def opened(world: World, clip_id: str, actor: Actor, seconds: float = 60.0) -> None:
    """The desk, so long ago."""
    with world.write() as session:
        coverage.begin(session, session.get_one(Clip, clip_id), actor)
        for row in session.query(Coverage).filter_by(account_id=actor.id):
            row.began_at = clock.now(session) - timedelta(seconds=seconds)


def play(
    world: World,
    clip_id: str,
    actor: Actor,
    *spans: tuple[float, float],
    sha256: str = "",
    length: float = LENGTH,
) -> list[object]:
    sha256 = sha256 or bytes_of(world, clip_id)
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        return list(coverage.add(session, clip, actor, sha256, spans, length))


def approve(world: World, clip_id: str, actor: Actor, *, watched: bool = False) -> Decision:
    clip = world.get(clip_id)
    verdict = Verdict(Action.APPROVE, clip.revision, clip.version, (), watched, measured=True)
    with world.write() as session:
        return decisions.decide(session, clip_id, actor, verdict)


@pytest.mark.parametrize(
    ("spans", "missing"),
    [
        ([], [(0.0, 12.5)]),
        ([(0.0, 12.5)], []),
        ([(0.3, 6.0), (6.4, 12.1)], []),  # a player's rounding
        ([(0.0, 6.0), (7.0, 12.5)], [(6.0, 7.0)]),
        ([(7.0, 12.5), (0.0, 3.0), (2.0, 5.0)], [(5.0, 7.0)]),
        ([(1.0, 12.5)], [(0.0, 1.0)]),
        ([(0.0, 11.0)], [(11.0, 12.5)]),
    ],
)
def test_what_is_missing(
    spans: list[tuple[float, float]], missing: list[tuple[float, float]]
) -> None:
    assert coverage.unplayed(spans, 12.5) == missing


def test_the_whole_clip_in_pieces_and_in_any_order_is_watched(any_world: World) -> None:
    world = any_world
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    opened(world, clip_id, reviewer)
    assert play(world, clip_id, reviewer, (8.0, 12.5)) == [(8.0, 12.5)]
    with pytest.raises(NotWatched):
        approve(world, clip_id, reviewer)
    assert play(world, clip_id, reviewer, (0.0, 5.0), (4.0, 8.2)) == [(0.0, 12.5)]
    made = approve(world, clip_id, reviewer)
    assert (made.watched, made.watched_how) == (True, "measured")
    with world.read() as session:
        row = queries.history(session, clip_id)[-1]
        assert row.detail["watched"] == "measured"
        # It has served.
        assert session.query(Coverage).all() == []


def test_the_word_of_a_program_is_recorded_as_a_word(world: World) -> None:
    clip_id = world.clip()
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    with world.read() as session:
        ((decision, _),) = queries.decisions(session, clip_id)
    assert (decision.watched, decision.watched_how) == (True, "attested")


def test_where_the_desk_measures_the_word_does_not_count(world: World) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    with pytest.raises(NotWatched):
        approve(world, clip_id, reviewer, watched=True)
    assert world.get(clip_id).stage == 0


def test_nobody_has_played_more_than_fits_in_the_time(world: World) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    opened(world, clip_id, reviewer, seconds=1)
    assert play(world, clip_id, reviewer, (0.0, 12.5)) == []
    assert play(world, clip_id, reviewer, (0.0, 4.0)) == []
    assert play(world, clip_id, reviewer, (0.0, 3.0)) == [(0.0, 3.0)]  # at three times its speed
    with pytest.raises(NotWatched):
        approve(world, clip_id, reviewer)


def measure(world: World, clip_id: str, preview_s: float | None) -> None:
    """Of a clip that was examined just now, or by an older program."""
    with world.write() as session:
        revision = queries.revision(session, session.get_one(Clip, clip_id))
        assert revision is not None
        revision.signals = {} if preview_s is None else {"preview_s": preview_s}
        revision.facts = {**FACTS, "duration_s": preview_s or LENGTH}


def whole(world: World, clip_id: str, actor: Actor) -> bool:
    with world.read() as session:
        return coverage.is_whole(session, world.get(clip_id), actor)


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (3.0, 2.0),  # a second less is near enough for a source, and a third of this one
        (60.0, 58.9),
        (600.0, 588.1),
    ],
)
def test_a_player_does_not_say_how_long_the_preview_is(
    world: World, length: float, told: float
) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    measure(world, clip_id, length)
    opened(world, clip_id, reviewer, seconds=length)
    play(world, clip_id, reviewer, (0.0, told), length=told)
    assert not whole(world, clip_id, reviewer)
    play(world, clip_id, reviewer, (told, length), length=length)
    assert whole(world, clip_id, reviewer)


@pytest.mark.parametrize("differs", [-0.45, 0.45])
def test_a_player_that_rounds_the_length_sees_the_whole(world: World, differs: float) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    opened(world, clip_id, reviewer)
    play(world, clip_id, reviewer, (0.0, LENGTH + differs), length=LENGTH + differs)
    assert whole(world, clip_id, reviewer)


def test_a_preview_that_nobody_measured_is_as_long_as_the_player_says(world: World) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    measure(world, clip_id, None)
    opened(world, clip_id, reviewer)
    play(world, clip_id, reviewer, (0.0, LENGTH - 0.9), length=LENGTH - 0.9)
    assert whole(world, clip_id, reviewer)


def test_what_may_be_left_out_takes_its_time_too(world: World) -> None:
    """Half a second may be missing anywhere; who leaves it out everywhere is no sooner done."""
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    opened(world, clip_id, reviewer, seconds=3.5)
    crumbs = [(n * 0.5, n * 0.5 + 0.02) for n in range(26)]
    assert play(world, clip_id, reviewer, *crumbs) == []
    opened(world, clip_id, reviewer, seconds=LENGTH / 3)
    assert play(world, clip_id, reviewer, (0.0, LENGTH)) == [(0.0, LENGTH)]  # at the highest speed


def test_anothers_watching_and_other_bytes_do_not_count(world: World) -> None:
    one, other = world.actor(Role.REVIEWER), world.actor(Role.MODERATOR)
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    opened(world, clip_id, one)
    play(world, clip_id, one, (0.0, LENGTH))
    with pytest.raises(NotWatched):
        approve(world, clip_id, other)
    with pytest.raises(StaleClip):
        play(world, clip_id, other, (0.0, LENGTH), sha256="0" * 64)


def test_a_new_revision_has_been_played_by_nobody(world: World) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.again()
    opened(world, clip_id, reviewer)
    with world.read() as session:
        assert coverage.spans(session, world.get(clip_id), reviewer) == []
        assert not coverage.is_whole(session, world.get(clip_id), reviewer)


@pytest.mark.parametrize("length", [0.0, -1.0, 5.0, 60.0, 1e9])
def test_a_length_that_is_not_the_clips_is_refused(world: World, length: float) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    with pytest.raises(InvalidInput):
        play(world, clip_id, reviewer, (0.0, length), length=length)


def test_what_others_had_played_goes_once_the_clip_is_decided_on(world: World) -> None:
    moderator, clip_id = world.actor(Role.MODERATOR), world.clip()
    opened(world, clip_id, moderator)
    play(world, clip_id, moderator, (0.0, 2.0))
    with world.read() as session:
        assert purge.due(session) == []
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    with world.read() as session:
        (revision_id,) = purge.due(session)
    with world.write() as session:
        assert purge.forget(session, revision_id) == []
    with world.read() as session:
        assert session.query(Coverage).all() == []
        assert purge.due(session) == []


def test_what_others_had_played_stays_while_the_decision_can_be_undone(world: World) -> None:
    moderator, campaign = world.actor(Role.MODERATOR), world.campaign(announce_at=LATER)
    clip_id = world.clip(campaign=campaign.slug)
    opened(world, clip_id, moderator)
    play(world, clip_id, moderator, (0.0, 2.0))
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    with world.read() as session:
        assert purge.due(session) == []
        revision_id = session.scalars(select(Revision.id)).one()
    with world.write() as session:
        assert purge.forget(session, revision_id) == []
    version = world.get(clip_id).version
    with world.write() as session:
        announcing.undo(session, clip_id, moderator, version)
    with world.read() as session:
        assert coverage.spans(session, world.get(clip_id), moderator) == [(0.0, 2.0)]
