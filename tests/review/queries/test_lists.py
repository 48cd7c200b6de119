"""Every list, whole: what must show, with everything present that must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from review import accounts, clock, decisions, processing, queries, submission
from review.consent import Person, Scope
from review.details import Details
from review.keys import new_id
from review.models import Clip, Decision, Job, Note, Revision, School, Upload
from review.policy import Actor, Role
from review.states import Action, State
from storage_config.database import Database
from tests.queued import stand
from tests.rows import counted
from tests.world import FACTS, World, consented


def one_in_every_state(world: World) -> dict[str, str]:
    """State -> id of a clip of the world's teacher; in_review also at its second stage."""
    found = {str(state): world.clip(state) for state in State}
    return found | {"second stage": world.clip(State.IN_REVIEW, stage=1)}


def elsewhere(world: World) -> Actor:
    """A teacher of another school, with a clip in every state."""
    far = world.another_school()
    owner = world.account(Role.TEACHER, school=far)
    for state in (State.DRAFT, State.PROCESSING, State.IN_REVIEW):
        world.clip(state, owner=owner)
    return accounts.actor_of(owner)


def test_the_queue_holds_what_waits_for_this_persons_decision(any_world: World) -> None:
    world = any_world
    clips = one_in_every_state(world)
    far = elsewhere(world)
    with world.read() as session:
        (far_waiting,) = [
            c.id for c in queries.my_clips(session, far).items if c.state == State.IN_REVIEW
        ]
    expected = {
        Role.REVIEWER: [clips["in_review"]],
        Role.MODERATOR: [clips["second stage"]],
    }
    reviewer_there = accounts.actor_of(world.account(Role.REVIEWER, school=_school(world, far)))
    with world.read() as session:
        for role in (r for r in Role if r not in (Role.WORKER, Role.SYSTEM)):
            actor = Actor(new_id(), role, world.school.id if role is Role.REVIEWER else None)
            rows = queries.review_queue(session, actor).items
            assert [r.clip.id for r in rows] == expected.get(role, [])
            assert queries.waiting_count(session, actor) == len(rows)
            assert queries.next_in_queue(session, actor) == next((r.clip.id for r in rows), None)
            held = queries.safeguarding_queue(session, actor).items
            assert [r.clip.id for r in held] == (
                [clips["held"]] if role is Role.SAFEGUARDING else []
            )
        there = queries.review_queue(session, reviewer_there).items
        assert [r.clip.id for r in there] == [far_waiting]


def _school(world: World, actor: Actor) -> Any:
    with world.read() as session:
        return session.get_one(School, actor.school_id)


def test_a_row_of_the_queue_says_what_a_reviewer_needs(world: World) -> None:
    clip_id = world.clip()
    me, other = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    with world.write() as session:
        decisions.claim(session, clip_id, me)

    def row(actor: Actor) -> queries.QueueRow:
        with world.read() as session:
            (found,) = queries.review_queue(session, actor).items
        return found

    mine = row(me)
    assert mine.clip.id == clip_id
    assert mine == queries.QueueRow(
        mine.clip,
        world.school.name,
        "Lớp 7A",
        12.5,
        "poster.jpg",
        claimed_by_other=False,
        claimed_by_me=True,
        claimed_until=mine.clip.claimed_until,
        claimed_name="reviewer",
        signs=("gps",),
    )
    assert (row(other).claimed_by_other, row(other).claimed_by_me) == (True, False)
    with world.write() as session:
        row_ = session.get_one(Clip, clip_id)
        row_.claimed_until = clock.now(session) - timedelta(seconds=1)
    assert (row(other).claimed_by_other, row(me).claimed_by_me) == (False, False)


def test_the_next_clip_is_one_that_nobody_else_has(world: World) -> None:
    first, second, third = (world.clip() for _ in range(3))
    me, other = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    with world.write() as session:
        decisions.claim(session, first, other)
        decisions.claim(session, second, me)
    with world.read() as session:
        assert queries.next_in_queue(session, me) == second
        assert queries.next_in_queue(session, me, after=second) == third
        assert queries.next_in_queue(session, me, after=third) == second
        assert queries.next_in_queue(session, other) == first
        assert queries.waiting_count(session, me, cap=2) == 2


def test_nobody_finds_own_clips_in_the_queue(world: World) -> None:
    owner = world.account(Role.TEACHER)
    world.clip(owner=owner)
    now_reviewer = Actor(owner.id, Role.REVIEWER, owner.school_id)
    with world.read() as session:
        assert queries.review_queue(session, now_reviewer).items == []
        assert queries.next_in_queue(session, now_reviewer) is None


def test_my_clips_are_all_of_mine_and_nobody_elses(world: World) -> None:
    owner = world.account(Role.PUPIL)
    mine = [world.clip(s, owner=owner) for s in State]
    one_in_every_state(world)
    with world.read() as session:
        found = queries.my_clips(session, accounts.actor_of(owner), limit=50)
    assert [c.id for c in found.items] == mine[::-1]


def test_a_teacher_sees_what_the_class_handed_in(world: World) -> None:
    with world.write() as session:
        group = accounts.add_class(session, world.school.id, "Lớp 7B")
        in_other_class = accounts.join_class(session, group.code)
    pupil = world.account(Role.PUPIL)
    handed_in = {s: world.clip(s, owner=pupil) for s in State}
    other_class = world.clip(owner=in_other_class)
    world.clip()  # the teacher's own
    elsewhere(world)
    teacher = world.actor(Role.TEACHER)
    shown = [c for s, c in handed_in.items() if s not in (State.DRAFT, State.HELD)]

    def listed(actor: Actor) -> list[str]:
        with world.read() as session:
            return [c.id for c in queries.class_clips(session, actor, limit=50).items]

    assert listed(teacher) == shown[::-1]
    without_class = Actor(teacher.id, Role.TEACHER, teacher.school_id)
    assert listed(without_class) == [other_class, *shown[::-1]]
    # The list is a teacher's: others of the school do not read the class's clips through it.
    for role in Role:
        if role is not Role.TEACHER:
            assert listed(Actor(new_id(), role, world.school.id, world.group.id)) == []
            assert listed(Actor(new_id(), role)) == []


def test_the_gallery_shows_what_is_published_for_this_viewer(any_world: World) -> None:
    world = any_world
    one = one_in_every_state(world)["published"]
    library = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
    school = world.clip(State.PUBLISHED, scope=Scope.SCHOOL)
    with world.read() as session:
        assert [c.id for c in queries.gallery(session, None).items] == [one]
        far = Actor(new_id(), Role.TEACHER, new_id())
        assert [c.id for c in queries.gallery(session, far).items] == [library, one]
        near = Actor(new_id(), Role.PUPIL, world.school.id, world.group.id)
        assert [c.id for c in queries.gallery(session, near).items] == [school, library, one]


def published(world: World, **details: Any) -> str:
    """Id of a clip that was published with these details."""
    owner = world.person(Role.TEACHER)
    with world.write() as session:
        clip_id = submission.create_draft(session, owner, Details(**details)).id
    upload, actor = world.upload(), accounts.actor_of(owner)
    with world.write() as session:
        submission.submit(session, clip_id, upload, actor)
    world.examine(clip_id)
    world.approve(clip_id, ladder=True)
    return clip_id


def test_the_gallery_is_narrowed(any_world: World) -> None:
    world = any_world
    safe = published(world, title="Mật khẩu mạnh", topics=("safe_networks", "conduct"))
    kind = published(world, title="Lời hay", topics=("conduct",), level="primary")

    def found(**by: Any) -> list[str]:
        with world.read() as session:
            return [
                c.id for c in queries.gallery(session, None, None, 24, *queries.of_kind(**by)).items
            ]

    assert found() == [kind, safe]
    assert found(topic="conduct") == [kind, safe]
    assert found(topic="safe_networks") == [safe]
    assert found(topic="online_learning") == []
    assert found(topic="conduct", level="primary") == [kind]
    assert found(campaign="none-such") == []
    for odd in ("safe", "%", '"', "conduct\x00", "' OR 1=1 --"):
        assert found(topic=odd) == []


def test_lengths_are_those_of_the_current_revision(world: World) -> None:
    done, waiting = world.clip(), world.clip(State.PROCESSING)
    with world.read() as session:
        clips = [session.get_one(Clip, c) for c in (done, waiting)]
        faces = {c: (f.poster, f.duration_s) for c, f in queries.faces(session, clips).items()}
        assert faces == {done: ("poster.jpg", 12.5), waiting: ("poster.jpg", None)}
        assert queries.faces(session, []) == {}


# --- what belongs to one clip ------------------------------------------------------------------


def test_files_and_renditions_are_those_of_the_attempt_that_counts(world: World) -> None:
    clip_id = world.clip(State.APPROVED)
    slept = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        session.get_one(Job, slept.job_id).lease_until = clock.now(session) - timedelta(seconds=1)
    world.ladder(clip_id)
    clip = world.get(clip_id)
    with world.read() as session:
        files = queries.output_files(session, clip)
        assert sorted(files) == ["hls/master.m3u8", "mp4/360p.mp4", "poster.jpg", "proxy.mp4"]
        assert {what: queries.output_file(session, clip, what) for what in files} == files
        assert queries.output_file(session, clip, "original") is None
        assert [r.what for r in queries.renditions(session, clip)] == [
            "hls/master.m3u8",
            "mp4/360p.mp4",
        ]
        assert {r.attempt for r in queries.renditions(session, clip)} != {slept.attempt_name}


def test_a_new_revision_serves_nothing_of_the_old_one(world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED)
    upload, actor = world.upload(), world.actor(Role.TEACHER)
    with world.write() as session:
        submission.resubmit(session, clip_id, upload, actor)
    clip = world.get(clip_id)
    with world.read() as session:
        assert queries.output_files(session, clip) == {}
        assert queries.renditions(session, clip) == []
        rows = queries.revisions(session, clip)
        assert [(r.number, r.parent_id) for r in rows] == [(1, None), (2, rows[0].id)]
        assert queries.revision(session, clip) == rows[1]
        assert queries.revision(session, clip, 1) == rows[0]
        assert queries.revision(session, clip, 3) is None


def test_notes_come_in_order_and_by_revision(world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED, people=(consented(), Person("bạn khác")))
    with world.read() as session:
        clip = session.get_one(Clip, clip_id)
        assert [n.code for n in queries.notes(session, clip_id)] == ["name_visible"]
        assert queries.notes(session, clip_id, revision=2) == []
        assert [r.action for r in queries.history(session, clip_id)] == [
            "create",
            "submit",
            "examined",
            "request_changes",
        ]
        assert [(d.action, label) for d, label in queries.decisions(session, clip_id)] == [
            ("request_changes", "reviewer")
        ]
        who = queries.people(session, clip)
        assert [(p.label, [c.kind for c in given]) for p, given in who] == [
            ("bạn áo đỏ", ["guardian", "own"]),
            ("bạn khác", []),
        ]


# --- the cost of a list ------------------------------------------------------------------------

LISTS: dict[str, Callable[..., Any]] = {
    "my clips": lambda s, me: queries.my_clips(s, me["owner"], limit=100),
    "class clips": lambda s, me: queries.class_clips(s, me["teacher"], limit=100),
    "gallery": lambda s, me: queries.gallery(s, me["owner"], limit=100),
    "review queue": lambda s, me: queries.review_queue(s, me["reviewer"], limit=100),
    "safeguarding queue": lambda s, me: queries.safeguarding_queue(s, me["officer"], limit=100),
    "next": lambda s, me: queries.next_in_queue(s, me["reviewer"]),
    "waiting count": lambda s, me: queries.waiting_count(s, me["reviewer"]),
    "faces": lambda s, me: queries.faces(s, queries.my_clips(s, me["owner"], limit=100).items),
    "covers": lambda s, me: queries.covers(s, queries.gallery(s, me["owner"], limit=100).items),
    "jobs": lambda s, me: queries.job_list(s, limit=100),
    "history": lambda s, me: queries.history(s, me["clip"]),
    "decisions": lambda s, me: queries.decisions(s, me["clip"]),
    "notes": lambda s, me: queries.notes(s, me["clip"]),
    "people": lambda s, me: queries.people(s, s.get_one(Clip, me["clip"])),
}


@pytest.fixture
def few_and_many(world: World) -> tuple[Database, dict[str, Any], Callable[[int], None]]:
    owner = world.account(Role.PUPIL)
    me = {
        "owner": accounts.actor_of(owner),
        "teacher": world.actor(Role.TEACHER),
        "reviewer": world.actor(Role.REVIEWER),
        "officer": world.actor(Role.SAFEGUARDING),
        "clip": world.clip(owner=owner, people=(consented(),)),
    }

    def add(count: int) -> None:
        with world.write() as session:
            rows = _bulk(clock.now(session), me, count)
            for model, values in rows.items():
                session.execute(insert(model), values)
        stand(world, [row["id"] for row in rows[Clip] if row["state"] is State.IN_REVIEW])

    return world.database, me, add


def _bulk(now: Any, me: dict[str, Any], count: int) -> dict[Any, list[dict[str, Any]]]:
    """Rows of ``count`` clips in each listed state, with what hangs on them."""
    owner: Actor = me["owner"]
    rows: dict[Any, list[dict[str, Any]]] = {
        m: [] for m in (Clip, Upload, Revision, Job, Decision, Note)
    }
    for _ in range(count):
        for state in (State.IN_REVIEW, State.PUBLISHED, State.HELD):
            clip_id, upload_id, revision_id = new_id(), new_id(), new_id()
            rows[Clip].append(
                {
                    "id": clip_id,
                    "owner_id": owner.id,
                    "school_id": owner.school_id,
                    "class_id": owner.class_id,
                    "title": "Clip",
                    "state": state,
                    "case_open": state is State.HELD,
                    "revision": 1,
                    "created_at": now,
                    "submitted_at": now,
                    "published_at": now,
                }
            )
            rows[Upload].append(
                {
                    "id": upload_id,
                    "account_id": owner.id,
                    "length": 1,
                    "name": "a.mp4",
                    "created_at": now,
                    "expires_at": now,
                }
            )
            rows[Revision].append(
                {
                    "id": revision_id,
                    "clip_id": clip_id,
                    "number": 1,
                    "upload_id": upload_id,
                    "original_key": "k",
                    "original_sha256": revision_id,  # each another file
                    "original_bytes": 1,
                    "facts": FACTS,
                    "created_at": now,
                }
            )
            rows[Job].append(
                {
                    "id": new_id(),
                    "kind": "ladder",
                    "clip_id": clip_id,
                    "revision_id": revision_id,
                    "priority": 10,
                    "next_attempt_at": now,
                    "created_at": now,
                }
            )
        decision_id = new_id()
        rows[Decision].append(
            {
                "id": decision_id,
                "clip_id": me["clip"],
                "revision": 1,
                "stage": 0,
                "action": Action.REQUEST_CHANGES,
                "actor_id": me["reviewer"].id,
                "version": 1,
                "watched": True,
                "at": now,
                "announced_at": now,
            }
        )
        rows[Note].append(
            {
                "id": new_id(),
                "decision_id": decision_id,
                "clip_id": me["clip"],
                "revision": 1,
                "position": 0,
                "code": "other",
                "text": "",
            }
        )
    return rows


def test_every_list_costs_as_many_queries_with_300_rows_as_with_one(
    few_and_many: tuple[Database, dict[str, Any], Callable[[int], None]],
) -> None:
    database, me, add = few_and_many

    def costs() -> dict[str, tuple[int, int]]:
        found = {}
        for name, read in LISTS.items():
            with database.read() as session, counted(database) as statements:
                answer = read(session, me)
            rows = answer.items if isinstance(answer, queries.Page) else answer
            found[name] = (len(statements), len(rows) if hasattr(rows, "__len__") else 1)
        return found

    add(1)
    few = costs()
    add(299)
    large = costs()
    assert {n: q for n, (q, _) in few.items()} == {n: q for n, (q, _) in large.items()}
    # It was a real list that was read, and few queries.
    single = {"next", "waiting count", "history", "people"}
    assert {n for n, (_, rows) in large.items() if rows < 100} == single
    assert max(q for q, _ in large.values()) <= 11


def test_a_failed_job_is_found_by_its_state(world: World) -> None:
    clip_id = world.clip(State.PROCESSING)
    claim = world.claim_job(clip_id, "examine")
    with world.write() as session:
        processing.gave_up(session, claim, "tool_crashed")
    world.clip(State.PROCESSING)
    with world.read() as session:
        assert [j.id for j in queries.job_list(session, "failed").items] == [claim.job_id]
