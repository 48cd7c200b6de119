"""``school`` and ``class``."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from review import accounts
from review.details import LEVELS
from review.models import School, SchoolClass
from webapp.cli.common import data_option, json_option
from webapp.cli.records import find_class, find_school, show, show_list, writing


@click.group()
def school() -> None:
    """Schools."""


@school.command("add")
@click.argument("name")
@click.option("--level", type=click.Choice(LEVELS), default="lower_secondary", show_default=True)
@json_option
@data_option
def school_add(name: str, level: str, as_json: bool, data: Path | None) -> None:
    """Add a school."""
    with writing(data) as session:
        row = accounts.add_school(session, name, level)
        made = {"id": row.id, "name": row.name, "level": row.level}
    show(as_json, **made)


@school.command("list")
@json_option
@data_option
def school_list(as_json: bool, data: Path | None) -> None:
    """All schools."""
    with writing(data) as session:
        found = session.scalars(select(School).order_by(School.name))
        rows = [(s.name, s.level, s.id) for s in found]
    show_list(as_json, ("name", "level", "id"), rows)


@click.group("class")
def school_class() -> None:
    """Classes, each with the code that lets its pupils in."""


@school_class.command("add")
@click.argument("name")
@click.option("--school", required=True, help="Name or id.")
@json_option
@data_option
def class_add(name: str, school: str, as_json: bool, data: Path | None) -> None:
    """Add a class; prints the code for its pupils."""
    with writing(data) as session:
        row = accounts.add_class(session, find_school(session, school).id, name)
        made = {"id": row.id, "name": row.name, "code": row.code}
    show(as_json, **made)


@school_class.command("list")
@click.option("--school", required=True, help="Name or id.")
@json_option
@data_option
def class_list(school: str, as_json: bool, data: Path | None) -> None:
    """The classes of a school, with their codes."""
    with writing(data) as session:
        mine = SchoolClass.school_id == find_school(session, school).id
        found = session.scalars(select(SchoolClass).where(mine).order_by(SchoolClass.name))
        rows = [(c.name, c.code, c.id) for c in found]
    show_list(as_json, ("name", "code", "id"), rows)


@school_class.command("renew-code")
@click.argument("name")
@click.option("--school", required=True, help="Name or id.")
@json_option
@data_option
def class_renew(name: str, school: str, as_json: bool, data: Path | None) -> None:
    """End a class's code and make a new one; pupils who are in stay in."""
    with writing(data) as session:
        row = find_class(session, find_school(session, school), name)
        row = accounts.renew_class_code(session, row.id)
        made = {"id": row.id, "name": row.name, "code": row.code}
    show(as_json, **made)
