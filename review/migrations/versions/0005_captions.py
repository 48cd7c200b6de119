"""Captions; and the text of the master playlist, to which they are added when it is served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "captions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("vtt", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.String()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_captions"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_captions_revision_id"),
        sa.ForeignKeyConstraint(["updated_by"], ["accounts.id"], name="fk_captions_updated_by"),
        sa.UniqueConstraint("revision_id", "language", name="uq_captions_revision_id_language"),
    )
    op.add_column("renditions", sa.Column("playlist", sa.Text()))


def downgrade() -> None:
    op.drop_column("renditions", "playlist")
    op.drop_table("captions")
