"""What strangers report: what hides a clip, for how long, and what a moderator's word does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from review import casework, clock, consenting, decisions, publication, queries, reports
from review.consent import Scope
from review.errors import (
    ConsentMissing,
    InvalidInput,
    NoSuchClip,
    NotAllowed,
    StaleClip,
    TooManyReports,
)
from review.models import Account, AuditRow, Clip, FeedEntry, Notice, Report
from review.policy import Role
from review.queries.trail import Filter, trail
from review.reports import Limits
from review.states import State
from tests.world import World, consented


def state(world: World, clip_id: str) -> str:
    return world.get(clip_id).state


def in_feed(world: World, clip_id: str) -> list[tuple[str, str | None]]:
    with world.read() as session:
        rows = select(FeedEntry).where(FeedEntry.clip_id == clip_id).order_by(FeedEntry.seq)
        return [(entry.kind, entry.reason) for entry in session.scalars(rows)]


def listed(world: World) -> list[tuple[str, list[tuple[str, int]]]]:
    with world.read() as session:
        page = queries.reported(session, world.actor(Role.MODERATOR))
        return [(row.clip.id, row.counts) for row in page.items]


def told(world: World, *kinds: str) -> list[tuple[str, str]]:
    with world.read() as session:
        rows = select(Account.role, Notice.kind).join(Account, Account.id == Notice.account_id)
        found = session.execute(rows.where(Notice.kind.in_(kinds)).order_by(Notice.id))
        return [(row.role, row.kind) for row in found]


def keep(world: World, clip_id: str, seen: int, version: int | None = None) -> None:
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        reports.keep(session, clip_id, moderator, version or world.get(clip_id).version, seen)


def age(world: World, by: timedelta, *, clip_id: str | None = None) -> None:
    """Let reports (and the clip's publication with them) be older."""
    with world.write() as session:
        then = clock.now(session) - by
        session.execute(update(Report).values(at=then))
        if clip_id is not None:
            session.execute(update(Clip).where(Clip.id == clip_id).values(published_at=then))


@pytest.fixture
def clip_id(world: World) -> str:
    return world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))


class TestHiding:
    def test_three_addresses_hide_a_clip_and_two_do_not(self, any_world: World) -> None:
        world = any_world
        clip_id = world.clip(State.PUBLISHED)
        world.person(Role.MODERATOR)
        for reason in ("wrong", "unkind"):
            assert world.report(clip_id, reason) == "sent"
            assert state(world, clip_id) == State.PUBLISHED
        assert world.report(clip_id, "privacy") == "sent"
        assert state(world, clip_id) == State.SUSPENDED
        assert in_feed(world, clip_id) == [("published", None), ("withdrawn", "office")]
        assert listed(world) == [(clip_id, [("privacy", 1), ("unkind", 1), ("wrong", 1)])]
        # Of the first, and that it is hidden; not of each.
        assert told(world, "report") == [("moderator", "report")] * 2

    def test_one_address_counts_once(self, world: World, clip_id: str) -> None:
        said = [world.report(clip_id, reason, who="home") for reason in ("wrong", "unkind")]
        assert said == ["sent", "again"]
        assert [world.report(clip_id, "wrong", who="home") for _ in range(3)] == ["again"] * 3
        assert world.report(clip_id, "wrong", who="school") == "sent"
        assert state(world, clip_id) == State.PUBLISHED

    def test_who_is_in_it_needs_nobody_else(self, world: World, clip_id: str) -> None:
        assert world.report(clip_id, "wrong", who="school") == "sent"
        assert world.report(clip_id, "in_it", who="school") == "sent"
        assert state(world, clip_id) == State.SUSPENDED
        assert told(world, "suspended") == [("pupil", "suspended")]

    def test_what_is_hidden_already_only_adds_up(self, world: World, clip_id: str) -> None:
        world.report(clip_id)
        version = world.get(clip_id).version
        assert world.report(clip_id, "wrong") == "sent"
        assert world.get(clip_id).version == version
        assert listed(world) == [(clip_id, [("wrong", 1), ("in_it", 1)])]

    def test_a_clip_that_no_library_has_is_hidden_too(self, world: World) -> None:
        clip_id = world.clip(State.PUBLISHED, scope=Scope.SCHOOL)
        pupil = world.actor(Role.PUPIL)
        with world.write() as session:
            limits = Limits(3, 1, 20)
            said: dict[str, Any] = {"reason": "in_it", "text": "", "who": "x", "limits": limits}
            with pytest.raises(NoSuchClip):
                reports.send(session, clip_id, None, **said)
            assert reports.send(session, clip_id, pupil, **said) == "sent"
        assert state(world, clip_id) == State.SUSPENDED
        assert in_feed(world, clip_id) == []
        keep(world, clip_id, 1)
        assert in_feed(world, clip_id) == []

    @pytest.mark.parametrize("before", [State.DRAFT, State.IN_REVIEW, State.APPROVED])
    def test_what_was_never_public_is_no_clip(self, world: World, before: State) -> None:
        with pytest.raises(NoSuchClip):
            world.report(world.clip(before))

    def test_a_reason_that_there_is_not(self, world: World, clip_id: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            world.report(clip_id, "boring")
        assert list(caught.value.errors) == ["reason"]

    def test_words_are_cleaned_and_cut(self, world: World, clip_id: str) -> None:
        world.report(clip_id, "wrong", text="a\u202eb\x00" + "c" * 900)
        with world.read() as session:
            assert session.scalars(select(Report.text)).all() == ["ab" + "c" * 498]


class TestAbuse:
    def test_single_reports_hide_only_so_many_clips_a_day(self, world: World) -> None:
        clips = [world.clip(State.PUBLISHED) for _ in range(3)]
        for one in clips:
            assert world.report(one, limits=Limits(3, 2, 20)) == "sent"
        assert [state(world, one) for one in clips] == ["suspended", "suspended", "published"]
        with world.read() as session:
            page = queries.reported(session, world.actor(Role.MODERATOR))
            assert {row.clip.id for row in page.items if row.urgent} == {clips[2]}
        # Others who say anything of it add up, as ever; and tomorrow is another day.
        assert [world.report(clips[2], "wrong", limits=Limits(3, 2, 20)) for _ in range(2)]
        assert state(world, clips[2]) == State.SUSPENDED

    def test_the_next_day_counts_anew(self, world: World) -> None:
        first, second = (world.clip(State.PUBLISHED) for _ in range(2))
        world.report(first, limits=Limits(3, 1, 20))
        age(world, timedelta(days=1, minutes=1))
        world.report(second, limits=Limits(3, 1, 20))
        assert state(world, second) == State.SUSPENDED

    def test_one_address_hides_three_clips_a_day(self, world: World) -> None:
        clips = [world.clip(State.PUBLISHED) for _ in range(4)]
        for one in clips:
            world.report(one, who="somebody")
        assert [state(world, one) for one in clips] == ["suspended"] * 3 + ["published"]

    def test_several_together_hide_only_so_many_clips_a_day(self, any_world: World) -> None:
        world, few = any_world, Limits(to_hide=2, alone_a_day=1, counted_a_day=1)
        first, second, third, fourth = (world.clip(State.PUBLISHED) for _ in range(4))
        for one in (first, second):
            assert [world.report(one, "wrong", limits=few) for _ in range(2)] == ["sent"] * 2
        assert [state(world, one) for one in (first, second)] == ["suspended", "published"]
        moderator = world.actor(Role.MODERATOR)
        with world.read() as session:
            rows = queries.reported(session, moderator).items
            assert {row.clip.id for row in rows if row.waits(few.to_hide)} == {second}
        # Who is in a clip does not wait for them; nor do they go on under that reason.
        world.report(third, limits=few)
        assert [world.report(fourth, limits=few) for _ in range(3)] == ["sent"] * 3
        assert [state(world, one) for one in (third, fourth)] == ["suspended", "published"]
        age(world, timedelta(days=1, minutes=1), clip_id=fourth)
        world.report(fourth, "wrong", limits=few)
        assert state(world, fourth) == State.SUSPENDED

    def test_a_network_has_its_day_in_the_table(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reports, "MAX_A_DAY", 2)
        clips = [world.clip(State.PUBLISHED) for _ in range(3)]
        for one in clips[:2]:
            world.report(one, "wrong", who="home")
        with pytest.raises(TooManyReports):
            world.report(clips[2], "wrong", who="home")
        assert world.report(clips[0], "wrong", who="home") == "again"
        assert world.report(clips[2], "wrong", who="school") == "sent"
        assert world.report(clips[2], "worry", who="home") == "sent"
        assert state(world, clips[2]) == State.HELD
        age(world, timedelta(days=1, minutes=1))
        assert world.report(clips[1], "in_it", who="home") == "sent"

    def test_a_worry_waits_for_no_limit(self, world: World, clip_id: str) -> None:
        world.report(clip_id, "worry", limits=Limits(3, 0, 20))
        assert state(world, clip_id) == State.HELD

    def test_after_a_look_one_is_not_enough_any_more(self, world: World, clip_id: str) -> None:
        world.report(clip_id)
        keep(world, clip_id, 1)
        assert state(world, clip_id) == State.PUBLISHED
        assert [world.report(clip_id) for _ in range(2)] == ["sent"] * 2
        assert state(world, clip_id) == State.PUBLISHED
        world.report(clip_id)
        assert state(world, clip_id) == State.SUSPENDED

    def test_a_look_at_another_reason_does_not_stop_who_is_in_it(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id, "wrong")
        keep(world, clip_id, 1)
        world.report(clip_id, "in_it")
        assert state(world, clip_id) == State.SUSPENDED


class TestKeeping:
    def test_the_clip_is_back_in_the_same_transaction(self, any_world: World) -> None:
        world = any_world
        clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
        before = world.get(clip_id).published_at
        world.report(clip_id)
        keep(world, clip_id, 1)
        assert (state(world, clip_id), world.get(clip_id).published_at) == ("published", before)
        assert in_feed(world, clip_id) == [
            *(("published", None), ("withdrawn", "office"), ("published", None))
        ]
        assert listed(world) == []
        assert told(world, "kept") == [("pupil", "kept")]
        with world.read() as session:
            rows = select(AuditRow).where(AuditRow.clip_id == clip_id).order_by(AuditRow.seq)
            last = session.scalars(rows).all()[-2:]
        moderator = world.person(Role.MODERATOR).id
        assert [(r.action, r.party, r.actor_id) for r in last] == [
            ("suspend", "system", None),
            ("keep", "moderator", moderator),
        ]
        assert last[1].detail == {"reports": 1}

    def test_what_was_never_hidden_stays_without_a_new_entry(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id, "wrong")
        keep(world, clip_id, 1)
        assert in_feed(world, clip_id) == [("published", None)]
        assert (listed(world), told(world, "kept")) == ([], [])

    def test_a_report_that_the_page_did_not_show_is_not_closed(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id, "wrong")
        version = world.get(clip_id).version
        world.report(clip_id, "unkind")
        with pytest.raises(StaleClip):
            keep(world, clip_id, 1, version)
        assert listed(world) == [(clip_id, [("unkind", 1), ("wrong", 1)])]

    def test_not_while_a_consent_is_missing(self, world: World) -> None:
        clip_id = world.clip(State.PUBLISHED, people=(consented("bạn áo đỏ"),))
        world.report(clip_id)
        with world.write() as session:
            world_person = queries.people(session, world.get(clip_id))[0]
            for consent in world_person[1]:
                consent.revoked_at = clock.now(session)
        with pytest.raises(ConsentMissing):
            keep(world, clip_id, 1)
        assert state(world, clip_id) == State.SUSPENDED

    def test_only_moderators_keep_and_read(self, world: World, clip_id: str) -> None:
        world.report(clip_id)
        for role in (Role.REVIEWER, Role.TEACHER):
            actor = world.actor(role)
            with world.write() as session, pytest.raises(NotAllowed):
                reports.keep(session, clip_id, actor, world.get(clip_id).version, 1)
        for role in Role:
            if role not in (Role.MODERATOR, Role.WORKER, Role.SYSTEM):
                with world.read() as session:
                    assert queries.reported(session, world.actor(role)).items == []
                    assert queries.reported_count(session, world.actor(role)) == 0

    def test_withdrawn_it_has_its_one_tombstone_and_leaves_the_list(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id)
        world.withdraw(clip_id)
        assert in_feed(world, clip_id) == [("published", None), ("withdrawn", "office")]
        assert listed(world) == []
        assert world.report(clip_id) == "gone"

    def test_an_earlier_life_of_the_clip_counts_for_nothing(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id, "wrong")
        world.report(clip_id, "in_it")
        world.withdraw(clip_id, "error")
        moderator = world.actor(Role.MODERATOR)
        with world.write() as session:
            publication.restore(session, clip_id, moderator, world.get(clip_id).version)
        world.approve(clip_id, ladder=False)
        assert state(world, clip_id) == State.PUBLISHED
        assert listed(world) == []

    def test_a_consent_that_is_revoked_takes_a_hidden_clip_too(self, world: World) -> None:
        clip_id = world.clip(State.PUBLISHED, people=(consented("bạn áo đỏ"),))
        world.report(clip_id)
        teacher = world.actor(Role.TEACHER)
        with world.write() as session:
            ((_, consents),) = queries.people(session, world.get(clip_id))
            consenting.revoke_consent(session, consents[0].id, teacher)
        assert state(world, clip_id) == State.WITHDRAWN

    def test_pages_of_the_list_skip_and_repeat_nothing(self, world: World) -> None:
        clips = [world.clip(State.PUBLISHED) for _ in range(5)]
        for one in clips:
            world.report(one, "wrong")
        moderator, found, cursor = world.actor(Role.MODERATOR), [], None
        with world.read() as session:
            for _ in range(3):
                page = queries.reported(session, moderator, cursor, limit=2)
                found += [row.clip.id for row in page.items]
                cursor = page.next
            assert queries.reported_count(session, moderator) == 5
        assert (sorted(found), cursor) == (sorted(clips), None)


class TestWorry:
    def test_it_is_a_case_and_nobody_else_hears(self, any_world: World) -> None:
        world = any_world
        clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
        for role in (Role.SAFEGUARDING, Role.MODERATOR, Role.ADMIN):
            world.person(role)
        before = told(world, "report", "suspended", "case")
        assert world.report(clip_id, "worry", text="bạn ấy hay khóc") == "sent"
        assert state(world, clip_id) == State.HELD
        assert in_feed(world, clip_id) == [("published", None), ("withdrawn", "office")]
        assert told(world, "report", "suspended", "case") == [*before, ("safeguarding", "case")]
        assert listed(world) == []
        officer = world.actor(Role.SAFEGUARDING)
        with world.read() as session:
            assert casework.get(session, officer, clip_id).state == "new"
            assert [r.text for r in queries.worries(session, clip_id)] == ["bạn ấy hay khóc"]
            for role in (Role.MODERATOR, Role.ADMIN):
                lines = trail(session, world.actor(role), Filter()).items
                assert [x for x in lines if x.action in ("escalate", "suspend")] == []

    def test_a_hidden_clip_is_held_with_no_second_tombstone(
        self, world: World, clip_id: str
    ) -> None:
        world.report(clip_id)
        assert world.report(clip_id, "worry") == "sent"
        assert state(world, clip_id) == State.HELD
        assert in_feed(world, clip_id) == [("published", None), ("withdrawn", "office")]
        assert listed(world) == []

    def test_held_and_withdrawn_answer_alike(self, world: World) -> None:
        held, gone = (world.clip(State.PUBLISHED) for _ in range(2))
        world.report(held, "worry", who="home")
        world.withdraw(gone)
        for reason in (r.code for r in reports.BY_CODE.values()):
            for who in ("home", "elsewhere"):
                assert {world.report(x, reason, who=who) for x in (held, gone)} == {"gone"}

    def test_the_officer_reads_what_comes_later(self, world: World, clip_id: str) -> None:
        world.person(Role.SAFEGUARDING)
        world.report(clip_id, "worry", text="một", who="home")
        world.report(clip_id, "worry", text="hai", who="home")
        with world.read() as session:
            assert [r.text for r in queries.worries(session, clip_id)] == ["một", "hai"]
        assert told(world, "case_changed") == [("safeguarding", "case_changed")]

    def test_released_it_is_reviewed_again(self, world: World, clip_id: str) -> None:
        world.report(clip_id, "worry")
        officer = world.actor(Role.SAFEGUARDING)
        with world.write() as session:
            decisions.release_hold(session, clip_id, officer, world.get(clip_id).version)
        assert state(world, clip_id) == State.IN_REVIEW
        world.approve(clip_id, ladder=False)
        assert in_feed(world, clip_id)[-1] == ("published", None)


def test_no_address_is_kept_for_long_and_no_word_for_ever(world: World, clip_id: str) -> None:
    held = world.clip(State.PUBLISHED)
    world.report(clip_id, "wrong", who="home")
    world.report(held, "worry")

    def kept() -> list[tuple[str, str | None]]:
        with world.write() as session:
            reports.forget_old(session)
            rows = session.scalars(select(Report).order_by(Report.reason.desc()))
            return [(r.reason, r.who) for r in rows]

    assert kept() == [("wrong", "home"), ("worry", None)]
    age(world, timedelta(days=8), clip_id=clip_id)
    assert kept() == [("wrong", None), ("worry", None)]
    assert world.report(clip_id, "wrong", who="home") == "sent"
    age(world, timedelta(days=181), clip_id=clip_id)
    assert kept() == [("worry", None)]  # a case is open
