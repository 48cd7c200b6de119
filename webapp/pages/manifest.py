"""Many clips at once, by a spreadsheet: checked here, sent one after the other by the script."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from review import manifest
from review.errors import InvalidInput
from review.manifest import COLUMNS, Entry
from review.manifest.report import HEADER, RESULTS
from review.manifest.table import MAX_BYTES
from review.policy import Role
from webapp.auth import roles
from webapp.deps import deps
from webapp.i18n import choose_language, translated

blueprint = Blueprint("manifest", __name__, url_prefix="/manifest")


def _called(name: str) -> str:
    """A column's name in the reader's language, as a table may have it."""
    if choose_language() == "vi":
        return name
    return next((c.key for c in COLUMNS if c.name == name), name)


@blueprint.get("")
@roles(Role.TEACHER)
def page() -> str:
    return render_template(
        "manifest.html",
        columns=[(c, _called(c.name)) for c in COLUMNS],
        header=[translated(name) for name in HEADER],
        results={code: translated(words) for code, words in RESULTS.items()},
        max_bytes=deps().settings.max_bytes,
    )


@blueprint.get("/template.csv")
@roles(Role.TEACHER)
def template() -> Response:
    """A table to start from, with semicolons: so Excel opens it where a comma is for decimals."""
    text = manifest.template(english=choose_language() == "en")
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="lan-toa.csv"'
    return response


@blueprint.post("/check")
@roles(Role.TEACHER)
def check() -> Response | tuple[Response, int]:
    """Every row of the table against the files that were chosen; nothing is kept."""
    try:
        table, entries = _read()
    except InvalidInput as error:
        told = [translated(text) for text in error.errors.values()]
        return jsonify({"code": error.code, "wrong": told}), 422
    shown = [_shown(entry) for entry in entries]
    return jsonify({"delimiter": table.delimiter, "entries": shown})


def _read() -> tuple[manifest.Table, list[Entry]]:
    file = request.files.get("manifest")
    if file is None:
        raise InvalidInput(manifest="Hãy chọn tệp CSV.")
    table = manifest.read(file.stream.read(MAX_BYTES + 1))
    entries = manifest.parse(table)
    sizes = _sizes()
    manifest.check_files(
        entries,
        lambda name: sizes.get(_plain(name)),
        max_bytes=deps().settings.max_bytes,
        name_of=_plain,
    )
    return table, entries


def _sizes() -> dict[str, int]:
    """Name of a chosen file -> bytes, as the browser says."""
    try:
        told = json.loads(request.form.get("files", "[]"))
        return {_plain(str(f["name"])): int(f["size"]) for f in told}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InvalidInput(files="Danh sách tệp không đúng dạng.") from None


def _plain(name: str) -> str:
    """A browser tells no folders; a Mac tells letters and marks apart."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return unicodedata.normalize("NFC", last).casefold()


def _shown(entry: Entry) -> Mapping[str, Any]:
    wrong = [
        {
            "row": w.row,
            "column": _called(w.column),
            "text": translated(w.sentence),
        }
        for w in entry.wrong
    ]
    return {
        "row": entry.row,
        "file": entry.file,
        "name": _plain(entry.file),
        "title": entry.title,
        "people": len(entry.people_rows),
        "wrong": wrong,
        "body": entry.body,
    }
