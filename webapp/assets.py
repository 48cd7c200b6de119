"""Page assets: built at set-up, named by their content so that browsers may keep them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask, url_for
from whitenoise import WhiteNoise

STATIC = Path(__file__).parent / "static"
DIST = STATIC / "dist"


@cache
def _manifest(changed: float) -> dict[str, str]:
    loaded = json.loads((DIST / "manifest.json").read_text())
    return {str(k): str(v) for k, v in loaded.items()}


def built_name(name: str) -> str:
    """The name of a built file in :data:`DIST`; a missing build is told in one line."""
    try:
        return _manifest((DIST / "manifest.json").stat().st_mtime)[name]
    except (FileNotFoundError, KeyError):
        raise RuntimeError(f"the page asset {name} is not built: run bin/setup") from None


def asset(name: str) -> str:
    """The URL of a built file."""
    return url_for("static", filename=f"dist/{built_name(name)}")


def are_built() -> bool:
    return (DIST / "manifest.json").is_file()


def init(app: Flask) -> None:
    """WhiteNoise sends the files, compressed as set-up left them: a slow phone waits for a third
    of the bytes."""
    app.jinja_env.globals["asset"] = asset
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix="static",
        max_age=3600,
        mimetypes={".webmanifest": "application/manifest+json"},
        allow_all_origins=False,
        # Names change with the content: these never do.
        immutable_file_test=lambda path, url: url.startswith("/static/dist/"),
        add_headers_function=_headers,
    )


def _headers(headers: Headers, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
