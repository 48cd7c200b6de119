"""What was played, the checklist of a decision, the office's reasons, answers to notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("checklist", sa.JSON(none_as_null=True)))
    op.add_column("decisions", sa.Column("watched_how", sa.String()))
    op.create_table(
        "coverage",
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("length_s", sa.Float(), nullable=False),
        sa.Column("spans", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_coverage_revision_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_coverage_account_id"),
        sa.PrimaryKeyConstraint("revision_id", "account_id", name="pk_coverage"),
    )
    op.create_table(
        "note_reasons",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("label", sa.String()),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", UtcDateTime()),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name="fk_note_reasons_changed_by"),
        sa.PrimaryKeyConstraint("code", name="pk_note_reasons"),
    )
    op.create_table(
        "note_answers",
        sa.Column("note_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name="fk_note_answers_note_id"),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["accounts.id"], name="fk_note_answers_answered_by"
        ),
        sa.PrimaryKeyConstraint("note_id", name="pk_note_answers"),
    )


def downgrade() -> None:
    op.drop_table("note_answers")
    op.drop_table("note_reasons")
    op.drop_table("coverage")
    op.drop_column("decisions", "watched_how")
    op.drop_column("decisions", "checklist")
