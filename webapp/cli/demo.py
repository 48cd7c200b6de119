"""``seed-demo``, and the table of accounts that ``up`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from review import schema
from storage_config.database import Database
from storage_config.settings import Settings, load
from webapp import seed
from webapp.cli.common import data_option, echo_json, json_option, table


@click.command("seed-demo")
@data_option
@json_option
def seed_demo(data: Path | None, as_json: bool) -> None:
    """Make an invented school with one account for each role (two reviewers), and print how to
    sign in.

    Safe to repeat: it prints the same passwords and tokens again. They are kept in demo.json of
    the data directory, readable by its owner only; delete that file and they are renewed.
    """
    settings = load(data=data)
    database = Database(settings.database_url)
    schema.upgrade(database.engine)
    given = plant(settings, database)
    if as_json:
        echo_json(given)
        return
    click.echo(describe(given))
    click.echo()
    click.echo(tokens(given))


def plant(settings: Settings, database: Database) -> dict[str, Any]:
    """Seed and keep what was given out."""
    with database.write() as session:
        given = seed.seed(session, seed.read_kept(settings.data))
    seed.keep(settings.data, given)
    return given


def describe(given: Mapping[str, Any]) -> str:
    """How people sign in, as a table."""
    rows = [(role, a["username"], a["password"]) for role, a in given["accounts"].items()]
    people = table(rows, ("demo account", "user name", "password"))
    return f"{people}\nclass code for pupils: {given['class_code']}"


def tokens(given: Mapping[str, Any]) -> str:
    rows = [(role, a["token"]) for role, a in given["accounts"].items()]
    return table([*rows, ("library", given["library"]["token"])], ("token of", "API token"))
