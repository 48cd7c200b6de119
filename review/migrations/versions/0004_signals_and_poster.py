"""What machines noticed in a revision, and which poster its owner chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revisions", sa.Column("signals", sa.JSON()))
    op.add_column("revisions", sa.Column("poster", sa.String()))


def downgrade() -> None:
    op.drop_column("revisions", "poster")
    op.drop_column("revisions", "signals")
