"""Lists of waiting clips, saved filters, and the numbers of the review by day."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queue_places",
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("turn", UtcDateTime(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_queue_places_clip_id"),
        sa.PrimaryKeyConstraint("list", "turn", "clip_id", name="pk_queue_places"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_queue_places_clip", "queue_places", ["clip_id"])
    op.create_index("ix_clips_claims", "clips", ["claimed_by", "claimed_until"])
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filters", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_saved_filters_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_filters"),
        sa.UniqueConstraint("account_id", "name", name="uq_saved_filters_account_id_name"),
    )
    _make_numbers()
    _place_waiting(op.get_bind())
    _count_decisions(op.get_bind())


def _make_numbers() -> None:
    sums = ("decided", "agreed", "differed")
    _make("review_days", ("day", "school_id", "party", "action"), sums)
    _make("review_weeks", ("week", "school_id", "actor_id", "action"), sums)
    _make("waiting_days", ("day", "school_id", "party", "step"), ("decided",))
    _make("waiting_weeks", ("week", "school_id", "step"), ("decided",))
    _make("reason_days", ("day", "school_id", "code"), ("given",))


def _make(table: str, keys: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *(sa.Column(key, _TYPES.get(key, sa.String()), nullable=False) for key in keys),
        *(sa.Column(n, sa.Integer(), nullable=False, server_default="0") for n in numbers),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"),
    )


_TYPES = {"day": sa.Date(), "week": sa.Date(), "step": sa.Integer()}


_DECISIONS = """
SELECT d.id, d.clip_id, d.revision, d.stage, d.action, d.actor_id, d.at, a.role, c.school_id,
       r.created_at AS sent
FROM decisions d
JOIN accounts a ON a.id = d.actor_id
JOIN clips c ON c.id = d.clip_id
LEFT JOIN revisions r ON r.clip_id = d.clip_id AND r.number = d.revision
WHERE a.role IN ('reviewer', 'moderator') AND d.action IN ('approve', 'request_changes', 'reject')
ORDER BY d.clip_id, d.revision, d.at, d.id
"""
_REASONS = """
SELECT d.at, c.school_id, n.code, n.decision_id
FROM notes n
JOIN decisions d ON d.id = n.decision_id
JOIN accounts a ON a.id = d.actor_id
JOIN clips c ON c.id = d.clip_id
WHERE a.role IN ('reviewer', 'moderator') AND d.action IN ('approve', 'request_changes', 'reject')
GROUP BY n.decision_id, n.code, d.at, c.school_id
"""


def _count_decisions(connection: sa.Connection) -> None:
    """What was decided until now, as it would have been counted."""
    found: dict[str, dict[tuple, Counter]] = {}

    def add(table: str, word: str, **key: object) -> None:
        rows = found.setdefault(table, {})
        rows.setdefault(tuple(key.items()), Counter())[word] += 1

    def decided(row: sa.Row, who: sa.Row, action: str, word: str) -> None:
        day, school = _day_of(row.at), row.school_id or ""
        for of in ("*", school):
            add("review_days", word, day=day, school_id=of, party=who.role, action=action)
        for actor_id in ("", who.actor_id):
            key = {"school_id": school, "actor_id": actor_id, "action": action}
            add("review_weeks", word, week=_week_of(day), **key)

    approved: list[sa.Row] = []  # of the same revision
    query = sa.text(_DECISIONS).columns(at=UtcDateTime(), sent=UtcDateTime())
    for row in connection.execute(query).all():
        if approved and (approved[0].clip_id, approved[0].revision) != (row.clip_id, row.revision):
            approved = []
        before = {a.actor_id: a for a in approved if a.stage < row.stage}
        decided(row, row, row.action, "decided")
        for who in before.values():
            decided(row, who, "approve", "agreed" if row.action == "approve" else "differed")
        since = max((a.at for a in before.values()), default=row.sent or row.at)
        waited = max((row.at - since).total_seconds(), 60.0)
        step = max(0, math.floor(4 * math.log2(waited / 60)))
        day, school = _day_of(row.at), row.school_id or ""
        for of in ("*", school):
            add("waiting_days", "decided", day=day, school_id=of, party=row.role, step=step)
        add("waiting_weeks", "decided", week=_week_of(day), school_id=school, step=step)
        if row.action == "approve":
            approved.append(row)
    for row in connection.execute(sa.text(_REASONS).columns(at=UtcDateTime())).all():
        for of in ("*", row.school_id or ""):
            add("reason_days", "given", day=_day_of(row.at), school_id=of, code=row.code)
    for table, rows in found.items():
        _store(connection, table, rows)


def _day_of(at: datetime) -> date:
    return at.astimezone(timezone(timedelta(hours=7))).date()


def _week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _store(connection: sa.Connection, table: str, rows: dict[tuple, Counter]) -> None:
    words = sorted({word for counted in rows.values() for word in counted})
    values = [dict(key) | {word: counted[word] for word in words} for key, counted in rows.items()]
    columns = [sa.column(name, _TYPES.get(name)) for name in values[0]]
    connection.execute(sa.insert(sa.table(table, *columns)), values)


_CLIPS = """
SELECT c.id, c.stage, c.submitted_at, c.created_at, c.school_id, c.campaign_id, c.language,
       c.topics, s.level, r.facts, r.signals
FROM clips c
LEFT JOIN schools s ON s.id = c.school_id
LEFT JOIN revisions r ON r.clip_id = c.id AND r.number = c.revision
WHERE c.state = 'in_review'
ORDER BY c.submitted_at, c.id
"""


def _place_waiting(connection: sa.Connection) -> None:
    """Clips that wait at this moment. They stand by the time when they were sent; signs that come
    from consents and from other clips are told by the next move."""
    query = sa.text(_CLIPS).columns(
        submitted_at=UtcDateTime(),
        created_at=UtcDateTime(),
        topics=sa.JSON(),
        facts=sa.JSON(),
        signals=sa.JSON(),
    )
    table = sa.table(
        "queue_places",
        sa.column("list", sa.String()),
        sa.column("turn", UtcDateTime()),
        sa.column("clip_id", sa.String()),
    )
    for clip in connection.execute(query).all():
        turn = clip.submitted_at or clip.created_at
        rows = [{"list": name, "turn": turn, "clip_id": clip.id} for name in _lists(clip)]
        connection.execute(sa.insert(table), rows)


def _lists(clip: sa.Row) -> list[str]:
    party = "moderator" if clip.stage else "reviewer"
    kinds = [
        ("school", clip.school_id),
        ("level", clip.level),
        ("campaign", clip.campaign_id),
        ("language", clip.language),
        *(("topic", topic) for topic in set(clip.topics or ())),
    ]
    if (clip.signals or {}).get("flashing_spans"):
        kinds.append(("sign", "flashing"))
    if "gps" in ((clip.facts or {}).get("tags_removed") or ()):
        kinds.append(("sign", "gps"))
    return [party, *(f"{party}/{kind}:{value}" for kind, value in kinds if value is not None)]


def downgrade() -> None:
    for name in ("reason_days", "waiting_weeks", "waiting_days", "review_weeks", "review_days"):
        op.drop_table(name)
    op.drop_table("saved_filters")
    op.drop_index("ix_clips_claims", "clips")
    op.drop_table("queue_places")
