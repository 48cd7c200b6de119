"""Which library has dropped a clip that was taken back, who is late, and what proves it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from review import clock, feed, hooks, publication, takedown
from review.feed import View, pulls
from review.feed.pulls import Count
from review.models import Clip, FeedEntry, Hook, HookDelivery, Library, Pulls
from review.policy import Role
from review.states import Action, State
from review.takedown import Takedown
from tests.world import World

HOURS = 24


def listed(world: World) -> list[Takedown]:
    with world.read() as session:
        return takedown.takedowns(session, HOURS).items


def told(world: World, clip_id: str) -> dict[str, str]:
    """Library -> how it stands with this takedown."""
    (found,) = [t for t in listed(world) if t.clip.id == clip_id]
    return {
        row.library: "late"
        if row.late
        else "confirmed"
        if row.at
        else "never"
        if row.never
        else "waits"
        for row in found.libraries
    }


def pull(world: World, *libraries: Library) -> None:
    with world.write() as session:
        pulls.add(session, {library.id: Count(1, 0, 1) for library in libraries})


def ack(world: World, library: Library, seq: int) -> None:
    with world.write() as session:
        feed.ack(session, library.id, seq)


def long_ago(world: World, clip_id: str, hours: int = HOURS + 1) -> None:
    """The takedown, and all libraries and what they asked, are so much older."""
    by = timedelta(hours=hours)
    with world.write() as session:
        session.query(Pulls).update({"day": (clock.now(session) - by).date()})
        session.execute(update(Library).values(created_at=clock.now(session) - 2 * by))
        clip = session.get_one(Clip, clip_id)
        assert clip.withdrawn_at is not None
        clip.withdrawn_at -= by
        for entry in session.query(FeedEntry).filter_by(clip_id=clip_id):
            entry.at -= by


def test_a_library_confirms_by_acknowledging(any_world: World) -> None:
    world = any_world
    first, second = world.library()[0], world.library()[0]
    clip_id = world.clip(State.PUBLISHED)
    pull(world, second)
    world.withdraw(clip_id)
    ack(world, first, 1)
    assert told(world, clip_id) == {first.name: "waits", second.name: "waits"}
    ack(world, first, 2)
    assert told(world, clip_id) == {first.name: "confirmed", second.name: "waits"}
    long_ago(world, clip_id)
    assert told(world, clip_id) == {first.name: "confirmed", second.name: "late"}
    with world.read() as session:
        assert takedown.late_libraries(session, HOURS) == [second.name]


def test_when_it_confirmed_does_not_move_with_what_it_confirms_later(world: World) -> None:
    library = world.library()[0]
    first, second = world.clip(State.PUBLISHED), world.clip(State.PUBLISHED)
    world.withdraw(first)
    ack(world, library, 3)
    (row,) = next(t for t in listed(world) if t.clip.id == first).libraries
    world.withdraw(second)
    ack(world, library, 4)
    (again,) = next(t for t in listed(world) if t.clip.id == first).libraries
    assert (row.at, again.at) == (row.at, row.at)
    assert row.at is not None


def test_only_libraries_that_were_shown_it_have_to_confirm(world: World) -> None:
    partner, before, off = (world.library()[0] for _ in range(3))
    with world.write() as session:
        feed.set_view(session, partner.id, View(levels=("primary",)))
        session.merge(off).active = False
    clip_id = world.clip(State.PUBLISHED)
    pull(world, partner, before, off)
    world.withdraw(clip_id)
    world.library()  # came later
    long_ago_by = told(world, clip_id)
    assert long_ago_by == {before.name: "waits", off.name: "waits"}
    with world.write() as session:
        session.query(FeedEntry).update({"at": clock.now(session) - timedelta(days=3)})
        session.query(Library).update({"created_at": clock.now(session) - timedelta(days=9)})
        moved = clock.now(session) - timedelta(days=3)
        session.query(Pulls).update({"day": moved.date()})
        session.get_one(Clip, clip_id).withdrawn_at = moved
    # Switched off, it can not confirm any more: it is named, but nobody waits for it.
    assert {k: v for k, v in told(world, clip_id).items() if k == off.name} == {off.name: "waits"}


def test_who_asked_for_nothing_while_it_was_there_has_nothing_to_take_back(
    any_world: World,
) -> None:
    world = any_world
    never, before, after, had, acks = (world.library()[0] for _ in range(5))
    with world.write() as session:
        long_past = clock.now(session) - timedelta(days=200)
        session.query(Library).update({"created_at": long_past})
    clip_id = world.clip(State.PUBLISHED)
    pull(world, before, had)
    world.withdraw(clip_id)
    ack(world, acks, 1)
    long_ago(world, clip_id, 24 * 120)
    with world.write() as session:
        session.query(Pulls).filter_by(library_id=before.id).update({"day": long_past.date()})
    pull(world, after)
    expected = {
        never.name: "never",
        before.name: "never",
        after.name: "never",
        had.name: "late",
        acks.name: "late",
    }
    assert told(world, clip_id) == expected
    with world.write() as session:
        pulls.forget_old(session)
        late = takedown.late_libraries(session, HOURS)
    assert (told(world, clip_id), late) == (expected, sorted([had.name, acks.name]))
    (found,) = listed(world)
    assert (found.waits_for, found.never) == ([], sorted([never.name, before.name, after.name]))
    ack(world, never, 2)
    assert told(world, clip_id)[never.name] == "confirmed"


def test_a_hold_is_in_no_list_and_leaves_no_trace_in_a_proof(world: World) -> None:
    library = world.library()[0]
    held, plain = world.clip(State.PUBLISHED), world.clip(State.PUBLISHED)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    ack(world, library, 3)
    assert listed(world) == []
    owner = world.actor(Role.TEACHER)
    with world.write() as session:
        # It was held for a while before its owner took it back.
        session.query(FeedEntry).update({"at": clock.now(session) - timedelta(days=2)})
        session.query(Library).update({"created_at": clock.now(session) - timedelta(days=9)})
    for clip_id in (held, plain):
        with world.write() as session:
            publication.withdraw(session, clip_id, owner, "owner")
    ack(world, library, 4)
    with world.read() as session:
        proofs = [takedown.proof(session, world.get(c), HOURS) for c in (held, plain)]
    for proof in proofs:
        (row,) = proof.takedown.libraries
        assert proof.row is not None
        assert (proof.row.party, proof.row.action, proof.intact) == ("owner", "withdraw", True)
        assert proof.takedown.clip.withdrawn_reason == "owner"
        assert row.at is not None
        assert row.at >= proof.takedown.clip.withdrawn_at


def test_whoever_is_late_is_told_again_once_in_a_while(world: World) -> None:
    library = world.library()[0]
    with world.write() as session:
        hooks.set_hook(session, library.id, "https://thu-vien.example.vn/", ())
    clip_id, held = world.clip(State.PUBLISHED), world.clip(State.PUBLISHED)
    world.withdraw(clip_id)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)

    def again() -> int:
        with world.write() as session:
            return takedown.tell_again(session, HOURS)

    assert again() == 0  # it has time
    long_ago(world, clip_id)
    with world.write() as session:
        past = clock.now(session) - timedelta(hours=HOURS + 1)
        session.query(FeedEntry).update({"at": past})
        session.query(HookDelivery).update({"created_at": past, "state": "delivered"})
    assert again() == 2  # what is held has to go from the library, too
    assert again() == 0
    with world.read() as session:
        newest = hooks.recent(session, library.id, 2)
    assert [(row.type, row.seq, row.clip_id) for row in newest[::-1]] == [
        ("withdrawn", 3, clip_id),
        ("withdrawn", 4, held),
    ]
    ack(world, library, 4)
    with world.write() as session:
        session.query(HookDelivery).update({"created_at": past})
        assert session.query(Hook).count() == 1
    assert again() == 0


def test_a_proof_names_every_file_and_its_place_in_the_chain(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    world.withdraw(clip_id, "guardian")
    with world.read() as session:
        proof = takedown.proof(session, world.get(clip_id), HOURS)
    assert [(f.what, f.gone_at) for f in proof.originals] == [("original", None)]
    assert [f.what for f in proof.files] == [
        "hls/master.m3u8",
        "mp4/360p.mp4",
        "poster.jpg",
        "proxy.mp4",
    ]
    assert all(len(f.sha256) == 64 for f in (*proof.originals, *proof.files))
    assert proof.row is not None
    assert (proof.row.party, proof.row.detail, proof.row.seq <= proof.chain) == (
        "moderator",
        {"reason": "guardian"},
        True,
    )


def test_an_altered_row_is_said(world: World) -> None:
    clip_id = world.clip(State.WITHDRAWN)
    with world.write() as session:
        session.connection().exec_driver_sql(
            "UPDATE audit SET party = 'owner' WHERE action = 'withdraw'"
        )
    with world.read() as session:
        assert takedown.proof(session, world.get(clip_id), HOURS).intact is False
