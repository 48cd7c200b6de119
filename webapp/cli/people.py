"""``account``: the staff."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import select

from review import accounts
from review.models import Account, School
from review.policy import PEOPLE, Role
from webapp.cli.common import data_option, json_option
from webapp.cli.records import find_account, find_class, find_school, show, show_list, writing
from webapp.seed import new_password

STAFF_ROLES = tuple(str(r) for r in PEOPLE if r is not Role.PUPIL)


def read_password(from_stdin: bool, generate: bool) -> str:
    """From standard input, made here, or asked for on the terminal."""
    if from_stdin and generate:
        raise click.UsageError("choose one of --password-stdin and --generate")
    if generate:
        return new_password()
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@click.group()
def account() -> None:
    """The staff's accounts. Pupils have none to be made: they join with the class code."""


@account.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option("--school", default=None, help="Name or id; needed for teachers and reviewers.")
@click.option("--class", "group", default=None, help="Name or id of a teacher's class.")
@click.option("--label", default="", help="What pages call this person  [default: user name]")
@click.option("--email", default="", help="Where notices go by mail.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate", is_flag=True, help="Make a password and show it once.")
@json_option
@data_option
def account_add(
    username: str,
    role: str,
    school: str | None,
    group: str | None,
    label: str,
    email: str,
    password_stdin: bool,
    generate: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Add a person of the staff. Asks for the password unless told where it comes from."""
    if group is not None and school is None:
        raise click.UsageError("--class needs --school")
    password = read_password(password_stdin, generate)
    with writing(data) as session:
        at = None if school is None else find_school(session, school)
        row = accounts.add_account(
            session,
            username=username,
            password=password,
            role=role,
            label=label,
            email=email,
            school_id=None if at is None else at.id,
            class_id=None if at is None or group is None else find_class(session, at, group).id,
        )
        made = {"id": row.id, "username": row.username, "role": row.role}
    show(as_json, **made, **({"password": password} if generate else {}))


@account.command("list")
@json_option
@data_option
def account_list(as_json: bool, data: Path | None) -> None:
    """The staff's accounts."""
    with writing(data) as session:
        found = session.execute(
            select(Account, School.name)
            .outerjoin(School, School.id == Account.school_id)
            .where(Account.role != Role.PUPIL)
            .order_by(Account.username)
        )
        rows = [(a.username, a.role, name, a.label, a.id) for a, name in found]
    show_list(as_json, ("username", "role", "school", "label", "id"), rows)


@account.command("password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate", is_flag=True, help="Make a password and show it once.")
@json_option
@data_option
def account_password(
    username: str, password_stdin: bool, generate: bool, as_json: bool, data: Path | None
) -> None:
    """Give an account a new password; it is signed out everywhere."""
    password = read_password(password_stdin, generate)
    with writing(data) as session:
        row = find_account(session, username)
        accounts.set_password(session, row.id, password)
        done = {"username": row.username}
    show(as_json, **done, **({"password": password} if generate else {}))
