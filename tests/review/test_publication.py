"""From approved to the feed and back: publish, correct, narrow, withdraw, restore."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from review import (
    accounts,
    audit,
    campaigns,
    clock,
    consenting,
    decisions,
    feed,
    jobs,
    publication,
    queries,
    submission,
)
from review.campaigns import Plan
from review.consent import GivenConsent, Person, Scope
from review.decisions import NoteInput, Verdict
from review.details import Details
from review.errors import (
    ConsentMissing,
    InvalidInput,
    LeaseLost,
    NoSuchClip,
    NotAllowed,
    ScopeTooWide,
    StaleClip,
    WrongState,
)
from review.models import Clip, FeedEntry, Job
from review.policy import SYSTEM, Actor, Role
from review.states import Action, State
from tests.rows import everything
from tests.world import TITLE, World, consented


def entries(world: World) -> list[tuple[str, str, str | None]]:
    """(kind, clip, reason) of everything that a library is told from the beginning."""
    with world.read() as session:
        return [(e.kind, e.clip_id, e.reason) for e in feed.changes(session, limit=500).entries]


def withdraw(
    world: World, clip_id: str, actor: Actor, reason: str = "office", version: int | None = None
) -> None:
    with world.write() as session:
        publication.withdraw(session, clip_id, actor, reason, version)


def restore(world: World, clip_id: str, version: int | None = None) -> None:
    actor, now = world.actor(Role.MODERATOR), world.get(clip_id).version
    with world.write() as session:
        publication.restore(session, clip_id, actor, now if version is None else version)


# --- publishing --------------------------------------------------------------------------------


def test_the_feed_says_of_a_clip_what_libraries_need_and_nothing_of_people(world: World) -> None:
    keeper = world.actor(Role.MODERATOR)
    with world.write() as session:
        campaigns.add(session, "an-toan", Plan("Tuần lễ an toàn"), keeper)
        details = Details(
            title=TITLE,
            summary="Ba điều cần nhớ",
            level="lower_secondary",
            topics=("safe_networks",),
            campaign="an-toan",
            music="own",
            reenactment=True,
        )
        owner = accounts.join_class(session, world.group.code)
        clip_id = submission.create_draft(session, owner, details, (consented(),)).id
    upload = world.upload(owner)
    with world.write() as session:
        submission.submit(session, clip_id, upload, accounts.actor_of(owner))
    world.examine(clip_id)
    world.approve(clip_id, ladder=True)
    clip = world.get(clip_id)
    assert clip.published_at is not None
    with world.read() as session:
        (entry,) = feed.changes(session).entries
        made = queries.renditions(session, clip)
    assert entry.record == {
        "id": clip_id,
        "revision": 1,
        "seq": 1,
        "title": TITLE,
        "summary": "Ba điều cần nhớ",
        "language": "vi",
        "level": "lower_secondary",
        "topics": ["safe_networks"],
        "campaign": "an-toan",
        "credit": "Lớp 7A",
        "licence": "CC-BY-NC-4.0",
        "scope": "public",
        "reenactment": True,
        "published_at": clock.iso(clip.published_at),
        "duration_s": 12.5,
        "poster": "poster.jpg",
        "sprite": None,
        "captions": [],
        "renditions": [
            {
                "kind": r.kind,
                "what": r.what,
                "width": 640,
                "height": 360,
                "bytes": 9,
                "sha256": r.sha256,
                "mime": r.mime,
            }
            for r in made
        ],
        "audio": None,
        "view_bytes": None,
    }
    assert [r["what"] for r in entry.record["renditions"]] == ["hls/master.m3u8", "mp4/360p.mp4"]


def test_an_approved_clip_waits_for_its_renditions_and_its_consents(world: World) -> None:
    clip_id = world.clip(State.APPROVED, people=(Person("bạn áo đỏ"),))
    with world.read() as session:
        blockers = publication.blockers(session, world.get(clip_id))
    assert blockers == ["renditions", "consents"]
    world.ladder(clip_id)
    with world.read() as session:
        assert publication.blockers(session, world.get(clip_id)) == ["consents"]
    assert world.get(clip_id).state == State.APPROVED
    assert entries(world) == []


@pytest.mark.parametrize("scope", [Scope.CLASS, Scope.SCHOOL])
def test_a_clip_of_the_school_is_published_without_the_feed(world: World, scope: Scope) -> None:
    clip_id = world.clip(State.PUBLISHED, scope=scope)
    world.withdraw(clip_id)
    assert entries(world) == []


# --- corrections -------------------------------------------------------------------------------


def test_a_correction_is_a_new_entry_and_keeps_scope_and_campaign(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
    other = world.clip(State.PUBLISHED)
    moderator, version = world.actor(Role.MODERATOR), world.get(clip_id).version
    new = Details("Tên đã sửa", topics=("conduct",), credit="", scope=Scope.PUBLIC)
    with world.write() as session:
        publication.edit_details(session, clip_id, moderator, new, version)
    clip = world.get(clip_id)
    assert (clip.title, clip.topics, clip.credit, clip.scope) == (
        "Tên đã sửa",
        ["conduct"],
        "",
        "library",
    )
    assert entries(world) == [
        ("published", clip_id, None),
        ("published", other, None),
        ("updated", clip_id, None),
    ]
    with world.read() as session:
        last = feed.changes(session, "s2").entries[0]
    assert last.record is not None
    assert (last.record["title"], last.record["scope"], last.record["seq"]) == (
        "Tên đã sửa",
        "library",
        3,
    )


def test_a_correction_of_what_changed_meanwhile_is_stale(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    moderator, version = world.actor(Role.MODERATOR), world.get(clip_id).version
    with world.write() as session:
        publication.edit_details(session, clip_id, moderator, Details("Lần một"), version)
    before = everything(world.database)
    with pytest.raises(StaleClip) as caught, world.write() as session:
        publication.edit_details(session, clip_id, moderator, Details("Lần hai"), version)
    assert [r["action"] for r in caught.value.since] == ["edit_details"]
    assert everything(world.database) == before


@pytest.mark.parametrize(
    ("scope", "told"),
    [(Scope.LIBRARY, ("updated", None)), (Scope.SCHOOL, ("withdrawn", "scope_lowered"))],
)
def test_a_narrower_scope_reaches_the_libraries(
    world: World, scope: Scope, told: tuple[str, str | None]
) -> None:
    clip_id = world.clip(State.PUBLISHED)
    moderator, version = world.actor(Role.MODERATOR), world.get(clip_id).version
    with world.write() as session:
        publication.lower_scope(session, clip_id, moderator, scope, version)
    assert (world.get(clip_id).scope, world.get(clip_id).state) == (scope, "published")
    assert entries(world)[-1] == (told[0], clip_id, told[1])
    with world.read() as session:
        last = feed.current(session, clip_id)
    assert last is not None
    assert (last.record or {}).get("scope") == ("library" if scope is Scope.LIBRARY else None)


def test_a_scope_is_never_widened_nor_lowered_to_what_it_is(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
    moderator, version = world.actor(Role.MODERATOR), world.get(clip_id).version
    before = everything(world.database)
    for scope in (Scope.LIBRARY, Scope.PUBLIC):
        with pytest.raises(ScopeTooWide), world.write() as session:
            publication.lower_scope(session, clip_id, moderator, scope, version)
    assert everything(world.database) == before


def test_a_clip_that_left_the_feed_is_not_taken_out_twice(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    moderator = world.actor(Role.MODERATOR)
    for scope in (Scope.SCHOOL, Scope.CLASS):
        version = world.get(clip_id).version
        with world.write() as session:
            publication.lower_scope(session, clip_id, moderator, scope, version)
    world.withdraw(clip_id)
    assert entries(world) == [("withdrawn", clip_id, "scope_lowered")]


def test_with_an_old_version_in_hand_a_stranger_is_not_told_what_happened(world: World) -> None:
    stranger = accounts.actor_of(world.account(Role.REVIEWER, school=world.another_school()))
    published, withdrawn = world.clip(State.PUBLISHED), world.clip(State.WITHDRAWN)
    with world.write() as session:
        for call in (
            lambda: publication.edit_details(session, published, stranger, Details("X"), 1),
            lambda: publication.lower_scope(session, published, stranger, Scope.CLASS, 1),
            lambda: publication.withdraw(session, published, stranger, "error", 1),
            lambda: publication.restore(session, withdrawn, stranger, 1),
            lambda: submission.retry(session, withdrawn, stranger, 1),
        ):
            with pytest.raises(NoSuchClip):
                call()


# --- withdrawing -------------------------------------------------------------------------------


def test_a_tombstone_keeps_an_id_a_time_and_a_reason(any_world: World) -> None:
    world = any_world
    clip_id, other = world.clip(State.PUBLISHED), world.clip(State.PUBLISHED)
    withdraw(world, clip_id, world.actor(Role.TEACHER), "guardian")
    with world.read() as session:
        rows = feed.changes(session).entries
        everything_said = [(e.kind, e.clip_id, e.reason, e.record is None) for e in rows]
        stored = session.scalars(select(FeedEntry).order_by(FeedEntry.seq)).all()
        assert [(e.seq, e.record is None) for e in stored] == [(1, True), (2, False), (3, True)]
        assert audit.verify(session)[1] is None
    assert everything_said == [
        ("published", other, None, False),
        ("withdrawn", clip_id, "guardian", True),
    ]


def test_the_tombstone_stands_in_the_transaction_that_hides_the_clip(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    before = everything(world.database)

    def killed_before_the_commit() -> None:
        with world.write() as session:
            publication.withdraw(session, clip_id, world.actor(Role.TEACHER), "owner")
            assert feed.live(session) == []
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_before_the_commit()
    assert everything(world.database) == before


def test_withdrawing_ends_all_work_on_the_clip(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    running = world.claim_job(clip_id, "examine")
    withdraw(world, clip_id, world.actor(Role.TEACHER), "owner")
    with world.write() as session:
        with pytest.raises(LeaseLost):
            jobs.heartbeat(session, running)
        assert [j.state for j in session.scalars(select(Job))] == ["cancelled"]
        assert jobs.claim(session, "w") is None


def test_withdrawing_again_changes_nothing(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    withdraw(world, clip_id, world.actor(Role.TEACHER), "owner")
    before = everything(world.database)
    withdraw(world, clip_id, world.actor(Role.MODERATOR), "error", version=1)
    assert everything(world.database) == before


REASONS = {
    "owner": {"owner", "guardian", "error"},
    "teacher": {"guardian", "error"},
    "moderator": {"owner", "guardian", "consent_expired", "office", "error"},
    "system": {"consent_expired", "guardian"},
}


@pytest.mark.parametrize("who", REASONS)
def test_everybody_gives_their_own_reasons(world: World, who: str) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(owner=owner)
    actor = {
        "owner": accounts.actor_of(owner),
        "teacher": world.actor(Role.TEACHER),
        "moderator": world.actor(Role.MODERATOR),
        "system": SYSTEM,
    }[who]
    clip = world.get(clip_id)
    assert set(publication.reasons_for(actor, clip)) == REASONS[who]
    for reason in {*publication.REASONS, "just so"} - REASONS[who]:
        with pytest.raises(InvalidInput) as caught:
            withdraw(world, clip_id, actor, reason)
        assert list(caught.value.errors) == ["reason"]
    withdraw(world, clip_id, actor, min(REASONS[who]))
    assert world.get(clip_id).withdrawn_reason == min(REASONS[who])


def test_who_may_not_withdraw_has_no_reasons(world: World) -> None:
    clip = world.get(world.clip())
    assert publication.reasons_for(world.actor(Role.REVIEWER), clip) == ()
    withdrawn = world.get(world.clip(State.WITHDRAWN))
    assert publication.reasons_for(world.actor(Role.MODERATOR), withdrawn) == ()


def test_a_withdrawal_of_what_changed_meanwhile_is_told_so(world: World) -> None:
    clip_id = world.clip()
    seen = world.get(clip_id).version
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    with pytest.raises(StaleClip) as caught:
        withdraw(world, clip_id, world.actor(Role.TEACHER), "owner", seen)
    assert [(r["action"], r["by"]) for r in caught.value.since] == [("approve", "reviewer")]


# --- restoring ---------------------------------------------------------------------------------


def test_a_restored_clip_goes_the_whole_way_again(world: World) -> None:
    clip_id = world.clip(State.WITHDRAWN)  # for a reason of the office: no consent ended
    restore(world, clip_id)
    clip = world.get(clip_id)
    assert (
        clip.state,
        clip.stage,
        clip.withdrawn_at,
        clip.withdrawn_reason,
        clip.published_at,
    ) == (
        State.IN_REVIEW,
        0,
        None,
        None,
        None,
    )
    world.approve(clip_id, ladder=False)
    assert world.get(clip_id).state == State.PUBLISHED  # the renditions are still there
    assert [e[0] for e in entries(world)] == ["withdrawn", "published"]


def test_restoring_needs_consents_given_since_the_withdrawal(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    withdraw(world, clip_id, world.actor(Role.TEACHER), "guardian")
    before = everything(world.database)
    with pytest.raises(ConsentMissing) as caught:
        restore(world, clip_id)
    assert caught.value.detail == {"people": ["bạn áo đỏ"]}
    assert {k: v for k, v in everything(world.database).items() if k != "accounts"} == {
        k: v for k, v in before.items() if k != "accounts"
    }
    give(world, clip_id, "guardian")
    with pytest.raises(ConsentMissing):
        restore(world, clip_id)  # the child's own is still the old one
    give(world, clip_id, "own")
    restore(world, clip_id)
    assert world.get(clip_id).state == State.IN_REVIEW


def test_a_restored_clip_has_no_wider_scope_than_its_new_consents(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    withdraw(world, clip_id, world.actor(Role.TEACHER), "guardian")
    give(world, clip_id, "guardian", Scope.SCHOOL)
    give(world, clip_id, "own")
    restore(world, clip_id)
    world.approve(clip_id, ladder=False)
    clip = world.get(clip_id)
    assert (clip.state, clip.scope) == (State.PUBLISHED, "school")
    assert [e[0] for e in entries(world)] == ["withdrawn"]


def test_a_clip_taken_back_by_a_guardian_with_nobody_named_stays_back(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    withdraw(world, clip_id, world.actor(Role.TEACHER), "guardian")
    with pytest.raises(ConsentMissing):
        restore(world, clip_id)


def give(world: World, clip_id: str, kind: str, scope: Scope = Scope.PUBLIC) -> None:
    teacher = world.actor(Role.TEACHER)
    with world.write() as session:
        ((person, _),) = queries.people(session, session.get_one(Clip, clip_id))
        consenting.record_consent(session, person.id, teacher, GivenConsent(kind, scope))


def test_a_clip_that_was_never_prepared_is_not_restored(world: World) -> None:
    clip_id = world.clip(State.DRAFT)
    withdraw(world, clip_id, world.actor(Role.TEACHER), "owner")
    with pytest.raises(WrongState):
        restore(world, clip_id)


def test_a_clip_withdrawn_before_its_ladder_gets_one_when_restored(world: World) -> None:
    clip_id = world.clip()
    world.withdraw(clip_id)
    restore(world, clip_id)
    world.approve(clip_id, ladder=True)
    assert world.get(clip_id).state == State.PUBLISHED


def test_restoring_what_changed_meanwhile_is_stale(world: World) -> None:
    clip_id = world.clip(State.WITHDRAWN)
    version = world.get(clip_id).version
    restore(world, clip_id)
    world.withdraw(clip_id)
    with pytest.raises(StaleClip) as caught:
        restore(world, clip_id, version)
    assert [r["action"] for r in caught.value.since] == ["restore", "withdraw"]


def test_what_was_withdrawn_while_held_does_not_come_back_past_its_officer(world: World) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(State.HELD, owner=owner)
    withdraw(world, clip_id, accounts.actor_of(owner), "owner")
    before, officer = world.get(clip_id).version, world.actor(Role.SAFEGUARDING)
    # In the words of a clip whose guardians have not consented again: nothing tells of a hold.
    with pytest.raises(ConsentMissing) as caught:
        restore(world, clip_id)
    assert caught.value.detail == {"people": ["?"]}
    assert (world.get(clip_id).state, world.get(clip_id).version) == (State.WITHDRAWN, before)
    with world.write() as session:
        decisions.close_case(session, clip_id, officer, before)
    restore(world, clip_id)
    assert world.get(clip_id).state == State.IN_REVIEW


def test_a_decision_of_before_does_not_count_after_restoring(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    world.withdraw(clip_id)
    restore(world, clip_id)
    clip = world.get(clip_id)
    notes = [NoteInput(None, "other")]
    moderator = world.actor(Role.MODERATOR)
    verdict = Verdict(Action.APPROVE, clip.revision, clip.version, notes, watched=True)
    with pytest.raises(NotAllowed), world.write() as session:
        decisions.decide(session, clip_id, moderator, verdict)
