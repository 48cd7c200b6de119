"""Jobs: who gets which, leases and fences, attempts, and bells that ring only after the commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review import clock, jobs, processing, submission
from review.errors import LeaseLost, NoSuchThing, WrongState
from review.jobs import Claim
from review.keys import new_id
from review.models import Clip, Job, Revision
from review.policy import Role
from review.states import State
from storage_config.database import Database
from tests.racing import race
from tests.rows import everything
from tests.world import World


def claim(world: World, *kinds: str) -> Claim | None:
    with world.write() as session:
        return jobs.claim(session, "w", kinds or jobs.KINDS)


def must_claim(world: World, *kinds: str) -> Claim:
    found = claim(world, *kinds)
    assert found is not None
    return found


def row(world: World, job_id: str) -> Job:
    with world.read() as session:
        return jobs.get(session, job_id)


def end_lease(world: World, job_id: str) -> None:
    """As if its worker had been silent for too long."""
    with world.write() as session:
        jobs.get(session, job_id).lease_until = clock.now(session) - timedelta(seconds=1)


def make_due(world: World, job_id: str) -> None:
    """As if the delay had passed."""
    with world.write() as session:
        jobs.get(session, job_id).next_attempt_at = clock.now(session) - timedelta(seconds=1)


def queue_more(world: World, count: int, kind: str = "ladder") -> list[str]:
    """That many more jobs on a new clip's revision; their ids, oldest first."""
    clip_id = world.clip(State.PROCESSING)
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
        jobs.cancel_for(session, clip_id)
        return [jobs.enqueue(session, kind, clip, revision).id for _ in range(count)]


# --- which job ---------------------------------------------------------------------------------


def test_examining_comes_before_every_ladder_and_the_oldest_first(any_world: World) -> None:
    world = any_world
    ladders = queue_more(world, 2, "ladder")
    examines = queue_more(world, 2, "examine")
    with world.read() as session:
        due = jobs.due(session)
    expected = [(i, "examine") for i in examines] + [(i, "ladder") for i in ladders]
    assert due == expected
    assert [must_claim(world).job_id for _ in range(4)] == [i for i, _ in expected]
    assert claim(world) is None


def test_a_worker_gets_only_the_kinds_that_it_serves(world: World) -> None:
    (ladder,) = queue_more(world, 1)
    assert claim(world, "examine") is None
    assert must_claim(world, "ladder").job_id == ladder


def test_nothing_is_given_out_before_its_time(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    first = must_claim(world)
    with world.write() as session:
        assert jobs.retry_later(session, first, "tool_crashed")
    assert claim(world) is None
    with world.read() as session:
        assert jobs.due(session) == []
    make_due(world, job_id)
    assert must_claim(world).job_id == job_id


def test_eight_workers_get_each_of_fifty_jobs_once(any_world: World) -> None:
    world = any_world
    wanted = queue_more(world, 50)

    def work() -> list[str]:
        got = []
        idle = 0
        while idle < 3:
            taken = claim(world)
            idle = 0 if taken else idle + 1
            if taken:
                got.append(taken.job_id)
                with world.write() as session:
                    jobs.finish(session, taken)
        return got

    results = race(*[work] * 8)
    assert sorted(job for got in results for job in got) == sorted(wanted)
    with world.read() as session:
        kept = session.scalars(select(Job).where(Job.id.in_(wanted))).all()
    assert {(j.state, j.attempts, j.fence) for j in kept} == {("done", 1, 1)}


# --- lease and fence ---------------------------------------------------------------------------


def test_a_claim_counts_the_attempt_before_it_runs(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    taken = must_claim(world)
    job = row(world, job_id)
    assert (taken.attempt, taken.fence, taken.attempt_name) == (1, 1, f"ladder-{job_id}-1")
    assert (job.state, job.attempts, job.fence, job.worker) == ("running", 1, 1, "w")
    with world.read() as session:
        assert jobs.running_attempts(session) == {taken.attempt_name}
        left = job.lease_until - clock.now(session) if job.lease_until else None
    assert left is not None
    assert timedelta() < left <= jobs.LEASE


def test_a_heartbeat_renews_the_lease_and_tells_people_how_far_it_is(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    taken = must_claim(world)
    before = row(world, job_id).lease_until
    with world.write() as session:
        jobs.heartbeat(session, taken, "poster 2 of 5")
    job = row(world, job_id)
    assert before is not None
    assert job.lease_until is not None
    assert job.lease_until > before
    assert (job.progress, world.get(job.clip_id).progress) == ("poster 2 of 5", "poster 2 of 5")
    with world.write() as session:
        jobs.heartbeat(session, taken)
    assert row(world, job_id).progress == "poster 2 of 5"


STALE_WRITES = {
    "heartbeat": lambda s, c: jobs.heartbeat(s, c, "99 %"),
    "finish": jobs.finish,
    "fail": lambda s, c: jobs.fail(s, c, "tool_crashed"),
    "retry": lambda s, c: jobs.retry_later(s, c, "tool_crashed"),
    "retry uncounted": lambda s, c: jobs.retry_later(s, c, "no_space", counted=False),
}


@pytest.mark.parametrize("write", STALE_WRITES)
def test_who_comes_back_after_the_lease_was_given_away_is_refused(
    any_world: World, write: str
) -> None:
    """F16: a worker that slept past its lease writes nothing, neither while the other works nor
    after it has finished."""
    world = any_world
    (job_id,) = queue_more(world, 1)
    slept = must_claim(world)
    end_lease(world, job_id)
    other = must_claim(world)
    assert (other.job_id, other.fence, other.attempt) == (job_id, 2, 2)
    assert other.attempt_name != slept.attempt_name
    for _ in ("while the other works", "after it has finished"):
        before = everything(world.database)
        with pytest.raises(LeaseLost), world.write() as session:
            STALE_WRITES[write](session, slept)
        assert everything(world.database) == before
        if row(world, job_id).state == "running":
            with world.write() as session:
                jobs.finish(session, other)


def test_a_slow_worker_may_still_finish_while_nobody_took_over(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    slow = must_claim(world)
    end_lease(world, job_id)
    with world.write() as session:
        jobs.finish(session, slow)
    assert row(world, job_id).state == "done"
    assert claim(world) is None


def test_the_result_of_a_fenced_worker_never_reaches_the_clip(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    slept = must_claim(world)
    end_lease(world, slept.job_id)
    world.examine(clip_id)
    before = everything(world.database)
    results: list[Any] = [
        lambda s: processing.examined(s, slept, facts={}, outputs=[], watched_sha256="x"),
        lambda s: processing.refused(s, slept, "not_a_video"),
        lambda s: processing.gave_up(s, slept, "tool_crashed"),
        lambda s: processing.troubled(s, slept, "tool_crashed"),
    ]
    for report in results:
        with pytest.raises(LeaseLost), world.write() as session:
            report(session)
    assert everything(world.database) == before


# --- attempts ----------------------------------------------------------------------------------


def test_three_attempts_with_growing_delays_then_no_more(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    delays = []
    for attempt in (1, 2):
        taken = must_claim(world)
        assert taken.attempt == attempt
        with world.write() as session:
            assert jobs.retry_later(session, taken, "tool_crashed")
            job = jobs.get(session, job_id)
            delays.append(round((job.next_attempt_at - clock.now(session)).total_seconds()))
        assert (job.state, job.problem, job.lease_until) == ("queued", "tool_crashed", None)
        make_due(world, job_id)
    assert delays == [2, 60]
    last = must_claim(world)
    with world.write() as session:
        assert not jobs.retry_later(session, last, "tool_crashed")
        jobs.fail(session, last, "tool_crashed")
    job = row(world, job_id)
    assert (job.state, job.attempts, job.problem) == ("failed", 3, "tool_crashed")
    assert job.finished_at is not None
    assert claim(world) is None


def test_the_machines_trouble_is_never_counted(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    names = set()
    for turn in range(1, 6):
        taken = must_claim(world)
        assert (taken.attempt, taken.fence) == (1, turn)
        names.add(taken.attempt_name)
        with world.write() as session:
            assert jobs.retry_later(session, taken, "no_space", counted=False)
        job = row(world, job_id)
        assert (job.state, job.attempts, job.problem) == ("queued", 0, "no_space")
        make_due(world, job_id)
    assert len(names) == 5  # every attempt has a folder of its own all the same


def test_a_job_whose_worker_died_in_the_last_attempt_waits_to_be_given_up(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    for _ in range(jobs.MAX_ATTEMPTS):
        taken = must_claim(world)
        with world.read() as session:
            assert jobs.exhausted(session) == []
        end_lease(world, taken.job_id)
    assert claim(world) is None
    with world.read() as session:
        assert jobs.due(session) == []
        (lost,) = jobs.exhausted(session)
    assert lost == taken
    with world.write() as session:
        processing.gave_up(session, lost, "worker_lost")
    clip = world.get(clip_id)
    assert (clip.state, clip.problem) == (State.FAILED, "worker_lost")
    with pytest.raises(LeaseLost), world.write() as session:
        processing.gave_up(session, lost, "worker_lost")  # a second sweep


def test_a_failed_job_starts_again_with_three_new_attempts(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    taken = must_claim(world)
    with world.write() as session:
        jobs.fail(session, taken, "tool_crashed")
    with world.write() as session:
        jobs.restart(session, job_id)
        assert session.info["rings"] == [(job_id, "ladder")]
    job = row(world, job_id)
    assert (job.state, job.attempts, job.problem, job.finished_at) == ("queued", 0, None, None)
    assert must_claim(world).fence == taken.fence + 1


def test_only_a_failed_job_starts_again(world: World) -> None:
    (job_id,) = queue_more(world, 1)
    for _ in ("queued", "running"):
        with pytest.raises(WrongState), world.write() as session:
            jobs.restart(session, job_id)
        taken = claim(world)
    assert taken is None
    with pytest.raises(NoSuchThing), world.write() as session:
        jobs.restart(session, new_id())


def test_cancelling_ends_what_is_queued_and_takes_the_fence_from_what_runs(world: World) -> None:
    queued = queue_more(world, 2)
    running = must_claim(world)
    other = world.clip(State.PROCESSING)
    with world.write() as session:
        jobs.cancel_for(session, running.clip_id)
    assert [row(world, j).state for j in queued] == ["cancelled", "cancelled"]
    with pytest.raises(LeaseLost), world.write() as session:
        jobs.finish(session, running)
    # What had ended keeps its end, and other clips their work.
    assert must_claim(world).clip_id == other
    with world.write() as session:
        assert jobs.claim(session, "w") is None


def test_a_claim_that_was_never_given_is_refused(world: World) -> None:
    queue_more(world, 1)
    taken = must_claim(world)
    forged = replace(taken, fence=taken.fence + 1)
    with pytest.raises(LeaseLost), world.write() as session:
        jobs.finish(session, forged)


# --- bells -------------------------------------------------------------------------------------


def test_bells_ring_only_after_the_commit(bell: tuple[World, list[Any]]) -> None:
    world, rung = bell
    clip_id = world.clip(State.DRAFT)
    upload, actor = world.upload(), world.actor(Role.TEACHER)

    def killed() -> None:
        with world.write() as session:
            submission.submit(session, clip_id, upload, actor)
            assert rung == []
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert rung == []
    with world.write() as session:
        submission.submit(session, clip_id, upload, actor)
        assert rung == []
    with world.read() as session:
        (job,) = session.scalars(select(Job))
    assert rung == [(job.id, "examine")]
    assert world.get(clip_id).state == State.PROCESSING


@pytest.fixture
def bell(sqlite_database: Database) -> Iterator[tuple[World, list[Any]]]:
    """A world, and what was told to the doorbell."""
    rung: list[Any] = []
    url = str(sqlite_database.engine.url)
    heard = Database(url, after_commit=lambda info: rung.extend(info.get("rings", [])))
    yield World(heard), rung
    heard.dispose()


def set_back(world: World, job_id: str) -> None:
    """As if the database's clock had been set back by an hour since the row was written."""
    with world.write() as session:
        job = jobs.get(session, job_id)
        job.next_attempt_at += timedelta(hours=1)
        if job.lease_until is not None:
            job.lease_until += timedelta(hours=1)


def test_a_clock_that_was_set_back_holds_no_job_up(any_database: Database) -> None:
    """F17: neither what waited nor what a dead worker held waits for an hour."""
    world = World(any_database)
    world.clip(State.PROCESSING)
    first = must_claim(world)
    with world.write() as session:
        jobs.retry_later(session, first, "storage", counted=False)
    assert claim(world) is None
    set_back(world, first.job_id)
    with world.read() as session:
        assert [job_id for job_id, _ in jobs.due(session)] == [first.job_id]
    again = must_claim(world)
    assert (again.job_id, again.attempt) == (first.job_id, 1)

    set_back(world, first.job_id)
    after = must_claim(world)
    assert (after.job_id, after.attempt) == (first.job_id, 2)
    set_back(world, first.job_id)
    last = must_claim(world)
    set_back(world, first.job_id)
    assert claim(world) is None
    with world.read() as session:
        assert [lost.job_id for lost in jobs.exhausted(session)] == [last.job_id]


def test_a_living_worker_keeps_its_job_when_the_clock_is_set_back(world: World) -> None:
    world.clip(State.PROCESSING)
    held = must_claim(world)
    set_back(world, held.job_id)
    with world.write() as session:
        jobs.heartbeat(session, held)
    assert claim(world) is None
