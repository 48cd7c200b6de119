"""The frames of every clip, an index over them, which clips look alike, and same bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_revisions_original_sha256", "revisions", ["original_sha256"])
    op.create_table(
        "frame_hashes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("frames", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_frame_hashes_revision_id")
        ),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_frame_hashes_clip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frame_hashes")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_frame_hashes_revision_id")),
    )
    op.create_table(
        "frame_bands",
        sa.Column("band", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("frame", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("band", "frame", name=op.f("pk_frame_bands")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "look_alikes",
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("other_id", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("pairs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_look_alikes_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["revisions.id"], name=op.f("fk_look_alikes_other_id")
        ),
        sa.PrimaryKeyConstraint("revision_id", "other_id", name=op.f("pk_look_alikes")),
    )
    op.create_index("ix_look_alikes_other", "look_alikes", ["other_id"])


def downgrade() -> None:
    op.drop_table("look_alikes")
    op.drop_table("frame_bands")
    op.drop_table("frame_hashes")
    op.drop_index("ix_revisions_original_sha256", "revisions")
