"""Keyset paging: the cursor is the last row's sort key, so that a page costs the same at a
million rows as at a hundred."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from review import clock
from review.errors import InvalidInput
from review.keys import is_id

T = TypeVar("T")
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """``next`` is the cursor of the following page, or None on the last one."""

    items: list[T]
    next: str | None


def encode_cursor(at: datetime | None, row_id: str) -> str:
    text = f"{clock.iso(at) if at else ''}|{at.microsecond if at else 0}|{row_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Raises :class:`InvalidInput` for anything that :func:`encode_cursor` did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, micros, row_id = base64.urlsafe_b64decode(padded).decode().split("|")
        moment = clock.parsed(at).replace(microsecond=int(micros))
        if is_id(row_id):
            return moment, row_id
    except (ValueError, OverflowError, binascii.Error):
        pass
    raise InvalidInput(cursor="Con trỏ trang không đúng. Hãy mở lại danh sách.")


def paged(
    session: Session,
    query: Select[T],
    key: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime],
    id_column: InstrumentedAttribute[str],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool,
    key_of: Callable[[T], tuple[datetime | None, str]],
) -> Page[T]:
    limit = max(1, min(limit, MAX_PAGE))
    if cursor:
        at, row_id = decode_cursor(cursor)
        beyond: ColumnElement[bool] = (
            or_(key < at, and_(key == at, id_column < row_id))
            if newest_first
            else or_(key > at, and_(key == at, id_column > row_id))
        )
        query = query.where(beyond)
    order = (key.desc(), id_column.desc()) if newest_first else (key.asc(), id_column.asc())
    rows = list(session.scalars(query.order_by(*order).limit(limit + 1)))
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, encode_cursor(*key_of(items[-1])) if more else None)
