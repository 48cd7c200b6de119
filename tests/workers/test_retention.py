"""What goes when its time is over, with a row for each file; and what a clip can do then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from review import announcing, campaigns, publication, redacting
from review.errors import BytesGone
from review.models import Clip, Decision, Purge, Revision
from review.policy import Role
from review.states import State
from storage_config.blobs import LocalBlobs
from tests import redactions
from tests.webapp.conftest import store_files
from tests.workers.office import Office
from workers.sweep import Sweeper

YEAR = timedelta(days=365)


@pytest.fixture
def blobs(office: Office) -> LocalBlobs:
    assert isinstance(office.deps.blobs, LocalBlobs)
    return office.deps.blobs


def stored(office: Office, blobs: LocalBlobs, state: State, *, campaign: str | None = None) -> str:
    """A clip in this state, its original and outputs in the store."""
    clip_id = office.world.clip(state, campaign=campaign)
    with office.world.read() as session:
        for revision in session.scalars(select(Revision).where(Revision.clip_id == clip_id)):
            path = blobs.root / revision.original_key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"original")
    store_files(office.world, blobs, clip_id)
    return clip_id


def age(office: Office, clip_id: str, by: timedelta) -> None:
    """The decision was so long ago."""
    with office.world.write() as session:
        clip = session.get_one(Clip, clip_id)
        for name in ("published_at", "withdrawn_at"):
            if getattr(clip, name) is not None:
                setattr(clip, name, getattr(clip, name) - by)
        for row in session.scalars(select(Decision).where(Decision.clip_id == clip_id)):
            row.at -= by


def keys(office: Office) -> tuple[int, int]:
    """How many originals and outputs are in the store."""
    return len(office.stored("originals/")), len(office.stored("derived/"))


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (State.PUBLISHED, (0, 4)),
        (State.REJECTED, (0, 2)),
        (State.WITHDRAWN, (0, 0)),
        (State.IN_REVIEW, (1, 2)),
        (State.CHANGES_REQUESTED, (1, 2)),
        (State.HELD, (1, 2)),
    ],
)
def test_what_is_past_its_time_goes(
    office: Office, blobs: LocalBlobs, state: State, left: tuple[int, int]
) -> None:
    clip_id = stored(office, blobs, state)
    before = keys(office)
    Sweeper(office.deps).remove_past_retention()
    assert keys(office) == before  # its time is not over
    age(office, clip_id, YEAR)
    Sweeper(office.deps).remove_past_retention()
    assert keys(office) == left
    with office.world.read() as session:
        rows = session.scalars(select(Purge)).all()
    assert len(rows) == sum(before) - sum(left)
    assert all(row.done_at is not None for row in rows)
    assert Sweeper(office.deps).remove_past_retention() == 0


def test_a_withdrawn_clip_that_is_a_case_keeps_everything(
    office: Office, blobs: LocalBlobs
) -> None:
    clip_id = stored(office, blobs, State.HELD)
    owner = office.world.actor(Role.TEACHER)
    with office.world.write() as session:
        publication.withdraw(session, clip_id, owner, "owner")
    age(office, clip_id, YEAR)
    before = keys(office)
    assert (Sweeper(office.deps).remove_past_retention(), keys(office)) == (0, before)


def test_a_rejection_that_can_be_undone_keeps_everything(office: Office, blobs: LocalBlobs) -> None:
    world = office.world
    campaign = world.campaign(announce_at=datetime(2099, 1, 1, tzinfo=UTC))
    clip_id = stored(office, blobs, State.REJECTED, campaign=campaign.slug)
    age(office, clip_id, YEAR)
    before = keys(office)
    assert (Sweeper(office.deps).remove_past_retention(), keys(office)) == (0, before)
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, moderator)
    announcing.announce_all(world.read, world.write)
    assert Sweeper(office.deps).remove_past_retention() == 1


def test_a_sweep_that_dies_before_the_bytes_go_is_finished_by_the_next(
    office: Office, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = stored(office, blobs, State.WITHDRAWN)
    age(office, clip_id, YEAR)
    monkeypatch.setattr(Sweeper, "finish_purges", lambda self: None)
    Sweeper(office.deps).remove_past_retention()
    with office.world.read() as session:
        assert {row.done_at for row in session.scalars(select(Purge))} == {None}
    assert keys(office) == (1, 4)
    monkeypatch.undo()
    Sweeper(office.deps).finish_purges()
    assert keys(office) == (0, 0)


def test_what_is_gone_does_not_come_back(office: Office, blobs: LocalBlobs) -> None:
    world = office.world
    clip_id = stored(office, blobs, State.WITHDRAWN)
    age(office, clip_id, YEAR)
    Sweeper(office.deps).remove_past_retention()
    moderator, clip = world.actor(Role.MODERATOR), world.get(clip_id)
    with world.write() as session, pytest.raises(BytesGone):
        publication.restore(session, clip_id, moderator, clip.version)
    assert world.get(clip_id).state == State.WITHDRAWN


def test_a_clip_without_its_original_can_be_restored_but_not_redacted(
    office: Office, blobs: LocalBlobs
) -> None:
    """It was public for a year; what it is watched in is there."""
    world = office.world
    clip_id = stored(office, blobs, State.PUBLISHED)
    age(office, clip_id, YEAR)
    Sweeper(office.deps).remove_past_retention()
    world.withdraw(clip_id)
    moderator, clip = world.actor(Role.MODERATOR), world.get(clip_id)
    with world.write() as session:
        publication.restore(session, clip_id, moderator, clip.version)
    with world.write() as session, pytest.raises(BytesGone):
        redacting.request(session, clip_id, moderator, redactions.PLAN)
    world.approve(clip_id, ladder=False)
    assert world.get(clip_id).state == State.PUBLISHED
