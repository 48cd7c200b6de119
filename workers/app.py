"""The Celery application: one task, which only says that a job is due."""

from __future__ import annotations

import os
import socket
from functools import cache

from celery import Celery

from review import jobs
from storage_config import settings as settings_module
from storage_config.broker import celery_config
from workers import deps as deps_module
from workers.pipeline import work_once

app = Celery("lantoa")


def configure(settings: settings_module.Settings, kinds: tuple[str, ...] = jobs.KINDS) -> Celery:
    """Give the application its broker, and the kinds of jobs that this process does."""
    app.conf.update(celery_config(settings))
    app.conf.update(lantoa_settings=settings, lantoa_kinds=kinds)
    return app


@cache
def _deps(pid: int) -> deps_module.Deps:
    """One set of connections for each process: none may be shared across a fork."""
    return deps_module.build(app.conf["lantoa_settings"])


@app.task(name="workers.ring", ignore_result=True, acks_late=True)  # type: ignore[untyped-decorator]  # Celery has no types
def ring(job_id: str) -> bool:
    """Do the most urgent due job, which need not be ``job_id``; True when there was one.

    Then pass the bell on while more is due, so that a backlog needs no message for each job.
    """
    deps = _deps(os.getpid())
    kinds = app.conf["lantoa_kinds"]
    done = work_once(deps, f"{socket.gethostname()}:{os.getpid()}", kinds)
    if done:
        with deps.database.read() as session:
            waiting = [(i, k) for i, k in jobs.due(session, limit=20) if k in kinds]
        for due_id, kind in waiting[:1]:
            deps.doorbell.ring(due_id, kind)
    return done
