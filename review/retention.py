"""How long bytes are kept after a decision: originals, and all of a withdrawn clip.

Nothing goes while a case is open, whatever the schedule says: it is the officer's evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.orm import Session

from review import clock, purge
from review.lifecycle import load
from review.models import Captions, Clip, Decision, OutputFile, Revision
from review.states import Action, State


@dataclass(frozen=True, slots=True)
class Kept:
    """How long after the decision; None: for ever."""

    originals: timedelta | None
    withdrawn: timedelta | None

    @classmethod
    def days(cls, originals: int, withdrawn: int) -> Kept:
        """As the settings say it: 0 is for ever."""
        return cls(*(timedelta(days=n) if n else None for n in (originals, withdrawn)))


def decided_at() -> ColumnElement[datetime | None]:
    """When the clip's way ended; NULL while it goes on."""
    rejected = select(func.max(Decision.at)).where(
        Decision.clip_id == Clip.id, Decision.action == Action.REJECT
    )
    return case(
        (Clip.state == State.WITHDRAWN, Clip.withdrawn_at),
        (Clip.state == State.PUBLISHED, Clip.published_at),
        (Clip.state == State.REJECTED, rejected.scalar_subquery()),
        else_=None,
    )


def _is_past(session: Session, kept: Kept) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """(all of the clip may go, its originals may go)."""
    now, at = clock.now(session), decided_at()
    # What can be undone is not decided yet.
    closed = and_(Clip.case_open.is_(False), Clip.unannounced.is_(False))
    never: ColumnElement[bool] = Clip.id.is_(None)
    withdrawn: ColumnElement[bool] = never
    if kept.withdrawn is not None:
        is_old = Clip.withdrawn_at < now - kept.withdrawn
        withdrawn = and_(Clip.state == State.WITHDRAWN, closed, is_old)
    originals = never if kept.originals is None else and_(closed, at < now - kept.originals)
    return withdrawn, or_(withdrawn, originals)


def due(session: Session, kept: Kept, limit: int = 50) -> list[str]:
    """Ids of clips of which bytes are past their time."""
    everything, originals = _is_past(session, kept)
    mine = select(Revision.id).where(Revision.clip_id == Clip.id)
    has_original = mine.where(Revision.original_purged_at.is_(None)).exists()
    has_files = mine.join(OutputFile, OutputFile.revision_id == Revision.id).exists()
    is_due = or_(and_(originals, has_original), and_(everything, has_files))
    ends = (State.WITHDRAWN, State.PUBLISHED, State.REJECTED)
    query = select(Clip.id).where(Clip.state.in_(ends), is_due).order_by(Clip.id)
    return list(session.scalars(query.limit(limit)))


def let_go(session: Session, clip_id: str, kept: Kept) -> int:
    """Order the removal of what is past its time, looked at once more; how many files."""
    clip = load(session, clip_id)
    everything, originals = _is_past(session, kept)
    query = select(everything, originals).select_from(Clip).where(Clip.id == clip_id)
    all_goes, originals_go = session.execute(query).one()
    why = "withdrawn" if clip.state == State.WITHDRAWN else "decided"
    count = 0
    for revision in session.scalars(select(Revision).where(Revision.clip_id == clip_id)).all():
        if originals_go and revision.original_purged_at is None:
            _order_original(session, revision, why)
            count += 1
        if all_goes:
            count += len(purge.order_outputs(session, revision, why))
            session.execute(delete(Captions).where(Captions.revision_id == revision.id))
    return count


def _order_original(session: Session, revision: Revision, why: str) -> None:
    revision.original_purged_at = clock.now(session)
    size, sha256 = revision.original_bytes, revision.original_sha256
    purge.order(session, revision, [("original", revision.original_key, size, sha256)], why)


def has_bytes(session: Session, revision: Revision) -> bool:
    """Whether a withdrawn clip can come back: what a reviewer watches is there, and what its
    sizes are made of where they are not made yet."""
    files = select(OutputFile.id).where(OutputFile.revision_id == revision.id).limit(1)
    if session.scalar(files) is None:
        return False
    return revision.ladder_attempt is not None or revision.original_purged_at is None
