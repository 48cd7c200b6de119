"""The engine: SQLite or PostgreSQL behind two kinds of sessions, ``write`` and ``read``."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
# Serialization failures and deadlocks: the whole transaction may be tried again.
_RETRYABLE_SQLSTATES = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03")


class DatabaseBusy(Exception):
    """The database is locked or away; nothing was written. Try again in ``retry_after`` s."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Database:
    """Sessions on one database.

    ``after_commit`` gets ``session.info`` of every write after it was committed: what other
    programs are told must not be told before it is true.
    """

    def __init__(
        self, url: str, *, after_commit: Callable[[dict[Any, Any]], None] | None = None
    ) -> None:
        self.engine = _make_engine(url)
        self._after_commit = after_commit
        # A forked child must not use its parent's connections.
        os.register_at_fork(after_in_child=lambda: self.engine.dispose(close=False))

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or leaves nothing behind when it raises.

        Raises :class:`DatabaseBusy` when the database can not be written to now.
        """
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                # Taking the lock at once never has to give up a half-read transaction.
                session.execute(text("BEGIN IMMEDIATE"))
            yield session
            session.commit()
            info = session.info
        if self._after_commit is not None:
            self._after_commit(info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and never writes."""
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                session.execute(text("BEGIN"))
            else:
                session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield session
            # Closing ends the transaction; a rollback would also empty the rows that were read.

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """Trouble that passes, in our own words."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseBusy(f"the database does not answer: {error.orig}") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _RETRYABLE_SQLSTATES:
            raise DatabaseBusy(f"the database was interrupted: {error.orig}") from error
        raise


def _make_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        connect_args={
            "connect_timeout": 5,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=20, max_overflow=20
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions by itself: `write` says BEGIN IMMEDIATE.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: a decision that was answered must outlive a power cut.
        connection.execute("PRAGMA synchronous = FULL")

    return engine
