"""Atom (RFC 4287) in pages (RFC 5005), with the withdrawn ones as tombstones (RFC 6721)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from review.clock import iso
from webapp.deps import deps
from webapp.feed.items import ABOUT, LANGUAGE, NAME, Item, Window, item, urn
from webapp.feed.markup import ATOM, TOMBSTONES, add, document, root

TYPE = "application/atom+xml"
_TOPIC, _LEVEL, _CAMPAIGN = (f"urn:lantoa:{what}" for what in ("topic", "level", "campaign"))


def written(window: Window) -> bytes:
    feed = root("feed", xmlns=ATOM, xmlns_at=TOMBSTONES, xml_lang=LANGUAGE)
    add(feed, "id", "urn:lantoa:feed")
    add(feed, "title", NAME)
    add(feed, "subtitle", ABOUT)
    add(feed, "updated", window.changed)
    add(add(feed, "author"), "name", NAME)
    add(feed, "link", rel="self", type=TYPE, href=window.here)
    add(feed, "link", rel="first", type=TYPE, href=window.first)
    if window.next:
        add(feed, "link", rel="next", type=TYPE, href=window.next)
    home = f"{deps().settings.public_url}/library"
    add(feed, "link", rel="alternate", type="text/html", href=home)
    for entry in window.entries:
        if entry.record is not None:
            _entry(feed, item(entry))
        else:
            gone = add(feed, "at:deleted-entry", ref=urn(entry.clip_id), when=iso(entry.at))
            add(gone, "at:comment", entry.reason)
    return document(feed)


def _entry(feed: Element, clip: Item) -> None:
    told = add(feed, "entry", xml_lang=clip.language)
    add(told, "id", clip.urn)
    add(told, "title", clip.title)
    add(told, "published", clip.published)
    add(told, "updated", clip.changed)
    if clip.credit:
        add(add(told, "author"), "name", clip.credit)
    if clip.summary:
        add(told, "summary", clip.summary)
    add(told, "link", rel="alternate", type="text/html", href=clip.page)
    for film in reversed(clip.films):
        add(
            told,
            "link",
            rel="enclosure",
            type=film["mime"],
            length=film["bytes"],
            href=film["url"],
            title=f"{film['height']}p",
        )
    for row in clip.captions:
        add(
            told, "link", rel="related", type=row["mime"], hreflang=row["language"], href=row["url"]
        )
    if clip.poster:
        add(told, "link", rel="preview", type="image/jpeg", href=clip.poster)
    add(told, "link", rel="license", href=clip.licence_url)
    for code, words in zip(clip.topics, clip.subjects, strict=True):
        add(told, "category", term=code, label=words, scheme=_TOPIC)
    if clip.level:
        add(told, "category", term=clip.level, scheme=_LEVEL)
    if clip.campaign:
        add(told, "category", term=clip.campaign, scheme=_CAMPAIGN)
