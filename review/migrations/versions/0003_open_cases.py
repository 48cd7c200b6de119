"""Whether a clip's safeguarding case is open: so far only the state "held" said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clips",
        sa.Column("case_open", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_clips_cases", "clips", ["case_open", "submitted_at", "id"])
    # Held now, or withdrawn while held: the last move of these led out of "held".
    clips = sa.table("clips", *map(sa.column, ("id", "state", "version", "case_open")))
    audit = sa.table("audit", *map(sa.column, ("clip_id", "version", "from_state")))
    left_held = (
        sa.select(audit.c.clip_id)
        .where(
            audit.c.clip_id == clips.c.id,
            audit.c.version == clips.c.version,
            audit.c.from_state == "held",
        )
        .exists()
    )
    op.execute(
        clips.update()
        .where(
            sa.or_(clips.c.state == "held", sa.and_(clips.c.state == "withdrawn", left_held)),
        )
        .values(case_open=sa.true())
    )


def downgrade() -> None:
    op.drop_index("ix_clips_cases", "clips")
    op.drop_column("clips", "case_open")
