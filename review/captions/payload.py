"""The text of one cue: WebVTT's own form, of which only ``<b>``, ``<i>`` and ``<u>`` are kept.

A payload is escaped (``&amp;``, ``&lt;``, ``&gt;``), its tags are balanced, no line of it is
blank. Nothing in it can be markup, a style or a script to whoever shows it.
"""

from __future__ import annotations

import re

from review.text import clean

_TAG = re.compile(r"<(/?)([A-Za-z][^<>\s./]*)(?:[\s./][^<>]*)?>|<\d[\d:.,]*>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # of ASS, in SRT files: {\an8}
_KEPT = ("b", "i", "u")
_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&#39;": "'",
    "&nbsp;": " ",
    "&lrm;": "",
    "&rlm;": "",
    "&amp;": "&",
}
_ENTITY = re.compile("|".join(map(re.escape, _ENTITIES)))
_LIMITLESS = 1 << 30
_MOST_ROUNDS = 10  # of normalising: what was dropped may have joined what stands around it


def normal(raw: str, *, escaped: bool) -> str:
    """The payload of what stands in a file; ``escaped``: written as WebVTT, else as SRT.

    Empty where nothing can be read. Normalising a payload again (as WebVTT) changes nothing.
    """
    text = _once(raw if escaped else _OVERRIDE.sub("", raw), escaped=escaped)
    for _ in range(_MOST_ROUNDS):
        again = _once(text, escaped=True)
        if again == text:
            return text
        text = again
    return escape(plain(text))


def _once(raw: str, *, escaped: bool) -> str:
    text = clean(raw, limit=_LIMITLESS, multiline=True).replace("\t", " ")
    made: list[str] = []
    opened: list[str] = []
    at = 0
    for tag in _TAG.finditer(text):
        made.append(_literal(text[at : tag.start()], escaped=escaped))
        at = tag.end()
        made += _tags(tag, opened)
    made.append(_literal(text[at:], escaped=escaped))
    made += [f"</{name}>" for name in reversed(opened)]
    lines = (" ".join(line.split()) for line in "".join(made).split("\n"))
    result = "\n".join(line for line in lines if line)
    return result if plain(result).strip() else ""


def _tags(tag: re.Match[str], opened: list[str]) -> list[str]:
    """What stays of one tag: nothing, itself, or what has to be closed with it."""
    name = (tag.group(2) or "").lower()
    if name not in _KEPT:
        return []
    if not tag.group(1):
        if name in opened:
            return []
        opened.append(name)
        return [f"<{name}>"]
    if name not in opened:
        return []
    closed = []
    while True:
        last = opened.pop()
        closed.append(f"</{last}>")
        if last == name:
            return closed


def _literal(text: str, *, escaped: bool) -> str:
    if escaped:
        text = _ENTITY.sub(lambda m: _ENTITIES[m.group()], text)
    return escape(text)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(payload: str) -> str:
    """The words alone, for people: no tags, nothing escaped."""
    return _ENTITY.sub(lambda m: _ENTITIES[m.group()], _TAG.sub("", payload))
