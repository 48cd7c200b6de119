"""Accounts, their sign-in sessions and tokens, schools and classes.

Secrets are shown once and kept as hashes: argon2id for passwords, SHA-256 for random tokens.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from review import clock
from review.classcodes import default_end, new_code
from review.classcodes import join_class as join_class
from review.classcodes import renew_class_code as renew_class_code
from review.details import LEVELS
from review.errors import InvalidInput, NoSuchThing, WrongPassword
from review.models import (
    Account,
    ApiToken,
    Library,
    LoginSession,
    School,
    SchoolClass,
)
from review.notices.mail import address
from review.policy import OFFICE_ROLES, PEOPLE, Actor, Role
from review.text import Sentence, clean, one_of

MIN_PASSWORD = 10
PUPIL_SESSION = timedelta(days=180)  # a school term: a pupil has nothing else to come back with


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    """Verified for unknown names, so that the answer takes the same time."""
    return _hasher().hash(secrets.token_urlsafe())


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of(account: Account) -> Actor:
    return Actor(account.id, Role(account.role), account.school_id, account.class_id)


def sign_in(session: Session, username: str, password: str) -> Account:
    """The account, or :class:`WrongPassword` whatever was wrong."""
    account = session.scalar(select(Account).where(Account.username == sign_in_name(username)))
    known = account is not None and account.active and account.password_hash is not None
    stored = account.password_hash if known and account else _decoy()
    assert stored is not None
    try:
        _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        raise WrongPassword("wrong user name or password") from None
    if not known or account is None:
        raise WrongPassword("wrong user name or password")
    return account


def sign_in_name(text: str) -> str:
    """The name that an account is found by, however it was typed."""
    return clean(text, limit=80).casefold()


def open_session(session: Session, account: Account, hours: float) -> str:
    """Sign a browser in; returns the secret for its cookie."""
    life = PUPIL_SESSION if account.role == Role.PUPIL else timedelta(hours=hours)
    return add_session(session, account, life)


def add_session(
    session: Session, account: Account, life: timedelta, *, link_id: str | None = None
) -> str:
    """The secret of a new session; with ``link_id`` one that opens that link's clip alone."""
    secret = secrets.token_urlsafe(32)
    now = clock.now(session)
    session.add(
        LoginSession(
            token_hash=digest(secret),
            account_id=account.id,
            link_id=link_id,
            created_at=now,
            expires_at=now + life,
        )
    )
    session.flush()
    return secret


def session_account(session: Session, secret: str) -> Account | None:
    return session.scalar(
        select(Account)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(
            LoginSession.token_hash == digest(secret),
            LoginSession.link_id.is_(None),
            LoginSession.expires_at > clock.now(session),
            Account.active,
        )
    )


def close_session(session: Session, secret: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == digest(secret)))


def close_all_sessions(session: Session, account_id: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.account_id == account_id))


def expire_sessions(session: Session) -> None:
    session.execute(delete(LoginSession).where(LoginSession.expires_at < clock.now(session)))


def add_school(session: Session, name: str, level: str = "lower_secondary") -> School:
    name = clean(name, limit=120)
    if not name:
        raise InvalidInput(name="Hãy ghi tên trường.")
    if level not in LEVELS:
        raise InvalidInput(level=one_of(LEVELS))
    if session.scalar(select(School.id).where(School.name == name)):
        raise InvalidInput(name="Đã có trường tên này.")
    school = School(name=name, level=level, created_at=clock.now(session))
    session.add(school)
    session.flush()
    return school


def set_counselling(session: Session, school_id: str, text: str) -> School:
    """Whom the school's pupils can talk to, in one line; nothing: what the settings say."""
    school = session.get(School, school_id)
    if school is None:
        raise NoSuchThing(f"there is no school {school_id}")
    school.counselling = clean(text, limit=200) or None
    session.flush()
    return school


def add_class(session: Session, school_id: str, name: str) -> SchoolClass:
    name = clean(name, limit=60)
    if not name:
        raise InvalidInput(name="Hãy ghi tên lớp.")
    if session.get(School, school_id) is None:
        raise InvalidInput(school="Không có trường này.")
    same = SchoolClass.school_id == school_id, SchoolClass.name == name
    if session.scalar(select(SchoolClass.id).where(*same).limit(1)) is not None:
        raise InvalidInput(name="Trường này đã có lớp tên này.")
    now = clock.now(session)
    row = SchoolClass(
        school_id=school_id,
        name=name,
        code=new_code(),
        code_ends_at=default_end(now),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def add_account(
    session: Session,
    *,
    username: str,
    password: str,
    role: str,
    label: str,
    school_id: str | None = None,
    class_id: str | None = None,
    email: str = "",
) -> Account:
    """A person of the staff; raises :class:`InvalidInput`."""
    name = sign_in_name(username)
    _check_account(session, name, password, role, school_id)
    account = Account(
        username=name,
        password_hash=_hasher().hash(password),
        role=role,
        label=clean(label, limit=80) or name,
        email=address(email),
        school_id=None if role in OFFICE_ROLES else school_id,
        class_id=None if role in OFFICE_ROLES else class_id,
        created_at=clock.now(session),
    )
    session.add(account)
    session.flush()
    return account


def _check_account(
    session: Session, name: str, password: str, role: str, school_id: str | None
) -> None:
    errors = {}
    if not name:
        errors["username"] = "Hãy ghi tên đăng nhập."
    elif session.scalar(select(Account.id).where(Account.username == name)):
        errors["username"] = "Tên đăng nhập này đã có người dùng."
    if role not in PEOPLE or role == Role.PUPIL:
        errors["role"] = one_of(r for r in PEOPLE if r != Role.PUPIL)
    elif role not in OFFICE_ROLES and (school_id is None or session.get(School, school_id) is None):
        errors["school"] = "Vai trò này cần một trường."
    if len(password) < MIN_PASSWORD:
        errors["password"] = Sentence("Mật khẩu cần ít nhất {count} ký tự.", count=MIN_PASSWORD)
    if errors:
        raise InvalidInput(**errors)


def set_password(session: Session, account_id: str, password: str) -> None:
    """A new password ends every session of the account."""
    account = session.get(Account, account_id)
    if account is None:
        raise NoSuchThing(f"there is no account {account_id}")
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(
            password=Sentence("Mật khẩu cần ít nhất {count} ký tự.", count=MIN_PASSWORD)
        )
    account.password_hash = _hasher().hash(password)
    close_all_sessions(session, account_id)


def add_library(session: Session, name: str) -> Library:
    name = clean(name, limit=120)
    if not name:
        raise InvalidInput(name="Hãy ghi tên thư viện.")
    if session.scalar(select(Library.id).where(Library.name == name)):
        raise InvalidInput(name="Đã có thư viện tên này.")
    row = Library(name=name, created_at=clock.now(session))
    session.add(row)
    session.flush()
    return row


def add_token(
    session: Session, *, label: str, account_id: str | None = None, library_id: str | None = None
) -> str:
    """A new bearer token of an account or a library; the secret is returned once."""
    if (account_id is None) == (library_id is None):
        raise InvalidInput(owner="Mã truy cập thuộc về một tài khoản hoặc một thư viện.")
    secret = "lt_" + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            token_hash=digest(secret),
            account_id=account_id,
            library_id=library_id,
            label=clean(label, limit=80),
            created_at=clock.now(session),
        )
    )
    session.flush()
    return secret


def revoke_tokens(
    session: Session, *, account_id: str | None = None, library_id: str | None = None
) -> int:
    """End every token of the account or the library; returns how many."""
    mine = (
        ApiToken.account_id == account_id
        if account_id is not None
        else ApiToken.library_id == library_id
    )
    done = session.execute(
        update(ApiToken)
        .where(mine, ApiToken.revoked_at.is_(None))
        .values(revoked_at=clock.now(session))
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def token_owner(session: Session, secret: str) -> Account | Library | None:
    """Whose token this is, if it stands and its owner is active."""
    token = session.get(ApiToken, digest(secret))
    if token is None or token.revoked_at is not None:
        return None
    owner: Account | Library | None
    if token.account_id is not None:
        owner = session.get(Account, token.account_id)
    else:
        owner = session.get(Library, token.library_id)
    return owner if owner is not None and owner.active else None
