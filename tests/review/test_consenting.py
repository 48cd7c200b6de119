"""Consents that move clips: what is recorded may publish, what ends takes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from review import accounts, clock, consenting, feed, queries
from review.consent import GivenConsent, Person, Scope
from review.errors import InvalidInput, NoSuchClip, NoSuchThing, NotAllowed
from review.keys import new_id
from review.models import Clip, Consent
from review.policy import Actor, Role
from review.states import State
from tests.rows import everything
from tests.world import World, consented


def people(world: World, clip_id: str) -> list[tuple[Any, list[Consent]]]:
    with world.read() as session:
        return queries.people(session, session.get_one(Clip, clip_id))


def record(world: World, person_id: str, kind: str, actor: Actor | None = None, **more: Any) -> str:
    actor = actor or world.actor(Role.TEACHER)
    with world.write() as session:
        return consenting.record_consent(session, person_id, actor, GivenConsent(kind, **more)).id


def revoke(world: World, consent_id: str, actor: Actor | None = None) -> None:
    actor = actor or world.actor(Role.TEACHER)
    with world.write() as session:
        consenting.revoke_consent(session, consent_id, actor)


def add_person(world: World, clip_id: str, person: Person, actor: Actor | None = None) -> str:
    actor = actor or world.actor(Role.TEACHER)
    with world.write() as session:
        return consenting.add_person(session, clip_id, actor, person).id


# --- recording ---------------------------------------------------------------------------------


def test_the_last_missing_consent_publishes_an_approved_clip(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.APPROVED, people=(Person("bạn áo đỏ"),))
    world.ladder(clip_id)
    ((person, _),) = people(world, clip_id)
    record(world, person.id, "guardian")
    assert world.get(clip_id).state == State.APPROVED
    record(world, person.id, "own")
    assert world.get(clip_id).state == State.PUBLISHED
    with world.read() as session:
        assert [(e.kind, e.clip_id) for e in feed.changes(session).entries] == [
            ("published", clip_id)
        ]


def test_a_narrower_consent_narrows_the_clip_instead_of_stopping_it(world: World) -> None:
    clip_id = world.clip(State.APPROVED, people=(Person("bạn áo đỏ"),))
    world.ladder(clip_id)
    ((person, _),) = people(world, clip_id)
    record(world, person.id, "guardian", scope=Scope.LIBRARY)
    record(world, person.id, "own")
    clip = world.get(clip_id)
    assert (clip.state, clip.scope) == (State.PUBLISHED, "library")


def test_a_child_named_later_narrows_the_clip_too(world: World) -> None:
    clip_id = world.clip()
    add_person(world, clip_id, consented("bạn áo xanh", Scope.SCHOOL))
    assert world.get(clip_id).scope == "school"


@pytest.mark.parametrize("state", [State.PUBLISHED, State.WITHDRAWN, State.REJECTED])
def test_nobody_is_added_to_a_clip_that_is_settled(world: World, state: State) -> None:
    clip_id = world.clip(state)
    with pytest.raises(NotAllowed):
        add_person(world, clip_id, Person("bạn áo xanh"))


def test_the_same_person_is_not_added_twice(world: World) -> None:
    clip_id = world.clip(people=(consented(),))
    with pytest.raises(InvalidInput):
        add_person(world, clip_id, Person("bạn áo đỏ"))


def test_who_records_consents(world: World) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(owner=owner, people=(Person("bạn áo đỏ"),))
    ((person, _),) = people(world, clip_id)
    allowed = [accounts.actor_of(owner), world.actor(Role.TEACHER), world.actor(Role.MODERATOR)]
    for actor in allowed:
        record(world, person.id, "guardian", actor)
    before = len(people(world, clip_id)[0][1])
    far = accounts.actor_of(world.account(Role.TEACHER, school=world.another_school()))
    refused: list[tuple[Actor, type[Exception]]] = [
        (world.actor(Role.REVIEWER), NotAllowed),
        (world.actor(Role.PUPIL), NoSuchClip),
        (world.actor(Role.ADMIN), NoSuchClip),
        (world.actor(Role.SAFEGUARDING), NoSuchClip),
        (far, NoSuchClip),
    ]
    for actor, error in refused:
        with pytest.raises(error):
            record(world, person.id, "guardian", actor)
        with pytest.raises(error):
            add_person(world, clip_id, Person("x"), actor)
    assert len(people(world, clip_id)[0][1]) == before == 3


def test_a_person_or_consent_that_is_not_there(world: World) -> None:
    with pytest.raises(NoSuchThing):
        record(world, new_id(), "guardian")
    with pytest.raises(NoSuchThing):
        revoke(world, new_id())


# --- revoking ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [s for s in State if s not in (State.DRAFT, State.WITHDRAWN, State.HELD)]
)
@pytest.mark.parametrize("kind", ["guardian", "own"])
def test_revoking_one_withdraws_the_clip_wherever_it_stands(
    world: World, state: State, kind: str
) -> None:
    clip_id = world.clip(state, people=(consented(),))
    ((_, given),) = people(world, clip_id)
    revoke(world, next(c.id for c in given if c.kind == kind))
    clip = world.get(clip_id)
    assert (clip.state, clip.withdrawn_reason) == (State.WITHDRAWN, "guardian")
    with world.read() as session:
        assert feed.live(session) == []


def test_revoking_reaches_a_clip_that_is_held(world: World) -> None:
    """Its owner does not know of the hold: the consent ends and the clip goes, as anywhere."""
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(State.HELD, owner=owner, people=(consented(),))
    ((_, given),) = people(world, clip_id)
    revoke(world, given[0].id, accounts.actor_of(owner))
    assert world.get(clip_id).state == State.WITHDRAWN


def test_a_draft_stays_a_draft(world: World) -> None:
    clip_id = world.clip(State.DRAFT, people=(consented(),))
    ((_, given),) = people(world, clip_id)
    revoke(world, given[0].id)
    assert world.get(clip_id).state == State.DRAFT


def test_the_clip_stays_while_another_consent_covers_it(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    ((person, given),) = people(world, clip_id)
    record(world, person.id, "guardian", evidence="bản mới")
    revoke(world, next(c.id for c in given if c.kind == "guardian"))
    assert world.get(clip_id).state == State.PUBLISHED
    # The new one was narrower only by a later revocation: then nothing covers.
    ((_, given),) = people(world, clip_id)
    revoke(world, next(c.id for c in given if c.evidence == "bản mới"))
    assert world.get(clip_id).state == State.WITHDRAWN


def test_a_narrower_consent_does_not_hold_a_wider_clip(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    ((person, given),) = people(world, clip_id)
    record(world, person.id, "guardian", scope=Scope.SCHOOL)
    assert world.get(clip_id).scope == "public"  # the wider one still stands
    revoke(world, next(c.id for c in given if c.kind == "guardian"))
    assert world.get(clip_id).state == State.WITHDRAWN


def test_what_another_child_lacks_does_not_count_against_this_one(world: World) -> None:
    clip_id = world.clip(people=(consented(), Person("bạn cầm cờ")))
    person, given = next(p for p in people(world, clip_id) if p[0].label == "bạn áo đỏ")
    record(world, person.id, "guardian")
    revoke(world, given[0].id)
    assert world.get(clip_id).state == State.IN_REVIEW


def test_revoking_twice_keeps_the_first_time(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    ((_, given),) = people(world, clip_id)
    revoke(world, given[0].id)
    before = everything(world.database)
    revoke(world, given[0].id)
    assert everything(world.database) == before


def test_a_stranger_does_not_revoke(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    ((_, given),) = people(world, clip_id)
    far = accounts.actor_of(world.account(Role.TEACHER, school=world.another_school()))
    with pytest.raises(NoSuchClip):
        revoke(world, given[0].id, far)
    with pytest.raises(NotAllowed):
        revoke(world, given[0].id, world.actor(Role.REVIEWER))


# --- what ends by itself -----------------------------------------------------------------------


def end(world: World, *consents: Consent) -> None:
    """As if their term were over."""
    with world.write() as session:
        now = clock.now(session)
        for consent in consents:
            row = session.get_one(Consent, consent.id)
            row.given_at, row.valid_until = now - timedelta(days=9), now - timedelta(seconds=1)


def sweep(world: World, limit: int = 50) -> int:
    with world.write() as session:
        return consenting.expire_due(session, limit)


def test_a_published_clip_ends_with_its_consents(any_world: World) -> None:
    world = any_world
    clips = {
        "guardian ended": world.clip(State.PUBLISHED, people=(consented(),)),
        "own ended": world.clip(State.PUBLISHED, people=(consented(),)),
        "nothing ended": world.clip(State.PUBLISHED, people=(consented(),)),
        "nobody in it": world.clip(State.PUBLISHED),
        "not published": world.clip(State.APPROVED, people=(consented(),)),
        "renewed": world.clip(State.PUBLISHED, people=(consented(),)),
        "renewed too narrow": world.clip(State.PUBLISHED, people=(consented(),)),
        "own ended, under seven": world.clip(
            State.PUBLISHED,
            people=(Person("em bé", under_seven=True, consents=consented().consents),),
        ),
    }
    for name, clip_id in clips.items():
        ((person, given),) = people(world, clip_id) or [(None, [])]
        by_kind = {c.kind: c for c in given}
        if "guardian" in name or name == "not published":
            end(world, by_kind["guardian"])
        if "own" in name:
            end(world, by_kind["own"])
        if "renewed" in name:
            scope = Scope.SCHOOL if "narrow" in name else Scope.PUBLIC
            record(world, person.id, "guardian", scope=scope)
            end(world, by_kind["guardian"])
    assert sweep(world) == 3
    after = {name: world.get(c).state for name, c in clips.items()}
    assert after == {
        "guardian ended": "withdrawn",
        "own ended": "withdrawn",
        "nothing ended": "published",
        "nobody in it": "published",
        "not published": "approved",
        "renewed": "published",
        "renewed too narrow": "withdrawn",
        "own ended, under seven": "published",
    }
    assert world.get(clips["guardian ended"]).withdrawn_reason == "consent_expired"
    with world.read() as session:
        gone = [e.clip_id for e in feed.changes(session).entries if e.kind == "withdrawn"]
    assert sorted(gone) == sorted(
        clips[n] for n in ("guardian ended", "own ended", "renewed too narrow")
    )
    assert sweep(world) == 0


def test_renewed_consents_do_not_stand_in_front_of_ended_ones(world: World) -> None:
    """The sweep takes a few at a time: those that were renewed must not fill it for ever."""
    for _ in range(3):
        clip_id = world.clip(State.PUBLISHED, people=(consented(),))
        ((person, given),) = people(world, clip_id)
        record(world, person.id, "guardian")
        end(world, next(c for c in given if c.kind == "guardian"))
    last = world.clip(State.PUBLISHED, people=(consented(),))
    end(world, *people(world, last)[0][1])
    assert sweep(world, limit=1) == 1
    assert world.get(last).state == State.WITHDRAWN


def test_an_expired_consent_keeps_an_approved_clip_private(world: World) -> None:
    clip_id = world.clip(State.APPROVED, people=(consented(),))
    end(world, *people(world, clip_id)[0][1])
    world.ladder(clip_id)
    assert world.get(clip_id).state == State.APPROVED
