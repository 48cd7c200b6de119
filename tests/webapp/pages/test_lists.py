"""Lists: what they cost, what they say when they are empty, and how one goes on reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from review import jobs, search, uploads
from review.models import Account
from review.policy import Role
from review.states import Action, State
from storage_config.settings import Settings
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.test_classes import decoded
from tests.world import World

Visitor = Callable[..., Browser]

EMPTY: dict[str, tuple[Role | None, str, str | None]] = {
    # Path -> who sees it, what it says, and where the way on leads.
    "/": (Role.PUPIL, "Clip đầu tiên sẽ hiện ở đây ngay khi gửi.", "/submit"),
    "/clips": (Role.PUPIL, "Quay một clip ngắn về một điều hay, rồi gửi ở đây.", "/submit"),
    "/clips?of=class": (Role.TEACHER, "Đưa mã lớp cho học sinh", "/"),
    "/review": (Role.REVIEWER, "Tải lại trang để xem.", "/review"),
    "/safeguarding": (Role.SAFEGUARDING, "Không có clip nào được chuyển đến", "/safeguarding"),
    "/library": (None, "Clip đầu tiên được duyệt sẽ hiện ở đây.", "/join"),
    "/library?q=khong+co": (None, "Thử từ khác, hoặc bỏ bớt điều kiện.", "/library"),
    "/notices": (Role.TEACHER, "Khi có điều gì xảy ra với clip của bạn, tin hiện ở đây.", None),
    "/admin/audit": (Role.MODERATOR, "Khi có người làm gì với một clip", None),
    "/admin/jobs": (Role.ADMIN, "Khi có clip được gửi, việc xử lý hiện ở đây.", None),
}


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_list_says_what_to_do(visitor: Visitor, path: str) -> None:
    who, sentence, way_on = EMPTY[path]
    page = visitor(who).get(path)
    assert sentence in page.text
    assert way_on is None or way_on in page.links


def test_the_library_offers_to_send_only_where_one_may(visitor: Visitor) -> None:
    assert "/submit" in visitor(Role.PUPIL).get("/library").links
    links = visitor(Role.REVIEWER).get("/library").links
    assert [link for link in links if link in ("/submit", "/join")] == []


def _in_review(world: World, count: int) -> None:
    for _ in range(count):
        world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))


def _published(world: World, count: int) -> None:
    for _ in range(count):
        world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))


def _held(world: World, count: int) -> None:
    for _ in range(count):
        world.clip(State.HELD, owner=world.person(Role.PUPIL))


@pytest.mark.parametrize(
    ("path", "role", "make", "sign"),
    [
        ("/clips", Role.PUPIL, _in_review, "/clips/0"),
        ("/clips?of=class", Role.TEACHER, _in_review, "/clips/0"),
        ("/review", Role.REVIEWER, _in_review, "/review/0"),
        ("/safeguarding", Role.SAFEGUARDING, _held, "/safeguarding/0"),
        ("/library", None, _published, "/library/0"),
        ("/admin/jobs", Role.ADMIN, _in_review, None),
        ("/", Role.PUPIL, _in_review, "/clips/0"),
        ("/", Role.REVIEWER, _in_review, None),
        ("/", Role.SAFEGUARDING, _held, None),
        ("/admin", Role.ADMIN, _in_review, None),
        ("/notices", Role.PUPIL, _in_review, "/notices/0"),
        ("/admin/audit", Role.MODERATOR, _in_review, None),
    ],
)
def test_a_list_costs_no_more_queries_with_more_rows(
    visitor: Visitor,
    world: World,
    counted: Callable[[], Any],
    path: str,
    role: Role | None,
    make: Callable[[World, int], None],
    sign: str | None,
) -> None:
    person = visitor(role)
    make(world, 2)
    with counted() as few:
        page = person.get(path)
    make(world, 28)
    with counted() as many:
        longer = person.get(path)
    assert (page.status, longer.status) == (200, 200)
    assert many.statements == few.statements
    if sign is not None:
        rows = [len([a for a in p.links if a.startswith(sign)]) for p in (page, longer)]
        assert rows[0] == 2
        assert rows[1] > rows[0]


def test_one_reads_on_to_the_end_and_back(visitor: Visitor, world: World) -> None:
    _in_review(world, 23)
    person = visitor(Role.PUPIL)
    first = person.get("/clips")
    (way_on,) = [link for link in first.links if "cursor=" in link]
    second = person.get(way_on)
    seen = [[a for a in p.links if a.startswith("/clips/0")] for p in (first, second)]
    assert [len(rows) for rows in seen] == [20, 3]
    assert not set(seen[0]) & set(seen[1])
    assert [link for link in second.links if "cursor=" in link] == []
    assert "Về đầu danh sách" in second.text


def test_the_class_list_has_the_pupils_clips_and_not_the_own_ones(
    visitor: Visitor, world: World
) -> None:
    world.clip(State.IN_REVIEW, owner=world.person(Role.TEACHER), title="Của cô")
    world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL), title="Của em")
    world.clip(State.DRAFT, owner=world.person(Role.PUPIL), title="Bản nháp của em")
    elsewhere = world.account(Role.TEACHER, school=world.another_school())
    world.clip(State.IN_REVIEW, owner=elsewhere, title="Của trường khác")
    person = visitor(Role.TEACHER)
    titles = ("Của cô", "Của em", "Bản nháp của em", "Của trường khác")
    lists = {path: person.get(path).text for path in ("/clips", "/clips?of=class")}
    assert {p: [t for t in titles if t in text] for p, text in lists.items()} == {
        "/clips": ["Của cô"],
        "/clips?of=class": ["Của em"],
    }


def test_the_library_finds_by_topic_and_by_words(visitor: Visitor, world: World) -> None:
    passwords = world.clip(State.PUBLISHED, title="Giữ kín mật khẩu")
    with world.write() as session:
        row = session.get_one(type(world.get(passwords)), passwords)
        row.topics, row.summary = ["safe_networks"], "Ba mẹo nhỏ"
        search.follow(session, row)
    world.clip(State.PUBLISHED, title="Chào hỏi qua màn hình")
    person = visitor(None)

    def found(query: str) -> list[str]:
        return [a for a in person.get(f"/library{query}").links if a.startswith("/library/0")]

    assert len(found("")) == 2
    one = [f"/library/{passwords}"]
    assert found("?topic=safe_networks") == one
    assert found("?q=mật+khẩu") == one
    assert found("?q=m%C3%A2%CC%A3t+kha%CC%82%CC%89u") == one  # as a Mac types it: NFD
    assert found("?q=mẹo&topic=safe_networks") == one
    assert found("?q=mẹo&topic=conduct") == []
    assert found("?q=%25") == []
    assert found("?q=meo+nho&level=primary") == []
    near = person.get("/library?q=mat+khau+wifi")
    assert "Không có clip nào có đủ các từ này" in near.text
    assert one[0] in near.links
    told = person.client.get("/library/suggest?q=mat+kh").json
    assert told == [{"title": "Giữ kín mật khẩu", "url": one[0]}]
    assert person.client.get("/library/suggest").json == []


def test_a_sheet_for_the_wall_opens_the_clip(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, title="Giữ kín mật khẩu")
    person = visitor(None)
    page = person.get(f"/library/{clip_id}")
    assert f"/library/{clip_id}/poster" in page.links
    sheet = person.get(f"/library/{clip_id}/poster")
    assert decoded(sheet.source) == [f"http://localhost/library/{clip_id}"]
    assert "Giữ kín mật khẩu" in sheet.text
    world.withdraw(clip_id)
    assert person.get(f"/library/{clip_id}/poster").status == 410


def test_without_javascript_the_library_plays(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    page = visitor(None).get(f"/library/{clip_id}")
    assert page.all("source") == [{"src": f"/media/{clip_id}/mp4/360p.mp4", "type": "video/mp4"}]
    (video,) = page.all("video")
    assert "controls" in video
    assert video["data-hls"] == f"/media/{clip_id}/hls/master.m3u8"
    assert f"/media/{clip_id}/mp4/360p.mp4?download=1" in page.links


def test_jobs_are_listed_by_state_and_a_failed_one_is_tried_again(
    visitor: Visitor, world: World
) -> None:
    failed = world.clip(State.FAILED)
    fine = world.clip(State.PUBLISHED)
    person = visitor(Role.ADMIN)
    page = person.get("/admin/jobs?state=failed")
    assert failed in page.text
    assert fine not in page.text
    assert "Bộ xử lý video dừng giữa chừng." in page.text
    assert "1 việc xử lý không thành." in person.get("/admin").text
    (retry,) = [f.action for f in page.forms if f.action.endswith("/retry")]
    after = person.follow(person.send(page, retry))
    assert "Việc đã được xếp lại vào hàng." in after.text
    assert world.get(failed).state == "processing"
    with world.read() as session:
        assert jobs.get(session, retry.split("/")[3]).state == "failed"
    assert person.post("/admin/jobs/no-such-job/retry").status == 404


def test_what_was_reported_is_not_what_waits(visitor: Visitor, world: World) -> None:
    """Two numbers on a moderator's first page, one in the frame."""
    world.clip(State.IN_REVIEW, stage=1)
    world.clip(State.IN_REVIEW, stage=1)
    page = visitor(Role.MODERATOR).get("/")
    assert "2 clip đang chờ." in page.text
    assert "Bị báo cáo" in page.text
    assert "Bị báo cáo (" not in page.text


def test_a_rejected_clip_leaves_the_queue(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, title="Sẽ bị trả")
    person = visitor(Role.REVIEWER)
    assert "1 clip đang chờ." in person.get("/").text
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    assert "Sẽ bị trả" not in person.get("/review").text
    assert "Không có clip nào chờ bạn." in person.get("/").text


def test_a_draft_whose_file_is_on_its_way_says_how_far_it_is(
    visitor: Visitor, world: World, settings: Settings
) -> None:
    pupil = world.person(Role.PUPIL)
    clip_id, other_id = (world.clip(State.DRAFT, owner=pupil) for _ in range(2))
    with world.write() as session:
        owner = session.get_one(Account, pupil.id)
        announced = {"hours": 24, "name": "clip.mp4", "length": 3 * 2**20}
        upload = uploads.register_upload(session, owner, clip_id=clip_id, **announced)
    folder = settings.data / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{upload.id}.part").write_bytes(bytes(2**19))
    for path in ("/", "/clips"):
        page = visitor(Role.PUPIL).get(path)
        assert page.text.count("còn gửi dở: 512 KB / 3 MB") == 1
        assert {f"/clips/{clip_id}", f"/clips/{other_id}"} <= set(page.links)


@pytest.mark.parametrize(
    ("path", "item"),
    [("/classes/{group}", "Mã lớp"), ("/manifest", "Gửi clip")],
)
def test_the_navigation_says_where_a_teacher_is(
    visitor: Visitor, world: World, path: str, item: str
) -> None:
    source = visitor(Role.TEACHER).get(path.format(group=world.group.id)).source
    (nav,) = re.findall(r'<nav class="nav".*?</nav>', source, re.DOTALL)
    assert re.findall(r'aria-current="(?:page|true)">([^<]*)</a>', nav) == [item]
    assert "Mã lớp" in nav
    assert "wide" not in nav  # on a phone, too
