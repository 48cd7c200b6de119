"""What goes when it has served, as rows; the blobs are the caller's to remove after the commit.

Of a revision that was replaced nothing is served any more. Once its clip was decided on nobody
compares it with the new one, and what was redacted is not compared at all: the files that were
made of it go, and with them what was noted of it for people at work (faces that a machine
proposed, captions that it drafted, what a reviewer had played of it). The same notes of a
withdrawn clip go, too. What stays:
originals (see :mod:`review.retention`), captions that a person kept, frame hashes
(:data:`review.lookalikes.KEPT`), decisions and the audit.

Each file that goes has a row of its own, from before its bytes go until long after: the proof of
a takedown says which were removed, and when. What a crash left is removed by the next sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.models import (
    Captions,
    Clip,
    Coverage,
    FaceProposals,
    OutputFile,
    Purge,
    Redaction,
    Rendition,
    Revision,
)
from review.states import State

_IS_DRAFT = Captions.confirmed.is_(False)
# A clip in such a state is not compared with what it was, once that can not be undone any more.
DECIDED = (State.PUBLISHED, State.SUSPENDED, State.REJECTED, State.WITHDRAWN)


def due(session: Session, limit: int = 50) -> list[str]:
    """Ids of revisions of which something has to go. Reads only: it looks at every revision."""
    is_decided = and_(Clip.state.in_(DECIDED), Clip.unannounced.is_(False))
    is_over = or_(is_decided, _redactions(Revision.id).exists())
    is_replaced = and_(Revision.number < Clip.revision, is_over)
    has_files = or_(
        select(OutputFile.id).where(OutputFile.revision_id == Revision.id).exists(),
        select(Rendition.id).where(Rendition.revision_id == Revision.id).exists(),
    )
    was_played = select(Coverage.revision_id).where(Coverage.revision_id == Revision.id).exists()
    has_notes = or_(
        select(FaceProposals.revision_id).where(FaceProposals.revision_id == Revision.id).exists(),
        select(Captions.id).where(Captions.revision_id == Revision.id, _IS_DRAFT).exists(),
        was_played,
    )
    is_withdrawn = Clip.state == State.WITHDRAWN
    may_go = or_(
        and_(is_replaced, has_files),
        and_(or_(is_replaced, is_withdrawn), has_notes),
        and_(is_decided, was_played),
    )
    query = select(Revision.id).join(Clip, Clip.id == Revision.clip_id).where(may_go)
    return list(session.scalars(query.order_by(Revision.id).limit(limit)))


def _redactions(revision_id: Any) -> Select[str]:
    """Of this revision, those that were kept in its place."""
    kept = Redaction.result_id.is_not(None)
    return select(Redaction.id).where(Redaction.revision_id == revision_id, kept)


def forget(session: Session, revision_id: str) -> list[str]:
    """Let go what has served, looked at once more; the keys of the files whose rows went."""
    revision = session.get_one(Revision, revision_id)
    clip = session.get_one(Clip, revision.clip_id)
    was_redacted = session.scalar(_redactions(revision_id).limit(1)) is not None
    is_decided = clip.state in DECIDED and not clip.unannounced
    is_replaced = revision.number < clip.revision and (is_decided or was_redacted)
    if is_replaced or is_decided:
        session.execute(delete(Coverage).where(Coverage.revision_id == revision_id))
    if is_replaced or clip.state == State.WITHDRAWN:
        session.execute(delete(FaceProposals).where(FaceProposals.revision_id == revision_id))
        session.execute(delete(Captions).where(Captions.revision_id == revision_id, _IS_DRAFT))
    if not is_replaced:
        return []
    return order_outputs(session, revision, "replaced")


def order_outputs(session: Session, revision: Revision, why: str) -> list[str]:
    """Let go every file that was made of this revision; their keys."""
    files = session.scalars(
        select(OutputFile).where(OutputFile.revision_id == revision.id).order_by(OutputFile.key)
    ).all()
    going = [(file.what, file.key, file.bytes, file.sha256) for file in files]
    order(session, revision, going, why)
    session.execute(delete(OutputFile).where(OutputFile.revision_id == revision.id))
    session.execute(delete(Rendition).where(Rendition.revision_id == revision.id))
    return [file.key for file in files]


def order(
    session: Session, revision: Revision, files: Iterable[tuple[str, str, int, str]], why: str
) -> None:
    """Note that these bytes have to go; :func:`ordered` gives them to whoever removes them.

    ``files``: (what, key, bytes, sha256).
    """
    now = clock.now(session)
    session.add_all(
        Purge(
            clip_id=revision.clip_id,
            revision=revision.number,
            what=what,
            key=key,
            bytes=size,
            sha256=sha256,
            why=why,
            ordered_at=now,
        )
        for what, key, size, sha256 in files
    )
    session.flush()


def ordered(session: Session, limit: int = 500) -> list[tuple[str, str]]:
    """(id, key) of bytes that have to go and may still be there."""
    query = select(Purge.id, Purge.key).where(Purge.done_at.is_(None))
    return [(i, key) for i, key in session.execute(query.order_by(Purge.id).limit(limit))]


def done(session: Session, purge_ids: Collection[str]) -> None:
    """The store has let them go."""
    session.execute(
        update(Purge)
        .where(Purge.id.in_(purge_ids), Purge.done_at.is_(None))
        .values(done_at=clock.now(session))
        .execution_options(synchronize_session=False)
    )
