"""``up``: the whole of Lan Tỏa on one machine, until Ctrl-C."""

from __future__ import annotations

import errno
import re
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from review import schema
from storage_config.database import Database
from storage_config.settings import Settings, load
from webapp import seed
from webapp.cli import lock
from webapp.cli.common import FAILED, data_option, say
from webapp.cli.demo import describe, plant
from webapp.cli.ready import Readiness
from webapp.cli.roles import web_argv, workers_argv
from webapp.cli.supervisor import Failed, Program, Supervisor

LOCK = "up.lock"
WIDTH = 9  # of the names before the lines
IMPORTANT = re.compile(r"\b(warning|error|critical|exception|traceback)\b", re.IGNORECASE)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: all addresses.")
@data_option
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Programs that do media jobs. One only examines, so that a reviewer never waits.",
)
@click.option("--demo/--no-demo", default=True, help="Add demo accounts to a new installation.")
@click.option("--verbose", is_flag=True, help="Print every line of every program.")
def up(port: int, host: str, data: Path | None, workers: int, demo: bool, verbose: bool) -> None:
    """Web, workers and scheduler on this machine, until Ctrl-C or SIGTERM.

    Everything lies in the data directory; what the programs print is kept in its log/. A program
    that ends is started again. Exit status: 0 after a clean end, 1 when it could not start or
    when something had to be killed at the end.
    """
    settings = load(data=data, port=port)
    try:
        held = lock.take(settings.data / LOCK)
    except lock.InUse as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"cannot write in {settings.data}: {error.strerror}. Make it writable for the account "
            "that runs Lan Tỏa, free some space, or give another --data directory."
        ) from None
    check_port(host, port)
    given = prepare(settings, demo)
    supervisor = Supervisor(settings.data / "log", held, say=_say, echo=_echo(verbose))
    address = _address(host, port)

    def on_ready() -> None:
        lock.note_address(held, f"http://{address}:{port}")
        announce(settings, f"http://{address}:{port}", given)

    readiness = Readiness(address, port, say=_say, on_ready=on_ready)
    models = {"faces": settings.face_model, "transcribe": settings.asr_model}
    more = tuple(kind for kind, model in models.items() if model)
    wanted = programs(settings.data, host, port, workers, more=more)
    sys.exit(run(supervisor, wanted, readiness))


def prepare(settings: Settings, demo: bool) -> dict[str, Any]:
    """Schema, and the demo on a new installation; the demo accounts, or nothing."""
    database = Database(settings.database_url)
    schema.upgrade(database.engine)
    with database.read() as session:
        new = seed.nobody_yet(session)
    if new and demo:
        _say("a new installation: adding the demo accounts")
        plant(settings, database)
    database.dispose()
    return seed.read_kept(settings.data)


def programs(
    data: Path, host: str, port: int, workers: int, *, more: tuple[str, ...] = ()
) -> list[Program]:
    """The web, one worker that only examines (and sends mail between two clips), the others for
    redactions and ladders (and for ``more`` kinds of jobs, whose model is set), the scheduler."""
    later = ",".join(("redact", "ladder", "mail", *more))
    ladders = str(max(1, workers - 1))
    run_queue = ("run", "--concurrency")
    ours = partial(workers_argv, data, port=port)
    return [
        Program("web", web_argv(data, host, port)),
        Program("examine", ours(*run_queue, "1", "--queues", "examine,mail")),
        Program("ladder", ours(*run_queue, ladders, "--queues", later)),
        Program("scheduler", ours("scheduler")),
    ]


def run(supervisor: Supervisor, wanted: list[Program], readiness: Readiness) -> int:
    """Until a signal; the exit status."""
    status = 0
    try:
        for program in wanted:
            supervisor.add(program)
        while not supervisor.stopping:
            supervisor.step(readiness.wait)
            supervisor.ready = readiness.look()
    except Failed as failed:
        for line in failed.tail:
            say(line)
        _say(f"cannot start: {failed}")
        status = FAILED
    clean = supervisor.stop()
    _say("ended" if clean else "ended; something had to be killed, see the logs")
    return status if clean else FAILED


def announce(settings: Settings, url: str, given: dict[str, Any]) -> None:
    click.echo(f"\nLan Tỏa is ready: {url}\n")
    if given:
        click.echo(describe(given))
        click.echo(f"(kept in {settings.data / seed.FILE}, with API tokens)\n")
    click.echo(f"data: {settings.data}   logs: {settings.data / 'log'}   end: Ctrl-C")
    sys.stdout.flush()


def check_port(host: str, port: int) -> None:
    """Fail before anything is started, in words."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise click.ClickException(_port_trouble(host, port, error)) from None


def _port_trouble(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program: choose another one with --port"
    if error.errno == errno.EACCES:
        return f"port {port} needs root's rights: choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {error}"


def _address(host: str, port: int) -> str:
    """Where this machine reaches what listens on ``host``."""
    if host in ("", "0.0.0.0"):  # noqa: S104 - nothing is bound here
        return "127.0.0.1"
    return "[::1]" if host == "::" else host


def _say(text: str) -> None:
    say(f"{'up'.ljust(WIDTH)} | {text}")


def _echo(verbose: bool) -> Callable[[str, str], None]:
    """Prints every line, or only the important ones with the tracebacks below them."""
    inside: set[str] = set()  # programs in the middle of a traceback

    def echo(name: str, line: str) -> None:
        below = name in inside
        if line.startswith("Traceback"):
            inside.add(name)
        elif not line.startswith(" "):
            inside.discard(name)  # the exception itself: the traceback's last line
        if verbose or below or IMPORTANT.search(line):
            say(f"{name.ljust(WIDTH)} | {line}")

    return echo
