"""The owner's answers to the notes of a clip that was sent back, for the next reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review import audit, clock
from review.errors import InvalidInput, NoSuchThing, NotAllowed, WrongState
from review.lifecycle import ANSWER_NOTES, load_visible
from review.models import Clip, Decision, Note, NoteAnswer
from review.policy import Actor, parties, shown_state
from review.states import Action, Party, State
from review.text import clean, one_of

FIXED, KEPT = "fixed", "kept"
ANSWERS = (FIXED, KEPT)
MAX_TEXT = 500
# While the clip is the owner's to change; what a reviewer has before the eyes stands.
OPEN = (State.CHANGES_REQUESTED, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """``code``: fixed, or kept as it was; ``text``: how, or why."""

    code: str
    text: str = ""


def of_clip(session: Session, clip_id: str) -> dict[str, NoteAnswer]:
    """Note's id -> its answer."""
    rows = session.scalars(
        select(NoteAnswer).join(Note, Note.id == NoteAnswer.note_id).where(Note.clip_id == clip_id)
    )
    return {row.note_id: row for row in rows}


def may_answer(actor: Actor, clip: Clip) -> bool:
    return Party.OWNER in parties(actor, clip) and shown_state(actor, clip) in OPEN


def answerable(session: Session, clip: Clip) -> list[Note]:
    """The notes with which the clip was sent back last, in the order of their times."""
    last = select(func.max(Decision.revision)).where(
        Decision.clip_id == clip.id, Decision.action == Action.REQUEST_CHANGES
    )
    rows = session.scalars(
        select(Note)
        .join(Decision, Decision.id == Note.decision_id)
        .where(
            Note.clip_id == clip.id,
            Decision.action == Action.REQUEST_CHANGES,
            Decision.revision == last.scalar_subquery(),
        )
        .order_by(Note.at, Decision.at, Note.position)
    )
    return list(rows)


def save(session: Session, clip_id: str, actor: Actor, given: Mapping[str, Answer]) -> Clip:
    """Keep these answers (note's id -> answer) instead of those that were there.

    No move: the clip goes on as it is. The same again changes nothing. Raises
    :class:`NotAllowed`, :class:`WrongState`, :class:`NoSuchThing`, :class:`InvalidInput`.
    """
    clip = load_visible(session, clip_id, actor)
    if Party.OWNER not in parties(actor, clip) or actor.id is None:
        raise NotAllowed("the owner answers the notes")
    if not may_answer(actor, clip):
        raise WrongState("notes are answered before the clip is handed in again")
    notes = {note.id for note in answerable(session, clip)}
    there, now = of_clip(session, clip_id), clock.now(session)
    changed: dict[str, str] = {}
    for note_id, answer in given.items():
        if note_id not in notes:
            raise NoSuchThing("there is no such note to answer")
        if answer.code not in ANSWERS:
            raise InvalidInput(**{f"answers.{note_id}": one_of(ANSWERS)})
        text = clean(answer.text, limit=MAX_TEXT, multiline=True)
        row = there.get(note_id) or NoteAnswer(note_id=note_id)
        if (row.code, row.text) == (answer.code, text):
            continue
        row.code, row.text = answer.code, text
        row.answered_by, row.at = actor.id, now
        session.add(row)
        changed[note_id] = answer.code
    session.flush()
    if changed:
        audit.append(
            session,
            clip,
            action=ANSWER_NOTES,
            actor_id=actor.id,
            party=Party.OWNER,
            from_state=clip.state,
            detail={"answers": changed},
        )
    return clip
