"""What ``lantoa doctor`` looks at. Each check returns findings; none changes anything."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from review import clock, feed, hooks, schema, takedown
from review.models import Job
from storage_config import broker, mail
from storage_config.blobs import blob_store
from storage_config.database import Database, DatabaseBusy
from storage_config.settings import Settings
from webapp import seed
from webapp.cli.roles import workers_argv

GIB = 1024**3
LOW_SPACE, NO_SPACE = 5 * GIB, GIB // 2  # bytes
SKEW = 5.0  # seconds between this machine and the database
WAITS_TOO_LONG = timedelta(minutes=15)
ENCODERS = ("libx264", "aac")
STATIC = Path(__file__).parents[1] / "static" / "dist"


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """``mend``: what the operator can do; empty when all is well."""

    part: str
    grade: Grade
    what: str
    mend: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def data_directory(settings: Settings) -> Iterator[Finding]:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data) as file:
            file.write(b"doctor")
    except OSError as error:
        mend = "make it writable for the account that runs Lan Tỏa, or set LANTOA_DATA"
        yield Finding("data", Grade.BAD, f"cannot write in {settings.data}: {error}", mend)
        return
    free = shutil.disk_usage(settings.data).free
    grade = Grade.OK if free >= LOW_SPACE else Grade.WARNING if free >= NO_SPACE else Grade.BAD
    mend = "" if grade is Grade.OK else "free some space, or move LANTOA_DATA to a larger disk"
    yield Finding("data", grade, f"{settings.data}, {free / GIB:.1f} GiB free", mend)


def secret_files(settings: Settings) -> Iterator[Finding]:
    for name in ("secret_key", seed.FILE):
        path = settings.data / name
        if not path.exists():
            continue
        if path.stat().st_mode & 0o077:
            yield Finding("secrets", Grade.BAD, f"others can read {path}", f"chmod 600 {path}")
        else:
            yield Finding("secrets", Grade.OK, f"only its owner reads {path.name}")
    if (settings.data / seed.FILE).exists() and settings.public_url.startswith("https:"):
        mend = "remove the demo accounts before real clips arrive"
        yield Finding("secrets", Grade.WARNING, "a public server has demo accounts", mend)


def database(settings: Settings) -> Iterator[Finding]:
    rows = Database(settings.database_url, create=False)
    if not schema.exists(rows.engine):
        where = rows.engine.url.database
        yield Finding("database", Grade.BAD, f"there is none at {where}", "lantoa migrate")
        return
    try:
        with rows.read() as session:
            now = clock.now(session)
        current = schema.is_current(rows.engine)
        schema.refuse_newer(rows.engine)
    except schema.SchemaNewer as error:
        yield Finding("database", Grade.BAD, "its schema is newer than this program", str(error))
        return
    except (DatabaseBusy, SQLAlchemyError) as error:
        mend = "start the database, and check LANTOA_DATABASE_URL"
        yield Finding("database", Grade.BAD, str(error), mend)
        return
    yield Finding("database", Grade.OK, f"{rows.engine.dialect.name} answers")
    if not current:
        mend = "lantoa migrate"
        yield Finding("database", Grade.BAD, "the schema is not up to date", mend)
    yield _clock(now.timestamp())
    if current:
        yield _waiting_jobs(rows)
        yield from _libraries(rows, settings)


def _clock(database_time: float) -> Finding:
    skew = abs(time.time() - database_time)
    if skew > SKEW:
        what = f"this machine and the database differ by {skew:.0f} s"
        return Finding("clock", Grade.BAD, what, "set the clock, e.g. timedatectl set-ntp true")
    return Finding("clock", Grade.OK, "agrees with the database")


def _waiting_jobs(rows: Database) -> Finding:
    with rows.read() as session:
        before = clock.now(session) - WAITS_TOO_LONG
        late = session.execute(
            select(Job.kind, func.count())
            .where(
                Job.state == "queued",
                Job.next_attempt_at < before,
                Job.confidential.is_(False),
            )
            .group_by(Job.kind)
            .order_by(Job.kind)
        ).all()
    if not late:
        return Finding("jobs", Grade.OK, "none waits for more than 15 minutes")
    what = ", ".join(f"{count} {kind}" for kind, count in late)
    mend = "are workers running (`lantoa worker`)? If so, add some: --concurrency or machines"
    return Finding("jobs", Grade.WARNING, f"waiting for more than 15 minutes: {what}", mend)


def _libraries(rows: Database, settings: Settings) -> Iterator[Finding]:
    """What libraries have applied, and whether they can still be told."""
    with rows.read() as session:
        above = feed.above_head(session)
        off = hooks.switched_off(session)
        late = takedown.late_libraries(session, settings.takedown_hours)
        head = feed.head(session)
    for name, seq in above:
        what = f"{name} has acknowledged {seq}, the feed ends at {head}: an older backup"
        mend = "take back again what was withdrawn since; let the library start without a cursor"
        yield Finding("feed", Grade.BAD, what, mend)
    for name, why in off:
        mend = "ask whoever runs it, then switch it on again at /admin"
        yield Finding("webhooks", Grade.WARNING, f"{name}: switched off ({why})", mend)
    for name in late:
        what = f"{name} has not confirmed a takedown within {settings.takedown_hours} hours"
        yield Finding("takedowns", Grade.WARNING, what, "see /admin/takedowns")
    if not (above or off or late):
        yield Finding("feed", Grade.OK, f"at {head}; no library is late")


def blobs(settings: Settings) -> Iterator[Finding]:
    key, content = f"doctor/{secrets.token_hex(8)}", b"doctor"
    try:
        store = blob_store(settings.storage_url)
        store.put(key, io.BytesIO(content))
        try:
            with store.open(key) as stream:
                same = stream.read() == content
        finally:
            store.delete(key)
    except (OSError, ValueError) as error:
        mend = "check LANTOA_STORAGE_URL, the rights on it, and the credentials"
        yield Finding("storage", Grade.BAD, f"cannot put, read and delete: {error}", mend)
        return
    if not same:
        yield Finding("storage", Grade.BAD, "gave back other bytes", "check the disk or the bucket")
        return
    yield Finding("storage", Grade.OK, "puts, reads and deletes")


def message_broker(settings: Settings) -> Iterator[Finding]:
    try:
        broker.check(settings)
    except OSError as error:
        mend = "start the broker, and check LANTOA_BROKER_URL; no clip is lost meanwhile"
        yield Finding("broker", Grade.BAD, str(error), mend)
        return
    yield Finding("broker", Grade.OK, "answers")


def mail_server(settings: Settings) -> Iterator[Finding]:
    try:
        where = mail.check(settings)
    except (mail.MailDelayed, OSError) as error:
        mend = "check LANTOA_SMTP_URL and the server; notices stay in the pages, no mail is lost"
        yield Finding("mail", Grade.BAD, f"cannot be handed over: {error}", mend)
        return
    yield Finding("mail", Grade.OK, where)


def media_tool(settings: Settings) -> Iterator[Finding]:
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        yield Finding("ffmpeg", Grade.BAD, "is not on the PATH", "apt-get install ffmpeg")
        return
    listed = _run(["ffmpeg", "-hide_banner", "-encoders"]).stdout.split()
    missing = [e for e in ENCODERS if e not in listed]
    if missing:
        what = f"has no encoder {', '.join(missing)}"
        yield Finding("ffmpeg", Grade.BAD, what, "install your distribution's own ffmpeg package")
    checked = _run(workers_argv(settings.data, "check"))
    if checked.returncode != 0:
        what = checked.stderr.strip().rpartition("\n")[2] or "the workers do not start"
        mend = "install bubblewrap, or set LANTOA_MEDIA_SANDBOX=auto"
        yield Finding("sandbox", Grade.BAD, what, mend)
        return
    facts = json.loads(checked.stdout.strip().rpartition("\n")[2])
    yield Finding("ffmpeg", Grade.OK, str(facts["ffmpeg"]))
    yield _sandbox(str(facts["sandbox"]))
    if facts["card"] != "ok":
        mend = "apt-get install fonts-dejavu-core, then start failed ladders of acted scenes again"
        yield Finding("fonts", Grade.BAD, str(facts["card"]), mend)
    if facts["asr"] != "off":
        yield _recogniser(str(facts["asr"]))
    if facts["faces"] != "off":
        yield _detector(str(facts["faces"]))


def _sandbox(tier: str) -> Finding:
    if tier == "limits":
        mend = "install bubblewrap (apt-get install bubblewrap), then LANTOA_MEDIA_SANDBOX=require"
        return Finding("sandbox", Grade.WARNING, f"tier {tier}: only limits, no cage", mend)
    return Finding("sandbox", Grade.OK, f"tier {tier}")


def _recogniser(state: str) -> Finding:
    if state == "ok":
        return Finding("captions", Grade.OK, "a model that drafts captions is set")
    return Finding("captions", Grade.BAD, state, "see docs/captions.md")


def _detector(state: str) -> Finding:
    if state == "ok":
        return Finding("faces", Grade.OK, "a model that proposes faces to hide is set")
    return Finding("faces", Grade.BAD, state, "see docs/redaction.md")


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def assets(settings: Settings) -> Iterator[Finding]:
    mend = "make setup (or bin/run), which builds the pages' scripts and styles"
    try:
        manifest = json.loads((STATIC / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        yield Finding("assets", Grade.BAD, f"not built: {error}", mend)
        return
    missing = [name for name in manifest.values() if not (STATIC / name).exists()]
    if missing:
        yield Finding("assets", Grade.BAD, f"missing: {', '.join(missing)}", mend)
    else:
        yield Finding("assets", Grade.OK, f"{len(manifest)} files built")


CHECKS: tuple[Check, ...] = (
    data_directory,
    secret_files,
    database,
    blobs,
    message_broker,
    mail_server,
    media_tool,
    assets,
)
