"""The numbers of schools and people by four weeks, so that a year is a thirteenth of the rows."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SPAN, _FIRST = timedelta(weeks=4), date(2018, 1, 1)
_SUMS = ("decided", "agreed", "differed")
_TYPES = {"begins": sa.Date(), "week": sa.Date(), "step": sa.Integer()}


def upgrade() -> None:
    _make("school_spans", ("begins", "school_id", "action"), _SUMS)
    _make("person_spans", ("begins", "school_id", "actor_id", "action"), _SUMS)
    _make("waiting_spans", ("begins", "school_id", "step"), ("decided",))
    reviewed = _table("review_weeks", "week", "school_id", "actor_id", "action", *_SUMS)
    waited = _table("waiting_weeks", "week", "school_id", "step", "decided")
    everybody = reviewed.c.actor_id == ""
    school, person, action = reviewed.c.school_id, reviewed.c.actor_id, reviewed.c.action
    for begins in _begins(reviewed):
        _fill("school_spans", begins, reviewed, {"school_id": school, "action": action}, everybody)
        for of in (school, sa.literal("*")):
            keys = {"school_id": of, "actor_id": person, "action": action}
            _fill("person_spans", begins, reviewed, keys, ~everybody)
    for begins in _begins(waited):
        keys = {"school_id": waited.c.school_id, "step": waited.c.step}
        _fill("waiting_spans", begins, waited, keys)


def _make(table: str, keys: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *(sa.Column(key, _TYPES.get(key, sa.String()), nullable=False) for key in keys),
        *(sa.Column(n, sa.Integer(), nullable=False, server_default="0") for n in numbers),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"),
    )


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(c, _TYPES.get(c, sa.String())) for c in columns))


def _begins(weeks: sa.TableClause) -> list[date]:
    found = op.get_bind().scalars(sa.select(weeks.c.week).distinct())
    return sorted({_FIRST + (week - _FIRST) // _SPAN * _SPAN for week in found})


def _fill(
    name: str,
    begins: date,
    weeks: sa.TableClause,
    keys: dict[str, sa.ColumnElement],
    *wanted: sa.ColumnElement[bool],
) -> None:
    """The sums of the weeks of one span."""
    sums = [n for n in _SUMS if n in weeks.c]
    within = (weeks.c.week >= begins, weeks.c.week < begins + _SPAN)
    query = (
        sa.select(
            sa.literal(begins, sa.Date()), *keys.values(), *(sa.func.sum(weeks.c[n]) for n in sums)
        )
        .where(*within, *wanted)
        .group_by(*(key for key in keys.values() if isinstance(key, sa.ColumnClause)))
    )
    columns = ["begins", *keys, *sums]
    op.get_bind().execute(sa.insert(_table(name, *columns)).from_select(columns, query))


def downgrade() -> None:
    for table in ("waiting_spans", "person_spans", "school_spans"):
        op.drop_table(table)
