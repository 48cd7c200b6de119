"""Policies of campaigns, decisions that are announced later, and batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True)


def _campaign() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("policy_id", sa.String()),
        sa.Column("topics", _JSON, nullable=False, server_default="[]"),
        sa.Column("checklist", _JSON),
        sa.Column("announce_at", UtcDateTime()),
        sa.Column("holds_changes", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def _clip() -> tuple[sa.Column, ...]:
    return (
        sa.Column("policy_id", sa.String()),
        sa.Column("stage_party", sa.String(), nullable=False, server_default="reviewer"),
        sa.Column("votes", _JSON, nullable=False, server_default="[]"),
        sa.Column("unannounced", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("undo_until", UtcDateTime()),
        sa.Column("assigned_to", sa.String()),
    )


_INDEXES = {
    "ix_clips_waiting": ["state", "stage_party", "school_id", "submitted_at", "id"],
    "ix_clips_unannounced": ["unannounced", "campaign_id", "id"],
    "ix_clips_assigned": ["assigned_to", "state", "submitted_at"],
}


def upgrade() -> None:
    for column in _campaign():
        op.add_column("campaigns", column)
    for column in _clip():
        op.add_column("clips", column)
    # The second stage of the policy that all clips had until now.
    op.execute("UPDATE clips SET stage_party = 'moderator' WHERE stage > 0")
    for name, columns in _INDEXES.items():
        # Few are given to anybody: the others would only make the index a bad choice.
        given = sa.text("assigned_to IS NOT NULL") if name == "ix_clips_assigned" else None
        op.create_index(name, "clips", columns, sqlite_where=given, postgresql_where=given)
    op.add_column("decisions", sa.Column("announced_at", UtcDateTime()))
    op.execute("UPDATE decisions SET announced_at = at")
    op.create_table(
        "policies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("stages", _JSON, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_policies_campaign_id_number"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("target", sa.String()),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("undo_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("before", _JSON),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_rows"),
    )
    op.create_index("ix_batch_rows_clip", "batch_rows", ["clip_id"])


def downgrade() -> None:
    op.drop_table("batch_rows")
    op.drop_table("batches")
    op.drop_table("policies")
    op.drop_column("decisions", "announced_at")
    for name in reversed(_INDEXES):
        op.drop_index(name, "clips")
    # The older program knows two stages; a review that was further goes on in the second.
    op.execute("UPDATE clips SET stage = 1 WHERE stage > 1")
    for column in reversed(_clip()):
        op.drop_column("clips", column.name)
    for column in reversed(_campaign()):
        op.drop_column("campaigns", column.name)
