"""The pages as an app: its worker, and the two pages that are there without a network.

Both are made for nobody in particular: whoever opens the phone may see them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import force_locale

from webapp.assets import DIST, asset, built_name
from webapp.i18n import LANGUAGES
from webapp.pages.kept import owner_tag
from webapp.pages.submit import empty_page

blueprint = Blueprint("installed", __name__)
SCRIPTS = ("app.css", "upload.css", "app.js", "submit.js")


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"owner_tag": owner_tag}


def _nobody(language: str) -> dict[str, Any]:
    """What the frame of a page asks for, as of somebody who is not there."""
    nothing = {"account": None, "actor": None, "signed_in": False, "owner_tag": None}
    return {**nothing, "language": language, "csrf_token": lambda: "", "shell": True}


def _shell(language: str) -> str:
    with force_locale(language):
        return empty_page(**_nobody(language))


def _offline(language: str) -> str:
    with force_locale(language):
        return render_template("offline.html", **_nobody(language))


def _asked_language() -> str:
    language = request.args.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        abort(404)
    return language


@blueprint.get("/submit/offline")
def shell() -> str:
    """The submit page for a phone without a network: what it holds comes from the phone."""
    return _shell(_asked_language())


@blueprint.get("/offline")
def offline() -> str:
    return _offline(_asked_language())


@blueprint.get("/sw.js")
def worker() -> Response:
    """The service worker, from the root so that its scope is every page; it names what it keeps."""
    files = [asset(name) for name in SCRIPTS]
    files.append(url_for("static", filename="icon.svg"))
    pages = {
        kind: {n: url_for(f"installed.{kind}", language=n) for n in LANGUAGES}
        for kind in ("shell", "offline")
    }
    made = [make(n) for n in LANGUAGES for make in (_shell, _offline)]
    seen = "\0".join([*files, *made, built_name("sw.js")])
    version = hashlib.sha256(seen.encode()).hexdigest()[:12]
    told = json.dumps({"version": version, "files": files, "pages": pages})
    script = (DIST / built_name("sw.js")).read_text("utf-8")
    response = Response(f"self.LANTOA={told};\n{script}", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(version)
    response.make_conditional(request)
    return response
