"""Migrations: there and back on both databases, two at once, and killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text, update

from review import audit, schema, search
from review.models import Base, Job
from review.policy import Role
from review.states import State
from storage_config.database import Database
from tests import redactions
from tests.racing import race
from tests.services.postgres import Postgres
from tests.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a schema."""
    url = f"sqlite:///{tmp_path}/empty.sqlite3"
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        assert isinstance(server, Postgres)
        url = server.create()
    database = Database(url)
    yield database
    database.dispose()


def tables(engine: Engine) -> set[str]:
    found = set(inspect(engine).get_table_names()) - {"alembic_version"}
    return {name for name in found if not name.startswith(search.INDEX)}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The index of words is of the database's own kind, and no model's."""
    return not (kind == "table" and (name or "").startswith(search.INDEX))


def differences(engine: Engine) -> list[Any]:
    """What the models say that the database has not, and the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": _is_ours}
        )
        return list(compare_metadata(context, Base.metadata))


def foreign_keys(engine: Engine) -> set[tuple[str, str]]:
    found = inspect(engine)
    return {(t, str(k["name"])) for t in tables(engine) for k in found.get_foreign_keys(t)}


def test_up_down_and_up_again_is_what_the_models_say(empty: Database) -> None:
    engine = empty.engine
    assert schema.current(engine) is None
    assert not schema.is_current(engine)
    schema.upgrade(engine)
    assert differences(engine) == []
    assert schema.current(engine) == schema.head()
    assert schema.is_current(engine)
    whole = (tables(engine), foreign_keys(engine))
    assert whole[0] == set(Base.metadata.tables)
    schema.upgrade(engine)  # nothing to do
    schema.downgrade(engine, "base")
    assert (tables(engine), schema.current(engine)) == (set(), None)
    assert {kind for kind, *_ in differences(engine)} == {"add_table", "add_index"}
    schema.upgrade(engine)
    assert (tables(engine), foreign_keys(engine)) == whole
    assert differences(engine) == []


def versions() -> list[str]:
    """Every migration, oldest first."""
    script = ScriptDirectory.from_config(schema._config())
    return [s.revision for s in script.walk_revisions()][::-1]


def test_every_migration_goes_back_one_step(empty: Database) -> None:
    engine = empty.engine
    schema.upgrade(engine)
    for before in [*versions()[:-1][::-1], "base"]:
        schema.downgrade(engine, before)
        assert schema.current(engine) == (None if before == "base" else before)
    assert tables(engine) == set()


def test_rows_outlive_a_step_back_and_forth(any_database: Database) -> None:
    world = World(any_database)
    clip_id = world.clip()
    if len(versions()) > 1:
        schema.downgrade(any_database.engine, versions()[-2])
    schema.upgrade(any_database.engine)
    assert world.get(clip_id).state == "in_review"
    assert differences(any_database.engine) == []
    world.approve(clip_id, ladder=True)
    assert world.get(clip_id).state == "published"


def test_references_are_checked_again_after_a_migration(any_database: Database) -> None:
    schema.upgrade(any_database.engine)
    if any_database.is_sqlite:
        with any_database.engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_two_who_start_at_once_both_find_the_schema(empty: Database) -> None:
    url = empty.engine.url.render_as_string(hide_password=False)
    others = [Database(url) for _ in range(3)]
    assert race(*[lambda d=d: schema.upgrade(d.engine) for d in others]) == [None] * 3
    for database in others:
        assert schema.is_current(database.engine)
        database.dispose()
    assert differences(empty.engine) == []


# Prints when it stands in the middle of the migration, then waits to be killed.
KILLED = """
import sys, time
from sqlalchemy import event
from review import schema
from storage_config.database import Database

database = Database(sys.argv[1])
seen = []

@event.listens_for(database.engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    if statement.lstrip().startswith("CREATE TABLE"):
        seen.append(statement)
    if len(seen) == 12:
        print("half", flush=True)
        time.sleep(300)

schema.upgrade(database.engine)
"""


@pytest.mark.faults
def test_killed_in_the_middle_it_leaves_the_old_schema(empty: Database) -> None:
    """F24: re-runnable, and a program that meets a half-done run sees the old schema whole."""
    engine = empty.engine
    url = engine.url.render_as_string(hide_password=False)
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "half\n"
        program.send_signal(signal.SIGKILL)
    assert program.returncode == -signal.SIGKILL
    assert tables(engine) == set()
    assert schema.current(engine) is None
    assert not schema.is_current(engine)
    schema.upgrade(engine)
    assert schema.is_current(engine)
    assert differences(engine) == []


def test_a_migration_that_raises_leaves_the_old_schema(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, upgrade = empty.engine, schema.command.upgrade

    def upgrade_and_fail(config: Any, revision: str) -> None:
        upgrade(config, revision)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(schema.command, "upgrade", upgrade_and_fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        schema.upgrade(engine)
    monkeypatch.undo()
    assert (tables(engine), schema.current(engine)) == (set(), None)
    schema.upgrade(engine)
    assert schema.is_current(engine)


def rows_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, by table, with the columns that every version had."""
    first = {"clips": ("id", "state", "version", "revision", "title"), "audit": ("seq", "hash")}
    found = {}
    with engine.connect() as connection:
        for table, columns in first.items():
            query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1"
            found[table] = [tuple(row) for row in connection.execute(text(query))]
    return found


@pytest.mark.parametrize("old", versions()[:-1])
def test_a_full_database_of_any_older_version_goes_on(any_database: Database, old: str) -> None:
    """What stood in it is there, unchanged, and the clips go on from where they were."""
    world, engine = World(any_database), any_database.engine
    states = ("draft", "in_review", "changes_requested", "held", "published", "withdrawn")
    clips = {state: world.clip(State(state)) for state in (*states, "processing")}
    before = rows_of(engine)
    schema.downgrade(engine, old)
    schema.upgrade(engine)
    assert differences(engine) == []
    assert rows_of(engine) == before
    assert {state: world.get(clip_id).state for state, clip_id in clips.items()} == {
        state: state for state in clips
    }
    with world.read() as session:
        assert audit.verify(session)[1] is None
    world.examine(clips["processing"])
    for state in ("processing", "in_review"):
        with world.write() as session:  # those that others were claimed before
            session.execute(update(Job).values(next_attempt_at=Job.created_at))
        world.approve(clips[state], ladder=True)
        assert world.get(clips[state]).state == "published"
    world.withdraw(clips["published"])
    redactions.kept(world, world.clip(State.IN_REVIEW), world.actor(Role.REVIEWER))
