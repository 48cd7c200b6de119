"""The words of the reasons, read once for each request that needs them."""

from __future__ import annotations

from flask import g

from review import reasons
from review.reasons import Reason
from webapp.deps import deps
from webapp.i18n import translated


def every() -> list[Reason]:
    if "reasons" not in g:
        with deps().database.read() as session:
            g.reasons = reasons.every(session)
    found: list[Reason] = g.reasons
    return found


def word(code: str) -> str:
    """What a note of this code says. What the office wrote is shown as it wrote it."""
    for reason in every():
        if reason.code == code:
            return reason.label if reason.renamed else translated(reason.label)
    return code
