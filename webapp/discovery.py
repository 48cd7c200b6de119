"""How other sites find the public clips: oEmbed, robots.txt, the sitemap, schema.org. Public ones
only: what is narrower, was withdrawn or never was is one and the same 404."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, request
from markupsafe import Markup
from sqlalchemy.orm import Session

from review import feed, queries
from review.clock import iso
from review.consent import Scope
from review.keys import is_id
from review.models import Clip
from review.states import State
from webapp.deps import deps
from webapp.errors import WebError
from webapp.feed.documents import conditional
from webapp.feed.items import NAME, Item, item
from webapp.feed.markup import add, document, root

blueprint = Blueprint("discovery", __name__)

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
MAX_URLS = 50_000  # of one file, says sitemaps.org
_OPEN = ("/$", "/library", "/media/", "/static/", "/oembed", "/sitemap")
_PAGE = re.compile(r"/library/([0-9a-z]+)/?")


def public_item(session: Session, clip_id: str) -> Item | None:
    """What the feed says of a clip that everybody may see."""
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or clip.state != State.PUBLISHED or clip.scope != Scope.PUBLIC:
        return None
    entry = feed.current(session, clip_id)
    return None if entry is None or entry.record is None else item(entry)


@blueprint.get("/oembed")
def oembed() -> Response:
    """oEmbed 1.0: a page's address in, a player out."""
    form = request.args.get("format", "json")
    if form not in ("json", "xml"):
        raise WebError("oembed_format", 501)
    with deps().database.read() as session:
        clip = public_item(session, _clip_of(request.args.get("url", "")))
    if clip is None or clip.film is None:
        raise WebError("not_found", 404)
    told = _embedded(clip, clip.film)
    if form == "json":
        return _for_all(json.dumps(told, ensure_ascii=False).encode(), "application/json")
    element = root("oembed")
    for name, value in told.items():
        add(element, name, value)
    return _for_all(document(element), "text/xml")


def _for_all(body: bytes, mime: str) -> Response:
    """Pages of other sites may read it, and nobody may keep it past a withdrawal."""
    response = conditional(body, mime)
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _clip_of(url: str) -> str:
    """The id in the address of one of our pages, else nothing."""
    try:
        asked, ours = urlsplit(url), urlsplit(deps().settings.public_url)
        here = asked.netloc in (ours.netloc, request.host)
    except ValueError:
        return ""
    found = _PAGE.fullmatch(asked.path.removeprefix(ours.path))
    return found[1] if found and here and asked.scheme in ("http", "https") else ""


def _embedded(clip: Item, film: Any) -> dict[str, Any]:
    width, height = _within(film["width"], film["height"])
    told = {
        "type": "video",
        "version": "1.0",
        "title": clip.title,
        "author_name": clip.credit or None,
        "provider_name": NAME,
        "provider_url": deps().settings.public_url,
        "html": snippet(clip, width, height),
        "width": width,
        "height": height,
        "thumbnail_url": clip.poster,
        "thumbnail_width": film["width"] if clip.poster else None,
        "thumbnail_height": film["height"] if clip.poster else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def snippet(clip: Item, width: int = 640, height: int = 404) -> str:
    """What another page takes in to show the clip: withdrawn, it says so there by itself."""
    frame = Markup(
        '<iframe src="{}" width="{}" height="{}" title="{}" style="border:0;max-width:100%"'
        ' loading="lazy" allowfullscreen></iframe>'
    )
    return str(frame.format(embed_url(clip), width, height, clip.title))


def embed_url(clip: Item) -> str:
    return f"{deps().settings.public_url}/embed/{clip.id}"


def _within(width: int, height: int) -> tuple[int, int]:
    """The picture's size, made smaller for whoever asks for that."""
    scale = min([1.0, *(most / of for most, of in zip(_wanted(), (width, height), strict=True))])
    return max(1, int(width * scale)), max(1, int(height * scale))


def _wanted() -> tuple[float, float]:
    told = [request.args.get(name, "") for name in ("maxwidth", "maxheight")]
    sizes = [int(t) if t.isascii() and t.isdigit() and len(t) < 6 else 0 for t in told]
    return (sizes[0] or float("inf"), sizes[1] or float("inf"))


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Search engines find the public pages with what these show, and are asked to leave the rest:
    a private link that somebody posted is not to be found by its words."""
    lines = ("User-agent: *", *(f"Allow: {path}" for path in _OPEN), "Disallow: /")
    sitemap = f"Sitemap: {deps().settings.public_url}/sitemap.xml"
    return _for_all("\n".join((*lines, "", sitemap, "")).encode(), "text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Every public page; beyond 50,000 a list of such lists."""
    with deps().database.read() as session:
        count = queries.public_count(session)
        if count <= MAX_URLS:
            return _urls(session, 1)
    index = root("sitemapindex", xmlns=SITEMAP)
    for number in range(1, -(-count // MAX_URLS) + 1):
        add(add(index, "sitemap"), "loc", f"{deps().settings.public_url}/sitemap-{number}.xml")
    return _for_all(document(index), "application/xml")


@blueprint.get("/sitemap-<int:number>.xml")
def sitemap_part(number: int) -> Response:
    with deps().database.read() as session:
        return _urls(session, number)


def _urls(session: Session, number: int) -> Response:
    if not 1 <= number <= 100_000:
        raise WebError("not_found", 404)
    rows = queries.public_ids(session, start=(number - 1) * MAX_URLS, limit=MAX_URLS)
    if number > 1 and not rows:
        raise WebError("not_found", 404)
    urls = root("urlset", xmlns=SITEMAP)
    for clip_id, at in rows:
        url = add(urls, "url")
        add(url, "loc", f"{deps().settings.public_url}/library/{clip_id}")
        add(url, "lastmod", iso(at))
    return _for_all(document(urls), "application/xml")


def video_object(clip: Item) -> Markup:
    """schema.org's VideoObject as JSON-LD, safe inside a script element: a browser runs no script
    of this type, so the content policy has nothing against it."""
    told = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "@id": clip.urn,
        "url": clip.page,
        "name": clip.title,
        "description": clip.summary or clip.title,
        "thumbnailUrl": [clip.poster] if clip.poster else None,
        "uploadDate": clip.published,
        "dateModified": clip.changed,
        "duration": None if clip.duration is None else f"PT{clip.duration:.1f}S",
        "embedUrl": embed_url(clip),
        "contentUrl": clip.film["url"] if clip.film else None,
        "inLanguage": clip.language,
        "keywords": clip.subjects or None,
        "license": clip.licence_url,
        "creditText": clip.credit or None,
        "isFamilyFriendly": True,
        "isAccessibleForFree": True,
        "publisher": {"@type": "Organization", "name": NAME},
    }
    text = json.dumps({k: v for k, v in told.items() if v is not None}, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the element


def embedding(clip: Item) -> str:
    """Where other sites ask for this clip's player."""
    asked = urlencode({"url": clip.page, "format": "json"})
    return f"{deps().settings.public_url}/oembed?{asked}"
