"""What a server says, looked at before anything of it is kept: that each field is what it should
be. What a newer server says besides is let through."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from webapp.libraryclient.files import Malformed, checked_id

_TEXTS = ("title", "summary", "credit", "licence", "published_at")
_HALF = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63  # of what a database keeps as a number

Look = Callable[[Any], bool]


def page(value: Mapping[str, Any]) -> None:
    """Of the changes."""
    _is("changes", value.get("changes"), _list)
    _is("next", value.get("next"), _text)
    _is("more", value.get("more"), lambda v: isinstance(v, bool))
    for change in value["changes"]:
        clip = change.get("clip")
        _is("clip", clip, _object)
        checked_id(clip.get("id"))
        _is("kind", change.get("kind"), _text)
        _is("seq", change.get("seq"), _count)
        if change["kind"] == "withdrawn":
            _is("at", change.get("at"), _text)
            _is("reason", change.get("reason"), _or_none(_text))
        else:
            record(clip)


def snapshot(value: Mapping[str, Any]) -> None:
    _is("digest", value.get("digest"), _text)
    _is("clips", value.get("clips"), _list)
    for clip in value["clips"]:
        checked_id(clip.get("id"))


def record(value: Mapping[str, Any]) -> None:
    checked_id(value.get("id"))
    for name in ("seq", "revision"):
        _is(name, value.get(name), _count)
    for name in _TEXTS:
        _is(name, value.get(name), _text)
    _is("duration_s", value.get("duration_s"), _or_none(_number))
    topics = value.get("topics")
    _is("topics", topics, lambda v: isinstance(v, list) and all(map(_text, v)))
    _is("poster", value.get("poster"), _or_none(_text))
    _is("audio", value.get("audio"), _or_none(_object))
    for name in ("renditions", "captions"):
        _is(name, value.get(name), _list)
    for made in value["renditions"]:
        _is("renditions.kind", made.get("kind"), _text)
        if made["kind"] == "mp4":
            _is("renditions.height", made.get("height"), _count)
            _file("renditions", made)
    for made in value["captions"]:
        _file("captions", made)
    if value.get("audio"):
        _file("audio", value["audio"])
    _is("record", value, _is_writable)


def _file(where: str, made: Mapping[str, Any]) -> None:
    _is(f"{where}.url", made.get("url"), _text)
    _is(f"{where}.sha256", made.get("sha256"), _text)
    _is(f"{where}.bytes", made.get("bytes"), _count)


def _is(name: str, value: Any, look: Look) -> None:
    if not look(value):
        raise Malformed(f"the feed says {name}: {ascii(value)[:80]}")


def _text(value: Any) -> bool:
    return isinstance(value, str) and _is_writable(value)


def _is_writable(value: Any) -> bool:
    """JSON may hold half of a character, which no file takes."""
    if isinstance(value, Mapping):
        return all(_is_writable(k) and _is_writable(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_writable, value))
    return not isinstance(value, str) or value.isascii() or not _HALF.search(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _number(value: Any) -> bool:
    """Not the NaN and Infinity that some JSON has."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < _LARGEST


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_object, value))


def _or_none(look: Look) -> Look:
    return lambda value: value is None or look(value)
