"""What stands in a database, whole, and how many statements reading it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from review import clock
from review.models import Base, Campaign
from storage_config.database import Database


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Table -> all its rows, in the order of their keys: equal before and after means that
    nothing was written."""
    with database.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
        }


@dataclass
class Statements:
    """The SQL of every statement that was sent while it was counted."""

    sent: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent)


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """Count the statements that read or write rows (BEGIN and SET are the session's own)."""
    statements = Statements()

    def note(_c: object, _cursor: object, sql: str, *_: object) -> None:
        if not sql.startswith(("BEGIN", "SET")):
            statements.sent.append(sql)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def add_campaign(session: Session, slug: str, title: str) -> None:
    """Without the checks of a form: the feed knows campaigns from before there was one."""
    session.add(Campaign(slug=slug, title=title, created_at=clock.now(session)))
    session.flush()
