"""Private links: twelve letters that open one clip, and nothing when they were taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from review import accounts, links, submission
from review.errors import LinkRevoked, NoSuchClip, NotAllowed, WrongLink, WrongState
from review.models import ClipLink
from review.policy import Role
from review.states import State
from tests.racing import race
from tests.rows import everything
from tests.world import World

KEY = b"the key of this server"


def made(world: World, state: State = State.IN_REVIEW) -> tuple[str, str]:
    """(clip, letters) of a pupil's clip."""
    pupil = world.person(Role.PUPIL)
    clip_id = world.clip(state, owner=pupil)
    with world.write() as session:
        clip = world.get(clip_id)
        links.make_first(session, clip, accounts.actor_of(pupil), KEY)
        letters = links.shown(session, clip, KEY)
    assert letters is not None
    return clip_id, letters


def opened(world: World, letters: str, clip_id: str) -> str | None:
    """Id of the account that a browser with this link is on that clip's pages."""
    with world.write() as session:
        secret = links.open_session(session, links.find(session, letters, KEY))
        assert secret is not None
        owner = links.session_owner(session, secret, clip_id)
        assert accounts.session_account(session, secret) is None  # never the pupil altogether
    return owner.id if owner else None


def test_the_letters_are_found_however_they_are_copied(world: World) -> None:
    clip_id, letters = made(world)
    assert len(letters) == 12
    assert set(letters) <= set("3467ACDEFGHJKMNPQRTWXY")
    assert links.as_shown("ACDE3467FGHJ") == "acde-3467-fghj"
    with world.read() as session:
        spaced = f" {letters[:6]} {letters[6:]}"
        for typed in (letters, letters.lower(), links.as_shown(letters), spaced):
            assert links.find(session, typed, KEY).clip_id == clip_id
        for wrong in ("", letters[:11], letters + "A", "' OR 1=1 --", "\x00"):
            with pytest.raises(WrongLink):
                links.find(session, wrong, KEY)


def test_whoever_has_the_database_alone_has_no_link(world: World) -> None:
    clip_id, letters = made(world)
    rows = repr(everything(world.database))
    assert letters not in rows
    assert letters.lower() not in rows
    with world.read() as session:
        with pytest.raises(WrongLink):
            links.find(session, letters, b"another key")
        assert links.shown(session, world.get(clip_id), b"another key") is None


def test_a_link_opens_its_own_clip_alone(world: World) -> None:
    clip_id, letters = made(world)
    other, _ = made(world)
    assert opened(world, letters, clip_id) == world.person(Role.PUPIL).id
    assert opened(world, letters, other) is None


def test_the_owners_two_first_looks_make_one_link(any_world: World) -> None:
    world = any_world
    pupil = world.person(Role.PUPIL)
    clip_id = world.clip(State.IN_REVIEW, owner=pupil)

    def look() -> None:
        with world.write() as session:
            links.make_first(session, world.get(clip_id), accounts.actor_of(pupil), KEY)

    assert race(look, look) == [None, None]
    with world.read() as session:
        assert len(session.scalars(select(ClipLink)).all()) == 1


def test_a_teachers_clip_and_a_draft_have_no_link(world: World) -> None:
    for owner, state in ((Role.TEACHER, State.IN_REVIEW), (Role.PUPIL, State.DRAFT)):
        clip = world.get(world.clip(state, owner=world.person(owner)))
        with world.write() as session:
            links.make_first(session, clip, world.actor(owner), KEY)
            assert links.newest(session, clip.id) is None


def renewing(world: World, clip_id: str) -> Callable[[], str]:
    actor = world.actor(Role.TEACHER)

    def call() -> str:
        with world.write() as session:
            return links.renew(session, clip_id, actor, KEY)

    return call


def test_a_new_link_ends_the_old_one_and_every_browser_that_came_by_it(world: World) -> None:
    clip_id, old = made(world)
    with world.write() as session:
        secret = links.open_session(session, links.find(session, old, KEY))
    assert secret is not None
    new = renewing(world, clip_id)()
    with world.read() as session:
        assert links.session_owner(session, secret, clip_id) is None
        with pytest.raises(LinkRevoked):
            links.find(session, old, KEY)
        assert links.shown(session, world.get(clip_id), KEY) == new != old
    with world.write() as session:
        links.revoke(session, clip_id, world.actor(Role.TEACHER))
        with pytest.raises(LinkRevoked):
            links.find(session, new, KEY)
        assert links.shown(session, world.get(clip_id), KEY) is None
    # The owner's next look does not undo what the teacher did.
    with world.write() as session:
        links.make_first(session, world.get(clip_id), world.actor(Role.PUPIL), KEY)
        assert links.shown(session, world.get(clip_id), KEY) is None
    assert opened(world, renewing(world, clip_id)(), clip_id) == world.person(Role.PUPIL).id


def test_of_two_new_links_at_once_one_stands(any_world: World) -> None:
    clip_id, _ = made(any_world)
    results = race(*(renewing(any_world, clip_id) for _ in range(3)))
    with any_world.read() as session:
        rows = session.scalars(select(ClipLink).where(ClipLink.clip_id == clip_id)).all()
        standing = links.shown(session, any_world.get(clip_id), KEY)
    assert len(set(results)) == 3
    assert [r.generation for r in rows if r.revoked_at is None] == [4]
    assert standing in results


def test_only_the_teacher_of_the_class_renews_and_revokes(world: World) -> None:
    clip_id, letters = made(world)
    with world.write() as session:
        other_class = accounts.add_class(session, world.school.id, "Lớp 8A")
        colleague = accounts.add_account(
            session,
            username="colleague",
            password="mat-khau-de-thu",
            role=Role.TEACHER,
            label="",
            school_id=world.school.id,
            class_id=other_class.id,
        )
    foreign = world.account(Role.TEACHER, school=world.another_school())
    refused = {
        accounts.actor_of(colleague): NotAllowed,
        accounts.actor_of(foreign): NoSuchClip,
        world.actor(Role.REVIEWER): NotAllowed,
        world.actor(Role.MODERATOR): NotAllowed,
        world.actor(Role.ADMIN): NoSuchClip,
        world.actor(Role.PUPIL): NotAllowed,
    }
    for actor, refusal in refused.items():
        with pytest.raises(refusal), world.write() as session:
            links.renew(session, clip_id, actor, KEY)
        with pytest.raises(refusal), world.write() as session:
            links.revoke(session, clip_id, actor)
    with world.read() as session:
        assert links.find(session, letters, KEY).revoked_at is None


def test_a_link_of_a_held_clip_is_like_one_of_a_clip_in_review(world: World) -> None:
    clip_id, letters = made(world, State.HELD)
    assert opened(world, letters, clip_id) == world.person(Role.PUPIL).id
    with pytest.raises(NoSuchClip):  # as every page of it answers the teacher
        renewing(world, clip_id)()


def test_a_link_outlives_its_clip(world: World) -> None:
    clip_id, letters = made(world)
    world.withdraw(clip_id)
    assert opened(world, letters, clip_id) == world.person(Role.PUPIL).id
    with pytest.raises(WrongState):
        renewing(world, clip_id)()
    draft = world.clip(State.DRAFT, owner=world.person(Role.PUPIL))
    with world.write() as session:  # of a clip whose row is gone altogether
        session.scalars(select(ClipLink)).one().clip_id = draft
        submission.delete_draft(session, draft, world.actor(Role.PUPIL))
        session.flush()
        assert links.open_session(session, links.find(session, letters, KEY)) is None
