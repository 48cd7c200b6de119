"""A web server for the tests, as ``lantoa web`` starts it, on parts that may die.

``serve.py DATA PORT [POINT]``; POINT is where the process ends as if it were killed:
``before-blob``, ``after-blob`` (before its row) or ``after-row`` (before the part file is removed).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from storage_config.settings import Settings, load
from webapp.app import create_app
from webapp.server import Server, gunicorn_options
from webapp.uploads.finish import finish_pending


def die() -> None:
    os._exit(137)


class DyingBlobs(LocalBlobs):
    """The process ends before or after an original is stored."""

    def __init__(self, root: Path, point: str) -> None:
        super().__init__(root)
        self.point = point

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        if self.point == "before-blob":
            die()
        size = super().put(key, source, mime=mime)
        if self.point == "after-blob":
            die()
        return size

    def take(self, key: str, source: Path) -> None:
        if self.point == "before-blob":
            die()
        super().take(key, source)
        if self.point == "after-blob":
            die()


def parts(settings: Settings, point: str) -> dict[str, Any]:
    def after_commit(info: dict[Any, Any]) -> None:
        if point == "after-row" and info.pop("rings", []):
            die()

    return {
        "blobs": DyingBlobs(settings.data / "blobs", point),
        "database": Database(settings.database_url, after_commit=after_commit),
    }


def maker(settings: Settings, point: str) -> Callable[[], Any]:
    def make() -> Any:
        app = create_app(settings, **(parts(settings, point) if point else {}))
        if not point:
            with app.app_context():
                finish_pending()
        return app

    return make


def main() -> None:
    data, port, point = Path(sys.argv[1]), int(sys.argv[2]), (*sys.argv[3:], "")[0]
    settings = load(data=data, port=port)
    host = os.environ.get("SERVE_HOST", "127.0.0.1")
    Server(maker(settings, point), gunicorn_options(host, port, 1)).run()


if __name__ == "__main__":
    main()
