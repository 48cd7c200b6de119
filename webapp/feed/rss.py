"""RSS 2.0 with Media RSS 1.5.1: the file itself, picture, captions, keywords, rating."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element

from webapp.deps import deps
from webapp.feed.items import ABOUT, LANGUAGE, NAME, Item, Window
from webapp.feed.markup import ATOM, MEDIA, add, document, root

PREFIX = "media:"


def written(window: Window) -> bytes:
    rss = root("rss", version="2.0", xmlns_media=MEDIA, xmlns_atom=ATOM)
    channel = add(rss, "channel")
    add(channel, "title", NAME)
    add(channel, "link", f"{deps().settings.public_url}/library")
    add(channel, "description", ABOUT)
    add(channel, "language", LANGUAGE)
    add(channel, "lastBuildDate", _date(window.changed))
    add(channel, "atom:link", rel="self", type="application/rss+xml", href=window.here)
    if window.next:
        add(channel, "atom:link", rel="next", type="application/rss+xml", href=window.next)
    for clip in window.items():
        _item(channel, clip)
    return document(rss)


def _date(iso: str) -> str:
    return format_datetime(datetime.fromisoformat(iso), usegmt=True)


def _item(channel: Element, clip: Item) -> None:
    told = add(channel, "item")
    add(told, "title", clip.title)
    add(told, "link", clip.page)
    add(told, "guid", clip.urn, isPermaLink="false")
    add(told, "pubDate", _date(clip.published))
    if clip.summary:
        add(told, "description", clip.summary)
    for subject in clip.subjects:
        add(told, "category", subject)
    if clip.film:
        film = clip.film
        add(told, "enclosure", url=film["url"], length=film["bytes"], type=film["mime"])
    _media(told, clip)


def _media(told: Element, clip: Item) -> None:
    group = add(told, f"{PREFIX}group")
    for film in reversed(clip.films):
        add(
            group,
            f"{PREFIX}content",
            url=film["url"],
            fileSize=film["bytes"],
            type=film["mime"],
            medium="video",
            isDefault="true" if film is clip.film else "false",
            expression="full",
            duration=None if clip.duration is None else round(clip.duration),
            width=film["width"],
            height=film["height"],
            lang=clip.language,
        )
    add(group, f"{PREFIX}title", clip.title, type="plain")
    if clip.summary:
        add(group, f"{PREFIX}description", clip.summary, type="plain")
    # Everything here was made by and for children, and reviewed.
    add(group, f"{PREFIX}rating", "nonadult", scheme="urn:simple")
    if clip.subjects:
        add(group, f"{PREFIX}keywords", ", ".join(clip.subjects))
    if clip.poster:
        add(group, f"{PREFIX}thumbnail", url=clip.poster)
    if clip.credit:
        add(group, f"{PREFIX}credit", clip.credit, role="author", scheme="urn:ebu")
    for row in clip.captions:
        add(group, f"{PREFIX}subTitle", type=row["mime"], lang=row["language"], href=row["url"])
    add(group, f"{PREFIX}license", clip.licence, type="text/html", href=clip.licence_url)
