"""Which part of the feed is meant for a library: a question about one clip, in Python and SQL.

The log is one for all, and a cursor is a number in it, whatever a library is shown. What it is
shown of an entry follows from the entry alone: where the clip was, and where it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, or_
from sqlalchemy.orm import QueryableAttribute

from review.consent import Scope
from review.details import LEVELS
from review.errors import InvalidInput
from review.models import FeedEntry, Library
from review.text import one_of

SCOPES = (Scope.LIBRARY, Scope.PUBLIC)
_Column = QueryableAttribute[str | None]


class Facets(NamedTuple):
    """What decides for whom a clip is. ``scope`` None: it is not in the feed."""

    scope: str | None
    level: str | None = None
    campaign: str | None = None


NOWHERE = Facets(None)


@dataclass(frozen=True, slots=True)
class View:
    """``scope``: the narrowest that is shown. No campaigns, no levels: all of them."""

    scope: str = Scope.LIBRARY
    campaigns: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    def covers(self, clip: Facets) -> bool:
        return (
            clip.scope is not None
            and (self.scope == Scope.LIBRARY or clip.scope == Scope.PUBLIC)
            and (not self.campaigns or clip.campaign in self.campaigns)
            and (not self.levels or clip.level in self.levels)
        )

    def covers_entry(self, entry: type[FeedEntry] = FeedEntry) -> ColumnElement[bool]:
        """As :meth:`covers`, of what an entry says; never NULL."""
        return self._sql(entry.scope, entry.level, entry.campaign)

    def covered_before(self, entry: type[FeedEntry] = FeedEntry) -> ColumnElement[bool]:
        """Of what was so just before an entry."""
        return self._sql(entry.was_scope, entry.was_level, entry.was_campaign)

    def _sql(self, scope: _Column, level: _Column, campaign: _Column) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = [scope.is_not(None)]
        if self.scope != Scope.LIBRARY:
            parts.append(scope == Scope.PUBLIC)
        if self.campaigns:
            parts += [campaign.is_not(None), campaign.in_(self.campaigns)]
        if self.levels:
            parts += [level.is_not(None), level.in_(self.levels)]
        return and_(*parts)

    def to_json(self) -> dict[str, Any]:
        return {
            "scope": str(self.scope),
            "campaigns": list(self.campaigns),
            "levels": list(self.levels),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> View:
        return cls(value["scope"], tuple(value["campaigns"]), tuple(value["levels"]))

    def check(self) -> None:
        """Raises :class:`InvalidInput`; campaigns are checked where they are kept."""
        errors: dict[str, str] = {}
        if self.scope not in SCOPES:
            errors["scope"] = one_of(SCOPES)
        if set(self.levels) - set(LEVELS):
            errors["levels"] = one_of(LEVELS)
        if errors:
            raise InvalidInput(**errors)


EVERYTHING = View()


@dataclass(frozen=True, slots=True)
class Reader:
    """One library as the log sees it. ``past``: what it was shown before, each up to a number."""

    library_id: str | None = None
    view: View = EVERYTHING
    past: tuple[tuple[View, int], ...] = ()
    number: int = 0  # of its view: another view, another feed

    @property
    def sees_all(self) -> bool:
        """Whether it is shown what every library without a view of its own is, and always was."""
        return self.number == 0 and not self.past and self.view == EVERYTHING

    def covers(self, entry: FeedEntry) -> bool:
        """Whether this library is shown the clip as the entry says it is."""
        return self.view.covers(Facets(entry.scope, entry.level, entry.campaign))

    def why_gone(self, now: Facets) -> str:
        """Why a clip that goes on elsewhere is withdrawn here: narrower than this library may
        have, or not what it asks for."""
        return "view_left" if self.may_have(now) else "scope_lowered"

    def ever_covered(self, entry: type[FeedEntry]) -> ColumnElement[bool]:
        """Whether this library is, or ever was, shown the clip as ``entry`` says that it is or was
        just before."""
        seen = [self.view.covers_entry(entry), self.view.covered_before(entry)]
        for view, until in self.past:
            then = or_(view.covers_entry(entry), view.covered_before(entry))
            seen.append(and_(entry.seq <= until, then))
        return or_(*seen)

    def may_have(self, clip: Facets) -> bool:
        """Whether its scope lets it have the clip; the rest of a view is a choice, no right."""
        return View(self.view.scope).covers(clip)

    def kind_of(self, kind: str, seq: int, now: Facets, was: Facets) -> str | None:
        """What an entry of ``kind`` is to this library; None: nothing. A clip that leaves its view
        is withdrawn, one that comes into it is published."""
        was_covered = self.view.covers(was)
        if self.view.covers(now):
            return kind if was_covered else "published"
        if was_covered or any(seq <= until and view.covers(was) for view, until in self.past):
            return "withdrawn"
        return None

    def shown(self) -> ColumnElement[bool]:
        """The entries that :meth:`kind_of` has a word for, but for those whose record is gone: the
        clip's tombstone comes further on."""
        is_in = self.view.covers_entry()
        before = [self.view.covered_before()]
        before += [and_(FeedEntry.seq <= until, v.covered_before()) for v, until in self.past]
        to_whom: ColumnElement[bool] = FeedEntry.library_id.is_(None)
        if self.library_id is not None:
            to_whom = or_(to_whom, FeedEntry.library_id == self.library_id)
        return and_(
            to_whom,
            or_(and_(is_in, FeedEntry.record.is_not(None)), and_(~is_in, or_(*before))),
        )


EVERYBODY = Reader()


def reader_of(library: Library | Row[Any]) -> Reader:
    """The whole of what its row says; of a part of the row, columns named as in the table."""
    past = tuple((View.from_json(row), int(row["until"])) for row in library.past_views)
    view = View(library.scope, tuple(library.campaigns), tuple(library.levels))
    return Reader(library.id, view, past, library.view_number)
