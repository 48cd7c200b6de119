"""gunicorn, with the settings that slow phones need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication

from storage_config.settings import Settings
from webapp.app import create_app
from webapp.patient import PatientWorker
from webapp.uploads.finish import finish_pending

log = structlog.get_logger(__name__)
# An upload over a slow network holds one for minutes; see webapp.uploads.views.AT_ONCE.
THREADS = 64


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line and its configuration file."""

    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


def gunicorn_options(host: str, port: int, workers: int) -> dict[str, Any]:
    return {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": PatientWorker,
        "threads": THREADS,
        # For the worker's heart, not for a request: an upload may take an hour.
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 5,
        "limit_request_line": 4094,
        "limit_request_fields": 60,
        # No header may move a path: what waits for a body goes by the path of the first line.
        "forwarder_headers": "",
        # Its heart beats in a file there: a busy disk must not look like a dead worker.
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - gunicorn makes and unlinks its own file
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "lantoa-web",
    }


def serve(settings: Settings, *, host: str, port: int, workers: int = 2) -> None:
    """Answer until stopped. Each worker makes its own application after the fork."""

    def make_app() -> Flask:
        app = create_app(settings)
        with app.app_context():
            finish_pending()
        return app

    Server(make_app, gunicorn_options(host, port, workers)).run()
