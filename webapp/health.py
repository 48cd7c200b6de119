"""What operators and their programs ask: alive, ready, and figures."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from review import feed, schema
from review.models import Clip, Job
from storage_config import broker, sandbox_report
from storage_config.database import DatabaseBusy
from webapp.assets import are_built
from webapp.deps import Deps, deps
from webapp.uploads.parts import SPARE

blueprint = Blueprint("health", __name__)
log = structlog.get_logger(__name__)

_registry = CollectorRegistry()
_requests = Counter(
    "lantoa_requests_total", "Answers by status", ["method", "status"], registry=_registry
)
_seconds = Histogram("lantoa_request_seconds", "Time to answer", registry=_registry)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Whether everything that an answer needs is there; what is not, in words."""
    parts = dict(_parts(deps()))
    parts["sandbox"], tiers = _sandbox(deps())
    good = all(state == "ok" for state in parts.values())
    status = "ok" if good else "not_ready"
    told: dict[str, Any] = {"status": status, "parts": parts, "sandbox": tiers}
    if parts["database"] == "ok" and (warnings := _warnings(deps())):
        told["warnings"] = warnings
    return jsonify(told), 200 if good else 503


def _warnings(where: Deps) -> list[str]:
    """What answers do not suffer from, and somebody has to look at all the same. Libraries are not
    named: anybody may read this."""
    try:
        with where.database.read() as session:
            above = feed.above_head(session)
    except DatabaseBusy:
        return []
    if not above:
        return []
    return ["a library has acknowledged more than the feed has: run lantoa doctor"]


def _parts(where: Deps) -> Iterator[tuple[str, str]]:
    yield "database", _database(where)
    yield "storage", _storage(where)
    yield "broker", _broker(where)
    yield "assets", "ok" if are_built() else "the page assets are not built: run bin/setup"


def _database(where: Deps) -> str:
    try:
        if not schema.is_current(where.database.engine):
            return "the schema is not up to date: run lantoa migrate"
        with where.database.read() as session:
            session.execute(select(1))
    except (DatabaseBusy, SQLAlchemyError) as error:
        return f"does not answer: {error}".splitlines()[0]
    return "ok"


def _storage(where: Deps) -> str:
    try:
        where.part_files.mkdir(parents=True, exist_ok=True)
        probe = where.part_files / ".ready"
        probe.write_bytes(b"ready")
        probe.unlink()
        with contextlib.suppress(FileNotFoundError):
            where.blobs.stat("ready")
        free = shutil.disk_usage(where.part_files).free
    except OSError as error:
        return f"does not take bytes: {error}"
    if free < SPARE:
        return f"has no room for uploads: {free // 2**20} MiB free, {SPARE // 2**20} are kept free"
    return "ok"


def _broker(where: Deps) -> str:
    try:
        broker.check(where.settings)
    except OSError as error:
        return str(error)
    return "ok"


def _sandbox(where: Deps) -> tuple[str, list[str]]:
    """What is wrong, or "ok"; and the tiers of all machines, as their workers said at the start.

    Machines are not named: anybody may read this.
    """
    try:
        reports = sandbox_report.read(where.blobs)
    except OSError as error:
        return f"not known: {error}", []
    tiers = sorted(set(reports.values()))
    if not tiers:
        return "no worker has ever started here: run lantoa worker", tiers
    weak = [tier for tier in tiers if tier not in sandbox_report.CAGES]
    if sandbox_report.NONE in weak or (weak and where.settings.media_sandbox == "require"):
        return "a machine's workers have no cage for the media tool: run lantoa doctor there", tiers
    return "ok", tiers


class _Rows:
    """Jobs by state, and all clips, counted when Prometheus asks."""

    def __init__(self, where: Deps) -> None:
        self._where = where

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._where.database.read() as session:
            jobs = session.execute(
                select(Job.kind, Job.state, func.count())
                .where(Job.confidential.is_(False))
                .group_by(Job.kind, Job.state)
            )
            clips = session.scalar(
                select(func.count()).select_from(Clip).where(Clip.submitted_at.is_not(None))
            )
            yield _family("lantoa_jobs", "Jobs", ["kind", "state"], jobs.all())
            # Not by state: whoever saw one number fall and no other grow would know of a hold.
            yield _family("lantoa_clips_submitted", "Clips ever submitted", [], [(clips,)])


def _family(
    name: str, text: str, labels: list[str], rows: Iterable[Sequence[Any]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for *values, count in rows:
        family.add_metric([str(v) for v in values], count)
    return family


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus; of this web process, and of the database."""
    rows = CollectorRegistry()
    rows.register(_Rows(deps()))
    text = generate_latest(_registry) + generate_latest(rows)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def init(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.begun = time.perf_counter()


def _count(response: Response) -> Response:
    _requests.labels(request.method, response.status_code).inc()
    if "begun" in g:
        _seconds.observe(time.perf_counter() - g.begun)
    if response.status_code >= 500:
        log.error(
            "answered",
            method=request.method,
            rule=str(request.url_rule),
            status=response.status_code,
        )
    return response
