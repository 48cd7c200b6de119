"""The one function through which a clip changes its state: :func:`move`.

One transaction holds the guarded UPDATE, the audit row, and what follows from the move.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review import approvals, audit, claims, policy, queueing, search, stages
from review.errors import NoSuchClip, StaleClip
from review.keys import is_id
from review.models import AuditRow, Campaign, Clip, Decision, PolicyRow, Redaction, Revision
from review.notices import telling
from review.policy import Actor, Role, may_see
from review.states import Action, Party, State


def load(session: Session, clip_id: str) -> Clip:
    """The clip as the database has it now, its row locked where the database can."""
    clip = None
    if is_id(clip_id):
        clip = session.scalar(
            select(Clip)
            .where(Clip.id == clip_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    if clip is None:
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    return clip


def load_visible(session: Session, clip_id: str, actor: Actor) -> Clip:
    """Lock the clip, or :class:`NoSuchClip` when this person may not know of it."""
    clip = load(session, clip_id)
    if not may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    return clip


def approvers(session: Session, clip: Clip) -> set[str]:
    """Who does not approve the current revision: approved it in a stage before this one, or made
    it by a redaction (as what they made goes on in it, those of the revisions before it too)."""
    approved = approvals.before(clip.id, clip.revision, clip.stage)
    query = select(Decision.actor_id).where(*approved)
    return set(session.scalars(query)) | redactors(session, clip)


def redactors(session: Session, clip: Clip) -> set[str]:
    """Who made the current revision out of the last one that was uploaded."""
    rows = session.execute(
        select(Redaction.made_by, Redaction.kept_by)
        .select_from(Revision)
        .outerjoin(Redaction, Redaction.result_id == Revision.id)
        .where(Revision.clip_id == clip.id, Revision.number <= clip.revision)
        .order_by(Revision.number.desc())
    )
    found: set[str] = set()
    for made_by, kept_by in rows:
        if kept_by is None:  # this one was uploaded
            break
        found |= {made_by, kept_by}
    return found


def check_version(session: Session, clip: Clip, seen_version: int | None, actor: Actor) -> None:
    """Raise :class:`StaleClip`, with what happened meanwhile, unless the clip is as seen.

    A hold is no reason, not even one that has ended: "something happened" without a word of what
    would be the trace that it must not leave.
    """
    if seen_version is None or seen_version == clip.version:
        return
    if not may_see(actor, clip):
        raise StaleClip(clip.id, None, [])
    told = _happened_since(session, clip, seen_version, actor)
    if told or seen_version > clip.version:
        raise StaleClip(clip.id, clip.version, told)


CLOSE_CASE = "close_case"  # no move: the clip stays as it is
CHOOSE_POSTER = "choose_poster"  # nor this: what a reviewer saw of the clip still holds
# What the officer writes down about a case: no moves either.
CASE_NOTE = "case_note"
HAND_OVER = "hand_over"
ASSIGN, FREE_CLAIM = "assign", "free_claim"  # nor these: they say who reviews, not what
ANSWER_NOTES = "answer_notes"  # nor this: the clip is still the owner's to change
_NO_MOVES = (CHOOSE_POSTER, ANSWER_NOTES, ASSIGN, FREE_CLAIM)
# What nobody but the safeguarding officer is told of.
HOLD_ACTIONS = frozenset({Action.ESCALATE, Action.RELEASE, CLOSE_CASE, CASE_NOTE, HAND_OVER})
# A withdrawal is not here: the officer still has to look.
_CASE_AFTER = {Action.ESCALATE: True, Action.RELEASE: False, Action.REJECT: False}


def _case(action: Action) -> dict[str, bool]:
    return {"case_open": _CASE_AFTER[action]} if action in _CASE_AFTER else {}


def _happened_since(
    session: Session, clip: Clip, version: int, actor: Actor
) -> list[dict[str, Any]]:
    """The moves after ``version`` as this person is told them."""
    rows = session.scalars(
        select(AuditRow)
        .where(AuditRow.clip_id == clip.id, AuditRow.action.not_in(_NO_MOVES))
        .order_by(AuditRow.seq)
    ).all()
    if actor.role is Role.SAFEGUARDING:
        told = [audit.describe(row) for row in rows]
    else:
        told = [without_hold(row) for row in as_told(session, clip, rows, actor)]
    if not policy.is_told_early(actor, clip):
        # Where a move led from would tell of the decision before it.
        for before, row in itertools.pairwise(told):
            row["from"] = before["to"]
    return [row for row in told if row["version"] > version]


def as_told(
    session: Session, clip: Clip, rows: Sequence[AuditRow], actor: Actor | None
) -> list[AuditRow]:
    """Of a clip's audit rows those that ``actor`` is told of: no hold, but for its officer; and to
    those who made the clip no decision before it is announced, and not who was to review."""
    if actor is not None and actor.role is Role.SAFEGUARDING:
        return list(rows)
    rows = [row for row in rows if row.action not in HOLD_ACTIONS]
    if policy.is_told_early(actor, clip):
        return rows
    silent = select(Decision.id).where(Decision.clip_id == clip.id, Decision.announced_at.is_(None))
    untold = set(session.scalars(silent))
    return [
        row
        for row in rows
        if row.detail.get("decision") not in untold and row.action not in (ASSIGN, FREE_CLAIM)
    ]


def without_hold(row: AuditRow) -> dict[str, Any]:
    """What was done to a held clip for all to see, as if it had stood in the review."""
    told = audit.describe(row)
    if told["from"] != State.HELD:
        return told
    by = Party.MODERATOR if told["by"] == Party.SAFEGUARDING else told["by"]
    to = State.IN_REVIEW if told["to"] == State.HELD else told["to"]
    return {**told, "from": State.IN_REVIEW, "to": to, "by": by}


def move(
    session: Session,
    clip: Clip,
    action: Action,
    actor: Actor,
    *,
    seen_version: int | None = None,
    changes: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Clip:
    """Make one move of the table, or raise and change nothing.

    ``seen_version``: what the person saw (None: our own programs, which act on what is).
    ``changes``: other columns of the clip that this move sets. ``detail``: for the audit row.
    Raises :class:`StaleClip`, :class:`WrongState`, :class:`NotAllowed` and its kinds.
    """
    check_version(session, clip, seen_version, actor)
    chosen, party = policy.move_for(actor, action, clip, approvers=approvers(session, clip))
    before, version = clip.state, clip.version
    claimed_by = claims.holder(session, clip)
    changes = {**_review(session, clip, action, changes or {}), **(changes or {})}
    if chosen.to != before:
        changes = {"unannounced": False, "undo_until": None} | changes
    session.flush()
    done = session.execute(
        update(Clip)
        .where(Clip.id == clip.id, Clip.version == version, Clip.state == before)
        .values(
            {
                "state": chosen.to,
                "version": version + 1,
                "claimed_by": None,
                "claimed_until": None,
                **_case(action),
                **changes,
            }
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(clip)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleClip(clip.id, clip.version, _happened_since(session, clip, version, actor))
    queueing.follow(session, clip, before)
    audit.append(
        session,
        clip,
        action=action,
        actor_id=actor.id,
        party=party,
        from_state=before,
        detail=detail,
    )
    if clip.state != before or action is Action.EDIT_DETAILS:  # captions follow when they are kept
        search.follow(session, clip)
    telling.of_move(session, clip, action, actor, before=before, claimed_by=claimed_by)
    return clip


# A review begins under the policy that its campaign has then, and ends under the same.
_BEGINS = frozenset({Action.SUBMIT, Action.RESUBMIT, Action.REDACT, Action.RESTORE})


def _review(
    session: Session, clip: Clip, action: Action, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that say where the review stands, as they are after ``action``."""
    rules, columns = clip.rules, dict[str, Any]()
    if action in _BEGINS:
        row = session.scalar(
            select(PolicyRow)
            .join(Campaign, Campaign.policy_id == PolicyRow.id)
            .where(Campaign.id == clip.campaign_id)
        )
        columns["policy_id"] = row.id if row else None
        rules = row.rules if row else stages.DEFAULT
    if action in _BEGINS or action is Action.RELEASE:
        columns["votes"] = []
    number = changes.get("stage", clip.stage)
    return {**columns, "stage_party": rules.at(number).party}
