"""The card and the editor as they are without JavaScript, and what the desk shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from review import processing, submission
from review.captions import keeping
from review.captions.cues import Cue, write
from review.policy import Role
from review.states import Action, State
from storage_config.settings import Settings
from tests.captioning import CUES, OTHER, keep, kept, published
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page, page_of
from tests.world import World

Visitor = Callable[..., Browser]
SRT = "1\n00:00:00,500 --> 00:00:02,000\nXin chào\n"


def send_file(person: Browser, page: Page, clip_id: str, data: bytes, **values: Any) -> Page:
    """The upload form of the card, with this file chosen."""
    action = f"/clips/{clip_id}/captions"
    sent = dict(page.form(action).fields) | values | {"file": (io.BytesIO(data), "phu-de.srt")}
    return person.follow(page_of(person.client.post(action, data=sent, headers=person.headers)))


def test_a_file_becomes_captions(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    page = person.get(f"/clips/{clip_id}")
    assert "Chưa có phụ đề. Phụ đề giúp bạn khiếm thính theo dõi được" in page.text
    after = send_file(person, page, clip_id, SRT.encode("utf-16"))
    assert "Đã nhận phụ đề Tiếng Việt." in after.text
    assert "1 câu" in after.text
    assert kept(world, clip_id) == {"vi": write(OTHER)}
    (track,) = after.all("track")
    assert (track["kind"], track["srclang"], track["label"]) == ("captions", "vi", "Tiếng Việt")
    assert "default" not in track


def test_the_editor_does_not_tell_that_a_decision_waits(visitor: Visitor, world: World) -> None:
    campaign = world.campaign(announce_at=datetime(2099, 6, 1, tzinfo=UTC))
    plain, decided = (
        world.clip(stage=1, campaign=campaign.slug, content=content) for content in (b"one", b"two")
    )
    world.decide(decided, Action.APPROVE, Role.MODERATOR)
    person = visitor(Role.TEACHER)

    def told(clip_id: str) -> tuple[str, str]:
        editor = person.get(f"/clips/{clip_id}/captions/vi")
        sent = person.send(editor, f"/clips/{clip_id}/captions/vi", text=write(OTHER))
        after = re.sub(r"\d\d:\d\d, ", "", person.follow(sent).text)
        return editor.text, after

    assert told(decided) == told(plain)
    assert kept(world, decided) == {"vi": write(OTHER)}
    assert world.get(decided).state == State.IN_REVIEW


def test_a_file_that_is_wrong_is_told_and_nothing_is_lost(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    keep(world, clip_id)
    page = person.get(f"/clips/{clip_id}")
    after = send_file(person, page, clip_id, b"1\n00:00:05,0 --> 00:00:04,0\nx\n")
    assert "Dòng 2: câu kết thúc trước khi bắt đầu." in after.text
    # Told where the redirect leads: in the card, with the form that it is about open.
    before, _, card = after.source.partition('id="captions"')
    assert "Dòng 2: câu kết thúc" not in before
    assert card.index("Dòng 2: câu kết thúc") < card.index("Thay bằng tệp khác")
    details = Page(200, card).all("details")
    assert ["open" in a for a in details[:2]] == [True, False]  # of the file, of other languages
    assert kept(world, clip_id) == {"vi": write(CUES)}
    assert "Không tìm thấy câu phụ đề nào." in send_file(person, page, clip_id, b"").text
    taken = send_file(person, page, clip_id, SRT.encode())
    assert "Đã nhận phụ đề Tiếng Việt." in taken.source.partition('id="captions"')[2]
    assert "Đã nhận" not in taken.source.partition('id="captions"')[0]


def test_a_wrong_file_in_another_language_leaves_that_form_open(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    page = person.get(f"/clips/{clip_id}")
    after = send_file(person, page, clip_id, b"", language="en")
    (details,) = Page(200, after.source.partition('id="captions"')[2]).all("details")[:1]
    assert "open" in details
    assert ("language", "en") in after.form(f"/clips/{clip_id}/captions").fields


def test_what_a_page_has_no_part_for_is_told_above_it(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    page = person.get(f"/clips/{clip_id}")
    sent = dict(page.form(f"/clips/{clip_id}/captions").fields) | {
        "file": (io.BytesIO(SRT.encode()), "phu-de.srt")
    }
    person.client.post(f"/clips/{clip_id}/captions", data=sent, headers=person.headers)
    assert "Đã nhận phụ đề Tiếng Việt." in person.get("/clips").text


def test_a_file_over_what_somebody_saved_meanwhile_is_refused(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    keep(world, clip_id)
    page = person.get(f"/clips/{clip_id}")
    keep(world, clip_id, Role.REVIEWER, cues=OTHER)
    after = send_file(person, page, clip_id, SRT.encode())
    assert "Phụ đề vừa được người khác lưu" in after.text
    assert kept(world, clip_id) == {"vi": write(OTHER)}


def test_captions_are_removed_with_a_word_before(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    keep(world, clip_id)
    page = person.get(f"/clips/{clip_id}")
    assert "Không lấy lại được." in page.text
    after = person.follow(person.send(page, f"/clips/{clip_id}/captions/vi/remove"))
    assert "Đã gỡ phụ đề Tiếng Việt." in after.text
    assert kept(world, clip_id) == {}


def test_the_editor_saves_without_javascript(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    path = f"/clips/{clip_id}/captions/vi"
    page = person.get(path)
    after = person.follow(person.send(page, path, text=SRT))
    assert "Đã lưu phụ đề." in after.text
    assert kept(world, clip_id) == {"vi": write(OTHER)}
    assert "Xin chào" in person.get(path).source


def test_what_was_typed_wrong_stays_on_the_page(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    path = f"/clips/{clip_id}/captions/vi"
    again = person.send(person.get(path), path, text="WEBVTT\n\nlúc nào đó --> mai\nCâu hay\n")
    assert again.status == 422
    assert "Dòng 3: thời gian chưa đúng. Hãy ghi như 00:01.500 --> 00:04.000." in again.text
    assert dict(again.form(path).fields)["text"].endswith("Câu hay\n")


def test_two_who_save_both_keep_what_they_wrote(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip()
    path = f"/clips/{clip_id}/captions/vi"
    page = person.get(path)
    keep(world, clip_id, Role.REVIEWER)
    again = person.send(page, path, text=SRT)
    assert again.status == 409
    assert "Phụ đề vừa được người khác lưu" in again.text
    assert "Hôm nay lớp mình nói về" in again.text  # theirs
    assert dict(again.form(path).fields)["text"] == SRT  # mine
    person.follow(person.send(again, path))
    assert kept(world, clip_id) == {"vi": write(OTHER)}


def test_the_reviewer_reads_and_sees_them(visitor: Visitor, world: World) -> None:
    clip_id = world.clip()
    keep(world, clip_id)
    keep(world, clip_id, language="en", cues=(Cue(0.0, 1.0, "&lt;Hello&gt; <i>you</i>"),))
    page = visitor(Role.REVIEWER).get(f"/review/{clip_id}")
    assert "Hôm nay lớp mình nói về mật khẩu" in page.text
    assert "<Hello> you" in page.text
    assert [("default" in t, t["srclang"]) for t in page.all("track")] == [
        (True, "en"),
        (False, "vi"),
    ]


def test_the_library_offers_them(visitor: Visitor, world: World) -> None:
    clip_id = published(world)
    keep(world, clip_id, Role.MODERATOR)
    (track,) = visitor(None).get(f"/library/{clip_id}").all("track")
    assert (track["src"] or "").startswith(f"/media/{clip_id}/captions/vi.vtt?v=")
    page = visitor(None).get(f"/library/{clip_id}")
    assert "Phụ đề Tiếng Việt" in page.text
    (label,) = [a for a in page.all("label") if "data-captioned" in a]
    assert "hidden" in label  # without a script the player's own menu is there


def test_an_approved_clip_says_who_may_change_them(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.APPROVED)
    keep(world, clip_id, Role.MODERATOR)
    page = visitor(Role.TEACHER).get(f"/clips/{clip_id}")
    assert "chỉ người kiểm duyệt của Phòng sửa được phụ đề" in page.text
    assert not [link for link in page.links if "/captions/" in link]
    editor = visitor(Role.MODERATOR).get(f"/clips/{clip_id}/captions/vi")
    assert "người xem và các thư viện nhận ngay phụ đề mới" in editor.text


def test_the_last_revisions_captions_are_taken_over_by_a_person(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip(State.CHANGES_REQUESTED)
    keep(world, clip_id, cues=OTHER)
    upload, owner = world.upload(), world.actor(Role.TEACHER)
    with world.write() as session:
        submission.resubmit(session, clip_id, upload, owner)
    world.examine(clip_id)
    page = person.get(f"/clips/{clip_id}")
    assert "Lần nộp thứ 1 có phụ đề Tiếng Việt." in page.text
    path = f"/clips/{clip_id}/captions/vi"
    assert f"{path}?from=earlier" in page.links
    editor = person.get(f"{path}?from=earlier")
    assert kept(world, clip_id) == {}
    person.follow(person.send(editor, path))
    assert kept(world, clip_id) == {"vi": write(OTHER)}


class TestTheMachine:
    def test_nobody_is_offered_one_that_is_not_there(self, visitor: Visitor, world: World) -> None:
        clip_id = world.clip()
        person = visitor(Role.TEACHER)
        assert "máy nghe" not in person.get(f"/clips/{clip_id}/captions/vi").text
        assert person.post(f"/clips/{clip_id}/captions/vi/listen").status == 409

    @pytest.fixture
    def teacher(self, make_app: Callable[..., Flask], settings: Settings, world: World) -> Browser:
        """In an installation that has a model."""
        app = make_app(settings=replace(settings, asr_model="/srv/model"))
        return Browser(app, world, world.person(Role.TEACHER), "vi")

    def test_its_draft_is_marked_and_waits_for_a_person(
        self, teacher: Browser, world: World
    ) -> None:
        clip_id = world.clip()
        path = f"/clips/{clip_id}/captions/vi"
        page = teacher.get(path)
        page = teacher.follow(teacher.send(page, f"{path}/listen"))
        assert "Máy đang nghe clip" in page.text
        claim = world.claim_job(clip_id, "transcribe")
        with world.write() as session:
            keeping.transcribed(session, claim, "vi", OTHER)
        assert f"{path}" in teacher.get(f"{path}/listening").links
        page = teacher.get(path)
        assert "Bản máy gợi ý." in page.text
        assert "Máy gợi ý, chưa ai xem lại" in teacher.get(f"/clips/{clip_id}").text
        assert teacher.get(f"/clips/{clip_id}").all("track") == []
        teacher.follow(teacher.send(page, path))
        assert kept(world, clip_id) == {"vi": write(OTHER)}

    def test_its_failure_is_told_with_a_way_out(self, teacher: Browser, world: World) -> None:
        clip_id = world.clip()
        path = f"/clips/{clip_id}/captions/vi"
        teacher.send(teacher.get(path), f"{path}/listen")
        claim = world.claim_job(clip_id, "transcribe")
        with world.write() as session:
            processing.gave_up(session, claim, "not_transcribed")
        page = teacher.get(path)
        assert "Máy chưa nghe được clip để gợi ý phụ đề." in page.text
        assert "Để máy nghe và gợi ý" in page.text
        assert world.get(clip_id).state == "in_review"
