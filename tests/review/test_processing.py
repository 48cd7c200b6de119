"""What workers report, and what becomes of the clip."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review import jobs, processing, queries
from review.errors import LeaseLost
from review.jobs import Claim
from review.models import Clip, Job, Revision
from review.policy import Role
from review.states import Action, State
from tests.rows import everything
from tests.world import FACTS, World


def examine_claim(world: World) -> tuple[str, Claim]:
    clip_id = world.clip(State.PROCESSING)
    return clip_id, world.claim_job(clip_id, "examine")


def open_jobs(world: World, clip_id: str) -> list[tuple[str, str]]:
    with world.read() as session:
        rows = session.scalars(select(Job).where(Job.clip_id == clip_id).order_by(Job.id))
        return [(j.kind, j.state) for j in rows]


def test_an_examined_clip_is_reviewed_while_its_ladder_waits(any_world: World) -> None:
    world = any_world
    clip_id, claim = examine_claim(world)
    with world.write() as session:
        jobs.heartbeat(session, claim, "poster 2 of 5")
    with world.write() as session:
        made = processing.Output("proxy.mp4", "k", 9, "a" * 64, "video/mp4")
        processing.examined(session, claim, facts=FACTS, outputs=[made], watched_sha256="b" * 64)
    clip = world.get(clip_id)
    assert (clip.state, clip.stage, clip.progress) == ("in_review", 0, None)
    assert open_jobs(world, clip_id) == [("examine", "done"), ("ladder", "queued")]
    with world.read() as session:
        revision = queries.revision(session, clip)
        assert revision is not None
        assert (revision.facts, revision.watched_sha256, revision.examine_attempt) == (
            FACTS,
            "b" * 64,
            claim.attempt_name,
        )
        assert list(queries.output_files(session, clip)) == ["proxy.mp4"]


def test_the_same_report_twice_is_refused(world: World) -> None:
    """F15: one effective run."""
    clip_id, claim = examine_claim(world)

    def report() -> None:
        with world.write() as session:
            processing.examined(session, claim, facts=FACTS, outputs=[], watched_sha256="b" * 64)

    report()
    before = everything(world.database)
    with pytest.raises(LeaseLost):
        report()
    assert everything(world.database) == before
    assert world.get(clip_id).state == State.IN_REVIEW


def test_a_source_at_fault_goes_back_to_its_owner(world: World) -> None:
    clip_id, claim = examine_claim(world)
    with world.write() as session:
        processing.refused(session, claim, "too_long")
    clip = world.get(clip_id)
    assert (clip.state, clip.problem) == (State.REFUSED, "too_long")
    assert open_jobs(world, clip_id) == [("examine", "failed")]


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED])
def test_even_out_of_the_review_when_the_ladder_finds_it(world: World, state: State) -> None:
    clip_id = world.clip(state)
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.refused(session, claim, "truncated")
    assert (world.get(clip_id).state, world.get(clip_id).problem) == (State.REFUSED, "truncated")


def test_a_held_clip_stays_held_whatever_its_ladder_finds(world: World) -> None:
    clip_id = world.clip(State.HELD)
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.refused(session, claim, "truncated")
    assert world.get(clip_id).state == State.HELD
    assert open_jobs(world, clip_id)[-1] == ("ladder", "failed")


def test_our_trouble_in_the_ladder_leaves_the_review_alone(world: World) -> None:
    clip_id = world.clip()
    version = world.get(clip_id).version
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.gave_up(session, claim, "bad_output")
    assert (world.get(clip_id).state, world.get(clip_id).version) == (State.IN_REVIEW, version)


def test_trouble_is_tried_again_and_given_up_after_the_last(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    states = []
    for _ in range(jobs.MAX_ATTEMPTS):
        claim = world.claim_job(clip_id, "examine")
        with world.write() as session:
            processing.troubled(session, claim, "tool_crashed")
            session.execute(update(Job).values(next_attempt_at=Job.created_at))
        states.append(world.get(clip_id).state)
    assert states == ["processing", "processing", "failed"]
    assert world.get(clip_id).problem == "tool_crashed"


def test_the_machines_trouble_never_fails_a_clip(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    for _ in range(jobs.MAX_ATTEMPTS + 2):
        claim = world.claim_job(clip_id, "examine")
        with world.write() as session:
            processing.troubled(session, claim, "no_space", counted=False)
            session.execute(update(Job).values(next_attempt_at=Job.created_at))
    assert world.get(clip_id).state == State.PROCESSING


REPORTS: dict[str, Callable[[Session, Claim], None]] = {
    "refused": lambda s, c: processing.refused(s, c, "truncated"),
    "gave up": lambda s, c: processing.gave_up(s, c, "tool_crashed"),
    "laddered": lambda s, c: processing.laddered(s, c, outputs=[], renditions=[]),
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_on_an_older_revision_does_not_move_the_clip(world: World, report: str) -> None:
    """Its owner sent a new file meanwhile: what comes of the old one changes nothing."""
    clip_id = world.clip(State.APPROVED)
    old = world.claim_job(clip_id, "ladder")
    with world.write() as session:  # as if the row had moved on without cancelling the job
        session.get_one(Clip, clip_id).revision = 2
    before = world.get(clip_id)
    with world.write() as session:
        REPORTS[report](session, old)
    after = world.get(clip_id)
    assert (after.state, after.version, after.problem) == (before.state, before.version, None)


def test_asking_for_changes_takes_the_ladder_from_its_worker(world: World) -> None:
    clip_id = world.clip()
    claim = world.claim_job(clip_id, "ladder")
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    with pytest.raises(LeaseLost), world.write() as session:
        processing.laddered(session, claim, outputs=[], renditions=[])
    assert open_jobs(world, clip_id) == [("examine", "done"), ("ladder", "cancelled")]


def test_the_ladders_end_swaps_the_pointer_in_the_same_transaction(world: World) -> None:
    clip_id = world.clip(State.APPROVED)
    with world.read() as session:
        revision = session.scalars(select(Revision)).one()
        assert (revision.ladder_attempt, queries.renditions(session, world.get(clip_id))) == (
            None,
            [],
        )
    claim = world.claim_job(clip_id, "ladder")
    made = processing.Rendered("mp4", "mp4/360p.mp4", 640, 360, 9, "a" * 64, "video/mp4")

    def killed() -> None:
        with world.write() as session:
            processing.laddered(session, claim, outputs=[], renditions=[made])
            raise KeyboardInterrupt

    before = everything(world.database)
    with pytest.raises(KeyboardInterrupt):
        killed()
    assert everything(world.database) == before
    with world.write() as session:
        processing.laddered(session, claim, outputs=[], renditions=[made])
    with world.read() as session:
        assert [r.what for r in queries.renditions(session, world.get(clip_id))] == ["mp4/360p.mp4"]
    assert world.get(clip_id).state == State.PUBLISHED
