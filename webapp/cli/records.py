"""What the commands about schools, people and libraries share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from review import schema
from review.models import Account, Library, School, SchoolClass
from storage_config.database import Database
from storage_config.settings import load
from webapp.cli.common import echo_json, table


@contextmanager
def writing(data: Path | None) -> Iterator[Session]:
    """A transaction on a database whose schema is up to date."""
    database = Database(load(data=data).database_url, create=False)
    schema.require_current(database.engine)
    with database.write() as session:
        yield session


@contextmanager
def reading(data: Path | None) -> Iterator[Session]:
    """A look at a database whose schema is up to date; nothing is written."""
    database = Database(load(data=data).database_url, create=False)
    schema.require_current(database.engine)
    with database.read() as session:
        yield session


def show(as_json: bool, **values: Any) -> None:
    if as_json:
        echo_json(values)
        return
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name.ljust(width)}  {'-' if value is None else value}")


def show_list(as_json: bool, head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    if as_json:
        echo_json([dict(zip(head, row, strict=True)) for row in rows])
    elif rows:
        click.echo(table([["-" if c is None else c for c in row] for row in rows], head))


def find_school(session: Session, name: str) -> School:
    """By id or by name."""
    found = session.scalar(select(School).where((School.id == name) | (School.name == name)))
    if found is None:
        raise click.ClickException(f"there is no school {name!r}: see `lantoa school list`")
    return found


def find_class(session: Session, school: School, name: str) -> SchoolClass:
    mine = SchoolClass.school_id == school.id
    named = (SchoolClass.id == name) | (SchoolClass.name == name)
    found = session.scalars(select(SchoolClass).where(mine, named)).all()
    if len(found) != 1:
        raise click.ClickException(
            f"{school.name} has {len(found)} classes {name!r}: see `lantoa class list`; use the id"
        )
    return found[0]


def find_account(session: Session, username: str) -> Account:
    name = username.casefold()
    found = session.scalar(
        select(Account).where((Account.username == name) | (Account.id == username))
    )
    if found is None:
        raise click.ClickException(f"there is no account {username!r}: see `lantoa account list`")
    return found


def find_library(session: Session, name: str) -> Library:
    found = session.scalar(select(Library).where((Library.id == name) | (Library.name == name)))
    if found is None:
        raise click.ClickException(f"there is no library {name!r}: see `lantoa library list`")
    return found
