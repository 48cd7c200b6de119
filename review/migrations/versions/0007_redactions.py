"""Redactions: boxes, silences and cuts of a revision, and their renders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redactions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("kept_by", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("attempt", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("mime", sa.String(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("result_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_redactions_clip_id"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name="fk_redactions_revision_id"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_redactions_job_id"),
        sa.ForeignKeyConstraint(["made_by"], ["accounts.id"], name="fk_redactions_made_by"),
        sa.ForeignKeyConstraint(["kept_by"], ["accounts.id"], name="fk_redactions_kept_by"),
        sa.ForeignKeyConstraint(["result_id"], ["revisions.id"], name="fk_redactions_result_id"),
        sa.PrimaryKeyConstraint("id", name="pk_redactions"),
        sa.UniqueConstraint("job_id", name="uq_redactions_job_id"),
        sa.UniqueConstraint("result_id", name="uq_redactions_result_id"),
    )
    op.create_index("ix_redactions_revision", "redactions", ["revision_id", "state"])
    op.create_index("ix_redactions_state", "redactions", ["state", "id"])
    op.create_index("ix_redactions_key", "redactions", ["key"])


def downgrade() -> None:
    op.drop_index("ix_redactions_key", table_name="redactions")
    op.drop_index("ix_redactions_state", table_name="redactions")
    op.drop_index("ix_redactions_revision", table_name="redactions")
    op.drop_table("redactions")
