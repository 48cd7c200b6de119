"""Limits and scope of a class code, private links of clips, and counted wrong guesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _code() -> tuple[sa.Column, ...]:
    return (
        sa.Column("code_since", UtcDateTime()),
        sa.Column("code_stopped_at", UtcDateTime()),
        sa.Column("code_scope", sa.String(), nullable=False, server_default="public"),
        sa.Column("code_pupils_limit", sa.Integer()),
        sa.Column("code_clips_limit", sa.Integer()),
        sa.Column("code_joined", sa.Integer(), nullable=False, server_default="0"),
    )


def upgrade() -> None:
    for column in _code():
        op.add_column("classes", column)
    op.create_index("ix_clips_class", "clips", ["class_id", "created_at"])
    op.create_table(
        "clip_links",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["made_by"], ["accounts.id"], name="fk_clip_links_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_clip_links"),
        sa.UniqueConstraint("secret_hash", name="uq_clip_links_secret_hash"),
        sa.UniqueConstraint("clip_id", "generation", name="uq_clip_links_clip_id_generation"),
    )
    op.add_column("login_sessions", sa.Column("link_id", sa.String()))
    op.create_index("ix_login_sessions_link_id", "login_sessions", ["link_id"])
    op.create_table(
        "guesses",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "who", name="pk_guesses"),
    )
    op.create_index("ix_guesses_since", "guesses", ["since"])


def downgrade() -> None:
    op.drop_table("guesses")
    # A browser that came by a private link would be signed in as the pupil altogether.
    op.execute("DELETE FROM login_sessions WHERE link_id IS NOT NULL")
    op.drop_index("ix_login_sessions_link_id", "login_sessions")
    op.drop_column("login_sessions", "link_id")
    op.drop_table("clip_links")
    op.drop_index("ix_clips_class", "clips")
    for column in reversed(_code()):
        op.drop_column("classes", column.name)
