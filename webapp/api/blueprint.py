"""The blueprint, and what every call of the API shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from review.errors import InvalidInput
from review.text import Sentence, is_writable
from webapp.errors import WebError

MAX_DEPTH = 16  # of JSON; ours has four levels
blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def body() -> dict[str, Any]:
    """The request's JSON object. Raises 400 or 415 with a code."""
    if not request.is_json:
        raise WebError("json_only", 415)
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise WebError("bad_json", 400) from None
    if not isinstance(value, dict):
        raise WebError("bad_json", 400)
    _check_text(value, MAX_DEPTH)
    return value


def _check_text(value: Any, depth: int) -> None:
    """Raises 400 for what no database can write, and for what lies too deep."""
    if depth == 0:
        raise WebError("bad_json", 400)
    if isinstance(value, str):
        if not is_writable(value):
            raise WebError("bad_text", 400)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _check_text(name, depth - 1)
            _check_text(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_text(item, depth - 1)


def whole_number(value: Mapping[str, Any], field: str, *, required: bool = True) -> int | None:
    number = value.get(field)
    if number is None and not required:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 53:
        raise InvalidInput(**{field: "Cần là số nguyên."})
    return number


def limit(default: int = 20, highest: int = 100) -> int:
    text = request.args.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= highest):
        raise InvalidInput(limit=Sentence("Cần là số từ 1 đến {highest}.", highest=highest))
    return int(text)
