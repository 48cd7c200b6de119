"""``library`` and ``token``: programs that talk to us."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from review import accounts
from review.models import Library
from webapp.cli.common import data_option, echo_json, json_option
from webapp.cli.records import find_account, find_library, show, show_list, writing


@click.group()
def library() -> None:
    """Library sites: programs that pull the feed."""


@library.command("add")
@click.argument("name")
@json_option
@data_option
def library_add(name: str, as_json: bool, data: Path | None) -> None:
    """Add a library and show its first token, once."""
    with writing(data) as session:
        row = accounts.add_library(session, name)
        made = {"id": row.id, "name": row.name}
        secret = accounts.add_token(session, library_id=row.id, label="first")
    show(as_json, **made, token=secret)


@library.command("list")
@json_option
@data_option
def library_list(as_json: bool, data: Path | None) -> None:
    """All libraries."""
    with writing(data) as session:
        rows = [(r.name, r.id) for r in session.scalars(select(Library).order_by(Library.name))]
    show_list(as_json, ("name", "id"), rows)


@click.group()
def token() -> None:
    """Bearer tokens for the API, uploads and the feed."""


account_option = click.option("--account", "username", default=None, help="User name.")
library_option = click.option("--library", "library_name", default=None, help="Name or id.")


@token.command("add")
@account_option
@library_option
@click.option("--label", default="cli", show_default=True, help="To tell tokens apart.")
@json_option
@data_option
def token_add(
    username: str | None, library_name: str | None, label: str, as_json: bool, data: Path | None
) -> None:
    """Make a token and show it, once."""
    check_owner(username, library_name)
    with writing(data) as session:
        secret = accounts.add_token(session, label=label, **owner(session, username, library_name))
    if as_json:
        echo_json({"token": secret})
    else:
        click.echo(secret)


@token.command("revoke")
@account_option
@library_option
@json_option
@data_option
def token_revoke(
    username: str | None, library_name: str | None, as_json: bool, data: Path | None
) -> None:
    """End all tokens of an account or a library, at once."""
    check_owner(username, library_name)
    with writing(data) as session:
        count = accounts.revoke_tokens(session, **owner(session, username, library_name))
    show(as_json, revoked=count)


def check_owner(username: str | None, library_name: str | None) -> None:
    if (username is None) == (library_name is None):
        raise click.UsageError("give one of --account and --library")


def owner(session: Session, username: str | None, library_name: str | None) -> dict[str, str]:
    """The keyword that names whose token it is."""
    if username is not None:
        return {"account_id": find_account(session, username).id}
    assert library_name is not None
    return {"library_id": find_library(session, library_name).id}
