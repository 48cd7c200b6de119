"""``migrate`` and ``settings``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from review import schema
from storage_config.database import Database
from storage_config.settings import described, load
from webapp.cli.common import data_option, echo_json, json_option, table


@click.command()
@data_option
def migrate(data: Path | None) -> None:
    """Bring the database's schema up to date. Safe to repeat, and after an interruption."""
    database = Database(load(data=data).database_url)
    was_current = schema.is_current(database.engine)
    schema.upgrade(database.engine)
    click.echo("the schema was up to date" if was_current else "the schema is up to date now")


@click.command()
@data_option
@json_option
def settings(data: Path | None, as_json: bool) -> None:
    """All settings, where each comes from, and what it is for. Secrets are masked."""
    lines = [asdict(line) for line in described(load(data=data))]
    if as_json:
        echo_json(lines)
        return
    rows = [(line["name"], line["value"], line["source"], line["help"]) for line in lines]
    click.echo(table(rows, ("setting", "value", "source", "what for")))
