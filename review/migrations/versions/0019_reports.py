"""Reports of published clips by strangers, and the counselling team of a school."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("hid", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("closed_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_reports_clip_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("clip_id", "who", "reason", name="uq_reports_clip_id_who_reason"),
    )
    op.create_index("ix_reports_at", "reports", ["at"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_reports_open",
        "reports",
        ["clip_id", "at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.add_column("schools", sa.Column("counselling", sa.String()))


def downgrade() -> None:
    op.drop_column("schools", "counselling")
    op.drop_table("reports")
    # A program that is older knows no such state: what waits for a moderator is withdrawn.
    op.execute(
        "UPDATE clips SET state = 'withdrawn', withdrawn_reason = 'office',"
        " withdrawn_at = CURRENT_TIMESTAMP WHERE state = 'suspended'"
    )
