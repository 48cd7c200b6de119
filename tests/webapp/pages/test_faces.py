"""Proposed faces in the editor, as a browser without a script sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from review import faces, processing, redacting
from review.policy import Role
from review.redaction import Box
from review.states import State
from storage_config.settings import Settings
from tests import redactions
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

Visitor = Callable[..., Browser]
FOUND = (Box(0.25, 0.1, 0.2, 0.4, 0.0, 4.0), Box(0.6, 0.1, 0.4, 0.9, 1.5, 3.0))
FIELDS = ("x", "y", "width", "height", "start_s", "end_s")


@pytest.fixture
def reviewer(make_app: Callable[..., Flask], settings: Settings, world: World) -> Browser:
    """In an installation that has a model."""
    app = make_app(settings=replace(settings, face_model="/srv/centerface.onnx"))
    return Browser(app, world, world.person(Role.REVIEWER), "vi")


@pytest.fixture
def clip_id(world: World) -> str:
    return world.clip(State.IN_REVIEW)


def find(world: World, clip_id: str, *boxes: Box, left_out: int = 0) -> None:
    claim = world.claim_job(clip_id, "faces")
    with world.write() as session:
        faces.found(session, claim, boxes, left_out)


def editor(clip_id: str) -> str:
    return f"/clips/{clip_id}/redact"


def ask(person: Browser, clip_id: str) -> Page:
    page = person.get(editor(clip_id))
    return person.follow(person.send(page, f"{editor(clip_id)}/faces"))


def test_nobody_is_offered_a_machine_that_is_not_there(
    visitor: Visitor, world: World, clip_id: str
) -> None:
    person = visitor(Role.REVIEWER)
    assert "Khuôn mặt do máy tìm" not in person.get(editor(clip_id)).text
    assert "Tìm khuôn mặt" not in person.get(editor(clip_id)).text
    assert person.post(f"{editor(clip_id)}/faces").status == 409
    with world.read() as session:
        assert faces.search(session, world.get(clip_id)).state == "none"


def test_only_what_is_confirmed_goes_into_the_plan(
    reviewer: Browser, world: World, clip_id: str
) -> None:
    page = ask(reviewer, clip_id)
    assert "Máy đang tìm khuôn mặt… Bạn cứ vẽ tiếp." in page.text
    find(world, clip_id, *FOUND)
    page = reviewer.get(editor(clip_id))
    assert "Chưa chỗ nào được che." in page.text
    values = [box["value"] for box in page.all("input") if box.get("name") == "faces"]
    assert len(values) == 2
    # Sent without a tick, nothing of it is in the plan.
    empty = reviewer.send(page, editor(clip_id))
    assert (empty.status, "Hãy thêm ít nhất một hộp che" in empty.text) == (422, True)
    done = reviewer.send(page, editor(clip_id), faces=values[1])
    assert done.status == 303
    with world.read() as session:
        row = redacting.latest(session, world.get(clip_id))
    assert row is not None
    (box,) = row.plan["boxes"]
    assert [box[name] for name in FIELDS] == [getattr(FOUND[1], name) for name in FIELDS]


def test_a_confirmed_one_survives_a_plan_that_is_refused(
    reviewer: Browser, world: World, clip_id: str
) -> None:
    ask(reviewer, clip_id)
    find(world, clip_id, *FOUND)
    page = reviewer.get(editor(clip_id))
    values = [box["value"] for box in page.all("input") if box.get("name") == "faces"]
    refused = reviewer.send(
        page, editor(clip_id), **{"faces": values, "cuts-0-start": "5", "cuts-0-end": "99"}
    )
    assert refused.status == 422
    fields = dict(refused.form(editor(clip_id)).fields)
    assert (fields["boxes-0-x"], fields["boxes-1-height"]) == ("25,00", "90,00")
    assert fields["cuts-0-end"] == "99"


@pytest.mark.parametrize("typed", ["", "1 2 3", "a b c d e f", "10,00 " * 6, "<script>"])
def test_a_forged_one_is_no_more_than_a_wrong_number(
    reviewer: Browser, clip_id: str, typed: str
) -> None:
    page = reviewer.get(editor(clip_id))
    assert reviewer.send(page, editor(clip_id), faces=typed).status == 422


def test_nothing_found_is_said_with_what_it_means(
    reviewer: Browser, world: World, clip_id: str
) -> None:
    ask(reviewer, clip_id)
    find(world, clip_id)
    page = reviewer.get(editor(clip_id))
    assert "Không thấy khuôn mặt nào; máy có thể bỏ sót: hãy tự xem lại." in page.text
    assert "Nhận tất cả" not in page.text


def test_more_than_a_plan_takes_is_said(reviewer: Browser, world: World, clip_id: str) -> None:
    ask(reviewer, clip_id)
    find(world, clip_id, *FOUND, left_out=7)
    assert "còn 7 khung ngắn nhất không được đưa ra" in reviewer.get(editor(clip_id)).text


def test_a_failure_is_told_with_a_way_out(reviewer: Browser, world: World, clip_id: str) -> None:
    ask(reviewer, clip_id)
    claim = world.claim_job(clip_id, "faces")
    with world.write() as session:
        processing.gave_up(session, claim, "faces_not_searched")
    page = reviewer.get(editor(clip_id))
    assert "Máy chưa tìm được khuôn mặt trong clip." in page.text
    assert "Máy đang tìm" in ask(reviewer, clip_id).text


@pytest.mark.parametrize(("state", "role", "status"), redactions.WHO)
def test_who_reads_and_asks(
    make_app: Callable[..., Flask],
    settings: Settings,
    world: World,
    state: State,
    role: Role,
    status: int,
) -> None:
    """The same as for the editor itself; with and without a model."""
    path = f"{editor(world.clip(state))}/faces"
    for model in ("/srv/centerface.onnx", ""):
        app = make_app(settings=replace(settings, face_model=model))
        person = Browser(app, world, world.person(role), "vi")
        if status == 200:
            assert person.post(path).status == (303 if model else 409)
        else:
            assert person.post(path).status == status
            assert person.get(path).status == status
