"""Page assets: built at set-up, named by their content so that browsers may keep them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from flask import Flask, url_for

DIST = Path(__file__).parent / "static" / "dist"


@cache
def _manifest(changed: float) -> dict[str, str]:
    loaded = json.loads((DIST / "manifest.json").read_text())
    return {str(k): str(v) for k, v in loaded.items()}


def asset(name: str) -> str:
    """The URL of a built file; a missing build is told in one line."""
    try:
        manifest = _manifest((DIST / "manifest.json").stat().st_mtime)
        return url_for("static", filename=f"dist/{manifest[name]}")
    except (FileNotFoundError, KeyError):
        raise RuntimeError(f"the page asset {name} is not built: run bin/setup") from None


def are_built() -> bool:
    return (DIST / "manifest.json").is_file()


def init(app: Flask) -> None:
    app.jinja_env.globals["asset"] = asset
    # Names change with the content: a year is as good as for ever.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600
