"""PostgreSQL that is stopped, killed and started again under a running program."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from storage_config.database import Database, DatabaseBusy
from tests.services.postgres import Postgres

pytestmark = [pytest.mark.services, pytest.mark.faults]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that may be broken: nobody else uses it."""
    with Postgres.started() as started:
        yield started


@pytest.fixture
def rows(server: Postgres) -> Iterator[Database]:
    database = Database(server.create())
    with database.write() as session:
        session.execute(text("CREATE TABLE words (word TEXT PRIMARY KEY)"))
    yield database
    database.dispose()


def add(database: Database, word: str) -> None:
    with database.write() as session:
        session.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


def words(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("SELECT word FROM words ORDER BY word")))


def add_while(database: Database, word: str, fault: Callable[[int], object]) -> None:
    """Write ``word``; ``fault(pid of the backend)`` comes between the statement and the commit."""
    with database.write() as session:
        session.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})
        fault(session.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_restart_costs_the_open_write_and_nothing_else(server: Postgres, rows: Database) -> None:
    add(rows, "sen")
    for _ in range(3):
        with rows.read():
            pass

    with pytest.raises(DatabaseBusy):
        add_while(rows, "cúc", lambda _: server.stop("immediate"))
    with pytest.raises(DatabaseBusy):
        add(rows, "mai")
    with pytest.raises(DatabaseBusy):
        words(rows)

    server.start()
    assert words(rows) == ["sen"]
    add(rows, "cúc")
    assert words(rows) == ["cúc", "sen"]


def test_idle_connections_of_before_a_restart_are_replaced_unseen(
    server: Postgres, rows: Database
) -> None:
    held = [rows.engine.connect() for _ in range(8)]
    for connection in held:
        connection.close()  # back into the pool

    server.stop("fast")
    server.start()

    assert [words(rows) for _ in range(10)] == [[]] * 10


def test_a_backend_that_is_ended_is_busy_and_leaves_nothing(rows: Database) -> None:
    def end(backend: int) -> None:
        with rows.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})

    with pytest.raises(DatabaseBusy):
        add_while(rows, "sen", end)

    assert words(rows) == []
    add(rows, "sen")
    assert words(rows) == ["sen"]


def test_a_backend_that_is_killed_takes_all_down_and_all_come_back(
    rows: Database,
) -> None:
    """After a SIGKILL the server ends every other session and recovers by itself."""
    with pytest.raises(DatabaseBusy):
        add_while(rows, "sen", lambda backend: os.kill(backend, signal.SIGKILL))

    for _ in range(100):
        try:
            add(rows, "sen")
        except DatabaseBusy:
            threading.Event().wait(0.1)
        else:
            break
    assert words(rows) == ["sen"]


def test_a_deadlock_is_busy_for_one_and_the_other_goes_on(rows: Database) -> None:
    for word in ("sen", "cúc"):
        add(rows, word)
    both_hold = threading.Barrier(2)
    busy: list[DatabaseBusy] = []

    def cross(first: str, second: str) -> None:
        lock = text("SELECT word FROM words WHERE word = :word FOR UPDATE")
        try:
            with rows.write() as session:
                session.execute(lock, {"word": first})
                both_hold.wait()
                session.execute(lock, {"word": second})
                session.execute(text("INSERT INTO words VALUES (:w)"), {"w": f"{first}!"})
        except DatabaseBusy as error:
            busy.append(error)

    threads = [
        threading.Thread(target=cross, args=order) for order in (("sen", "cúc"), ("cúc", "sen"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(busy) == 1
    assert words(rows) in (["cúc", "cúc!", "sen"], ["cúc", "sen", "sen!"])


def test_a_server_that_is_away_is_busy() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/rows")

    with pytest.raises(DatabaseBusy, match="the database does not answer"), database.read():
        pass
    database.dispose()
