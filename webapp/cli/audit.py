"""``audit verify``: whether the record of what was done is whole."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from review import audit, casework
from review.audit import Walk
from webapp.cli.common import FAILED, data_option, echo_json, json_option
from webapp.cli.records import reading

_WHY = {
    "missing": "a row is missing here",
    "extra": "no row of the chain has this number",
    "changed": "this row is not what it was when it was written",
    "unchained": "this row does not follow the one before it",
    "head": "the chain does not end where it should",
}


@click.group("audit")
def audit_commands() -> None:
    """The record of every act on every clip."""


@audit_commands.command("verify")
@json_option
@data_option
def audit_verify(as_json: bool, data: Path | None) -> None:
    """Walk the hash chain from the first row to the last. Exit status 1: it is broken."""
    with reading(data) as session:
        # A bar for whoever watches; a log gets none.
        with tqdm(unit=" rows", file=sys.stderr, disable=None, leave=False) as bar:
            found = audit.walk(session, bar.update)
        altered = casework.altered(session)
    if as_json:
        echo_json(_told(found, altered))
    else:
        _say(found, altered)
    if found.broken is not None or altered:
        sys.exit(FAILED)


def _told(found: Walk, altered: list[str]) -> dict[str, Any]:
    return {
        "whole": found.broken is None and not altered,
        "rows": found.rows,
        "broken": asdict(found.broken) if found.broken else None,
        "altered_case_entries": altered,
    }


def _say(found: Walk, altered: list[str]) -> None:
    if found.broken is not None:
        about = f" (clip {found.broken.clip_id})" if found.broken.clip_id else ""
        click.echo(f"broken at row {found.broken.seq}{about}: {_WHY[found.broken.why]}")
        click.echo(f"{found.rows} rows before it are whole")
    elif not altered:
        click.echo(f"whole: {found.rows} rows")
    for entry in altered:
        click.echo(f"case entry {entry} was changed or removed")
