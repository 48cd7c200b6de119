"""Who may see which clip: every state, scope and viewer; lists and look-ups agree."""

from __future__ import annotations

import pytest

from review import accounts, queries
from review.consent import Scope
from review.errors import NoSuchClip
from review.models import Account, Clip, SchoolClass
from review.policy import SYSTEM, WORKER, Actor, Role
from review.states import State
from tests.world import World

NEAR = {"owner", "teacher", "reviewer", "moderator"}
# Beside these a published clip is seen by those of its scope.
SEEN = {
    State.DRAFT: {"owner"},
    State.HELD: {"owner", "safeguarding"},
} | {s: NEAR for s in State if s not in (State.DRAFT, State.HELD)}
IN_SCOPE = {
    Scope.CLASS: {"classmate"},
    Scope.SCHOOL: {"classmate", "schoolmate"},
    Scope.LIBRARY: {"classmate", "schoolmate", "far pupil", "far teacher", "far reviewer"}
    | {"safeguarding", "admin"},
}
IN_SCOPE[Scope.PUBLIC] = IN_SCOPE[Scope.LIBRARY] | {"nobody"}


def viewers(world: World, owner: Account) -> dict[str, Actor | None]:
    far = world.another_school()
    with world.write() as session:
        group = accounts.add_class(session, world.school.id, "Lớp 7B")
        elsewhere = accounts.add_class(session, far.id, "Lớp 8A")
        schoolmate = accounts.join_class(session, group.code)
        far_pupil = accounts.join_class(session, elsewhere.code)
    people = {
        "owner": owner,
        "classmate": world.account(Role.PUPIL),
        "schoolmate": schoolmate,
        "teacher": world.account(Role.TEACHER),
        "reviewer": world.account(Role.REVIEWER),
        "moderator": world.account(Role.MODERATOR),
        "safeguarding": world.account(Role.SAFEGUARDING),
        "admin": world.account(Role.ADMIN),
        "far pupil": far_pupil,
        "far teacher": world.account(Role.TEACHER, school=far),
        "far reviewer": world.account(Role.REVIEWER, school=far),
    }
    return {name: accounts.actor_of(a) for name, a in people.items()} | {"nobody": None}


def can_look_up(world: World, actor: Actor | None, clip_id: str) -> bool:
    with world.read() as session:
        try:
            return queries.get_clip(session, actor, clip_id).id == clip_id
        except NoSuchClip:
            return False


@pytest.mark.parametrize("state", [s for s in State if s is not State.PUBLISHED])
def test_a_clip_that_is_not_published_is_its_schools_matter(world: World, state: State) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(state, owner=owner)
    found = {n for n, a in viewers(world, owner).items() if can_look_up(world, a, clip_id)}
    assert found == SEEN[state]
    assert can_look_up(world, SYSTEM, clip_id)
    assert can_look_up(world, WORKER, clip_id)


@pytest.mark.parametrize("scope", Scope)
def test_a_published_clip_shows_to_its_scope_in_look_ups_and_in_the_gallery(
    any_world: World, scope: Scope
) -> None:
    world = any_world
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(State.PUBLISHED, owner=owner, scope=scope)
    people = viewers(world, owner)
    assert {n for n, a in people.items() if can_look_up(world, a, clip_id)} == (
        NEAR | IN_SCOPE[scope]
    )
    with world.read() as session:
        listed = {n for n, a in people.items() if queries.gallery(session, a).items}
        for name, actor in people.items():
            assert queries.in_scope(actor, world.get(clip_id)) == (name in listed), name
    members = {"owner", "teacher"} if scope is Scope.CLASS else {"owner", "teacher", "reviewer"}
    if scope in (Scope.LIBRARY, Scope.PUBLIC):
        members.add("moderator")
    assert listed == IN_SCOPE[scope] | members


def test_a_clip_of_no_class_is_not_shown_to_everybody_without_a_class(world: World) -> None:
    teacher = world.account(Role.TEACHER)
    with world.write() as session:
        session.get_one(Account, teacher.id).class_id = None
        session.get_one(SchoolClass, world.group.id)
    teacher.class_id = None
    clip_id = world.clip(State.PUBLISHED, owner=teacher, scope=Scope.CLASS)
    reviewer = world.actor(Role.REVIEWER)
    assert (reviewer.class_id, world.get(clip_id).class_id) == (None, None)
    assert not queries.in_scope(reviewer, world.get(clip_id))
    with world.read() as session:
        assert queries.gallery(session, reviewer).items == []


@pytest.mark.parametrize(
    "clip_id", ["", "x", "01m886eqdcb6nn0vgg7tftkwr7", "../../etc/passwd", "\x00" * 26, "0" * 26]
)
def test_what_is_not_there_is_not_there(any_world: World, clip_id: str) -> None:
    with any_world.read() as session, pytest.raises(NoSuchClip):
        queries.get_clip(session, any_world.actor(Role.MODERATOR), clip_id)


def test_a_clip_is_the_same_however_it_was_found(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    with world.read() as session:
        clip = queries.get_clip(session, None, clip_id)
        assert queries.gallery(session, None).items == [clip]
        assert isinstance(clip, Clip)
