"""Who has approved a revision in the stages before one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from review.models import Decision
from review.states import Action


def before(clip_id: Any, revision: Any, stage: Any) -> list[ColumnElement[bool]]:
    """Conditions on a decision; of values, or of the columns that have them."""
    return [
        Decision.clip_id == clip_id,
        Decision.revision == revision,
        Decision.stage < stage,
        Decision.action == Action.APPROVE,
    ]
