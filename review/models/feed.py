"""The feed's change log, and the libraries that follow it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base, BigKey


class Library(Base):
    """A library site that pulls the feed, and what of it is meant for it (:mod:`review.feed`)."""

    __tablename__ = "libraries"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    scope: Mapped[str] = mapped_column(default="library", server_default="library")
    campaigns: Mapped[list[str]] = mapped_column(default=list, server_default="[]")  # none: all
    levels: Mapped[list[str]] = mapped_column(default=list, server_default="[]")  # none: all
    # What it was shown before, each {"scope", "campaigns", "levels", "until": sequence number}.
    past_views: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    view_number: Mapped[int] = mapped_column(default=0, server_default="0")  # grows with a change
    created_at: Mapped[datetime]


class FeedHead(Base):
    """One row: the last sequence number. Its lock is held until commit, so that a number is
    never seen before a smaller one."""

    __tablename__ = "feed_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigKey)
    # Of the last entry: a restored backup gives a number out again, but not at the same time.
    at: Mapped[datetime | None]


class FeedEntry(Base):
    """One change. ``scope``, ``level`` and ``campaign`` decide which libraries it is meant for,
    ``was_*`` are those of the clip just before: whoever was shown it then hears that it is gone."""

    __tablename__ = "feed"
    __table_args__ = (
        Index("ix_feed_clip", "clip_id", "seq"),
        Index("ix_feed_kind", "kind", "seq"),
        Index("ix_feed_at", "at", "seq"),
    )

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    kind: Mapped[str]  # published | updated | withdrawn
    clip_id: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]
    record: Mapped[dict[str, Any] | None]  # None once withdrawn: a tombstone keeps nothing
    # Only for this library: what its own settings brought in or took out. None: for all.
    library_id: Mapped[str | None]
    revision: Mapped[int | None]
    scope: Mapped[str | None]  # None in a tombstone
    level: Mapped[str | None]
    campaign: Mapped[str | None]
    was_scope: Mapped[str | None]  # None: the clip was not in the feed
    was_level: Mapped[str | None]
    was_campaign: Mapped[str | None]


class FeedAck(Base):
    """What a library said that it has applied: grows only."""

    __tablename__ = "feed_acks"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigKey)
    at: Mapped[datetime]


class Confirmation(Base):
    """When a library acknowledged tombstones up to ``seq``: kept as proof, never changed."""

    __tablename__ = "confirmations"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    at: Mapped[datetime]


class Pulls(Base):
    """How often a library asked on one day (UTC): a log that does not grow with the polling."""

    __tablename__ = "pulls"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date(), primary_key=True)
    asked: Mapped[int]
    unchanged: Mapped[int]  # answered 304
    changes: Mapped[int]  # that were sent
    last_at: Mapped[datetime]


class Hook(Base):
    """Where a library wants to be told that the feed has something new."""

    __tablename__ = "hooks"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"), primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]  # whsec_...: it signs, so it can not be kept as a hash
    old_secret: Mapped[str | None]
    old_until: Mapped[datetime | None]  # both sign until then
    off: Mapped[str | None]  # why nothing is sent: gone | failing | operator; None: it is on
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class HookDelivery(Base):
    """One message to one library: the outbox, written with the change that it tells of."""

    __tablename__ = "hook_deliveries"
    __table_args__ = (
        Index("ix_hook_deliveries_outbox", "state", "library_id", "id"),
        Index("ix_hook_deliveries_library", "library_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"))
    type: Mapped[str]  # published | updated | withdrawn | test
    seq: Mapped[int] = mapped_column(BigKey)
    clip_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="queued")  # queued | delivered | dropped
    attempts: Mapped[int] = mapped_column(default=0)
    answer: Mapped[str | None]  # HTTP status of the last attempt, or a word for what went wrong
    created_at: Mapped[datetime]
    last_at: Mapped[datetime | None]
