"""Uploads: deferred lengths, concatenation, quotas, and what lies in a bucket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "uploads", sa.Column("deferred", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("uploads", sa.Column("concat", sa.String()))
    for table in ("schools", "classes"):
        op.add_column(table, sa.Column("quota_mb", sa.Integer()))
        op.add_column(table, sa.Column("quota_clips", sa.Integer()))
    op.create_index("ix_accounts_class_id", "accounts", ["class_id"])
    gate = op.create_table(
        "upload_gate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload_gate"),
    )
    op.bulk_insert(gate, [{"id": 1}])
    op.create_table(
        "bucket_uploads",
        sa.Column("upload_id", sa.String(), nullable=False),
        sa.Column("multipart", sa.String()),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tail", sa.String()),
        sa.Column("tail_bytes", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name="pk_bucket_uploads"),
    )
    op.create_index("ix_bucket_uploads_created_at", "bucket_uploads", ["created_at"])


def downgrade() -> None:
    op.drop_table("bucket_uploads")
    op.drop_table("upload_gate")
    op.drop_index("ix_accounts_class_id", "accounts")
    for table in ("schools", "classes"):
        op.drop_column(table, "quota_clips")
        op.drop_column(table, "quota_mb")
    op.drop_column("uploads", "concat")
    op.drop_column("uploads", "deferred")
