"""The engine: SQLite or PostgreSQL behind two kinds of sessions, ``write`` and ``read``."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Executable, Pool, Row, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
POOL_TIMEOUT = 10  # seconds to wait for a connection that another thread uses
_READS = "reads"  # of a connection on which `read` forbade writing
# What may pass by itself, of SQLite's many operational errors: a table that is missing is none.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


class DatabaseBusy(Exception):
    """The database is locked or away; nothing was written. Try again in ``retry_after`` s."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Database:
    """Sessions on one database.

    ``after_commit`` gets ``session.info`` of every write after it was committed: what other
    programs are told must not be told before it is true. ``create``: make SQLite's file where
    none is; only what brings the schema has a use for an empty one.
    """

    def __init__(
        self,
        url: str,
        *,
        after_commit: Callable[[dict[Any, Any]], None] | None = None,
        create: bool = True,
    ) -> None:
        self.engine = _make_engine(url, create=create)
        self._after_commit = after_commit
        _databases.add(self)

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
                connection = session.connection()
                connection.info[_READS] = True
                connection.exec_driver_sql("PRAGMA query_only = ON")
                connection.exec_driver_sql("BEGIN")
            else:
                session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield session
            # Closing ends the transaction; a rollback would also empty the rows that were read.

    def row(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The one row of one statement, which needs no transaction of its own: a third of what
        :meth:`read` costs, for questions that are asked all day."""
        with _translated(), self.engine.connect() as connection:
            return connection.execute(statement, values).one_or_none()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.engine.dispose()


_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_parents_pools: list[Pool] = []


def _leave_the_parents_connections() -> None:
    """A forked child must not use its parent's connections, nor close them: it keeps them."""
    for database in _databases:
        _parents_pools.append(database.engine.pool)
        database.engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_the_parents_connections)


@contextmanager
def _translated() -> Iterator[None]:
    """Trouble that passes, in our own words."""
    try:
        yield
    except PoolExhausted as error:
        raise DatabaseBusy("all connections to the database are in use") from error
    except (OperationalError, InterfaceError) as error:
        # PostgreSQL's are all of this kind: locks, deadlocks, restarts, a full disk, time-outs.
        cause = error.orig
        if isinstance(cause, sqlite3.Error) and not _passes(cause):
            raise
        raise DatabaseBusy(f"the database does not answer: {cause}") from error


def _passes(error: sqlite3.Error) -> bool:
    # The low byte is the kind, the rest says more of it. Errors of the driver itself have none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


def _make_engine(url: str, *, create: bool) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        if create:
            _make_file(url)
        return _sqlite_engine(url)
    return create_engine(
        url,
        json_serializer=_json,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=POOL_TIMEOUT,
        connect_args={
            "connect_timeout": 5,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )


def _json(value: object) -> str:
    """With Vietnamese letters as they are: the feed sends records as they are stored. Half a pair
    of surrogates, which UTF-8 can not have, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def _make_file(url: str) -> None:
    """Readable by its owner only."""
    path = make_url(url).database
    if path and path != ":memory:":
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        json_serializer=_json,
        pool_size=20,
        max_overflow=20,
        pool_timeout=POOL_TIMEOUT,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions by itself: `write` says BEGIN IMMEDIATE.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _use_wal(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: a decision that was answered must outlive a power cut.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "checkin")
    def _tidy_up(connection: sqlite3.Connection | None, record: ConnectionPoolEntry) -> None:
        if connection is None:
            return
        if connection.in_transaction:
            # A COMMIT that failed (a full disk) leaves SQLite's transaction open, and its lock.
            connection.rollback()
        if record.info.pop(_READS, False):
            connection.execute("PRAGMA query_only = OFF")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """The first switch of a new file does not wait for others by itself, as all else does."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _passes(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
