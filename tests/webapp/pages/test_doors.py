"""Who may open which page: one table for every page and every role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from review import accounts, batch, checklist
from review.captions.languages import LANGUAGES
from review.consent import Scope
from review.models import Account, Campaign, Library, Notice
from review.policy import Role
from review.states import State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

WHO = (
    None,
    Role.PUPIL,
    Role.TEACHER,
    Role.REVIEWER,
    Role.MODERATOR,
    Role.SAFEGUARDING,
    Role.ADMIN,
)
IN = "sign-in"  # sent to the sign-in page, and back again after it

# Path -> what (nobody, pupil, teacher, reviewer, moderator, safeguarding, admin) gets. The pupil
# owns the clips, the teacher and the reviewer are of the pupil's school.
TABLE: dict[str, tuple[int | str, ...]] = {
    "/": (200, 200, 200, 200, 200, 200, 200),
    "/sign-in": (200, 200, 200, 200, 200, 200, 200),
    "/join": (200, 200, 200, 200, 200, 200, 200),
    "/c": (200, 200, 200, 200, 200, 200, 200),
    "/c/acde-3467-fghj": (404, 404, 404, 404, 404, 404, 404),
    "/library": (200, 200, 200, 200, 200, 200, 200),
    "/library/{published}": (200, 200, 200, 200, 200, 200, 200),
    "/library/{for_school}": (404, 200, 200, 200, 404, 404, 404),
    "/library/{withdrawn}": (410, 410, 410, 410, 410, 410, 410),
    "/library/{withdrawn_for_school}": (404, 410, 410, 410, 404, 404, 404),
    "/library/{in_review}": (404, 404, 404, 404, 404, 404, 404),
    "/library/{held}": (404, 404, 404, 404, 404, 404, 404),
    "/library/suggest": (200, 200, 200, 200, 200, 200, 200),
    "/library/{published}/poster": (200, 200, 200, 200, 200, 200, 200),
    "/library/{for_school}/poster": (404, 200, 200, 200, 404, 404, 404),
    "/library/{withdrawn}/poster": (410, 410, 410, 410, 410, 410, 410),
    "/library/{held}/poster": (404, 404, 404, 404, 404, 404, 404),
    "/library/{published}/report": (200, 200, 200, 200, 200, 200, 200),
    "/library/{for_school}/report": (404, 200, 200, 200, 404, 404, 404),
    "/library/{withdrawn}/report": (410, 410, 410, 410, 410, 410, 410),
    "/library/{held}/report": (404, 404, 404, 404, 404, 404, 404),
    "/library/reported": (200, 200, 200, 200, 200, 200, 200),
    "/embed/{published}": (200, 200, 200, 200, 200, 200, 200),
    "/embed/{for_school}": (404, 404, 404, 404, 404, 404, 404),
    "/embed/{withdrawn}": (410, 410, 410, 410, 410, 410, 410),
    "/embed/{held}": (404, 404, 404, 404, 404, 404, 404),
    "/reports": (IN, 403, 403, 403, 200, 403, 403),
    "/library/no-such-clip": (404, 404, 404, 404, 404, 404, 404),
    "/submit": (IN, 200, 200, 403, 403, 403, 403),
    "/submit?clip={draft}": (IN, 200, 404, 403, 403, 403, 403),
    "/submit?clip={in_review}": (IN, 404, 404, 403, 403, 403, 403),
    "/submit/me": (401, 200, 200, 200, 200, 200, 200),
    "/submit/offline?language=en": (200, 200, 200, 200, 200, 200, 200),
    "/offline?language=en": (200, 200, 200, 200, 200, 200, 200),
    "/sw.js": (200, 200, 200, 200, 200, 200, 200),
    "/clips": (IN, 200, 200, 403, 403, 403, 403),
    "/clips?of=class": (IN, 200, 200, 403, 403, 403, 403),
    "/clips/{draft}": (IN, 302, 404, 404, 404, 404, 404),
    "/clips/{in_review}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{changes_requested}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{failed}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{approved}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{held}": (IN, 200, 404, 404, 404, 200, 404),
    "/clips/{published}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{withdrawn}": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{foreign}": (IN, 404, 404, 404, 200, 404, 404),
    "/clips/{foreign_published}": (IN, 404, 404, 404, 200, 404, 404),
    "/clips/no-such-clip": (IN, 404, 404, 404, 404, 404, 404),
    "/clips/{in_review}/progress": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{held}/progress": (IN, 200, 404, 404, 404, 200, 404),
    "/clips/{foreign_published}/progress": (IN, 404, 404, 404, 200, 404, 404),
    "/clips/{in_review}/redact": (IN, 403, 200, 200, 200, 404, 404),
    "/clips/{changes_requested}/redact": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{approved}/redact": (IN, 403, 403, 403, 200, 404, 404),
    "/clips/{held}/redact": (IN, 403, 404, 404, 404, 409, 404),
    "/clips/{published}/redact": (IN, 409, 409, 409, 409, 404, 404),
    "/clips/{foreign}/redact": (IN, 404, 404, 404, 200, 404, 404),
    "/clips/{foreign_published}/redact": (IN, 404, 404, 404, 409, 404, 404),
    "/clips/{in_review}/redact/progress": (IN, 403, 200, 200, 200, 404, 404),
    "/clips/{in_review}/redact/faces": (IN, 403, 200, 200, 200, 404, 404),
    "/clips/{published}/details": (IN, 403, 403, 403, 200, 403, 403),
    "/clips/{held}/details": (IN, 403, 403, 403, 404, 403, 403),
    "/clips/{in_review}/captions/vi": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{changes_requested}/captions/vi": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{failed}/captions/vi": (IN, 409, 409, 409, 409, 404, 404),
    "/clips/{approved}/captions/vi": (IN, 403, 403, 403, 200, 404, 404),
    "/clips/{published}/captions/vi": (IN, 403, 403, 403, 200, 404, 404),
    "/clips/{held}/captions/vi": (IN, 200, 404, 404, 404, 403, 404),
    "/clips/{foreign_published}/captions/vi": (IN, 404, 404, 404, 200, 404, 404),
    "/clips/{in_review}/captions/vi/listening": (IN, 200, 200, 200, 200, 404, 404),
    "/clips/{held}/captions/vi/listening": (IN, 200, 404, 404, 404, 403, 404),
    "/classes": (IN, 403, 302, 403, 403, 403, 200),
    "/classes/{group}": (IN, 403, 200, 403, 403, 403, 200),
    "/classes/{group}/card": (IN, 403, 200, 403, 403, 403, 200),
    "/classes/{group}/card?as=poster": (IN, 403, 200, 403, 403, 403, 200),
    "/classes/{foreign_group}": (IN, 403, 404, 403, 403, 403, 200),
    "/classes/{foreign_group}/card": (IN, 403, 404, 403, 403, 403, 200),
    "/classes/no-such-class": (IN, 403, 404, 403, 403, 403, 404),
    "/manifest": (IN, 403, 200, 403, 403, 403, 403),
    "/manifest/template.csv": (IN, 403, 200, 403, 403, 403, 403),
    "/review": (IN, 403, 403, 200, 200, 403, 403),
    "/review/next": (IN, 403, 403, 302, 302, 403, 403),
    "/review/{in_review}": (IN, 403, 403, 200, 200, 404, 403),
    "/review/{draft}": (IN, 403, 403, 404, 404, 404, 403),
    "/review/{held}": (IN, 403, 403, 404, 404, 200, 403),
    "/review/{published}": (IN, 403, 403, 200, 200, 404, 403),
    "/review/{foreign}": (IN, 403, 403, 404, 200, 404, 403),
    "/review/{foreign_published}": (IN, 403, 403, 404, 200, 404, 403),
    "/review/{in_review}/signals": (IN, 403, 403, 200, 200, 404, 403),
    "/review/{held}/signals": (IN, 403, 403, 404, 404, 200, 403),
    "/review/{published}/signals": (IN, 403, 403, 200, 200, 404, 403),
    "/review/{foreign_published}/signals": (IN, 403, 403, 404, 200, 404, 403),
    "/review/{again}/compare": (IN, 403, 403, 200, 200, 403, 403),
    "/review/{in_review}/compare": (IN, 403, 403, 404, 404, 403, 403),
    "/review/{held}/compare": (IN, 403, 403, 404, 404, 403, 403),
    "/review/no-such-clip": (IN, 403, 403, 404, 404, 404, 403),
    "/review/batch": (IN, 403, 403, 200, 200, 403, 403),
    "/review/batch/{batch}": (IN, 403, 403, 404, 200, 403, 403),
    "/review/batch/no-such-batch": (IN, 403, 403, 404, 404, 403, 403),
    "/numbers": (IN, 403, 403, 200, 200, 403, 200),
    "/numbers/schools.csv": (IN, 403, 403, 200, 200, 403, 200),
    "/safeguarding": (IN, 403, 403, 403, 403, 200, 403),
    "/safeguarding/{held}": (IN, 403, 403, 403, 403, 200, 403),
    "/safeguarding/{in_review}": (IN, 403, 403, 403, 403, 404, 403),
    "/safeguarding/no-such-clip": (IN, 403, 403, 403, 403, 404, 403),
    "/safeguarding/{held}/sheet": (IN, 403, 403, 403, 403, 200, 403),
    "/safeguarding/{in_review}/sheet": (IN, 403, 403, 403, 403, 404, 403),
    "/notices": (IN, 200, 200, 200, 200, 200, 200),
    "/notices/{pupils_notice}": (IN, 302, 404, 404, 404, 404, 404),
    "/notices/{case_notice}": (IN, 404, 404, 404, 404, 302, 404),
    "/notices/no-such-notice": (IN, 404, 404, 404, 404, 404, 404),
    "/admin/audit": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/audit?from_day=31-2": (IN, 403, 403, 403, 422, 403, 422),
    "/admin/audit/export.csv": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/audit/export.json": (IN, 403, 403, 403, 200, 403, 200),
    "/admin": (IN, 403, 403, 403, 403, 403, 200),
    "/admin/quotas": (IN, 403, 403, 403, 403, 403, 200),
    "/admin/reasons": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/jobs": (IN, 403, 403, 403, 403, 403, 200),
    "/admin/jobs?state=failed": (IN, 403, 403, 403, 403, 403, 200),
    "/admin/campaigns": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/campaigns/new": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/campaigns/{campaign}": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/campaigns/no-such-campaign": (IN, 403, 403, 403, 404, 403, 404),
    "/admin/campaigns/{campaign}/decisions": (IN, 403, 403, 403, 200, 403, 403),
    "/admin/libraries/{library}": (IN, 403, 403, 403, 403, 403, 200),
    "/admin/libraries/no-such-library": (IN, 403, 403, 403, 403, 403, 404),
    "/admin/takedowns": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/takedowns/{withdrawn}": (IN, 403, 403, 403, 200, 403, 200),
    "/admin/takedowns/{published}": (IN, 403, 403, 403, 404, 403, 404),
    "/admin/takedowns/{held}": (IN, 403, 403, 403, 404, 403, 404),
    "/no-such-page": (404, 404, 404, 404, 404, 404, 404),
}
# Not whole pages of a person in their language: fragments, programs, what is made for nobody.
FRAGMENTS = (
    "/submit/me",
    "/sw.js",
    "/suggest",
    "language=en",
    "/progress",
    "/listening",
    "/signals",
    "/faces",
)


@pytest.fixture
def clips(world: World) -> dict[str, str]:
    """Name in the table -> id: a pupil's clips, and two of another school."""
    pupil, stranger = world.person(Role.PUPIL), _teacher_elsewhere(world)
    world.person(Role.SAFEGUARDING)
    states = ("draft", "in_review", "changes_requested", "failed", "approved", "held", "published")
    found = {name: world.clip(State(name), owner=pupil) for name in (*states, "withdrawn")}
    for_school = [world.clip(State.PUBLISHED, owner=pupil, scope=Scope.SCHOOL) for _ in range(2)]
    world.withdraw(for_school[1])
    with world.read() as session:
        told = {
            notice.kind: notice.id
            for notice in session.scalars(select(Notice).order_by(Notice.id))
            if notice.account_id == pupil.id or notice.kind == "case"
        }
    return found | {
        "pupils_notice": told["published"],
        "case_notice": told["case"],
        "for_school": for_school[0],
        "withdrawn_for_school": for_school[1],
        "again": world.again(owner=pupil),
        "foreign": world.clip(State.IN_REVIEW, owner=stranger),
        "foreign_published": _published_elsewhere(world, stranger),
        "campaign": world.campaign().id,
        "batch": _batch(world, found["in_review"]),
        "group": world.group.id,
        "library": world.library()[0].id,
        "foreign_group": _class_elsewhere(world, stranger),
    }


def _teacher_elsewhere(world: World) -> Account:
    return world.account(Role.TEACHER, school=world.another_school())


def _batch(world: World, clip_id: str) -> str:
    """The moderator's."""
    rows, moderator = [(clip_id, world.get(clip_id).version)], world.actor(Role.MODERATOR)
    with world.write() as session:
        return batch.start(session, moderator, "free_claims", None, rows).id


def _class_elsewhere(world: World, stranger: Account) -> str:
    assert stranger.school_id is not None
    with world.write() as session:
        return accounts.add_class(session, stranger.school_id, "Lớp 7A").id


def _published_elsewhere(world: World, owner: Account) -> str:
    """A published clip of another school, approved by that school's own reviewer."""
    ours = world.people.pop(Role.REVIEWER, None)
    with world.read() as session:
        school = session.get_one(type(world.school), owner.school_id)
    world.people[Role.REVIEWER] = world.account(Role.REVIEWER, school=school)
    clip_id = world.clip(State.PUBLISHED, owner=owner)
    del world.people[Role.REVIEWER]
    if ours is not None:
        world.people[Role.REVIEWER] = ours
    return clip_id


def _seen(page: Page) -> int | str:
    if page.status == 302 and page.location and page.location.startswith("/sign-in"):
        return IN
    return page.status


def test_every_page_opens_for_whom_it_is_meant_and_for_nobody_else(
    visitor: Callable[..., Browser], clips: dict[str, str]
) -> None:
    people = [visitor(who) for who in WHO]
    seen = {path: tuple(_seen(b.get(path.format(**clips))) for b in people) for path in TABLE}
    assert seen == TABLE


def test_the_table_has_every_page(app: Flask, clips: dict[str, str]) -> None:
    matching = app.url_map.bind("localhost")
    listed = {
        matching.match(path.format(**clips).partition("?")[0])[0]
        for path in TABLE
        if path != "/no-such-page"
    }
    theirs = ("uploads.", "media.", "api.", "feed.", "health.", "discovery.")
    pages = {
        str(rule.endpoint)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not str(rule.endpoint).startswith((*theirs, "static"))
    }
    assert listed == pages


def _shown(visitor: Callable[..., Browser], clips: dict[str, str], language: str) -> list[Page]:
    """Every whole page that somebody gets, refusals included."""
    pages = []
    for column, who in enumerate(WHO):
        person = visitor(who, language)
        for path, statuses in TABLE.items():
            if statuses[column] in (IN, 302) or path.endswith((*FRAGMENTS, ".csv", ".json")):
                continue
            pages.append(person.get(path.format(**clips)))
    return pages


def test_each_page_has_one_heading_a_title_and_nothing_that_the_policy_forbids(
    visitor: Callable[..., Browser], clips: dict[str, str]
) -> None:
    for page in _shown(visitor, clips, "vi"):
        assert len(page.headings) == 1, page.headings
        assert page.headings[0]
        assert page.title.endswith("· Lan Tỏa")
        assert page.title != "· Lan Tỏa"
        assert _forbidden(page) == []
        assert _unlabelled(page) == []
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert sorted(set(ids), key=str) == sorted(ids, key=str), page.title
        assert page.all("html") == [{"lang": "vi"}]


def _forbidden(page: Page) -> list[object]:
    """Scripts and styles of the page itself: the content policy has no unsafe-inline. No browser
    runs what is data by its type."""
    scripts = [a for a in page.all("script") if "src" not in a]
    data = ("application/json", "application/ld+json")
    inline = [a for a in scripts if a.get("type") not in data]
    handlers = [(tag, n) for tag, a in page.tags for n in a if n.startswith("on") or n == "style"]
    urls = [a["href"] for _, a in page.tags if (a.get("href") or "").startswith("javascript")]
    return [*inline, *page.all("style"), *handlers, *urls]


def _unlabelled(page: Page) -> list[object]:
    """Fields and pictures that a screen reader could only guess at."""
    labelled = {a.get("for") for a in page.all("label")}
    fields = [a for t in ("input", "select", "textarea") for a in page.all(t)]
    told = [a for a in fields if a.get("type") not in ("hidden", "checkbox", "radio")]
    return [
        *(a for a in told if a.get("id") not in labelled and "aria-label" not in a),
        *(a for a in page.all("img") if "alt" not in a),
    ]


def test_in_english_no_vietnamese_is_left(
    visitor: Callable[..., Browser], clips: dict[str, str], world: World
) -> None:
    with world.write() as session:
        for account in world.people.values():
            session.get_one(Account, account.id).label = "Somebody"
        session.get_one(Library, clips["library"]).name = "Some library"
        session.get_one(Campaign, clips["campaign"]).title = "Some campaign"
    names = ("Không chia sẻ mật khẩu", "Lan Tỏa", "Tiếng Việt", "Trường THCS", "Lớp 7A")
    names += ("Phòng Giáo dục và Đào tạo",)  # as the settings have it
    # Languages are called as their speakers call them.
    names += tuple(name for name in LANGUAGES.values() if not name.isascii())
    # Content, which a campaign may have otherwise.
    names += tuple(item["label"] for item in checklist.DEFAULT)
    quoted = (*names, "bảng tên ở áo", "lớp 7A", "Học sinh")
    for page in _shown(visitor, clips, "en"):
        text = f"{page.title} {page.text}"
        for name in quoted:
            text = text.replace(name, "")
        assert [w for w in re.findall(r"\w+", text) if not w.isascii()] == [], page.title


def test_a_signed_out_person_comes_back_to_the_page_after_signing_in(
    visitor: Callable[..., Browser], world: World
) -> None:
    teacher = world.person(Role.TEACHER)
    person = visitor(None)
    sent = person.get("/clips?of=class")
    assert sent.location == "/sign-in?next=/clips?of%3Dclass"
    form = person.follow(sent)
    done = person.send(form, "/sign-in", username=teacher.username, password="mat-khau-de-thu")
    assert (done.status, done.location) == (302, "/clips?of=class")
    assert person.follow(done).headings == ["Clip của lớp"]


def test_a_switched_off_account_is_signed_out_at_once(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.TEACHER)
    assert person.get("/clips").status == 200
    teacher = world.person(Role.TEACHER)
    with world.write() as session:
        session.get_one(Account, teacher.id).active = False
    assert _seen(person.get("/clips")) == IN


def test_a_session_ends_with_sign_out_even_for_a_copied_cookie(
    visitor: Callable[..., Browser], app: Flask
) -> None:
    person = visitor(Role.TEACHER)
    with person.client.session_transaction() as session:
        secret = session["_user_id"]
    home = person.get("/")
    assert person.follow(person.send(home, "/sign-out")).text.count("Bạn đã đăng xuất.") == 1
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"] = secret
    assert thief.get("/clips").status_code == 302


def test_a_new_password_ends_every_session(visitor: Callable[..., Browser], world: World) -> None:
    person = visitor(Role.TEACHER)
    teacher = world.person(Role.TEACHER)
    with world.write() as session:
        accounts.set_password(session, teacher.id, "mot-mat-khau-khac")
    assert _seen(person.get("/clips")) == IN
