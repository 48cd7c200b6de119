"""What of a clip a person has played, as their player told it span by span.

It is the word of a player: it can not be proved. But it is bound to the bytes that were played,
how long they are is measured here, and nobody has played more than fits in the time since the desk
was opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review import clock, looks, revisions
from review.errors import InvalidInput, StaleClip
from review.models import Clip, Coverage, Revision
from review.policy import Actor
from review.spans import Span, merged
from review.upserts import upsert

SLACK_S = 0.5  # players tell the time four times a second, and the last frames end before the clock
MAX_SPEED = 3.0  # of the desk
EARLY_S = 0.2  # of the clip: between the clock of the player and ours
MAX_SPANS = 500  # in one call


def unplayed(spans: Iterable[Sequence[float]], length_s: float) -> list[Span]:
    """What is between them and too long to be the player's own rounding."""
    missing, reached = [], 0.0
    for start, end in [*merged(spans), (length_s, length_s)]:
        if start - reached > SLACK_S:
            missing.append((reached, start))
        reached = max(reached, end)
    return missing


def begin(session: Session, clip: Clip, actor: Actor) -> None:
    """The desk is open. A second time changes nothing, unless the bytes are others now."""
    _begin(session, revisions.find(session, clip), actor)


def _begin(session: Session, revision: Revision | None, actor: Actor) -> None:
    if revision is None or revision.watched_sha256 is None or actor.id is None:
        return
    row = session.get(Coverage, (revision.id, actor.id))
    if row is not None and row.sha256 == revision.watched_sha256:
        return
    if row is not None:
        session.delete(row)
        session.flush()
    values = {
        "revision_id": revision.id,
        "account_id": actor.id,
        "sha256": revision.watched_sha256,
        "length_s": looks.preview_s(revision) or _said(revision),
        "spans": [],
        "began_at": clock.now(session),
    }
    session.execute(upsert(session, Coverage).values(**values).on_conflict_do_nothing())


def add(
    session: Session,
    clip: Clip,
    actor: Actor,
    sha256: str,
    spans: Sequence[Sequence[float]],
    length_s: float,
) -> list[Span]:
    """Keep what was played more; all that was played so far.

    Raises :class:`StaleClip` when other bytes are reviewed by now, :class:`InvalidInput`. What can
    not have been played yet is left out. ``length_s``: as the player has it; it only counts where
    the preview was not measured.
    """
    revision = revisions.find(session, clip)
    _begin(session, revision, actor)
    if revision is None or actor.id is None or revision.watched_sha256 != sha256:
        raise StaleClip(clip.id, clip.version, [])
    row = session.get_one(Coverage, (revision.id, actor.id), with_for_update=True)
    measured = looks.preview_s(revision)
    if len(spans) > MAX_SPANS or not _is_near(length_s, measured or _said(revision)):
        raise InvalidInput(spans="Các đoạn đã phát không hợp lệ.")
    row.length_s = measured or length_s
    new = [(max(0.0, a), min(b, length_s)) for a, b in spans if b > a and a < length_s]
    together = merged([*row.spans, *new])
    seconds = (clock.now(session) - row.began_at).total_seconds()
    if _played_s(together, row.length_s) <= MAX_SPEED * seconds + EARLY_S:
        row.spans = [[round(a, 3), round(b, 3)] for a, b in together]
    session.flush()
    return merged(row.spans)


def spans(session: Session, clip: Clip, actor: Actor) -> list[Span]:
    """What this person has played of the current revision's preview."""
    row = _row(session, clip, actor)
    return [] if row is None else merged(row.spans)


def missing(session: Session, clip: Clip, actor: Actor) -> list[Span]:
    """What this person has still to play of it. Raises :class:`LookupError` where nothing is
    noted."""
    row = _row(session, clip, actor)
    if row is None:
        raise LookupError(clip.id)
    return unplayed(row.spans, row.length_s) if row.spans else [(0.0, row.length_s)]


def is_whole(session: Session, clip: Clip, actor: Actor) -> bool:
    row = _row(session, clip, actor)
    return row is not None and bool(row.spans) and not unplayed(row.spans, row.length_s)


def forget(session: Session, clip: Clip, actor: Actor) -> None:
    """It has served: the decision says that the clip was watched."""
    theirs = select(Revision.id).where(Revision.clip_id == clip.id)
    session.execute(
        delete(Coverage)
        .where(Coverage.account_id == actor.id, Coverage.revision_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )


def _row(session: Session, clip: Clip, actor: Actor) -> Coverage | None:
    revision = revisions.find(session, clip)
    if revision is None or actor.id is None:
        return None
    row = session.get(Coverage, (revision.id, actor.id))
    return row if row is not None and row.sha256 == revision.watched_sha256 else None


def _played_s(spans: Sequence[Span], length_s: float) -> float:
    """With all that counts as played: who leaves out what may be left out is no sooner done."""
    return length_s - sum(end - start for start, end in unplayed(spans, length_s))


def _said(revision: Revision) -> float:
    """By the source."""
    return float((revision.facts or {}).get("duration_s") or 0.0)


def _is_near(length_s: float, known_s: float) -> bool:
    """As much as a preview may differ from its source (workers.media.examine)."""
    return 0 < length_s < 86400 and abs(length_s - known_s) <= max(1.0, 0.02 * known_s)
