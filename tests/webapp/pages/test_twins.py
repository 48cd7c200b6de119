"""A held clip and its twin: everything that others can ask for is the same, to the byte.

Three twins. To its owner and to an administrator a held clip is one in review. To the staff there
is no such clip: the twin is a school in which it never was. To the public a clip that was
published is one that the office withdrew.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from review import casework, decisions
from review.policy import Role
from review.states import Action, State
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from storage_config.settings import load
from tests.webapp.conftest import Bell, Caller
from tests.webapp.pages.conftest import Browser
from tests.world import World
from webapp.app import create_app
from webapp.security import limiter

PAGES = (
    "/",
    "/clips",
    "/clips?of=class",
    "/clips/{id}",
    "/clips/{id}/progress?seen=in_review",
    "/clips/{id}/captions/vi",
    "/clips/{id}/redact",
    "/clips/{id}/details",
    "/notices",
    "/review",
    "/review/next",
    "/review/{id}",
    "/review/{id}/signals",
    "/library",
    "/library/{id}",
    "/library/{id}/report",
    "/embed/{id}",
    "/reports",
    "/library?q=mật+khẩu",
    "/media/{id}/proxy.mp4",
    "/media/{id}/poster.jpg",
    "/safeguarding",
    "/safeguarding/{id}",
    "/safeguarding/{id}/sheet",
    "/admin",
    "/admin/jobs",
    "/admin/jobs?state=failed",
    "/admin/quotas",
    "/admin/audit",
    "/admin/audit?clip={id}",
    "/admin/audit?action=escalate",
    "/admin/audit?action=reject",
    "/admin/audit/export.csv",
    "/admin/audit/export.json",
    "/metrics",
)
CALLS = (
    "/api/v1/clips",
    "/api/v1/clips/{id}",
    "/api/v1/clips/{id}/people",
    "/api/v1/review/queue",
    "/api/v1/jobs",
    "/feed/v1/changes",
    "/feed/v1/snapshot",
    "/feed/v1/clips/{id}",
)
NOTHING = "01m00000000000000000000000"
_DULL = (
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"01[0-9a-z]{24}", "ID"),
    (r"\d{4}-\d\d-\d\d[T ][\d:]+(\.\d+)?(Z|[+-]\d\d:\d\d)", "TIME"),
    (r"\d\d:\d\d, \d\d/\d\d/\d{4}", "TIME"),
    (r'(name="csrf_token" value|name="csrf-token" content|name="owner" content)="[^"]*"', "TOKEN"),
    (r'\n +content="[\w.-]{40,}"', "TOKEN"),
    (r'aria-label="Mã QR.*?</div>', "QR"),
    (r"/c/\w{4}(-\w{4}){2}|\b\w{4}(-\w{4}){2}|\b[3-9A-Z]{8}\b", "CODE"),
    (r"\b(pupil|teacher|reviewer|moderator|safeguarding|admin)-[0-9a-z]{8}\b", "NAME"),
    (r"(?m)^(# .*|lantoa_request.*)\n", ""),
    # A hold makes numbers grow as an approval of the first stage does (docs/decisions/0004).
    (r'(name="version" value|version"): ?"?\d+|name="version"\s+value="\d+"', "VERSION"),
)  # fmt: skip


def plain(text: str) -> str:
    """Without what differs between any two schools."""
    for pattern, word in _DULL:
        text = re.sub(pattern, word, text, flags=re.DOTALL)
    return text


@dataclass
class District:
    """A school with its people and its own pages. Everybody reads mail."""

    app: Flask
    world: World
    clip: str = NOTHING
    library: str = ""
    _browsers: dict[Role | None, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in Role:
            if role in (Role.WORKER, Role.SYSTEM):
                continue
            more = {} if role is Role.PUPIL else {"email": f"{role}@phong.example.vn"}
            self.world.people[role] = self.world.account(role, **more)
        _, self.library = self.world.library()

    def seen_by(self, role: Role | None) -> dict[str, Any]:
        """Path -> everything that this person is answered, pages and API."""
        account = None if role is None else self.world.person(role)
        browser = Browser(self.app, self.world, account, "vi")
        found: dict[str, Any] = {}
        for path in PAGES:
            response = browser.client.get(path.format(id=self.clip), headers=browser.headers)
            found[path] = self._answer(response)
        token = self.library if role is None else self.world.token(role)
        for call in CALLS:
            response = Caller(self.app, token)("GET", call.format(id=self.clip))
            found[call] = self._answer(response)
        return found

    def _answer(self, response: Any) -> tuple[int, str, str | None]:
        where = plain(response.location) if response.location else None
        return response.status_code, plain(response.get_data(as_text=True)), where


Make = Callable[[], District]


@pytest.fixture
def district(tmp_path: Path, migrated: Path) -> Iterator[Make]:
    """Districts that know nothing of one another."""
    made: list[Database] = []

    def make() -> District:
        folder = tmp_path / f"district-{len(made)}"
        folder.mkdir()
        shutil.copy(migrated, folder / "lantoa.sqlite3")
        settings = load({}, data=folder)
        database = Database(settings.database_url)
        made.append(database)
        app = create_app(
            settings, database=database, blobs=LocalBlobs(folder / "blobs"), doorbell=Bell()
        )
        with app.app_context():
            limiter.reset()
        return District(app, World(database))

    yield make
    for database in made:
        database.dispose()


def hold(where: District) -> None:
    """Escalated, and worked on by its officer: notes, and a hand-over."""
    where.world.decide(where.clip, Action.ESCALATE, Role.MODERATOR)
    officer = where.world.actor(Role.SAFEGUARDING)
    with where.world.write() as session:
        casework.add_note(session, where.clip, officer, "Đã gọi cô chủ nhiệm.")
        casework.hand_over(
            session, where.clip, officer, recipient="school", name="Tổ tư vấn", text="Hẹn gặp."
        )


def submitted(where: District, state: State = State.IN_REVIEW) -> District:
    where.clip = where.world.clip(state, owner=where.world.person(Role.PUPIL))
    return where


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[str]]:
    """Path -> the lines that differ, with + and -."""
    return {
        path: [
            line
            for line in difflib.ndiff(_lines(one[path]), _lines(other[path]))
            if line[0] in "+-"
        ]
        for path in one
        if one[path] != other[path]
    }


def _lines(answer: tuple[int, str, str | None]) -> list[str]:
    status, text, where = answer
    return [f"{status} {where}", *text.splitlines()]


def compared(
    held: District, twin: District, roles: Sequence[Role | None]
) -> dict[Role | None, dict[str, list[str]]]:
    """Role -> what differs for it; nothing for nobody means: twins."""
    found = {who: differences(held.seen_by(who), twin.seen_by(who)) for who in roles}
    return {who: lines for who, lines in found.items() if lines}


def test_to_owner_and_administrator_it_is_in_review(district: Make) -> None:
    held, twin = submitted(district()), submitted(district())
    hold(held)
    assert compared(held, twin, [Role.PUPIL, Role.ADMIN]) == {}
    assert twin.seen_by(Role.PUPIL)["/clips/{id}"][0] == 200
    assert twin.seen_by(Role.ADMIN)["/admin/audit?clip={id}"][0] == 200


# What is counted whatever became of it says nothing of a hold: see test_health.py.
COUNTED = "/metrics"


def test_to_all_others_it_never_was(district: Make) -> None:
    """Somebody else's clip is there in both, so that lists, counts and exports have something."""
    held, twin = district(), district()
    for where in (held, twin):
        submitted(where, State.IN_REVIEW)
    submitted(held)
    twin.clip = NOTHING
    hold(held)
    found = compared(held, twin, [Role.TEACHER, Role.REVIEWER, Role.MODERATOR, None])
    assert {path for lines in found.values() for path in lines} <= {COUNTED}


def test_to_the_public_the_office_withdrew_it(district: Make) -> None:
    held, twin = submitted(district(), State.PUBLISHED), submitted(district(), State.PUBLISHED)
    hold(held)
    twin.world.withdraw(twin.clip, "office")
    found = differences(held.seen_by(None), twin.seen_by(None))
    found.pop(COUNTED, None)
    assert found == {}
    assert twin.seen_by(None)["/feed/v1/clips/{id}"][0] == 410


OTHERS = (Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.ADMIN, None)


def test_released_nothing_is_left_of_it(district: Make) -> None:
    held, twin = submitted(district()), submitted(district())
    hold(held)
    officer, version = held.world.actor(Role.SAFEGUARDING), held.world.get(held.clip).version
    with held.world.write() as session:
        decisions.release_hold(session, held.clip, officer, version)
    assert compared(held, twin, OTHERS) == {}


def test_rejected_by_its_officer_a_moderator_did_it(district: Make) -> None:
    held, twin = submitted(district()), submitted(district())
    hold(held)
    held.world.decide(held.clip, Action.REJECT, Role.SAFEGUARDING)
    twin.world.decide(twin.clip, Action.REJECT, Role.MODERATOR)
    found = compared(held, twin, OTHERS)
    # An officer has no name there, a moderator has: everything else is the same.
    told = [lines for paths in found.values() for lines in paths.values()]
    assert [lines for lines in told if not _names_alone(lines)] == []


def _names_alone(lines: list[str]) -> bool:
    """Whether the one page has a moderator's name where the other has the role's."""
    names = r"moderator|Người kiểm duyệt của Phòng|</?span[^>]*>|[\s()]"
    sides = ["".join(line[2:] for line in lines if line[0] == side) for side in "+-"]
    return re.sub(names, "", sides[0]) == re.sub(names, "", sides[1])
