"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from webapp.deps import deps
from webapp.feed.items import ABOUT, LANGUAGE, NAME, Item, Window


def written(window: Window) -> bytes:
    head: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": NAME,
        "description": ABOUT,
        "home_page_url": f"{deps().settings.public_url}/library",
        "feed_url": window.first,
        "language": LANGUAGE,
    }
    if window.next:
        head["next_url"] = window.next
    return json.dumps(
        {**head, "items": [_item(i) for i in window.items()]}, ensure_ascii=False
    ).encode()


def _item(clip: Item) -> dict[str, Any]:
    """What the format has no word for stands in ``_lantoa``."""
    told: dict[str, Any] = {
        "id": clip.urn,
        "url": clip.page,
        "title": clip.title,
        "content_text": clip.summary or clip.title,
        "summary": clip.summary,
        "image": clip.poster,
        "date_published": clip.published,
        "date_modified": clip.changed,
        "authors": [{"name": clip.credit}] if clip.credit else None,
        "tags": clip.subjects,
        "language": clip.language,
        "attachments": [_attachment(clip, film) for film in reversed(clip.films)],
        "_lantoa": {
            "id": clip.id,
            "seq": clip.seq,
            "revision": clip.revision,
            "topics": list(clip.topics),
            "level": clip.level,
            "campaign": clip.campaign,
            "licence": clip.licence,
            "scope": clip.scope,
            "hls": clip.hls,
            "captions": [dict(c) for c in clip.captions],
        },
    }
    return {name: value for name, value in told.items() if value is not None}


def _attachment(clip: Item, film: Any) -> dict[str, Any]:
    """Those with one title are one work in several sizes (the format's own words)."""
    told = {
        "url": film["url"],
        "mime_type": film["mime"],
        "title": clip.title,
        "size_in_bytes": film["bytes"],
        "duration_in_seconds": clip.duration,
    }
    return {name: value for name, value in told.items() if value is not None}
