"""Decisions that were taken back before anybody was told of them; see :mod:`review.announcing`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from review.models import AuditRow
from review.policy import TAKING_BACK
from review.states import Action


def taken_back(session: Session, clip_id: str) -> set[str]:
    """Their ids. The audit has them, under the names that :func:`review.announcing.take_back`
    gives them."""
    rows = session.scalars(
        select(AuditRow.detail).where(
            AuditRow.clip_id == clip_id, AuditRow.action.in_((Action.UNDO, *TAKING_BACK))
        )
    )
    found = (detail.get(name) for detail in rows for name in ("decision", "taken_back"))
    return {decision for decision in found if decision}
