"""The pages of an offline pack. They work from ``file://``, and without a script but for the
search and the captions: a browser reads no caption file from a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from review.details import TOPICS
from webapp.libraryclient.files import files_of

_PAGE = files("webapp.libraryclient") / "page"


@dataclass(frozen=True, slots=True)
class Card:
    """A clip as the pages show it. Paths are below its folder; ``captions``: language -> WebVTT."""

    id: str
    title: str
    summary: str
    credit: str
    licence: str
    topics: tuple[str, ...]
    published: str
    length: str
    film: str | None
    poster: str | None
    captions: Mapping[str, str]


def card(folder: Path, record: Mapping[str, Any]) -> Card:
    there = [f["what"] for f in record["files"]]
    films = [f.what for f in files_of(record) if f.what in there and f.what.endswith(".mp4")]
    captions = [what for what in there if what.startswith("captions/")]
    return Card(
        id=record["id"],
        title=record["title"],
        summary=record["summary"],
        credit=record["credit"],
        licence=record["licence"],
        topics=tuple(TOPICS.get(code, code) for code in record["topics"]),
        published=record["published_at"],
        length=_length(record["duration_s"]),
        film=films[-1] if films else None,
        poster=next((what for what in there if what.endswith(".jpg")), None),
        captions={Path(w).stem: (folder / w).read_text("utf-8", "replace") for w in captions},
    )


def _length(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def pages(cards: Sequence[Card], made_at: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every page and what they need."""
    newest = sorted(cards, key=lambda c: c.published, reverse=True)
    topics = sorted({topic for c in cards for topic in c.topics})
    yield (
        "index.html",
        _filled(
            "index.html",
            count=len(cards),
            day=".".join(reversed(made_at[:10].split("-"))),
            topics="".join(f"<option>{escape(t)}</option>" for t in topics),
            cards="".join(map(_cardlet, newest)),
        ),
    )
    for name in ("page.css", "page.js"):
        yield name, (_PAGE / name).read_text("utf-8")
    for one in cards:
        yield f"clips/{one.id}/index.html", _clip_page(one)
        if one.captions:
            told = json.dumps(dict(one.captions), ensure_ascii=True)
            yield f"clips/{one.id}/captions.js", f"window.CAPTIONS = {told};\n"


def _filled(name: str, **values: object) -> str:
    return Template((_PAGE / name).read_text("utf-8")).substitute(values)


def _cardlet(one: Card) -> str:
    picture = f'<img src="clips/{one.id}/{escape(one.poster or "")}" alt="" loading="lazy">'
    return _filled(
        "card.html",
        place=f"clips/{one.id}/index.html",
        picture=picture if one.poster else "",
        length=f"<span>{one.length}</span>" if one.length else "",
        title=escape(one.title),
        about=escape(" · ".join(filter(None, (one.credit, ", ".join(one.topics))))),
        words=escape(" ".join((one.title, one.summary, one.credit, *one.topics))),
        topics=escape("|".join(one.topics)),
    )


def _clip_page(one: Card) -> str:
    return _filled(
        "clip.html",
        title=escape(one.title),
        film=escape(one.film or ""),
        poster=escape(one.poster or ""),
        summary="".join(f"<p>{escape(line)}</p>" for line in one.summary.split("\n") if line),
        about=escape(" · ".join(filter(None, (one.credit, ", ".join(one.topics), one.length)))),
        licence=escape(one.licence),
        captions='<script src="captions.js"></script>' if one.captions else "",
    )
