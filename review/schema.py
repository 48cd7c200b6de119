"""The schema's version: upgrade, downgrade, and whether this program and the database agree."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

if TYPE_CHECKING:
    from collections.abc import Iterator

# "lantoa" as a number: PostgreSQL's advisory locks have no names.
_LOCK = 0x6C616E746F61


class SchemaNewer(Exception):
    """The database belongs to a newer program; this one must not touch it."""


class SchemaMissing(Exception):
    """There is no database yet, or its schema is older than this program."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The version that this program was written for."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def current(engine: Engine) -> str | None:
    """The database's version; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    return current(engine) == head()


def refuse_newer(engine: Engine) -> None:
    """Raise :class:`SchemaNewer` unless the database's version is one that this program knows."""
    found = current(engine)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaNewer(
            f"the database has schema {found}, this program knows up to {head()}: start the newer "
            "program again, or restore the backup from before its start"
        )


def require_current(engine: Engine) -> None:
    """Raise :class:`SchemaNewer` or :class:`SchemaMissing` unless database and program agree.
    Where no SQLite database is, none is made."""
    if not exists(engine):
        raise SchemaMissing(f"there is no database at {engine.url.database}: run `lantoa migrate`")
    refuse_newer(engine)
    if not is_current(engine):
        raise SchemaMissing("the database's schema is not up to date: run `lantoa migrate`")


def exists(engine: Engine) -> bool:
    """Whether there is something to look into: connecting to SQLite makes an empty file."""
    return engine.dialect.name != "sqlite" or Path(engine.url.database or "").is_file()


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date, in one transaction: a start that is killed leaves the old
    schema whole. Two starts at once: the second waits, and finds nothing to do.

    Raises :class:`SchemaNewer`, and changes nothing, when this program does not know the version.
    """
    refuse_newer(engine)
    with _locked(engine) as connection:
        command.upgrade(_config(connection), "head")


def downgrade(engine: Engine, revision: str) -> None:
    """Back to ``revision`` ("base": nothing). Loses what the older schema has no place for."""
    with _locked(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Batch operations copy tables: what refers to them must not be checked meanwhile.
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA foreign_keys = ON"))
