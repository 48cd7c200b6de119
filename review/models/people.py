"""Schools, classes, the people with accounts, and the programs with tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class School(Base):
    __tablename__ = "schools"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    level: Mapped[str]  # kindergarten | primary | lower_secondary | other
    # Instead of the settings' quotas; 0: none.
    quota_mb: Mapped[int | None]
    quota_clips: Mapped[int | None]
    counselling: Mapped[str | None]  # whom its pupils can talk to; none: what the settings say
    created_at: Mapped[datetime]


class SchoolClass(Base):
    __tablename__ = "classes"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    school_id: Mapped[str] = mapped_column(ForeignKey("schools.id"), index=True)
    name: Mapped[str]  # "Lớp 7A": also the credit line of its pupils' clips
    code: Mapped[str] = mapped_column(unique=True)  # pupils type it; upper case, no look-alikes
    code_ends_at: Mapped[datetime | None]
    quota_mb: Mapped[int | None]
    quota_clips: Mapped[int | None]
    code_since: Mapped[datetime | None]  # None: since the class is
    code_stopped_at: Mapped[datetime | None]
    # The widest review.consent.Scope that a clip of its pupils may take.
    code_scope: Mapped[str] = mapped_column(default="public", server_default="public")
    code_pupils_limit: Mapped[int | None]
    code_clips_limit: Mapped[int | None]
    code_joined: Mapped[int] = mapped_column(default=0, server_default="0")  # by this very code
    created_at: Mapped[datetime]


class Account(Base):
    """A person who may sign in. A pupil's has no user name, no password and no name of a child."""

    __tablename__ = "accounts"
    __table_args__ = (Index("ix_accounts_digest", "role", "digest_day"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    role: Mapped[str]  # review.policy.Role
    label: Mapped[str]  # what pages call this person, e.g. "Học sinh lớp 7A"
    email: Mapped[str | None]  # of staff who want mail; never a pupil's
    # none | each | daily: how notices come by mail
    mail: Mapped[str] = mapped_column(default="each", server_default="each")
    digest_day: Mapped[str | None]  # the day of the last digest, "2026-11-27" in Viet Nam
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"), index=True)
    class_id: Mapped[str | None] = mapped_column(ForeignKey("classes.id"), index=True)
    locale: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class LoginSession(Base):
    """A browser that is signed in. The cookie holds the secret, the row its SHA-256."""

    __tablename__ = "login_sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    # Of one that came by a private link: it opens the link's clip and nothing else.
    link_id: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer token of an account or of a library (exactly one of them). Kept as SHA-256."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index(None, "account_id"), Index(None, "library_id"))

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    library_id: Mapped[str | None] = mapped_column(ForeignKey("libraries.id"))
    label: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
