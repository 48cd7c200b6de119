"""``python -m workers``: the roles that are not the web. ``lantoa`` starts these."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from review import jobs, schema
from storage_config import broker, sandbox_report
from storage_config.blobs import blob_store
from storage_config.database import DatabaseBusy
from storage_config.settings import Settings, SettingsError, load
from workers import deps as deps_module
from workers import faces, hooks, orphan, transcribe
from workers.app import configure
from workers.media import MediaToolFailed, SandboxUnavailable, card, choose_sandbox
from workers.sweep import Sweeper

log = structlog.get_logger(__name__)
OFTEN = 5.0  # seconds: what a lost message costs at the most
RARELY = 300.0
SELDOM = 3600.0


def _settings(data: Path | None, port: int | None) -> Settings:
    try:
        return load(data=data, port=port)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _build(settings: Settings) -> deps_module.Deps:
    """On a database of this program's version; one that is away may come back with the wrong one,
    and is looked at when the role starts again."""
    with _in_words():
        deps = deps_module.build(settings)
        try:
            schema.require_current(deps.database.engine)
        except OperationalError as error:
            if deps.database.is_sqlite:  # nothing that passes by itself
                raise
            log.warning("database_away", why=str(error.orig))
        return deps


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What the operator has to mend, as one line."""
    try:
        yield
    except (SandboxUnavailable, schema.SchemaNewer, schema.SchemaMissing) as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(f"the database can not be used: {error.orig}") from None
    except DatabaseBusy as error:
        raise click.ClickException(f"the database is busy, try again: {error}") from None
    except OSError as error:
        raise click.ClickException(f"the data directory can not be used: {error}") from None


@click.group(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path), default=None)
@click.option("--port", type=int, default=None, help="The web's, where no public address is set.")
@click.pass_context
def main(context: click.Context, data: Path | None, port: int | None) -> None:
    context.obj = partial(_settings, data, port)


@main.command()
@click.option("--queues", default=",".join(jobs.KINDS), show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=1, show_default=True)
@click.pass_obj
def run(settings_of: Callable[[], Settings], queues: str, concurrency: int) -> None:
    """Do jobs of the kinds in --queues until stopped."""
    kinds = tuple(q.strip() for q in queues.split(",") if q.strip())
    unknown = [k for k in kinds if k not in jobs.KINDS]
    if unknown or not kinds:
        raise click.UsageError(f"--queues takes {', '.join(jobs.KINDS)}; not {unknown or 'none'}")
    settings = settings_of()
    kinds = _that_can_be_done(settings, kinds)
    _report_sandbox(settings)
    _clear_scratch(settings)
    app = configure(settings, kinds)
    orphan.end_with_parent()
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(kinds)}",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            "-Ofair",
            f"--hostname={'-'.join(kinds)}-{time.time_ns()}@%h",
        ]
    )


def _that_can_be_done(settings: Settings, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Without its model a kind of job waits for a worker that has one. A model that can not be
    used is told, and everything else is done: no clip waits for captions that nobody drafts."""
    models = _models(settings)
    states = {"transcribe": models["asr"], "faces": models["faces"]}
    able = tuple(kind for kind in kinds if states.get(kind, "ok") == "ok")
    wrong = {k: states[k] for k in kinds if k not in able and states[k] != "off"}
    if not able and wrong:
        raise click.ClickException(next(iter(wrong.values())))
    if not able:
        needs = {"transcribe": "ASR_MODEL", "faces": "FACE_MODEL"}
        raise click.UsageError(f"the queue {kinds[0]} needs LANTOA_{needs[kinds[0]]}")
    for kind, why in wrong.items():
        log.error("jobs_left_to_others", kind=kind, why=why)
    return able


def _report_sandbox(settings: Settings) -> None:
    """Choose the cage before the first job: `/readyz` and the log name it, and workers that may
    not run without one end here."""
    try:
        tier, refusal = choose_sandbox(settings.media_sandbox).tier, ""
    except SandboxUnavailable as error:
        tier, refusal = sandbox_report.NONE, str(error)
    log.info("media_sandbox", tier=tier)
    try:
        sandbox_report.write(blob_store(settings.storage_url), tier)
    except OSError as error:
        log.warning("sandbox_not_reported", why=str(error))
    if refusal:
        raise click.ClickException(refusal)


def _clear_scratch(settings: Settings) -> None:
    """What a killed worker left on this machine: the scheduler may run on another."""
    deps = _build(settings)
    with contextlib.suppress(DatabaseBusy):
        Sweeper(deps).remove_dead_scratch()
    deps.database.dispose()


@main.command()
@click.pass_obj
def scheduler(settings_of: Callable[[], Settings]) -> None:
    """Ring for due jobs, send webhooks and sweep, until stopped. Two at once do no harm."""
    settings = settings_of()
    deps = _build(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sweeper = Sweeper(deps)
    senders = hooks.start_senders(deps, stop)
    next_rarely = next_seldom = 0.0
    while not stop.is_set():
        try:
            sweeper.often()
            if time.monotonic() >= next_rarely:
                next_rarely = time.monotonic() + RARELY
                sweeper.rarely()
                broker.clean_embedded(settings)
            if time.monotonic() >= next_seldom:
                next_seldom = time.monotonic() + SELDOM
                sweeper.seldom()
        except (DatabaseBusy, OSError) as error:
            log.warning("sweep_interrupted", why=str(error))
        stop.wait(OFTEN)
    for sender in senders:
        sender.join(1.0)


@main.command()
@click.pass_obj
def sweep(settings_of: Callable[[], Settings]) -> None:
    """One whole round of upkeep, then end."""
    settings = settings_of()
    sweeper = Sweeper(_build(settings))
    with _in_words():
        rung = sweeper.often()
        sweeper.rarely()
        sweeper.seldom()
        broker.clean_embedded(settings)
    click.echo(f"rang for {rung} due jobs; swept")


@main.command()
@click.pass_obj
def check(settings_of: Callable[[], Settings]) -> None:
    """Print what the workers have here, as JSON: {"sandbox", "ffmpeg", "card": "ok" | what is
    missing, and for the models "asr" and "faces": "off" | "ok" | what is wrong}; for `lantoa
    doctor`."""
    settings = settings_of()
    try:
        tier = choose_sandbox(settings.media_sandbox).tier
    except SandboxUnavailable as error:
        raise click.ClickException(str(error)) from None
    version = subprocess.run(
        ["ffmpeg", "-hide_banner", "-version"], capture_output=True, text=True, check=True
    )
    told = {"sandbox": tier, "ffmpeg": version.stdout.split("\n", 1)[0], "card": _card()}
    click.echo(json.dumps(told | _models(settings)))


def _card() -> str:
    """Whether the card before an acted scene can be written here: "ok", or what is missing."""
    try:
        card.acted("vi")
    except MediaToolFailed as error:
        return error.detail
    return "ok"


def _models(settings: Settings) -> dict[str, str]:
    """Of each model: "off", "ok", or what is wrong with it."""
    told = {}
    for name, check_one, model in (
        ("asr", transcribe.check, settings.asr_model),
        ("faces", faces.check, settings.face_model),
    ):
        try:
            check_one(model)
            told[name] = "ok" if model else "off"
        except (transcribe.NoRecogniser, faces.NoDetector) as error:
            told[name] = str(error)
    return told


if __name__ == "__main__":
    sys.exit(main())
