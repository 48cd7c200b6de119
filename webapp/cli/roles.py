"""One role each, for several machines. The process becomes the role: what watches it sees it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from review import schema
from storage_config.database import Database
from storage_config.settings import Settings, load
from webapp.cli.common import data_option, say
from webapp.cli.supervisor import replace_by


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: all addresses.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
def web(data: Path | None, host: str, port: int, workers: int) -> None:
    """Answer browsers and programs, until stopped."""
    from webapp.server import serve  # the others need no web server

    settings = load(data=data, port=port)
    check_schema(settings)
    serve(settings, host=host, port=port, workers=workers)


@click.command()
@data_option
@click.option("--queues", default=None, help="Kinds of jobs, e.g. redact,ladder  [default: all]")
@click.option("--concurrency", type=click.IntRange(1, 64), default=1, show_default=True)
def worker(data: Path | None, queues: str | None, concurrency: int) -> None:
    """Do jobs, until stopped."""
    chosen = [] if queues is None else ["--queues", queues]
    become_workers(data, "run", *chosen, "--concurrency", str(concurrency))


@click.command()
@data_option
def scheduler(data: Path | None) -> None:
    """Call workers for what is due and sweep now and then, until stopped. Two do no harm."""
    become_workers(data, "scheduler")


@click.command()
@data_option
def sweep(data: Path | None) -> None:
    """One whole round of upkeep: lost messages, ended consents, abandoned uploads, orphans."""
    become_workers(data, "sweep")


def check_schema(settings: Settings) -> None:
    """A program and a database of different versions must not meet. A database that is away is
    waited for, as at any other time."""
    database = Database(settings.database_url, create=False)
    try:
        schema.require_current(database.engine)
    except OperationalError as error:
        if database.is_sqlite:  # nothing that passes by itself
            raise
        say(f"the database does not answer yet: {error.orig}")
    finally:
        database.dispose()


def become_workers(data: Path | None, *arguments: str) -> None:
    load(data=data)  # a wrong setting is told here, in the same words as everywhere
    replace_by(workers_argv(data, *arguments))


def workers_argv(data: Path | None, *arguments: str, port: int | None = None) -> list[str]:
    """``python -m workers``: the web part never imports the workers. ``port``: of the web beside
    them, which mails lead to where no public address is set."""
    chosen = [] if data is None else ["--data", str(data)]
    if port is not None:
        chosen += ["--port", str(port)]
    return [sys.executable, "-P", "-m", "workers", *chosen, *arguments]


def web_argv(data: Path, host: str, port: int) -> list[str]:
    address = ["--host", host, "--port", str(port)]
    return [sys.executable, "-P", "-m", "webapp.cli", "web", "--data", str(data), *address]
