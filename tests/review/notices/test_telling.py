"""Who is told of what, in the page: every move, and nothing of a hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from review import batch, clock, consenting, decisions, publication
from review.errors import NoSuchThing
from review.models import Account, Clip, Job, Notice
from review.notices import reading
from review.notices.kinds import KINDS
from review.policy import Role
from review.queries import people
from review.states import Action, State
from tests.captioning import keep
from tests.rows import counted
from tests.world import World, consented


def told(world: World, *which: str) -> list[tuple[str, str]]:
    """(role, kind) of every notice, oldest first; only ``which`` kinds where some are named."""
    with world.read() as session:
        rows = session.execute(
            select(Account.role, Notice.kind)
            .join(Account, Account.id == Notice.account_id)
            .order_by(Notice.id)
        )
        return [(r.role, r.kind) for r in rows if not which or r.kind in which]


# How the clip came there -> what a pupil (and the teacher of the class) is told on the way.
WAYS: dict[str, tuple[State, list[tuple[str, str]]]] = {
    "draft": (State.DRAFT, []),
    "processing": (State.PROCESSING, []),
    "in review": (State.IN_REVIEW, [("pupil", "ready")]),
    "refused": (State.REFUSED, [("pupil", "refused"), ("teacher", "refused")]),
    "failed": (State.FAILED, [("pupil", "failed"), ("teacher", "failed")]),
    "sent back": (
        State.CHANGES_REQUESTED,
        [("pupil", "ready"), ("pupil", "changes_requested"), ("teacher", "changes_requested")],
    ),
    "rejected": (
        State.REJECTED,
        [("pupil", "ready"), ("pupil", "rejected"), ("teacher", "rejected")],
    ),
    "approved": (
        State.APPROVED,
        [("pupil", "ready"), ("pupil", "approved"), ("teacher", "approved")],
    ),
    "published": (
        State.PUBLISHED,
        [
            ("pupil", "ready"),
            *(("pupil", "approved"), ("teacher", "approved")),
            *(("pupil", "published"), ("teacher", "published")),
        ],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_hears_what_on_the_way(any_world: World, way: str) -> None:
    world = any_world
    world.person(Role.TEACHER)
    state, expected = WAYS[way]
    world.clip(state, owner=world.person(Role.PUPIL))
    assert sorted(told(world)) == sorted(expected)


def test_published_at_once_is_one_notice(world: World) -> None:
    """The ladder was there before the last word: nobody reads "approved" and "published"."""
    clip_id = world.clip(stage=1)
    world.ladder(clip_id)
    world.decide(clip_id, Action.APPROVE, Role.MODERATOR)
    assert told(world) == [("teacher", "ready"), ("teacher", "published")]


def test_who_does_it_is_not_told_of_it(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    owner = world.actor(Role.TEACHER)
    with world.write() as session:
        publication.withdraw(session, clip_id, owner, "owner")
    assert told(world, "withdrawn") == []
    world.withdraw(world.clip(State.PUBLISHED))
    assert told(world, "withdrawn") == [("teacher", "withdrawn")]


def test_a_consent_that_ends_takes_the_clip_and_says_so(world: World) -> None:
    clip_id = world.clip(
        State.PUBLISHED, owner=world.person(Role.PUPIL), people=(consented("bạn áo đỏ"),)
    )
    teacher = world.actor(Role.TEACHER)
    with world.write() as session:
        ((_, consents),) = people(session, world.get(clip_id))
        consenting.revoke_consent(session, consents[0].id, teacher)
    assert sorted(told(world, "withdrawn")) == [("pupil", "withdrawn"), ("teacher", "withdrawn")]


def test_somebody_switched_off_is_told_nothing(world: World) -> None:
    owner = world.person(Role.TEACHER)
    clip_id = world.clip(State.PROCESSING)
    with world.write() as session:
        session.get_one(Account, owner.id).active = False
    world.examine(clip_id)
    assert told(world) == []


def test_whose_claim_ends_by_another_hears_of_it(world: World) -> None:
    clip_id, reviewer = world.clip(), world.actor(Role.REVIEWER)
    with world.write() as session:
        decisions.claim(session, clip_id, reviewer)
    world.withdraw(clip_id)
    assert told(world, "claim_ended") == [("reviewer", "claim_ended")]
    own = world.clip()
    with world.write() as session:
        decisions.claim(session, own, reviewer)
    world.decide(own, Action.REJECT, Role.REVIEWER)
    assert len(told(world, "claim_ended")) == 1


def test_captions_that_are_saved_meanwhile_end_nobodys_claim(world: World) -> None:
    clip_id, reviewer = world.clip(), world.actor(Role.REVIEWER)
    with world.write() as session:
        decisions.claim(session, clip_id, reviewer)
    keep(world, clip_id, Role.MODERATOR)
    assert (world.get(clip_id).claimed_by, told(world, "claim_ended")) == (reviewer.id, [])
    world.withdraw(clip_id)
    assert told(world, "claim_ended") == [("reviewer", "claim_ended")]


def test_who_is_given_clips_to_review_hears_of_each_once(any_world: World) -> None:
    world = any_world
    giver, target = world.actor(Role.MODERATOR), world.person(Role.REVIEWER)
    other = world.account(Role.REVIEWER)

    def give(to: Account, *clip_ids: str) -> None:
        with world.write() as session:
            rows = [(clip_id, session.get_one(Clip, clip_id).version) for clip_id in clip_ids]
            made = batch.start(session, giver, batch.Kind.ASSIGN, to.id, rows).id
        batch.run(world.write, made, giver)
        batch.run(world.write, made, giver)

    one, two, second_stage = world.clip(), world.clip(), world.clip(stage=1)
    give(target, one, two)
    give(target, one)
    assert told(world, "assigned") == [("reviewer", "assigned")] * 2
    # To and fro: a notice that nobody has read yet says it already.
    for _ in range(2):
        give(other, one)
        give(target, one)
    assert len(told(world, "assigned")) == 3  # and one for the other
    with world.write() as session:
        session.execute(update(Notice).values(read_at=clock.now(session)))
    give(other, one)
    give(target, one)
    assert told(world, "assigned") == [("reviewer", "assigned")] * 5
    # Nobody is told of what they gave themselves.
    give(world.person(Role.MODERATOR), second_stage)
    assert world.get(second_stage).assigned_to == giver.id
    assert len(told(world, "assigned")) == 5


@pytest.mark.parametrize("before", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_a_hold_tells_its_officers_and_nobody_else(any_world: World, before: State) -> None:
    world = any_world
    world.person(Role.SAFEGUARDING)
    world.account(Role.SAFEGUARDING)
    world.person(Role.TEACHER)
    clip_id = world.clip(before, owner=world.person(Role.PUPIL))
    if before is State.IN_REVIEW:
        reviewer = world.actor(Role.REVIEWER)
        with world.write() as session:
            decisions.claim(session, clip_id, reviewer)
    so_far = told(world)
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    assert told(world)[len(so_far) :] == [("safeguarding", "case")] * 2


ENDS: dict[str, Callable[[World, str], None]] = {
    "rejected": lambda world, clip: world.decide(clip, Action.REJECT, Role.SAFEGUARDING),
    "withdrawn": lambda world, clip: _withdrawn(world, clip),
}


def _withdrawn(world: World, clip_id: str) -> None:
    officer = world.actor(Role.SAFEGUARDING)
    with world.write() as session:
        publication.withdraw(session, clip_id, officer, "error")


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_hold_reads_as_the_end_of_a_review(world: World, end: str) -> None:
    """What others are told of a held clip that is rejected or withdrawn is what they are told of
    its twin in review."""
    world.person(Role.TEACHER)
    pupil = world.person(Role.PUPIL)
    held, twin = (world.clip(State.IN_REVIEW, owner=pupil) for _ in range(2))
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    ENDS[end](world, held)
    if end == "rejected":
        world.decide(twin, Action.REJECT, Role.REVIEWER)
    else:
        world.withdraw(twin)
    with world.read() as session:
        of = {
            clip_id: [
                (r.role, r.kind)
                for r in session.execute(
                    select(Account.role, Notice.kind)
                    .join(Account, Account.id == Notice.account_id)
                    .where(Notice.clip_id == clip_id, Account.role != Role.SAFEGUARDING)
                    .order_by(Notice.id)
                )
            ]
            for clip_id in (held, twin)
        }
    assert of[held] == of[twin]
    assert len(of[held]) == 3


def test_the_officer_hears_when_the_owner_takes_a_held_clip_back(world: World) -> None:
    world.person(Role.SAFEGUARDING)
    clip_id = world.clip(State.HELD, owner=world.person(Role.PUPIL))
    owner = world.actor(Role.PUPIL)
    with world.write() as session:
        publication.withdraw(session, clip_id, owner, "owner")
    assert told(world, "case_changed") == [("safeguarding", "case_changed")]


def inbox(world: World, role: Role) -> list[str]:
    with world.read() as session:
        page = reading.inbox(session, world.actor(role))
        count = reading.unread_count(session, world.actor(role))
    assert count == len([n for n in page.items if n.read_at is None])
    return [n.kind for n in page.items]


def test_a_held_clips_notices_go_with_the_clip_and_come_back(any_world: World) -> None:
    world = any_world
    world.person(Role.SAFEGUARDING)
    world.person(Role.TEACHER)
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
    before = {role: inbox(world, role) for role in (Role.PUPIL, Role.TEACHER)}
    assert before == {
        Role.PUPIL: ["published", "approved", "ready"],
        Role.TEACHER: ["published", "approved"],
    }
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    assert inbox(world, Role.PUPIL) == before[Role.PUPIL]
    assert inbox(world, Role.TEACHER) == []
    assert inbox(world, Role.SAFEGUARDING) == ["case"]
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)
    assert {role: inbox(world, role) for role in before} == before
    assert inbox(world, Role.SAFEGUARDING) == []


def test_one_reads_only_ones_own(world: World) -> None:
    world.clip(owner=world.person(Role.PUPIL))
    pupil, other = world.actor(Role.PUPIL), world.actor(Role.REVIEWER)
    with world.write() as session:
        notice = reading.inbox(session, pupil).items[0].id
        with pytest.raises(NoSuchThing):
            reading.get(session, other, notice)
        reading.mark_read(session, other, notice)
        reading.mark_read(session, other)
    assert inbox(world, Role.PUPIL) == ["ready"]
    with world.write() as session:
        assert reading.unread_count(session, pupil) == 1
        reading.mark_read(session, pupil, notice)
        assert reading.unread_count(session, pupil) == 0


def test_the_unread_count_is_one_question_however_many_there_are(world: World) -> None:
    world.clip(owner=world.person(Role.PUPIL))
    actor = world.actor(Role.PUPIL)
    add(world, actor.id, 120)
    with world.read() as session, counted(world.database) as statements:
        assert reading.unread_count(session, actor) == 100
    assert len(statements) == 1


def add(world: World, account_id: str | None, count: int, **more: Any) -> None:
    with world.write() as session:
        at = session.scalars(select(Notice.at)).first()
        for _ in range(count):
            session.add(Notice(account_id=account_id, kind="published", **{"at": at, **more}))


def test_last_terms_notices_are_forgotten_with_their_mail(any_world: World) -> None:
    world = any_world
    teacher = world.account(Role.TEACHER, email="ten@truong.example.vn")
    world.people[Role.TEACHER] = teacher
    world.clip()
    with world.write() as session:
        assert reading.forget_old(session) == 0
        notice = session.scalars(select(Notice)).one()
        notice.at = notice.at - reading.KEPT
        session.flush()
        assert reading.forget_old(session) == 1
        assert session.scalars(select(Job).where(Job.kind == "mail")).all() == []


def test_no_sentence_says_who_or_which_and_none_is_there_twice() -> None:
    """A case's words say nothing of a child, a clip or a risk."""
    for language in ("vi", "en"):
        sentences = [kind.sentence(language) for kind in KINDS.values()]
        assert len(set(sentences)) == len(sentences)
        for kind in KINDS.values():
            if kind.case:
                words = kind.sentence(language).lower()
                named = ("clip", "trẻ", "bé", "em ", "child", "risk", "nguy", "giữ", "held")
                assert [w for w in named if w in words] == []
