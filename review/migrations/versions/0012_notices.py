"""Notices with their mail jobs, casework, and what the audit is searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_AUDIT = {"actor": "actor_id", "action": "action", "at": "at"}


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email", sa.String()))
    op.add_column("accounts", sa.Column("mail", sa.String(), nullable=False, server_default="each"))
    op.add_column("accounts", sa.Column("digest_day", sa.String()))
    op.create_index("ix_accounts_digest", "accounts", ["role", "digest_day"])
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String()),
        sa.Column("count", sa.Integer()),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_notices_account_id"),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_notices_clip_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_account", "notices", ["account_id", "at", "id"])
    op.create_index("ix_notices_unread", "notices", ["account_id", "read_at"])
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "case_entries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("case_seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String()),
        sa.Column("recipient_name", sa.String()),
        sa.Column("told_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_case_entries_clip_id"),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_case_entries_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_entries"),
    )
    op.create_index("ix_case_entries_clip", "case_entries", ["clip_id", "id"])
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("clip_id", existing_type=sa.String(), nullable=True)
        jobs.alter_column("revision_id", existing_type=sa.String(), nullable=True)
        jobs.add_column(sa.Column("notice_id", sa.String()))
        jobs.add_column(
            sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        jobs.create_foreign_key("fk_jobs_notice_id", "notices", ["notice_id"], ["id"])
        jobs.create_unique_constraint("uq_jobs_notice_id", ["notice_id"])
    for name, column in _AUDIT.items():
        columns = [column, "seq"]
        op.create_index(f"ix_audit_{name}", "audit", columns)


def downgrade() -> None:
    for name in _AUDIT:
        op.drop_index(f"ix_audit_{name}", table_name="audit")
    op.execute("DELETE FROM jobs WHERE notice_id IS NOT NULL")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint("uq_jobs_notice_id", type_="unique")
        jobs.drop_constraint("fk_jobs_notice_id", type_="foreignkey")
        jobs.drop_column("confidential")
        jobs.drop_column("notice_id")
        jobs.alter_column("revision_id", existing_type=sa.String(), nullable=False)
        jobs.alter_column("clip_id", existing_type=sa.String(), nullable=False)
    op.drop_table("case_entries")
    op.drop_table("notices")
    op.drop_index("ix_accounts_digest", table_name="accounts")
    for column in ("digest_day", "mail", "email"):
        op.drop_column("accounts", column)
