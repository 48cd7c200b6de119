"""The words of published clips, for the search in the library.

Folded on their way into the index and out of the search field: tones, and the line of đ, do not
matter. SQLite keeps them with FTS5, PostgreSQL as ``tsvector``; both find the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import chain, count

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from review.captions.cues import parse
from review.models import Campaign, Captions, Clip, Revision, SearchRow
from review.states import State
from review.text import nfc

INDEX = "search_words"  # its tables begin so
MAX_TYPED = 100  # characters of what is looked for
MAX_WORDS = 8
MAX_CODE = 60  # characters of a code that is made of words, without its number
_MAX_SPOKEN = 20_000  # characters of captions, in one language
_D = chr(0x111)  # the one letter of Vietnamese that is not a letter with a mark
_WORD = re.compile(r"[^\W_]+")
_CODED = re.compile(r"[a-z0-9]+")
_TAG = re.compile(r"<[^>]*>")


def fold(typed: str) -> str:
    """Lower case without marks: "Đuổi kịp" is "duoi kip"."""
    apart = unicodedata.normalize("NFD", nfc(typed).casefold())
    kept = "".join(c for c in apart if not unicodedata.category(c).startswith("M"))
    return kept.replace(_D, "d")


def code_of(label: str, taken: Container[str], *, nameless: str) -> str:
    """Latin letters and digits of the label: "Đúng chủ đề" is "dung_chu_de"; ``nameless`` for one
    without any. Where that is ``taken``, "_2" follows, and so on."""
    base = "_".join(_CODED.findall(fold(label)))[:MAX_CODE].strip("_") or nameless
    numbered = (f"{base}_{number}" for number in count(2))
    return next(code for code in chain([base], numbered) if code not in taken)


def words_of(typed: str) -> list[str]:
    return _WORD.findall(fold(typed[:MAX_TYPED]))[:MAX_WORDS]


def follow(session: Session, clip: Clip) -> None:
    """The index says of a clip what stands in its row now: nothing of one that was withdrawn."""
    if clip.state == State.PUBLISHED:
        _forget(session, clip.id)
        _note(session, clip)
    elif clip.state == State.WITHDRAWN:
        _forget(session, clip.id)


def unknown(session: Session, limit: int = 200) -> list[Clip]:
    """Published clips that the index does not know. Reads only: it looks at all of them."""
    known = select(SearchRow.id).where(SearchRow.clip_id == Clip.id).exists()
    query = select(Clip).where(Clip.state == State.PUBLISHED, ~known).limit(limit)
    return list(session.scalars(query))


def fill(session: Session) -> int:
    """Note them; how many there were."""
    clips = unknown(session)
    for clip in clips:
        _note(session, clip)
    return len(clips)


def _note(session: Session, clip: Clip) -> None:
    campaign = session.get(Campaign, clip.campaign_id) if clip.campaign_id else None
    rest = [clip.summary, clip.credit, campaign.title if campaign else "", *_spoken(session, clip)]
    row = SearchRow(clip_id=clip.id)
    session.add(row)
    session.flush()
    values = {"id": row.id, "title": _words(clip.title), "rest": _words("\n".join(rest))}
    session.execute(text(_INSERT[session.get_bind().dialect.name]), values)


def _words(said: str) -> str:
    return " ".join(_WORD.findall(fold(said)))


def _spoken(session: Session, clip: Clip) -> list[str]:
    """What the captions say."""
    of_clip = (Revision.clip_id == clip.id, Revision.number == clip.revision)
    query = select(Captions.vtt).join(Revision, Revision.id == Captions.revision_id)
    kept = session.scalars(query.where(*of_clip, Captions.confirmed))
    said = ("\n".join(_TAG.sub("", cue.text) for cue in parse(vtt)) for vtt in kept)
    return [one[:_MAX_SPOKEN] for one in said]


def _forget(session: Session, clip_id: str) -> None:
    known = session.scalar(select(SearchRow.id).where(SearchRow.clip_id == clip_id))
    if known is None:
        return
    session.execute(text(_DELETE[session.get_bind().dialect.name]), {"id": known})
    session.execute(delete(SearchRow).where(SearchRow.id == known))


_INSERT = {
    "sqlite": "INSERT INTO search_words (rowid, title, rest) VALUES (:id, :title, :rest)",
    "postgresql": (
        "INSERT INTO search_words (id, words) VALUES (:id, "
        "setweight(to_tsvector('simple', :title), 'A') || to_tsvector('simple', :rest))"
    ),
}
_DELETE = {
    "sqlite": "DELETE FROM search_words WHERE rowid = :id",
    "postgresql": "DELETE FROM search_words WHERE id = :id",
}
