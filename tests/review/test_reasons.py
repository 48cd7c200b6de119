"""The office's list of reasons: added, said otherwise, ordered, retired; codes are for ever."""

from __future__ import annotations

import pytest

from review import decisions, queries, reasons
from review.decisions import NoteInput, Verdict
from review.errors import InvalidInput, NoSuchThing, NotAllowed, WrongState
from review.policy import Role
from review.reasons import OTHER, REASONS, Reason
from review.states import Action
from tests.world import World


def codes(world: World) -> list[str]:
    with world.read() as session:
        return [reason.code for reason in reasons.every(session) if not reason.retired]


def one(world: World, code: str) -> Reason:
    with world.read() as session:
        return next(reason for reason in reasons.every(session) if reason.code == code)


def note(world: World, clip_id: str, code: str) -> None:
    clip, actor = world.get(clip_id), world.actor(Role.REVIEWER)
    verdict = Verdict(Action.REQUEST_CHANGES, clip.revision, clip.version, [NoteInput(1.0, code)])
    with world.write() as session:
        decisions.decide(session, clip_id, actor, verdict)


def test_the_office_adds_a_reason_that_reviewers_then_use(any_world: World) -> None:
    world = any_world
    assert codes(world) == list(REASONS)
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        made = reasons.add(session, moderator, "  Không đeo khăn quàng đỏ ")
    assert made == Reason("khong_deo_khan_quang_do", "Không đeo khăn quàng đỏ")
    # The one for what has no other stays the last.
    assert codes(world) == [*list(REASONS)[:-1], made.code, OTHER]
    clip_id = world.clip()
    note(world, clip_id, made.code)
    with world.read() as session:
        assert [n.code for n in queries.notes(session, clip_id)] == [made.code]


def test_other_words_for_the_same_code_and_back(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    with world.write() as session:
        reasons.rename(session, admin, "sound_low", "Nghe không rõ")
    assert one(world, "sound_low") == Reason("sound_low", "Nghe không rõ", renamed=True)
    with world.write() as session:
        reasons.rename(session, admin, "sound_low", "")
    assert one(world, "sound_low") == Reason("sound_low", REASONS["sound_low"])


def test_the_order_is_the_offices(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        reasons.move(session, moderator, "phone_shown", up=True)
        reasons.move(session, moderator, "name_visible", up=True)  # is first: stays
        reasons.move(session, moderator, "music_rights", up=False)
    assert codes(world)[:5] == [
        "name_visible",
        "phone_shown",
        "face_without_consent",
        "sound_low",
        "music_rights",
    ]


def test_a_retired_reason_is_not_offered_and_loses_nothing(world: World) -> None:
    moderator, before, after = world.actor(Role.MODERATOR), world.clip(), world.clip()
    note(world, before, "off_topic")
    with world.write() as session:
        reasons.retire(session, moderator, "off_topic")
    assert "off_topic" not in codes(world)
    assert one(world, "off_topic").label == REASONS["off_topic"]
    # A desk that was open before, or a program: what they say is not lost.
    note(world, after, "off_topic")
    with world.write() as session:
        reasons.restore(session, moderator, "off_topic")
    assert codes(world) == list(REASONS)


def test_there_is_always_one_for_what_has_no_other(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session, pytest.raises(WrongState):
        reasons.retire(session, moderator, "other")


@pytest.mark.parametrize("label", ["", " \n", "nhạc chưa có quyền sử dụng"])
def test_no_empty_reason_and_none_twice(world: World, label: str) -> None:
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session, pytest.raises(InvalidInput):
        reasons.add(session, moderator, label)
    assert codes(world) == list(REASONS)


def test_two_reasons_of_the_same_letters_have_two_codes(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        made = [reasons.add(session, moderator, t).code for t in ("Má", "Mà", "???", "!!!")]
    assert made == ["ma", "ma_2", "reason", "reason_2"]


@pytest.mark.parametrize("role", [Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.SAFEGUARDING])
def test_only_the_office_edits_the_list(world: World, role: Role) -> None:
    actor = world.actor(role)
    with world.write() as session, pytest.raises(NotAllowed):
        reasons.add(session, actor, "Lý do riêng")


def test_a_code_that_is_none_is_refused(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    with world.write() as session, pytest.raises(NoSuchThing):
        reasons.rename(session, admin, "bad_hair", "Tóc")
    with pytest.raises(InvalidInput):
        note(world, world.clip(), "bad_hair")
