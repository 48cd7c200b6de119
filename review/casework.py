"""The safeguarding officer's work on a case: notes, hand-overs, and where the case stands.

A case is open while ``clips.case_open`` is. What is written is only ever added, and its hash goes
into the audit; the audit's rows of it show to nobody else (``lifecycle.HOLD_ACTIONS``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from review import audit, clock
from review.errors import InvalidInput, NoSuchClip
from review.keys import is_id
from review.lifecycle import CASE_NOTE, HAND_OVER, load
from review.models import Account, AuditRow, CaseEntry, Clip
from review.policy import Actor, Role
from review.states import Action, Party
from review.text import clean, one_of

MAX_TEXT = 4000
RECIPIENTS = ("school", "commune", "hotline", "police", "office")
_SKEW = timedelta(minutes=5)  # between the clock on a desk and the server's


@dataclass(frozen=True, slots=True)
class Step:
    """An entry with who wrote it."""

    entry: CaseEntry
    author: str


@dataclass(frozen=True, slots=True)
class Case:
    """``state``: new (nobody wrote anything yet), in_hand, handed_over. ``steps``: of this case
    and of earlier ones of the clip, oldest first."""

    clip: Clip
    opened_at: datetime
    state: str
    steps: Sequence[Step]


def get(session: Session, actor: Actor, clip_id: str) -> Case:
    """An open case, for its officer; raises :class:`NoSuchClip` for everybody else."""
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or not _is_officers(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    opened = _opened(session, clip.id)
    rows = session.execute(
        select(CaseEntry, Account.label)
        .join(Account, Account.id == CaseEntry.author_id)
        .where(CaseEntry.clip_id == clip.id)
        .order_by(CaseEntry.id)
    )
    steps = [Step(row.CaseEntry, row.label) for row in rows]
    kinds = {step.entry.kind for step in steps if step.entry.case_seq == opened.seq}
    return Case(clip, opened.at, _state(kinds), steps)


def states(session: Session, clips: Sequence[Clip]) -> dict[str, str]:
    """Clip id -> where its case stands, in one query for a list."""
    opened = (
        select(AuditRow.clip_id, func.max(AuditRow.seq).label("seq"))
        .where(AuditRow.clip_id.in_([c.id for c in clips]), AuditRow.action == Action.ESCALATE)
        .group_by(AuditRow.clip_id)
        .subquery()
    )
    rows = session.execute(
        select(CaseEntry.clip_id, CaseEntry.kind)
        .join(opened, CaseEntry.clip_id == opened.c.clip_id)
        .where(CaseEntry.case_seq == opened.c.seq)
        .distinct()
    )
    kinds: dict[str, set[str]] = {clip.id: set() for clip in clips}
    for row in rows:
        kinds[row.clip_id].add(row.kind)
    return {clip_id: _state(found) for clip_id, found in kinds.items()}


def _state(kinds: set[str]) -> str:
    if HAND_OVER in kinds:
        return "handed_over"
    return "in_hand" if kinds else "new"


def _is_officers(actor: Actor, clip: Clip) -> bool:
    return actor.role == Role.SAFEGUARDING and clip.case_open


def _opened(session: Session, clip_id: str) -> AuditRow:
    """The audit row that opened the case."""
    query = select(AuditRow).where(AuditRow.clip_id == clip_id, AuditRow.action == Action.ESCALATE)
    return session.scalars(query.order_by(AuditRow.seq.desc()).limit(1)).one()


def add_note(session: Session, clip_id: str, actor: Actor, text: str) -> CaseEntry:
    """Write something down, for safeguarding officers alone."""
    clip = _load(session, clip_id, actor)
    return _add(session, clip, actor, CASE_NOTE, _text(text))


def hand_over(
    session: Session,
    clip_id: str,
    actor: Actor,
    *,
    recipient: str,
    name: str,
    text: str,
    told_at: datetime | None = None,
) -> CaseEntry:
    """Record that the matter was told to those who help: whom, when (now, unless given), and what
    was said. Telling them is a person's work: no program sends anything."""
    clip = _load(session, clip_id, actor)
    if recipient not in RECIPIENTS:
        raise InvalidInput(recipient=one_of(RECIPIENTS))
    name = clean(name, limit=200)
    if not name:
        raise InvalidInput(name="Hãy ghi đã báo cho ai.")
    now = clock.now(session)
    if told_at is not None and told_at > now + _SKEW:
        raise InvalidInput(told_at="Thời điểm đã báo không thể ở sau lúc này.")
    return _add(
        session,
        clip,
        actor,
        HAND_OVER,
        _text(text),
        recipient=recipient,
        recipient_name=name,
        told_at=told_at or now,
    )


def _load(session: Session, clip_id: str, actor: Actor) -> Clip:
    clip = load(session, clip_id)
    if not _is_officers(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    return clip


def _text(typed: str) -> str:
    text = clean(typed, limit=MAX_TEXT, multiline=True)
    if not text:
        raise InvalidInput(text="Hãy viết nội dung.")
    return text


def _add(
    session: Session, clip: Clip, actor: Actor, kind: str, text: str, **hand_over: object
) -> CaseEntry:
    assert actor.id is not None
    entry = CaseEntry(
        clip_id=clip.id,
        case_seq=_opened(session, clip.id).seq,
        kind=kind,
        at=clock.now(session),
        author_id=actor.id,
        text=text,
        **hand_over,
    )
    session.add(entry)
    session.flush()
    # No move, so no new version: a gap in the numbers would tell the others.
    audit.append(
        session,
        clip,
        action=kind,
        actor_id=actor.id,
        party=Party.SAFEGUARDING,
        from_state=clip.state,
        detail={"entry": entry.id, "sha256": digest(entry)},
    )
    return entry


def digest(entry: CaseEntry) -> str:
    """SHA-256, hex, of what an entry says, as canonical JSON: the audit keeps it."""
    content = {
        "clip_id": entry.clip_id,
        "kind": entry.kind,
        "at": clock.iso(entry.at),
        "author_id": entry.author_id,
        "text": entry.text,
        "recipient": entry.recipient,
        "recipient_name": entry.recipient_name,
        "told_at": clock.iso(entry.told_at) if entry.told_at else None,
    }
    return audit.digest(content)


def altered(session: Session) -> list[str]:
    """Ids of entries that are not what the audit says, or are gone."""
    rows = session.scalars(
        # As text: of a row that is no JSON any more the chain tells.
        select(cast(AuditRow.detail, Text))
        .where(AuditRow.action.in_((CASE_NOTE, HAND_OVER)))
        .order_by(AuditRow.seq)
    )
    told = [detail for row in rows if (detail := _detail(row))]
    return [entry for entry, sha256 in told if not _is_as_told(session, entry, sha256)]


def _detail(row: str) -> tuple[str, str] | None:
    try:
        detail = json.loads(row)
        return str(detail["entry"]), str(detail["sha256"])
    except (*audit.UNREADABLE, LookupError):
        return None


def _is_as_told(session: Session, entry_id: str, sha256: str) -> bool:
    entry = audit.readable(session, CaseEntry, entry_id)
    try:
        return entry is not None and digest(entry) == sha256
    except audit.UNREADABLE:
        return False
