"""What a harvester asks for, read by the letter of the protocol (OAI-PMH 2.0, 3 and 4)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from review import clock
from review.details import LEVELS, TOPICS
from review.models import FeedEntry
from review.queries.feedlists import Harvest
from review.text import is_writable
from webapp.feed.oai_formats import FORMATS

_LIST = (("metadataPrefix",), ("from", "until", "set"))
# Verb -> arguments that it needs, and those that it may have beside them.
ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Identify": ((), ()),
    "ListMetadataFormats": ((), ("identifier",)),
    "ListSets": ((), ()),
    "GetRecord": (("identifier", "metadataPrefix"), ()),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
}
_RESUMED = ("ListSets", "ListIdentifiers", "ListRecords")
_DAY, _SECOND = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_KINDS = ("topic", "level", "campaign")


class Refusal(Exception):
    """An error of the protocol: ``code`` is one of the eight of its chapter 3.6."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``wanted``: its arguments, or those that its token has kept; ``after``: (time,
    number) of the last one that was told before; ``told``: how many those were."""

    verb: str
    wanted: Mapping[str, str]
    after: tuple[datetime, int] | None = None
    told: int = 0

    @property
    def identifier(self) -> str:
        return self.wanted.get("identifier", "")

    @property
    def prefix(self) -> str:
        return self.wanted.get("metadataPrefix", "")

    def harvest(self) -> Harvest:
        start, end = self.wanted.get("from"), self.wanted.get("until")
        kind, _, value = self.wanted.get("set", "").partition(":")
        return Harvest(
            start=_moment(start)[0] if start else None,
            end=_moment(end)[1] if end else None,
            kind=kind or None,
            value=_value(value) or None,
        )

    def token(self, last: FeedEntry, told: int) -> str:
        """All that the next request needs to know."""
        state = [dict(self.wanted), last.at.isoformat(), last.seq, told]
        return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def read(arguments: Iterable[tuple[str, list[str]]]) -> Ask:
    """Raises :class:`Refusal` for whatever the protocol does not allow."""
    given = dict(arguments)
    verbs = given.pop("verb", [])
    if len(verbs) != 1 or verbs[0] not in ARGUMENTS:
        raise Refusal("badVerb", "one verb is needed: " + ", ".join(ARGUMENTS))
    verb = verbs[0]
    if repeated := [name for name, values in given.items() if len(values) > 1]:
        raise Refusal("badArgument", f"more than once: {', '.join(repeated)}")
    one = {name: values[0] for name, values in given.items()}
    if "resumptionToken" in one and verb in _RESUMED:
        return _resumed(verb, one)
    _check_names(verb, one)
    _check_values(one)
    return Ask(verb, one)


def _check_names(verb: str, given: Mapping[str, str]) -> None:
    needed, allowed = ARGUMENTS[verb]
    if unknown := [name for name in given if name not in (*needed, *allowed)]:
        raise Refusal("badArgument", f"{verb} takes no {', '.join(unknown)}")
    if missing := [name for name in needed if not given.get(name)]:
        raise Refusal("badArgument", f"{verb} needs {', '.join(missing)}")


def _check_values(given: Mapping[str, str]) -> None:
    times = [given[name] for name in ("from", "until") if name in given]
    moments = [_moment(text) for text in times]
    if len({len(text) for text in times}) > 1:
        raise Refusal("badArgument", "from and until have to be of one granularity")
    if len(moments) == 2 and moments[0][0] > moments[1][0]:
        raise Refusal("badArgument", "from is later than until")
    if "set" in given:
        _check_set(given["set"])
    prefix = given.get("metadataPrefix")
    if prefix is not None and prefix not in FORMATS:
        raise Refusal("cannotDisseminateFormat", "there are: " + ", ".join(FORMATS))


def _moment(text: str) -> tuple[datetime, datetime]:
    """When the second or the day begins, and when the next one does."""
    try:
        if _SECOND.fullmatch(text):
            at, lasts = datetime.fromisoformat(text), timedelta(seconds=1)
        elif _DAY.fullmatch(text):
            at, lasts = datetime.fromisoformat(text).replace(tzinfo=UTC), timedelta(days=1)
        else:
            raise ValueError
        return at, at + lasts
    except (ValueError, OverflowError):
        sentence = f"{text!r} is neither YYYY-MM-DD nor YYYY-MM-DDThh:mm:ssZ"
        raise Refusal("badArgument", sentence) from None


def _check_set(spec: str) -> None:
    kind, colon, value = spec.partition(":")
    closed = {"topic": tuple(TOPICS), "level": LEVELS}.get(kind)
    known = not value or closed is None or value in closed
    if not is_writable(_value(value)):
        raise Refusal("badArgument", "no such set: see ListSets")
    if kind not in _KINDS or bool(colon) != bool(value) or not known:
        raise Refusal("badArgument", "no such set: see ListSets")


def _value(of_set: str) -> str:
    return unquote(of_set.replace("'", "%"))


def in_set(slug: str) -> str:
    """A campaign's short name in the letters that a set may have."""
    return quote(slug, safe="").replace("%", "'")


def sets_of(record: Mapping[str, Any]) -> list[str]:
    """The sets that a clip is in."""
    found = [f"topic:{code}" for code in record["topics"]]
    if record["level"]:
        found.append(f"level:{record['level']}")
    if record["campaign"]:
        found.append(f"campaign:{in_set(record['campaign'])}")
    return found


def _resumed(verb: str, given: Mapping[str, str]) -> Ask:
    if len(given) > 1:
        raise Refusal("badArgument", "a resumption token stands alone")
    text = given["resumptionToken"]
    try:
        state = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        wanted, at, seq, told = state
        after = clock.parsed(at)
        _check_names(verb, wanted)
        _check_values(wanted)
        whole = all(type(number) is int and 0 <= number < 1 << 53 for number in (seq, told))
        if verb == "ListSets" or not whole:
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, Refusal):
        raise Refusal("badResumptionToken", "this token was not given out here") from None
    return Ask(verb, wanted, after=(after, seq), told=told)
