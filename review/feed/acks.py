"""What libraries say that they have applied: a number that grows, and when it covered what."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput
from review.feed.log import head
from review.models import Confirmation, FeedAck, FeedEntry, FeedHead, Library
from review.upserts import upsert


def ack(session: Session, library_id: str, seq: int) -> int:
    """Note what the library has applied; it only grows. Returns the number that stands."""
    if not 0 <= seq <= head(session):
        raise InvalidInput(seq="Số này chưa có trong nguồn tin.")
    before = session.get(FeedAck, library_id, populate_existing=True)
    now = clock.now(session)
    new = upsert(session, FeedAck).values(library_id=library_id, seq=seq, at=now)
    # One statement: two acknowledgements at once must not shrink what stands.
    session.execute(
        new.on_conflict_do_update(
            index_elements=[FeedAck.library_id],
            set_={"seq": new.excluded.seq, "at": new.excluded.at},
            where=FeedAck.seq < new.excluded.seq,
        )
    )
    if _confirms(session, before.seq if before else 0, seq):
        proof = upsert(session, Confirmation).values(library_id=library_id, seq=seq, at=now)
        session.execute(proof.on_conflict_do_nothing())
    return session.get_one(FeedAck, library_id, populate_existing=True).seq


def _confirms(session: Session, before: int, seq: int) -> bool:
    """Whether something was taken back between the two: only that has to be proved later."""
    query = select(FeedEntry.seq).where(
        FeedEntry.kind == "withdrawn", FeedEntry.seq > before, FeedEntry.seq <= seq
    )
    return session.scalar(query.limit(1)) is not None


def above_head(session: Session) -> list[tuple[str, int]]:
    """(library's name, number) of those that have applied more than there is: the database came
    from an older backup, and they will miss what is numbered anew."""
    rows = session.execute(
        select(Library.name, FeedAck.seq)
        .join(Library, Library.id == FeedAck.library_id)
        .outerjoin(FeedHead, FeedHead.id == 1)
        .where((FeedHead.seq.is_(None)) | (FeedAck.seq > FeedHead.seq))
        .where(FeedAck.seq > 0)
        .order_by(Library.name)
    )
    return [(name, seq) for name, seq in rows]
