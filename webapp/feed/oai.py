"""OAI-PMH 2.0 (openarchives.org/OAI/2.0/openarchivesprotocol.htm): the feed for harvesters.

Deletes are persistent; resumption tokens hold all that is needed to go on, so that they never end
and nothing is kept for them. Who harvests again "from" asks with a minute to spare: a change is
dated when it is made, and seen when it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from flask import Response, g, request
from sqlalchemy.orm import Session

from review import clock, feed
from review.details import LEVEL_WORDS, TOPICS
from review.keys import is_id
from review.models import FeedEntry
from review.queries import feedlists
from webapp.deps import deps
from webapp.feed import oai_ask, oai_formats
from webapp.feed.answers import Tag, of_log
from webapp.feed.asking import as_of_now, caller, noted
from webapp.feed.items import NAME, item, urn
from webapp.feed.markup import XSI, add, document, plain, root
from webapp.feed.oai_ask import Ask, Refusal
from webapp.feed.views import blueprint

OAI = "http://www.openarchives.org/OAI/2.0/"
PAGE = 100


@blueprint.route("/oai", methods=["GET", "POST"])
def oai() -> Response:
    """Every verb of OAI-PMH; what is wrong with a request is told inside the answer, with 200."""
    has_etag = request.method == "GET" and request.args.get("verb") in FROM_LOG
    who = caller()
    tag = _tag(who)
    if has_etag and tag.is_known():
        return noted(who, tag.unchanged())
    told = root(
        "OAI-PMH",
        xmlns=OAI,
        xmlns_xsi=XSI,
        xsi_schemaLocation=f"{OAI} {OAI}OAI-PMH.xsd",
    )
    with deps().database.read() as session:
        who = as_of_now(session, who)
        g.reader, tag = who.reader, _tag(who)
        add(told, "responseDate", stamp(clock.now(session)))
        asked = add(told, "request", _base())
        _tell(session, told, asked)
    response = tag.answer(tag.packed(document(told)), "text/xml")
    if not has_etag:
        del response.headers["ETag"]
        response.headers["Cache-Control"] = "private, no-store"
    return noted(who, response)


def _tag(who: feed.Caller) -> Tag:
    """Weak: the same state of the log is told with another time at the top."""
    return of_log(who, "oai", request.query_string, weak=True)


def _base() -> str:
    return f"{deps().settings.public_url}/feed/v1/oai"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell(session: Session, told: Element, asked: Element) -> None:
    code = None
    try:
        ask = oai_ask.read(request.values.lists())
        VERBS[ask.verb](session, told, ask)
    except Refusal as refusal:
        code = refusal.code
        add(told, "error", refusal.sentence, code=code)
    if code not in ("badVerb", "badArgument"):
        # A request that is understood is repeated, argument by argument (3.2).
        for name, value in request.values.items():
            asked.set(name, plain(value))


def _identify(session: Session, told: Element, ask: Ask) -> None:
    part = add(told, ask.verb)
    add(part, "repositoryName", NAME)
    add(part, "baseURL", _base())
    add(part, "protocolVersion", "2.0")
    host = urlsplit(deps().settings.public_url).hostname or ""
    add(part, "adminEmail", f"admin@{host if '.' in host else 'localhost.invalid'}")
    add(part, "earliestDatestamp", stamp(feedlists.earliest(session)))
    add(part, "deletedRecord", "persistent")
    add(part, "granularity", "YYYY-MM-DDThh:mm:ssZ")
    add(part, "compression", "gzip")


def _formats(session: Session, told: Element, ask: Ask) -> None:
    if ask.identifier and _find(session, ask.identifier).record is None:
        raise Refusal("noMetadataFormats", "this clip was withdrawn")
    part = add(told, ask.verb)
    for known in oai_formats.FORMATS.values():
        one = add(part, "metadataFormat")
        add(one, "metadataPrefix", known.prefix)
        add(one, "schema", known.schema)
        add(one, "metadataNamespace", known.namespace)


def _sets(session: Session, told: Element, ask: Ask) -> None:
    part = add(told, ask.verb)
    found = {
        "topic": "Chủ đề",
        **{f"topic:{code}": words for code, words in TOPICS.items()},
        "level": "Cấp học",
        **{f"level:{code}": words for code, words in LEVEL_WORDS.items()},
        "campaign": "Cuộc vận động",
        **{
            f"campaign:{oai_ask.in_set(row.slug)}": row.title
            for row in feedlists.open_campaigns(session)
        },
    }
    for spec, words in found.items():
        one = add(part, "set")
        add(one, "setSpec", spec)
        add(one, "setName", words)


def _get(session: Session, told: Element, ask: Ask) -> None:
    entry = _find(session, ask.identifier)
    _record(add(told, ask.verb), entry, ask.prefix)


def _find(session: Session, identifier: str) -> FeedEntry:
    clip_id = identifier.removeprefix(urn(""))
    known = identifier.startswith(urn("")) and is_id(clip_id)
    entry = feed.look_up(session, clip_id, g.reader) if known else None
    if entry is None:
        raise Refusal("idDoesNotExist", "no clip of this name was ever in the feed")
    return entry


def _identifiers(session: Session, told: Element, ask: Ask) -> None:
    _list(session, told, ask, _header)


def _records(session: Session, told: Element, ask: Ask) -> None:
    _list(session, told, ask, lambda part, entry: _record(part, entry, ask.prefix))


def _list(
    session: Session, told: Element, ask: Ask, write: Callable[[Element, FeedEntry], None]
) -> None:
    entries, more = feedlists.by_time(session, g.reader, ask.harvest(), after=ask.after, limit=PAGE)
    if not entries and ask.after is None:
        raise Refusal("noRecordsMatch", "nothing in the feed matches")
    part = add(told, ask.verb)
    for entry in entries:
        write(part, entry)
    if more or ask.after is not None:
        token = ask.token(entries[-1], ask.told + len(entries)) if more else None
        add(part, "resumptionToken", token, cursor=ask.told)


def _header(parent: Element, entry: FeedEntry) -> None:
    gone = entry.record is None
    header = add(parent, "header", status="deleted" if gone else None)
    add(header, "identifier", urn(entry.clip_id))
    add(header, "datestamp", stamp(entry.at))
    for spec in [] if gone else oai_ask.sets_of(entry.record or {}):
        add(header, "setSpec", spec)


def _record(parent: Element, entry: FeedEntry, prefix: str) -> None:
    record = add(parent, "record")
    _header(record, entry)
    if entry.record is not None:
        oai_formats.FORMATS[prefix].write(add(record, "metadata"), item(entry))


# What follows from the log and the question alone; campaigns open by the clock.
FROM_LOG = ("ListMetadataFormats", "GetRecord", "ListIdentifiers", "ListRecords")
VERBS: dict[str, Callable[[Session, Element, Ask], None]] = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "GetRecord": _get,
    "ListIdentifiers": _identifiers,
    "ListRecords": _records,
}
