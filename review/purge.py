"""What goes when it has served, as rows; the blobs are the caller's to remove after the commit.

Of a revision that was replaced nothing is served any more: the files that were made of it go, and
with them what was noted of it for people at work (faces that a machine proposed, captions that it
drafted). The same notes of a withdrawn clip go, too. What stays: originals, captions that a person
kept, frame hashes (:data:`review.lookalikes.KEPT`), decisions and the audit.
"""

from __future__ import annotations

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from review.models import Captions, Clip, FaceProposals, OutputFile, Rendition, Revision
from review.states import State

_REPLACED = Revision.number < Clip.revision


def replaced_files(session: Session, limit: int = 500) -> list[str]:
    """Keys of files of replaced revisions, whose rows go with this transaction. To be called again
    while it gives ``limit``."""
    rows = session.execute(
        select(OutputFile.id, OutputFile.key)
        .join(Revision, Revision.id == OutputFile.revision_id)
        .join(Clip, Clip.id == Revision.clip_id)
        .where(_REPLACED)
        .order_by(OutputFile.id)
        .limit(limit)
    ).all()
    session.execute(delete(OutputFile).where(OutputFile.id.in_([row.id for row in rows])))
    return [row.key for row in rows]


def forget_notes(session: Session) -> int:
    """Forget proposals and drafts of replaced revisions and of withdrawn clips, and what could be
    played of the former; how many rows."""
    replaced, gone = _revisions(withdrawn=False), _revisions(withdrawn=True)
    wanted = (
        delete(Rendition).where(Rendition.revision_id.in_(replaced)),
        delete(FaceProposals).where(FaceProposals.revision_id.in_(gone)),
        delete(Captions).where(Captions.revision_id.in_(gone), Captions.confirmed.is_(False)),
    )
    count = 0
    for query in wanted:
        done = session.execute(query.execution_options(synchronize_session=False))
        count += done.rowcount  # type: ignore[attr-defined]
    return count


def _revisions(*, withdrawn: bool) -> Select[str]:
    """Ids of those that were replaced, and of those of withdrawn clips."""
    which = or_(_REPLACED, Clip.state == State.WITHDRAWN) if withdrawn else _REPLACED
    return select(Revision.id).join(Clip, Clip.id == Revision.clip_id).where(which)
