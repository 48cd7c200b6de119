"""What goes with a revision that was replaced, and with a clip that was withdrawn."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from review import faces, purge
from review.captions import keeping
from review.captions.cues import Cue
from review.faces import Search
from review.models import Captions, FaceProposals, OutputFile, Rendition
from review.policy import Role
from review.redaction import Box
from review.states import Action, State
from review.submission import resubmit
from storage_config.blobs import LocalBlobs
from tests.captioning import keep, kept
from tests.webapp.conftest import store_files
from tests.workers.office import Office
from tests.world import World
from workers.sweep import Sweeper

BOX = Box(0.25, 0.1, 0.2, 0.4, 0.0, 4.0)


@pytest.fixture
def blobs(office: Office) -> LocalBlobs:
    assert isinstance(office.deps.blobs, LocalBlobs)
    return office.deps.blobs


def noted(world: World) -> str:
    """A clip in review with proposed faces, a machine's draft, a person's captions, a ladder."""
    clip_id = world.clip()
    reviewer = world.actor(Role.REVIEWER)
    with world.write() as session:
        faces.request(session, clip_id, reviewer)
        keeping.propose(session, clip_id, reviewer)
    search = world.claim_job(clip_id, "faces")
    listening = world.claim_job(clip_id, "transcribe")
    with world.write() as session:
        faces.found(session, search, [BOX], 0)
        keeping.transcribed(session, listening, "vi", (Cue(0.0, 1.0, "nghe nhầm"),))
    keep(world, clip_id, language="en")
    world.ladder(clip_id)
    return clip_id


def replace(world: World, clip_id: str) -> None:
    """Another file is sent."""
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    upload, owner = world.upload(content=b"another file"), world.actor(Role.TEACHER)
    with world.write() as session:
        resubmit(session, clip_id, upload, owner)


def rows(world: World) -> dict[str, list[str]]:
    with world.read() as session:
        return {
            "files": sorted(session.scalars(select(OutputFile.what))),
            "renditions": sorted(session.scalars(select(Rendition.what))),
            "captions": sorted(session.scalars(select(Captions.language))),
            "faces": list(session.scalars(select(FaceProposals.revision_id))),
        }


def test_a_replaced_revision_leaves_what_a_person_wrote(office: Office, blobs: LocalBlobs) -> None:
    world = office.world
    clip_id = noted(world)
    store_files(world, blobs, clip_id)
    assert len(office.stored()) == 4
    replace(world, clip_id)
    world.examine(clip_id)
    store_files(world, blobs, clip_id)
    assert Sweeper(office.deps).remove_replaced() == 0  # the next reviewer may compare them
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)

    assert Sweeper(office.deps).remove_replaced() == 4
    assert office.stored() == office.named_keys()
    assert {key.split("/")[2] for key in office.stored()} == {"2"}
    assert rows(world) == {
        "files": ["poster.jpg", "proxy.mp4"],
        "renditions": [],
        "captions": ["en"],
        "faces": [],
    }
    assert Sweeper(office.deps).remove_replaced() == 0


def test_a_sweep_that_dies_after_its_rows_leaves_orphans_that_go(
    office: Office, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = office.world
    clip_id = noted(world)
    first = store_files(world, blobs, clip_id)
    replace(world, clip_id)
    world.examine(clip_id)
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    with world.write() as session:
        (due,) = purge.due(session)
        assert len(purge.forget(session, due)) == len(first)
    assert len(office.stored()) == len(first)
    monkeypatch.setattr("workers.sweep.ORPHAN_GRACE", -60.0)
    assert Sweeper(office.deps).remove_orphans() == len(first)
    assert office.stored() == []


def test_a_withdrawn_clip_keeps_what_a_restoration_needs(office: Office, blobs: LocalBlobs) -> None:
    world = office.world
    clip_id = noted(world)
    store_files(world, blobs, clip_id)
    before, stored = rows(world), office.stored()
    world.withdraw(clip_id)

    assert Sweeper(office.deps).remove_replaced() == 0
    assert office.stored() == stored
    assert rows(world) == {**before, "captions": ["en"], "faces": []}
    assert list(kept(world, clip_id)) == ["en"]
    with world.read() as session:
        assert faces.search(session, world.get(clip_id)) == Search("none")


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.HELD])
def test_a_clip_that_is_worked_on_loses_nothing(
    office: Office, blobs: LocalBlobs, state: State
) -> None:
    world = office.world
    clip_id = noted(world)
    if state is State.HELD:
        world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    store_files(world, blobs, clip_id)
    before, stored = rows(world), office.stored()
    assert Sweeper(office.deps).remove_replaced() == 0
    assert (rows(world), office.stored()) == (before, stored)
