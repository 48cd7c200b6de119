"""The feed as people's readers take it: whole addresses, words in place of codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from review.clock import iso
from review.details import TOPICS
from review.models import FeedEntry
from webapp.deps import deps
from webapp.feed.markup import plain
from webapp.feed.records import clip_record

NAME = "Lan Tỏa"
ABOUT = "Clip của học sinh và giáo viên, đã được duyệt."
LANGUAGE = "vi"
# Of a feed that has nothing in it yet: some time has to stand there, and the same each time.
NEVER = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Item:
    """``films``: the record's progressive files, the smallest picture first; ``changed``: when
    this was last said; ``duration``: seconds."""

    id: str
    seq: int
    revision: int
    title: str
    summary: str
    language: str
    topics: tuple[str, ...]
    level: str | None
    campaign: str | None
    credit: str
    licence: str
    scope: str
    published: str
    changed: str
    duration: float | None
    poster: str | None
    hls: str | None
    films: tuple[Mapping[str, Any], ...]
    captions: tuple[Mapping[str, Any], ...]

    @property
    def urn(self) -> str:
        return urn(self.id)

    @property
    def page(self) -> str:
        return f"{deps().settings.public_url}/library/{self.id}"

    @property
    def subjects(self) -> list[str]:
        """Topics in words."""
        return [TOPICS.get(code, code) for code in self.topics]

    @property
    def film(self) -> Mapping[str, Any] | None:
        """The best single file."""
        return self.films[-1] if self.films else None

    @property
    def licence_url(self) -> str:
        kind, _, version = self.licence.removeprefix("CC-").rpartition("-")
        return f"https://creativecommons.org/licenses/{kind.lower()}/{version}/"


def urn(clip_id: str) -> str:
    """What the clip is called in every view, for ever and wherever we live."""
    return f"urn:lantoa:clip:{clip_id}"


def item(entry: FeedEntry) -> Item:
    """Of an entry with a record."""
    assert entry.record is not None
    record = clip_record(entry.record)
    made = record["renditions"]
    films = sorted((r for r in made if r["kind"] == "mp4"), key=lambda r: r["height"])
    return Item(
        id=entry.clip_id,
        seq=entry.seq,
        revision=record["revision"],
        title=plain(record["title"]),
        summary=plain(record["summary"]),
        language=record["language"],
        topics=tuple(record["topics"]),
        level=record["level"],
        campaign=record["campaign"],
        credit=plain(record["credit"]),
        licence=record["licence"],
        scope=record["scope"],
        published=record["published_at"],
        changed=iso(entry.at),
        duration=record["duration_s"],
        poster=record["poster"],
        hls=next((r["url"] for r in made if r["kind"] == "hls"), None),
        films=tuple(films),
        captions=tuple(record["captions"]),
    )


@dataclass(frozen=True, slots=True)
class Window:
    """Addresses of this page, of the first and of the next one (None on the last)."""

    entries: list[FeedEntry]
    first: str
    here: str
    next: str | None

    def items(self) -> Iterator[Item]:
        return (item(entry) for entry in self.entries if entry.record is not None)

    @property
    def changed(self) -> str:
        """When anything in it was said last."""
        return max((iso(entry.at) for entry in self.entries), default=NEVER)
