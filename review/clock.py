"""Time is the database's: leases must not depend on a machine's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import DateTime, Dialect, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

VIETNAM = timezone(timedelta(hours=7))  # all of it, without summer time


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it as text without a zone, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can not be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Now(FunctionElement[datetime]):
    type = UtcDateTime()
    inherit_cache = True


@compiles(_Now)
def _now_sql(element: _Now, compiler: Any, **kw: Any) -> str:
    return "clock_timestamp()"


@compiles(_Now, "sqlite")
def _now_sqlite(element: _Now, compiler: Any, **kw: Any) -> str:
    # The text form in which SQLAlchemy keeps times, so that both compare as text.
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def now(session: Session) -> datetime:
    """The database's time, in UTC."""
    value = session.scalar(select(_Now()))
    assert isinstance(value, datetime)
    return value


def in_sql() -> FunctionElement[datetime]:
    """The same as part of a statement, which then needs no question of its own."""
    return _Now()


def in_utc(value: datetime) -> datetime:
    """A time with a zone that came from outside. Raises :class:`ValueError` for one without, and
    in the first and last hours of the calendar, which other zones (and ours) can not tell."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        value.astimezone(VIETNAM)
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time at the end of the calendar") from None


def parsed(text: str) -> datetime:
    """ISO 8601 with a zone, that came from outside; as :func:`in_utc`."""
    return in_utc(datetime.fromisoformat(text))


def iso(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: the one form of time in the API, feed and audit."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
