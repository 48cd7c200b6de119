"""Which picture stands for a clip: who chooses it, when, and what follows; what a view costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from review import accounts, audit, decisions, feed, looks, presentation, queries, submission
from review.consent import Scope
from review.decisions import Verdict
from review.errors import InvalidInput, NoSuchClip, ReviewError, StaleClip
from review.models import AuditRow, Clip, FeedEntry, SchoolClass
from review.policy import Actor, Role
from review.states import Action, State
from storage_config.database import Database
from tests.pictured import COST, LADDER, PREVIEW, PicturedWorld
from tests.world import World


@pytest.fixture
def pictured(database: Database) -> PicturedWorld:
    return PicturedWorld(database)


def choose(
    world: World, clip_id: str, actor: Actor, what: str | None, version: int | None = None
) -> None:
    with world.write() as session:
        presentation.choose_poster(session, clip_id, actor, what, version)


def shown(world: World, clip_id: str) -> str | None:
    with world.read() as session:
        clip = session.get_one(Clip, clip_id)
        revision = queries.revision(session, clip)
        return looks.poster(revision, queries.output_files(session, clip)) if revision else None


def entries(world: World, clip_id: str) -> list[FeedEntry]:
    with world.read() as session:
        rows = select(FeedEntry).where(FeedEntry.clip_id == clip_id).order_by(FeedEntry.seq)
        return list(session.scalars(rows))


# What (owner, teacher of the class, reviewer, moderator, officer, admin) hears; "": it is done.
DONE = ""
TABLE: dict[State, tuple[str, ...]] = {
    State.DRAFT: ("wrong_state", *["no_such_clip"] * 5),
    State.PROCESSING: ("wrong_state", "wrong_state", "not_allowed", "wrong_state"),
    State.REFUSED: ("wrong_state", "wrong_state", "not_allowed", "wrong_state"),
    State.FAILED: ("wrong_state", "wrong_state", "not_allowed", "wrong_state"),
    State.IN_REVIEW: (DONE, DONE, "not_allowed", "wrong_state"),
    State.CHANGES_REQUESTED: (DONE, DONE, "not_allowed", "wrong_state"),
    State.APPROVED: (DONE, DONE, "not_allowed", "wrong_state"),
    State.PUBLISHED: (DONE, DONE, "not_allowed", DONE),
    State.SUSPENDED: (DONE, DONE, "not_allowed", "wrong_state"),
    State.REJECTED: ("wrong_state", "wrong_state", "not_allowed", "wrong_state"),
    State.WITHDRAWN: ("wrong_state", "wrong_state", "not_allowed", "wrong_state"),
    State.HELD: (DONE, "no_such_clip", "no_such_clip", "no_such_clip", "not_allowed"),
}
ROLES = (Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.SAFEGUARDING, Role.ADMIN)


@pytest.mark.parametrize("state", TABLE)
def test_who_chooses_the_picture_in_which_state(pictured: PicturedWorld, state: State) -> None:
    owner = pictured.person(Role.PUPIL)
    clip_id = pictured.clip(state, owner=owner)
    people = [accounts.actor_of(owner), *(pictured.actor(role) for role in ROLES)]
    told = []
    for number, actor in enumerate(people):
        before = shown(pictured, clip_id)
        try:
            # Each another one than the one before, so that each is a choice.
            choose(pictured, clip_id, actor, ("posters/2.jpg", "poster.jpg")[number % 2])
            told.append(DONE)
        except ReviewError as error:
            told.append(error.code)
            assert shown(pictured, clip_id) == before
        offered = presentation.may_choose_poster(actor, pictured.get(clip_id))
        if told[-1] in (DONE, "not_allowed"):
            assert offered == (told[-1] == DONE)
    expected = TABLE[state]
    assert tuple(told) == expected + ("no_such_clip",) * (len(people) - len(expected))


def test_the_table_has_every_state() -> None:
    assert set(TABLE) == set(State)


def test_a_teacher_of_another_class_does_not_choose(pictured: PicturedWorld) -> None:
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    with pictured.write() as session:
        other: SchoolClass = accounts.add_class(session, pictured.school.id, "Lớp 7B")
    me = pictured.actor(Role.TEACHER)
    told: dict[str | None, str] = {}
    for class_id in (other.id, None, pictured.group.id):
        actor = Actor(me.id, Role.TEACHER, pictured.school.id, class_id)
        try:
            choose(pictured, clip_id, actor, "posters/2.jpg")
            told[class_id] = DONE
        except ReviewError as error:
            told[class_id] = error.code
    # None: a teacher of no class looks after all of the school.
    assert told == {other.id: "not_allowed", None: DONE, pictured.group.id: DONE}
    stranger = pictured.account(Role.TEACHER, school=pictured.another_school())
    with pytest.raises(NoSuchClip):
        choose(pictured, clip_id, accounts.actor_of(stranger), "posters/2.jpg")


def test_a_choice_stands_until_it_is_given_back_and_is_audited(pictured: PicturedWorld) -> None:
    owner = accounts.actor_of(pictured.person(Role.PUPIL))
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    version = pictured.get(clip_id).version
    assert shown(pictured, clip_id) == "poster.jpg"
    choose(pictured, clip_id, owner, "posters/2.jpg")
    choose(pictured, clip_id, owner, "posters/2.jpg")  # the same again is no second choice
    assert shown(pictured, clip_id) == "posters/2.jpg"
    choose(pictured, clip_id, owner, None)
    assert shown(pictured, clip_id) == "poster.jpg"
    with pictured.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "choose_poster"))
        assert [(r.actor_id, r.party, r.from_state, r.to_state, r.detail) for r in rows] == [
            (owner.id, "owner", "in_review", "in_review", {"poster": "posters/2.jpg"}),
            (owner.id, "owner", "in_review", "in_review", {"poster": None}),
        ]
        assert audit.verify(session)[1] is None
    assert pictured.get(clip_id).version == version


@pytest.mark.parametrize(
    "what", ["posters/3.jpg", "proxy.mp4", "contact_sheet.jpg", "../../poster.jpg", "x"]
)
def test_only_a_candidate_that_is_there_can_be_chosen(pictured: PicturedWorld, what: str) -> None:
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    with pytest.raises(InvalidInput):
        choose(pictured, clip_id, accounts.actor_of(pictured.person(Role.PUPIL)), what)
    assert shown(pictured, clip_id) == "poster.jpg"


def test_the_ladder_may_bring_another_candidate(pictured: PicturedWorld) -> None:
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    pictured.ladder(clip_id)
    choose(pictured, clip_id, accounts.actor_of(pictured.person(Role.PUPIL)), "posters/3.jpg")
    assert shown(pictured, clip_id) == "posters/3.jpg"


def test_a_new_revision_begins_with_the_machines_choice(pictured: PicturedWorld) -> None:
    owner = pictured.person(Role.PUPIL)
    clip_id = pictured.clip(State.CHANGES_REQUESTED, owner=owner)
    choose(pictured, clip_id, accounts.actor_of(owner), "posters/2.jpg")
    upload = pictured.upload(owner)
    with pictured.write() as session:
        submission.resubmit(session, clip_id, upload, accounts.actor_of(owner))
    assert shown(pictured, clip_id) is None
    pictured.examine(clip_id)
    assert shown(pictured, clip_id) == "poster.jpg"


def test_libraries_are_told_of_another_picture(pictured: PicturedWorld) -> None:
    clip_id = pictured.clip(State.PUBLISHED, owner=pictured.person(Role.PUPIL))
    choose(pictured, clip_id, pictured.actor(Role.MODERATOR), "posters/2.jpg")
    first, second = entries(pictured, clip_id)
    assert (first.kind, second.kind) == ("published", "updated")
    assert first.record is not None
    assert second.record == {**first.record, "seq": 2, "poster": "posters/2.jpg"}
    with pictured.read() as session:
        assert [e.seq for e in feed.live(session)] == [2]


def test_a_clip_that_never_leaves_the_school_tells_no_library(pictured: PicturedWorld) -> None:
    owner = pictured.person(Role.PUPIL)
    clip_id = pictured.clip(State.PUBLISHED, owner=owner, scope=Scope.SCHOOL)
    choose(pictured, clip_id, accounts.actor_of(owner), "posters/2.jpg")
    assert entries(pictured, clip_id) == []
    assert shown(pictured, clip_id) == "posters/2.jpg"


def test_a_version_that_is_old_is_told(pictured: PicturedWorld) -> None:
    owner = accounts.actor_of(pictured.person(Role.PUPIL))
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    version = pictured.get(clip_id).version
    pictured.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    with pytest.raises(StaleClip):
        choose(pictured, clip_id, owner, "posters/2.jpg", version)
    choose(pictured, clip_id, owner, "posters/2.jpg", version + 1)


def decide_as_seen(world: World, clip_id: str, version: int) -> str:
    reviewer = world.actor(Role.REVIEWER)
    with world.write() as session:
        verdict = Verdict(Action.APPROVE, 1, version, watched=True)
        decisions.decide(session, clip_id, reviewer, verdict)
    return world.get(clip_id).state


def release(world: World, clip_id: str) -> None:
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)


def hold_and_choose(world: PicturedWorld, clip_id: str, owner: Actor) -> None:
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    choose(world, clip_id, owner, "posters/2.jpg")
    release(world, clip_id)


def only_choose(world: PicturedWorld, clip_id: str, owner: Actor) -> None:
    choose(world, clip_id, owner, "posters/2.jpg")


@pytest.mark.parametrize("meanwhile", [only_choose, hold_and_choose])
def test_a_reviewer_who_watches_goes_on(
    pictured: PicturedWorld, meanwhile: Callable[[PicturedWorld, str, Actor], None]
) -> None:
    """Another picture is nothing to look again for; nor may it betray a hold (decision 0004)."""
    owner = accounts.actor_of(pictured.person(Role.PUPIL))
    clip_id = pictured.clip(State.IN_REVIEW, owner=pictured.person(Role.PUPIL))
    version = pictured.get(clip_id).version
    meanwhile(pictured, clip_id, owner)
    assert decide_as_seen(pictured, clip_id, version) == "in_review"
    assert pictured.get(clip_id).stage == 1


def test_what_a_view_costs() -> None:
    assert looks.view_bytes({**PREVIEW}) is None
    cost = looks.view_bytes({**PREVIEW, **LADDER})
    assert cost is not None
    assert cost.to_dict() == COST
    silent = {w: n for w, n in LADDER.items() if "audio" not in w}
    cost = looks.view_bytes(silent)
    assert cost is not None
    assert cost.to_dict() == {"low": 100_000, "high": 2_000_000, "audio": None}
    # A clip from before the small sound: its one sound goes with every picture.
    cost = looks.view_bytes({"hls/360p.mp4": 10, "hls/audio.mp4": 3})
    assert cost is not None
    assert cost.to_dict() == {"low": 13, "high": 13, "audio": None}


def test_the_published_length_has_the_card(pictured: PicturedWorld) -> None:
    pictured.seen["card_s"] = 2.0
    clip_id = pictured.clip(State.PUBLISHED)
    with pictured.read() as session:
        clip = session.get_one(Clip, clip_id)
        assert queries.covers(session, [clip]) == {
            clip_id: queries.Cover("poster.jpg", 14.5, looks.ViewBytes(**COST))
        }
    (entry,) = entries(pictured, clip_id)
    assert entry.record is not None
    assert entry.record["duration_s"] == 14.5


def test_lists_show_the_choice(pictured: PicturedWorld) -> None:
    owner = pictured.person(Role.PUPIL)
    clip_id = pictured.clip(State.PUBLISHED, owner=owner)
    choose(pictured, clip_id, accounts.actor_of(owner), "posters/2.jpg")
    with pictured.read() as session:
        clip = session.get_one(Clip, clip_id)
        assert queries.faces(session, [clip])[clip_id].poster == "posters/2.jpg"
        assert queries.covers(session, [clip])[clip_id].poster == "posters/2.jpg"
