"""The submit page: the form is kept as a draft before any byte is sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from review.models import Clip, ClipPerson, Consent
from review.policy import Role
from review.states import State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

CHILD = {"people-0-label": "bạn áo đỏ", "people-0-guardian": "y", "people-0-own": "y"}


def drafts(world: World) -> list[Clip]:
    with world.read() as session:
        return list(session.scalars(select(Clip).order_by(Clip.id)))


def labels(world: World) -> list[str]:
    with world.read() as session:
        return list(session.scalars(select(ClipPerson.label).order_by(ClipPerson.id)))


def saved(person: Browser, **values: Any) -> Page:
    """The form sent without JavaScript."""
    return person.send(person.get("/submit"), "/submit", **values)


def test_the_form_is_kept_as_a_draft_and_shown_again(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.PUPIL)
    values = {
        **CHILD,
        "title": "Không chia sẻ mật khẩu",
        "summary": "Một dòng\nhai dòng",
        "topics": ["conduct", "safe_networks"],
        "scope": "library",
        "music": "own",
        "reenactment": "y",
        "people-0-scope": "school",
        "people-0-valid_until": "2031-05-31",
        "people-0-evidence": "tủ hồ sơ lớp 7A",
    }
    page = person.follow(saved(person, **values))
    (clip,) = drafts(world)
    assert (clip.title, clip.summary) == ("Không chia sẻ mật khẩu", "Một dòng\nhai dòng")
    # The child agreed to be shown in the school only: the clip goes no further.
    assert (clip.state, clip.scope, clip.credit) == ("draft", "school", "Lớp 7A")
    assert (clip.topics, clip.music, clip.reenactment) == (
        ["conduct", "safe_networks"],
        "own",
        True,
    )
    shown = page.form("/submit").fields
    assert dict(shown)["clip"] == clip.id
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            expected = "school" if name == "scope" else one
            assert (name, expected) in [(n, v.strip()) for n, v in shown], name
    assert "Đã lưu bản nháp. Trang này cần JavaScript để gửi tệp." in page.text


def test_saving_again_changes_the_draft_and_makes_no_second_one(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.PUPIL)
    page = person.follow(saved(person, title="Lần một", **CHILD))
    person.send(page, "/submit", title="Lần hai")
    (clip,) = drafts(world)
    assert clip.title == "Lần hai"
    assert labels(world) == ["bạn áo đỏ"]


def test_the_script_gets_the_draft_as_json(visitor: Callable[..., Browser], world: World) -> None:
    person = visitor(Role.PUPIL)
    values = {"csrf_token": person.token(), "title": "Một clip"}
    answer = person.client.post("/submit", data=values, headers={"Accept": "application/json"})
    (clip,) = drafts(world)
    assert answer.get_json() == {"clip": clip.id, "page": f"/clips/{clip.id}"}
    values = {**values, "title": "", "people-0-guardian": "y", "people-0-label": " "}
    refused = person.client.post("/submit", data=values, headers={"Accept": "application/json"})
    assert refused.status_code == 422
    assert refused.get_json() == {
        "code": "invalid",
        "errors": {"title": "Hãy đặt tên cho clip."},
    }


def test_a_refused_form_says_what_is_wrong_and_keeps_what_was_typed(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.PUPIL)
    page = saved(
        person,
        title=" ",
        summary="giữ lại dòng này",
        **CHILD | {"people-0-valid_until": "ngày mai"},
    )
    assert page.status == 422
    assert "Hãy đặt tên cho clip." in page.text
    assert "Ngày chưa đúng." in page.text
    fields = dict(page.form("/submit").fields)
    assert fields["summary"].strip() == "giữ lại dòng này"
    assert fields["people-0-label"] == "bạn áo đỏ"
    assert fields["people-0-valid_until"] == "ngày mai"
    assert drafts(world) == []


def test_limits_are_told_in_our_own_words(visitor: Callable[..., Browser], world: World) -> None:
    person = visitor(Role.PUPIL, "en")
    page = saved(
        person,
        title="x" * 121,
        scope="everywhere",
        topics=["no-such-topic"],
        **{"people-0-label": "y" * 81},
    )
    assert page.status == 422
    for sentence in (
        "At most 120 characters.",
        "At most 80 characters.",
        "Please choose one of the list.",
        "Please choose from the list.",
    ):
        assert sentence in page.text
    assert drafts(world) == []


def test_a_child_with_consents_but_without_a_label_is_not_left_out_silently(
    visitor: Callable[..., Browser], world: World
) -> None:
    page = saved(visitor(Role.PUPIL), title="Một clip", **{"people-3-guardian": "y"})
    assert page.status == 422
    assert "Hãy ghi cách gọi, ví dụ «bạn áo đỏ»." in page.text
    assert drafts(world) == []


def test_a_blank_row_counts_for_nobody(visitor: Callable[..., Browser], world: World) -> None:
    row = {"people-0-label": " ", "people-0-scope": "public", "people-0-evidence": ""}
    assert saved(visitor(Role.PUPIL), title="Một clip", **row).status == 302
    assert labels(world) == []


def test_too_many_children_are_refused_and_not_cut_off(
    visitor: Callable[..., Browser], world: World
) -> None:
    rows = {f"people-{i}-label": f"bạn số {i}" for i in range(41)}
    page = saved(visitor(Role.PUPIL), title="Một clip", **rows)
    assert page.status == 422
    assert "Nhiều nhất 40 người." in page.text
    assert drafts(world) == []


def test_names_are_cleaned_on_the_way_in(visitor: Callable[..., Browser], world: World) -> None:
    hostile = {
        "title": unicodedata.normalize("NFD", "Mật khẩu") + "\u202e\u200b\x07 của  em",
        "summary": "một\u2066\u0000hai" + "a" + "\u0301" * 30,
        "people-0-label": unicodedata.normalize("NFD", "bạn áo đỏ") + "\u200f\u00ad",
        "people-0-guardian": "y",
        "people-0-evidence": "tủ\u202e hồ\x1b sơ",
    }
    assert saved(visitor(Role.PUPIL), **hostile).status == 302
    (clip,) = drafts(world)
    assert clip.title == "Mật khẩu của em"
    assert clip.summary.startswith("mộthai")
    assert sum(unicodedata.combining(c) > 0 for c in clip.summary) <= 5
    assert labels(world) == ["bạn áo đỏ"]
    with world.read() as session:
        assert list(session.scalars(select(Consent.evidence))) == ["tủ hồ sơ"]


def test_extra_fields_change_nothing(visitor: Callable[..., Browser], world: World) -> None:
    """Mass assignment: what the form does not have is nobody's to set."""
    extra = {
        "state": "approved",
        "owner_id": world.person(Role.TEACHER).id,
        "school_id": world.another_school().id,
        "credit": "Nguyễn Văn A",
        "version": "99",
        "published_at": "2026-01-01",
    }
    assert saved(visitor(Role.PUPIL), title="Một clip", **extra).status == 302
    (clip,) = drafts(world)
    pupil = world.person(Role.PUPIL)
    assert (clip.state, clip.owner_id, clip.school_id) == ("draft", pupil.id, pupil.school_id)
    assert (clip.credit, clip.version, clip.published_at) == ("Lớp 7A", 1, None)


def test_the_class_can_be_left_out_of_the_credit(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.PUPIL)
    page = person.follow(saved(person, title="Một clip", hide_credit="y"))
    assert [clip.credit for clip in drafts(world)] == [""]
    assert ("hide_credit", "y") in page.form("/submit").fields


def test_somebody_elses_draft_is_not_there(visitor: Callable[..., Browser], world: World) -> None:
    theirs = world.clip(State.DRAFT, owner=world.account(Role.PUPIL))
    handed_in = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    for clip_id in (theirs, handed_in, "no-such-clip"):
        assert person.get(f"/submit?clip={clip_id}").status == 404
        assert person.post("/submit", {"clip": clip_id, "title": "Của tôi"}).status == 404
        assert person.post(f"/submit/{clip_id}/delete").status == 404
    assert {c.title for c in drafts(world)} == {"Không chia sẻ mật khẩu"}


def test_a_draft_is_thrown_away(visitor: Callable[..., Browser], world: World) -> None:
    person = visitor(Role.PUPIL)
    clip_id = world.clip(State.DRAFT, owner=world.person(Role.PUPIL))
    page = person.get(f"/submit?clip={clip_id}")
    after = person.follow(person.send(page, f"/submit/{clip_id}/delete"))
    assert "Đã xóa bản nháp." in after.text
    assert drafts(world) == []


def test_without_javascript_the_page_says_what_is_missing(visitor: Callable[..., Browser]) -> None:
    page = visitor(Role.PUPIL).get("/submit")
    assert "Trang này cần JavaScript để gửi tệp." in page.source.partition("<noscript>")[2]
