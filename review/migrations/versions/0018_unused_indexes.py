"""Indexes that no query uses: the queue walks along its own lists since 0013, and a batch is read
by its own rows."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WAITING = ["state", "stage_party", "school_id", "submitted_at", "id"]


def upgrade() -> None:
    op.drop_index("ix_batch_rows_clip", table_name="batch_rows")
    op.drop_index("ix_clips_waiting", table_name="clips")


def downgrade() -> None:
    op.create_index("ix_clips_waiting", "clips", WAITING)
    op.create_index("ix_batch_rows_clip", "batch_rows", ["clip_id"])
