"""A clip in the two vocabularies of harvesters: Dublin Core and IEEE Learning Object Metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from webapp.feed.items import NAME, Item
from webapp.feed.markup import XSI, add

_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_LOM = "http://ltsc.ieee.org/xsd/LOM"
# Years of age, by the level of the school.
_AGES = {"kindergarten": "3-6", "primary": "6-11", "lower_secondary": "11-15"}


@dataclass(frozen=True, slots=True)
class Format:
    prefix: str
    namespace: str
    schema: str
    write: Callable[[Element, Item], None]


def _dublin_core(parent: Element, clip: Item) -> None:
    dc = add(
        parent,
        "oai_dc:dc",
        **{
            "xmlns:oai_dc": _DC,
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
            "xmlns:xsi": XSI,
            "xsi:schemaLocation": f"{_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
        },
    )
    add(dc, "dc:title", clip.title)
    if clip.credit:
        add(dc, "dc:creator", clip.credit)
    for subject in clip.subjects:
        add(dc, "dc:subject", subject)
    if clip.summary:
        add(dc, "dc:description", clip.summary)
    add(dc, "dc:publisher", NAME)
    add(dc, "dc:date", clip.published)
    add(dc, "dc:type", "MovingImage")
    add(dc, "dc:identifier", clip.page)
    if clip.film:
        add(dc, "dc:format", clip.film["mime"])
        add(dc, "dc:identifier", clip.film["url"])
    add(dc, "dc:language", clip.language)
    add(dc, "dc:rights", clip.licence_url)


def _lom(parent: Element, clip: Item) -> None:
    lom = add(
        parent,
        "lom:lom",
        **{
            "xmlns:lom": _LOM,
            "xmlns:xsi": XSI,
            "xsi:schemaLocation": f"{_LOM} {_LOM_SCHEMA}",
        },
    )
    general = add(lom, "lom:general")
    name = add(general, "lom:identifier")
    add(name, "lom:catalog", "URI")
    add(name, "lom:entry", clip.urn)
    _words(general, "title", clip.title, clip.language)
    add(general, "lom:language", clip.language)
    if clip.summary:
        _words(general, "description", clip.summary, clip.language)
    for subject in clip.subjects:
        _words(general, "keyword", subject, "vi")
    described = add(lom, "lom:metaMetadata")
    add(described, "lom:metadataSchema", "LOMv1.0")
    _technical(lom, clip)
    _educational(lom, clip)
    rights = add(lom, "lom:rights")
    _term(rights, "cost", "no")
    _term(rights, "copyrightAndOtherRestrictions", "yes")
    _words(rights, "description", clip.licence_url, "en")


def _technical(lom: Element, clip: Item) -> None:
    technical = add(lom, "lom:technical")
    if clip.film:
        add(technical, "lom:format", clip.film["mime"])
        add(technical, "lom:size", clip.film["bytes"])
    add(technical, "lom:location", clip.page)
    if clip.film:
        add(technical, "lom:location", clip.film["url"])
    if clip.duration is not None:
        add(add(technical, "lom:duration"), "lom:duration", f"PT{clip.duration:.1f}S")


def _educational(lom: Element, clip: Item) -> None:
    educational = add(lom, "lom:educational")
    _term(educational, "learningResourceType", "narrative text")
    _term(educational, "intendedEndUserRole", "learner")
    _term(educational, "context", "school" if clip.level != "kindergarten" else "other")
    if clip.level in _AGES:
        _words(educational, "typicalAgeRange", _AGES[clip.level], "en")


def _words(parent: Element, tag: str, text: str, language: str) -> None:
    add(add(parent, f"lom:{tag}"), "lom:string", text, language=language)


def _term(parent: Element, tag: str, value: str) -> None:
    """A word of the standard's own vocabulary."""
    term = add(parent, f"lom:{tag}")
    add(term, "lom:source", "LOMv1.0")
    add(term, "lom:value", value)


_LOM_SCHEMA = "http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd"
FORMATS = {
    f.prefix: f
    for f in (
        Format("oai_dc", _DC, "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", _dublin_core),
        Format("oai_lom", _LOM, _LOM_SCHEMA, _lom),
    )
}
