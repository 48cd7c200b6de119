"""Faces that a machine found in a revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "face_proposals",
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name="fk_face_proposals_revision_id"
        ),
        sa.PrimaryKeyConstraint("revision_id", name="pk_face_proposals"),
    )


def downgrade() -> None:
    op.drop_table("face_proposals")
