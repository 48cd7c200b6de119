"""Two revisions of a clip: which are compared, by whom, and what is said to have changed."""

from __future__ import annotations

import pytest

from review import comparing, lookalikes, queries
from review.comparing import Difference, offset_s
from review.hashindex import Frame
from review.models import Revision
from review.policy import Role
from review.states import Action, State
from tests.world import World

A, B, C = 0, 2**256 - 1, int("3" * 64, 16)  # pictures that have nothing in common


def frames(*bits: int, every: int = 1000) -> list[Frame]:
    return [Frame(n * every, b) for n, b in enumerate(bits)]


@pytest.mark.parametrize(
    ("old", "new", "later"),
    [
        (frames(A, B, C), frames(A, B, C), 0.0),
        (frames(A, B, C), frames(B, C), 1.0),  # the first second was cut off
        (frames(B, C), frames(A, B, C), -1.0),
        (frames(A, B), frames(C, C), 0.0),
        (frames(A, B, C), frames(C, A, B, C), -1.0),  # most of them say so
        ([], frames(A), 0.0),
        (frames(A), [], 0.0),
    ],
)
def test_how_much_later_the_old_one_shows_the_same(
    old: list[Frame], new: list[Frame], later: float
) -> None:
    assert offset_s(old, new) == later


def test_what_was_made_of_both_is_compared(world: World) -> None:
    clip_id = world.again()
    with world.write() as session:
        old, new = queries.revisions(session, world.get(clip_id))
        old.facts = {**(old.facts or {}), "duration_s": 20.0}
        old.signals = {"loudness": {"integrated_lufs": -31.24}}
        new.signals = {"loudness": {"integrated_lufs": -18.0}}
        for revision, at_s in ((old, 3.0), (new, 1.0)):
            lookalikes.index(session, revision, [{"at_s": at_s, "hash": "5a" * 32}])
    with world.read() as session:
        found = comparing.compare(session, world.get(clip_id))
    assert found is not None
    assert (found.old.number, found.new.number) == (1, 2)
    assert found.offset_s == 2.0
    told = {d.what: d for d in found.differences}
    assert told["length"] == Difference("length", 20.0, 12.5)
    assert told["loudness"] == Difference("loudness", -31.2, -18.0)
    assert [d.what for d in found.differences if d.differs] == [
        "length",
        "bytes",
        "loudness",
        "same_file",
    ]


@pytest.mark.parametrize(
    ("after", "differs"), [(-18.4, False), (-19.0, True), (-17.0, True), (None, True)]
)
def test_a_loudness_that_nobody_hears_is_no_difference(after: float | None, differs: bool) -> None:
    assert Difference("loudness", -18.0, after).differs is differs


def test_a_clip_that_came_once_has_nothing_to_compare_with(world: World) -> None:
    with world.read() as session:
        assert comparing.compare(session, world.get(world.clip())) is None


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.TEACHER, False),  # the owner
        (Role.REVIEWER, True),
        (Role.MODERATOR, True),
        (Role.SAFEGUARDING, False),
        (Role.ADMIN, False),
    ],
)
def test_who_reviews_compares(world: World, role: Role, may: bool) -> None:
    clip_id = world.again()
    clip, actor = world.get(clip_id), world.actor(role)
    with world.read() as session:
        assert comparing.may_compare(actor, clip) is may
        found = comparing.file(session, clip, "revisions/1/proxy.mp4", actor)
        assert (found is not None) is may
        for what in ("revisions/2/proxy.mp4", "revisions/1/original", "revisions/01/proxy.mp4"):
            assert comparing.file(session, clip, what, actor) is None


def test_once_decided_nobody_compares(world: World) -> None:
    clip_id, reviewer = world.again(), world.actor(Role.REVIEWER)
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    assert world.get(clip_id).state == State.REJECTED
    with world.read() as session:
        file = comparing.file(session, world.get(clip_id), "revisions/1/proxy.mp4", reviewer)
    assert file is None


def test_a_preview_that_is_gone_is_not_offered(world: World) -> None:
    clip_id = world.again()
    with world.write() as session:
        for file in session.query(Revision).filter_by(clip_id=clip_id, number=1):
            file.examine_attempt = None
    with world.read() as session:
        assert comparing.earlier(session, world.get(clip_id)) is None
