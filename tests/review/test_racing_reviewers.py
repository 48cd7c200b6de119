"""A thousand pairs of reviewers who decide on one clip at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select

from review import accounts, audit, decisions
from review.decisions import NoteInput, Verdict
from review.errors import StaleClip
from review.keys import new_id
from review.models import AuditRow, Clip, Decision, Revision, Upload
from review.policy import Actor, Role
from review.states import Action
from tests.world import World

NOTES = (NoteInput(None, "sound_low"),)
ACTIONS = (Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGES)


def many(world: World, count: int) -> list[str]:
    """Clips in review, copied from one that came there the ordinary way."""
    first = world.clip()
    with world.write() as session:
        columns = {
            model: [c.key for c in model.__table__.columns] for model in (Clip, Upload, Revision)
        }
        clip = session.get_one(Clip, first)
        revision = session.scalars(select(Revision).where(Revision.clip_id == first)).one()
        upload = session.get_one(Upload, revision.upload_id)
        rows = {
            model: {name: getattr(row, name) for name in columns[model]}
            for model, row in ((Clip, clip), (Upload, upload), (Revision, revision))
        }
        ids = [(new_id(), new_id(), new_id()) for _ in range(count - 1)]
        session.execute(insert(Clip), [{**rows[Clip], "id": c} for c, _, _ in ids])
        session.execute(insert(Upload), [{**rows[Upload], "id": u} for _, u, _ in ids])
        session.execute(
            insert(Revision),
            [
                # Each another file: a thousand clips that resemble each other are another test's.
                {**rows[Revision], "id": r, "clip_id": c, "upload_id": u, "original_sha256": r}
                for c, u, r in ids
            ],
        )
    return [first, *(c for c, _, _ in ids)]


def race_all(world: World, clip_ids: list[str]) -> tuple[int, list[list[int]]]:
    """Each clip decided on by both threads at once: how many decisions were made, and for each
    that came late which versions it heard of."""
    barrier = threading.Barrier(2)
    version = world.get(clip_ids[0]).version
    made: list[str] = []
    late: list[list[int]] = []

    def reviewer(number: int, actor: Actor) -> None:
        for turn, clip_id in enumerate(clip_ids):
            action = ACTIONS[(turn + number) % len(ACTIONS)]
            verdict = Verdict(action, 1, version, NOTES, watched=True)
            barrier.wait(timeout=60)
            try:
                with world.write() as session:
                    made.append(decisions.decide(session, clip_id, actor, verdict).id)
            except StaleClip as error:
                late.append([row["version"] - version for row in error.since])

    actors = [accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(reviewer, *a) for a in enumerate(actors)]:
            done.result()
    return len(made), late


def exactly_one_each(world: World, pairs: int) -> None:
    clip_ids = many(world, pairs)
    made, late = race_all(world, clip_ids)
    assert (made, late) == (pairs, [[1]] * pairs)
    with world.read() as session:
        per_clip = select(Decision.clip_id, func.count()).group_by(Decision.clip_id)
        assert dict(session.execute(per_clip).all()) == dict.fromkeys(clip_ids, 1)
        rows = select(func.count()).select_from(AuditRow).where(AuditRow.action.in_(ACTIONS))
        assert session.scalar(rows) == pairs
        assert audit.verify(session)[1] is None


@pytest.mark.slow
@pytest.mark.timeout(900)  # two threads that wait for each other, beside whatever else runs
def test_of_a_thousand_pairs_of_reviewers_exactly_one_of_each_decides(world: World) -> None:
    exactly_one_each(world, 1000)


@pytest.mark.services
def test_of_a_hundred_pairs_on_postgresql_exactly_one_of_each_decides(
    postgres_database: object,
) -> None:
    exactly_one_each(World(postgres_database), 100)  # type: ignore[arg-type]
