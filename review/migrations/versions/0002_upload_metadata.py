"""What the client said of an upload, to be given back word for word (a MUST of tus)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "uploads",
        sa.Column("client_metadata", sa.String(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("uploads", "client_metadata")
