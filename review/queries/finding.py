"""The library's search: which published clips have these words, the best first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Float, Integer, Select, Subquery, select, text
from sqlalchemy.orm import Session

from review.models import Clip, SearchRow
from review.policy import Actor
from review.queries.paging import Page
from review.queries.visibility import scope_filter
from review.search import words_of
from review.states import State

# Nobody reads further; a place further on would cost as much as all before it.
MOST = 480


@dataclass(frozen=True, slots=True)
class Found:
    """``exact``: the clips have every word; else they have at least one of them."""

    page: Page[Clip]
    exact: bool


def find(
    session: Session,
    viewer: Actor | None,
    typed: str,
    *also: ColumnElement[bool],
    start: int = 0,
    limit: int = 24,
) -> Found:
    """Clips for this viewer with all words of ``typed``, the last of them perhaps unfinished; if
    there is none, with any. ``start``: how many are skipped; the page's ``next`` is that number."""
    words = words_of(typed)
    start = min(max(start, 0), MOST)
    for exact in (True, False):
        if not words or (not exact and len(words) == 1):
            break
        query = _clips(session, viewer, _asked(session, words, exact=exact)).where(*also)
        rows = list(session.scalars(query.offset(start).limit(limit + 1)))
        if rows or (exact and start):
            more = len(rows) > limit and start + limit < MOST
            return Found(Page(rows[:limit], str(start + limit) if more else None), exact)
    return Found(Page([], None), True)


def suggest(session: Session, viewer: Actor | None, typed: str, limit: int = 6) -> list[Clip]:
    """Clips whose title has all these words, the last of them perhaps unfinished."""
    words = words_of(typed)
    if not words:
        return []
    asked = _asked(session, words, exact=True, in_title=True)
    return list(session.scalars(_clips(session, viewer, asked).limit(limit)))


def _clips(session: Session, viewer: Actor | None, asked: str) -> Select[Clip]:
    hits = _hits(session, asked)
    return (
        select(Clip)
        .join(SearchRow, SearchRow.clip_id == Clip.id)
        .join(hits, hits.c.id == SearchRow.id)
        .where(Clip.state == State.PUBLISHED, scope_filter(viewer))
        .order_by(hits.c.rank, Clip.published_at.desc(), Clip.id)
    )


def _hits(session: Session, asked: str) -> Subquery:
    """(id, rank) in the index; the smaller the rank, the better."""
    found = text(_HITS[session.get_bind().dialect.name]).bindparams(asked=asked)
    return found.columns(id=Integer, rank=Float).subquery("hits")


def _asked(session: Session, words: list[str], *, exact: bool, in_title: bool = False) -> str:
    """In the database's own language of search; words have letters and digits only."""
    if session.get_bind().dialect.name == "sqlite":
        terms = [f'"{word}"' for word in words]
        terms[-1] += "*"
        joined = (" AND " if exact else " OR ").join(terms)
        return f"title : ({joined})" if in_title else joined
    place = "A" if in_title else ""
    terms = [f"'{word}':{place}" if place else f"'{word}'" for word in words]
    terms[-1] = f"'{words[-1]}':*{place}"
    return (" & " if exact else " | ").join(terms)


_HITS = {
    "sqlite": (
        "SELECT rowid AS id, bm25(search_words, 8.0, 1.0) AS rank"
        " FROM search_words WHERE search_words MATCH :asked"
    ),
    "postgresql": (
        "SELECT id, -ts_rank(words, to_tsquery('simple', :asked)) AS rank"
        " FROM search_words WHERE words @@ to_tsquery('simple', :asked)"
    ),
}
