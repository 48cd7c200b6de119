"""Sessions on SQLite and PostgreSQL: what is written is whole, and trouble has one name."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage_config import database as module
from storage_config.database import Database, DatabaseBusy
from tests.conftest import BOTH
from tests.services.disk import small_disk
from tests.services.forks import forked


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.sqlite3'}"
    made: str = request.getfixturevalue("postgres").create()
    return made


@pytest.fixture
def rows(url: str) -> Iterator[Database]:
    """A database with one table of words."""
    database = Database(url)
    make_table(database)
    yield database
    database.dispose()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'rows.sqlite3'}")
    make_table(database)
    yield database
    database.dispose()


def make_table(database: Database) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS words (word VARCHAR(40) PRIMARY KEY)"))


def add(database: Database, word: str) -> None:
    with database.write() as session:
        session.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


def words(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("SELECT word FROM words ORDER BY word")))


def file_of(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def together(count: int, work: Callable[[int], Any]) -> list[BaseException]:
    """Run ``work(0)`` ... at once; what any of them raised."""
    barrier, raised = threading.Barrier(count), []

    def one(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# Sessions


def test_a_write_is_there_afterwards(rows: Database) -> None:
    add(rows, "sen")

    assert words(rows) == ["sen"]


def test_a_write_that_raises_leaves_nothing(rows: Database) -> None:
    def change_my_mind() -> None:
        with rows.write() as session:
            session.execute(text("INSERT INTO words VALUES ('sen')"))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        change_my_mind()

    assert words(rows) == []
    add(rows, "sen")
    assert words(rows) == ["sen"]


def test_a_read_sees_one_state_while_others_write(rows: Database) -> None:
    add(rows, "sen")
    with rows.read() as session:
        before = list(session.scalars(text("SELECT word FROM words")))
        add(rows, "cúc")
        after = list(session.scalars(text("SELECT word FROM words")))

    assert (before, after, words(rows)) == (["sen"], ["sen"], ["cúc", "sen"])


def test_a_read_can_not_write(rows: Database) -> None:
    with pytest.raises(DBAPIError), rows.read() as session:
        session.execute(text("INSERT INTO words VALUES ('sen')"))

    assert words(rows) == []
    add(rows, "cúc")  # on the same connection
    assert words(rows) == ["cúc"]


def test_writers_at_once_lose_no_update(rows: Database) -> None:
    def ten(number: int) -> None:
        for i in range(10):
            add(rows, f"{number}-{i}")

    assert together(8, ten) == []
    assert len(words(rows)) == 80


def test_a_mistake_of_ours_is_not_called_busy(rows: Database) -> None:
    with pytest.raises(DBAPIError, match="nowhere"), rows.read() as session:
        session.execute(text("SELECT * FROM nowhere"))


# What others are told after a write


def test_others_are_told_after_the_commit_and_what_they_are_told_is_there(url: str) -> None:
    told: list[tuple[object, list[str]]] = []
    database = Database(url, after_commit=lambda info: told.append((info["bell"], words(database))))
    make = Database(url)
    make_table(make)
    make.dispose()

    with database.write() as session:
        session.execute(text("INSERT INTO words VALUES ('sen')"))
        session.info["bell"] = "job 7"
        assert told == []
    assert told == [("job 7", ["sen"])]
    database.dispose()


def test_nobody_is_told_of_what_was_not_committed(url: str) -> None:
    told: list[object] = []
    database = Database(url, after_commit=told.append)
    with database.write() as session:
        session.execute(
            text(
                "CREATE TABLE pairs (a INTEGER PRIMARY KEY, b INTEGER "
                "REFERENCES pairs (a) DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    told.clear()

    with pytest.raises(RuntimeError), database.write():
        raise RuntimeError
    with pytest.raises(IntegrityError), database.write() as session:
        # Refused by the commit itself, after the body ended well.
        session.execute(text("INSERT INTO pairs VALUES (1, 2)"))
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM pairs")) == 0
    assert told == []

    with database.write():
        pass  # a commit that failed left no lock behind
    assert told == [{}]
    database.dispose()


# Processes and threads


def test_a_forked_child_has_connections_of_its_own(rows: Database) -> None:
    add(rows, "before")

    def twenty(who: str) -> None:
        for i in range(20):
            add(rows, f"{who}-{i}")

    with forked(lambda: twenty("child")):
        twenty("parent")

    assert len(words(rows)) == 41
    assert {w.rpartition("-")[0] for w in words(rows)} == {"", "child", "parent"}


def test_when_every_connection_is_in_use_it_is_busy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POOL_TIMEOUT", 0.1)
    database = Database(url)
    make_table(database)
    with ExitStack() as held:

        def take_all() -> None:
            for _ in range(100):
                held.enter_context(database.read())

        with pytest.raises(DatabaseBusy) as caught:
            take_all()
        assert str(caught.value) == "all connections to the database are in use"

    assert words(database) == []
    database.dispose()


# SQLite


def test_sqlite_is_set_up_to_last(lite: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    with lite.read() as session:
        found = {name: session.scalar(text(f"PRAGMA {name}")) for name in wanted}

    assert found == wanted


def test_only_the_owner_reads_the_rows(lite: Database) -> None:
    add(lite, "sen")
    file = file_of(lite)

    modes = {f.name: oct(f.stat().st_mode & 0o777) for f in file.parent.glob("rows*")}
    assert modes == dict.fromkeys(["rows.sqlite3", "rows.sqlite3-shm", "rows.sqlite3-wal"], "0o600")


def test_sqlite_keeps_foreign_keys(lite: Database) -> None:
    with lite.write() as session:
        session.execute(text("CREATE TABLE uses (word TEXT REFERENCES words (word))"))

    with pytest.raises(IntegrityError), lite.write() as session:
        session.execute(text("INSERT INTO uses VALUES ('missing')"))


def test_a_locked_file_is_busy_and_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 200)
    database = Database(f"sqlite:///{tmp_path / 'rows.sqlite3'}")
    make_table(database)
    holder = sqlite3.connect(file_of(database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusy) as caught:
        add(database, "sen")
    assert str(caught.value) == "the database does not answer: database is locked"
    assert caught.value.retry_after == 2
    assert words(database) == []

    holder.execute("ROLLBACK")
    holder.close()
    add(database, "sen")
    assert words(database) == ["sen"]
    database.dispose()


def test_a_lock_that_ends_in_time_is_waited_for(lite: Database) -> None:
    holder = sqlite3.connect(file_of(lite), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, lambda: holder.execute("ROLLBACK"))
    release.start()

    add(lite, "sen")

    release.join()
    holder.close()
    assert words(lite) == ["sen"]


def test_first_starts_at_once_share_one_new_file(tmp_path: Path) -> None:
    def start(folder: Path) -> None:
        database = Database(f"sqlite:///{folder / 'rows.sqlite3'}")
        make_table(database)
        database.dispose()

    raised = []
    for i in range(20):
        folder = tmp_path / str(i)
        raised += together(6, lambda _, at=folder: start(at))  # type: ignore[misc]

    assert raised == []


def test_a_file_that_is_no_database_is_not_called_busy(tmp_path: Path) -> None:
    (tmp_path / "rows.sqlite3").write_bytes(b"this is a letter" * 400)
    database = Database(f"sqlite:///{tmp_path / 'rows.sqlite3'}")

    with pytest.raises(DBAPIError, match="file is not a database"):
        make_table(database)
    database.dispose()


@pytest.mark.faults
def test_a_writer_that_is_killed_leaves_the_file_whole(lite: Database) -> None:
    program = (
        "import sys, time\n"
        "from sqlalchemy import text\n"
        "from storage_config.database import Database\n"
        "with Database(sys.argv[1]).write() as session:\n"
        "    for i in range(20_000):\n"
        "        session.execute(text('INSERT INTO words VALUES (:w)'), {'w': f'half-{i}'})\n"
        "    print('written', flush=True)\n"
        "    time.sleep(60)\n"
    )
    add(lite, "sen")
    argv = [sys.executable, "-c", program, f"sqlite:///{file_of(lite)}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGKILL)

    add(lite, "cúc")
    assert words(lite) == ["cúc", "sen"]
    with lite.read() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"


@pytest.mark.faults
def test_a_full_disk_is_busy_and_nothing_is_half_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        database = Database(f"sqlite:///{disk.folder / 'rows.sqlite3'}")
        make_table(database)
        add(database, "sen")
        disk.fill()

        many = [{"w": f"{i:040}"} for i in range(2000)]
        with pytest.raises(DatabaseBusy), database.write() as session:
            session.execute(text("INSERT INTO words VALUES (:w)"), many)
        assert words(database) == ["sen"]

        disk.free()
        add(database, "cúc")
        assert words(database) == ["cúc", "sen"]
        database.dispose()


def test_the_time_to_wait_is_bounded(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody holds whole, before it was switched to its journal."""
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 100)
    file = file_of(lite).with_name("other.sqlite3")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("CREATE TABLE words (word TEXT)")
    holder.execute("BEGIN EXCLUSIVE")
    other = Database(f"sqlite:///{file}")
    begun = time.monotonic()

    with pytest.raises(DatabaseBusy, match="database is locked"):
        add(other, "sen")

    assert time.monotonic() - begun < module.POOL_TIMEOUT
    holder.close()
    other.dispose()
