"""The demo: one invented school with one account for each role (two reviewers), and a
library.

Safe to repeat: what was given out before and still works is given out again.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import accounts, clock
from review.errors import WrongPassword
from review.models import Account, Library, School, SchoolClass
from review.policy import Role

FILE = "demo.json"
SCHOOL, SCHOOL_LEVEL, CLASS = "Trường THCS Hoa Sen", "lower_secondary", "Lớp 7A"
LIBRARY = "Thư viện mẫu"
_LETTERS = "acdefghjkmnpqrtwxy3479"  # read from the screen, typed on a phone


@dataclass(frozen=True, slots=True)
class Person:
    role: Role
    username: str
    label: str
    at_school: bool
    second: bool = False  # of the role: whoever hides something in a clip does not approve it

    @property
    def key(self) -> str:
        return f"{self.role}2" if self.second else str(self.role)


PEOPLE = (
    Person(Role.TEACHER, "giaovien", "Giáo viên lớp 7A", at_school=True),
    Person(Role.REVIEWER, "nguoiduyet", "Người duyệt của trường", at_school=True),
    Person(
        Role.REVIEWER, "nguoiduyet2", "Người duyệt thứ hai của trường", at_school=True, second=True
    ),
    Person(Role.MODERATOR, "kiemduyet", "Người kiểm duyệt của Phòng", at_school=False),
    Person(Role.SAFEGUARDING, "baovetre", "Người phụ trách bảo vệ trẻ em", at_school=False),
    Person(Role.ADMIN, "quantri", "Người quản trị", at_school=False),
)


def seed(session: Session, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Make what is missing; ``kept``: the answer of an earlier call, or nothing.

    Returns ``{"accounts": {role (or "reviewer2"): {"username", "password", "token"}},
    "library": {"token"}, "class_code"}``. Passwords and tokens of ``kept`` that no longer work are
    replaced.
    """
    school = _school(session)
    group = _school_class(session, school)
    people = _part(kept, "accounts")
    return {
        "accounts": {
            p.key: _account(session, p, school, group, _part(people, p.key)) for p in PEOPLE
        },
        "library": {"token": _library_token(session, _part(kept, "library").get("token"))},
        "class_code": group.code,
    }


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def _school(session: Session) -> School:
    found = session.scalar(select(School).where(School.name == SCHOOL))
    return found or accounts.add_school(session, SCHOOL, SCHOOL_LEVEL)


def _school_class(session: Session, school: School) -> SchoolClass:
    mine = SchoolClass.school_id == school.id, SchoolClass.name == CLASS
    found = session.scalar(select(SchoolClass).where(*mine).limit(1))
    if found is None:
        return accounts.add_class(session, school.id, CLASS)
    if found.code_ends_at is not None and found.code_ends_at <= clock.now(session):
        return accounts.renew_class_code(session, found.id)
    return found


def _account(
    session: Session, person: Person, school: School, group: SchoolClass, kept: Mapping[str, Any]
) -> dict[str, str]:
    password = str(kept.get("password") or new_password())
    row = session.scalar(select(Account).where(Account.username == person.username))
    if row is None:
        row = accounts.add_account(
            session,
            username=person.username,
            password=password,
            role=person.role,
            label=person.label,
            school_id=school.id if person.at_school else None,
            class_id=group.id if person.role is Role.TEACHER else None,
        )
    elif not _works(session, person.username, password):
        row.active = True
        accounts.set_password(session, row.id, password)
    token = kept.get("token")
    if not _belongs(session, token, row.id):
        accounts.revoke_tokens(session, account_id=row.id)
        token = accounts.add_token(session, account_id=row.id, label="demo")
    return {"username": person.username, "password": password, "token": str(token)}


def _works(session: Session, username: str, password: str) -> bool:
    try:
        accounts.sign_in(session, username, password)
    except WrongPassword:
        return False
    return True


def _belongs(session: Session, token: object, owner_id: str) -> bool:
    owner = accounts.token_owner(session, token) if isinstance(token, str) else None
    return owner is not None and owner.id == owner_id


def _library_token(session: Session, token: object) -> str:
    row = session.scalar(select(Library).where(Library.name == LIBRARY))
    row = row or accounts.add_library(session, LIBRARY)
    if isinstance(token, str) and _belongs(session, token, row.id):
        return token
    accounts.revoke_tokens(session, library_id=row.id)
    return accounts.add_token(session, library_id=row.id, label="demo")


def new_password() -> str:
    """Twelve letters in threes: 53 bits, easy to read out."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return "-".join(letters[i : i + 3] for i in range(0, 12, 3))


def nobody_yet(session: Session) -> bool:
    """Whether this installation has no account at all: only then a start may add the demo."""
    return session.scalar(select(Account.id).limit(1)) is None


def read_kept(data: Path) -> dict[str, Any]:
    """What the demo gave out last; empty when the file is gone or no longer readable."""
    try:
        value = json.loads((data / FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def keep(data: Path, given: Mapping[str, Any]) -> None:
    """Write ``demo.json``, for its owner's eyes only, whole or not at all."""
    data.mkdir(parents=True, exist_ok=True)
    scratch = data / f".{FILE}.{os.getpid()}"
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(given, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(data / FILE)
