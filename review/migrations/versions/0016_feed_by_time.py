"""The feed in the order of time, for harvesters."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_feed_at", "feed", ["at", "seq"])


def downgrade() -> None:
    op.drop_index("ix_feed_at", table_name="feed")
