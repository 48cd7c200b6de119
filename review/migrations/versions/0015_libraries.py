"""What of the feed is meant for which library, webhooks, confirmations, and proof of purges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from review.clock import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VIEW = ("scope", "level", "campaign")


def _library() -> tuple[sa.Column, ...]:
    return (
        sa.Column("scope", sa.String(), nullable=False, server_default="library"),
        sa.Column("campaigns", sa.JSON(none_as_null=True), nullable=False, server_default="[]"),
        sa.Column("levels", sa.JSON(none_as_null=True), nullable=False, server_default="[]"),
        sa.Column("past_views", sa.JSON(none_as_null=True), nullable=False, server_default="[]"),
        sa.Column("view_number", sa.Integer(), nullable=False, server_default="0"),
    )


def _entry() -> tuple[sa.Column, ...]:
    return (
        sa.Column("library_id", sa.String()),
        sa.Column("revision", sa.Integer()),
        *(sa.Column(f"{before}{name}", sa.String()) for before in ("", "was_") for name in VIEW),
    )


def upgrade() -> None:
    for column in _library():
        op.add_column("libraries", column)
    for column in _entry():
        op.add_column("feed", column)
    op.add_column("feed_head", sa.Column("at", UtcDateTime()))
    op.add_column("revisions", sa.Column("original_purged_at", UtcDateTime()))
    _fill_in()
    op.create_index("ix_feed_kind", "feed", ["kind", "seq"])
    op.create_index("ix_clips_withdrawn", "clips", ["state", "withdrawn_at", "id"])
    _tables()


def _fill_in() -> None:
    """What entries were for whom. Of a wiped one nothing is known but that all libraries saw it,
    whose scope was "library" then."""
    feed = sa.table(
        "feed",
        *(sa.column(name) for name in ("seq", "kind", "clip_id", "revision")),
        sa.column("record", sa.JSON()),
        *(sa.column(f"{before}{name}") for before in ("", "was_") for name in VIEW),
    )
    connection = op.get_bind()
    shown: dict[str, dict[str, str | None]] = {}
    query = sa.select(feed.c.seq, feed.c.kind, feed.c.clip_id, feed.c.record)
    last = 0
    while rows := connection.execute(
        query.where(feed.c.seq > last).order_by(feed.c.seq).limit(1000)
    ).all():
        last = rows[-1].seq
        for seq, kind, clip_id, record in rows:
            was = shown.pop(clip_id, {} if kind == "published" else {"scope": "library"})
            values = {f"was_{name}": was.get(name) for name in VIEW}
            if kind != "withdrawn":
                now = {name: (record or {}).get(name) for name in VIEW}
                shown[clip_id] = now | {"scope": now["scope"] or "library"}
                values |= shown[clip_id] | {"revision": (record or {}).get("revision")}
            connection.execute(sa.update(feed).where(feed.c.seq == seq).values(**values))


def _tables() -> None:
    op.create_table(
        "confirmations",
        sa.Column("library_id", sa.String(), nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_id"], ["libraries.id"], name="fk_confirmations_library_id"
        ),
        sa.PrimaryKeyConstraint("library_id", "seq", name="pk_confirmations"),
    )
    op.create_table(
        "pulls",
        sa.Column("library_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["library_id"], ["libraries.id"], name="fk_pulls_library_id"),
        sa.PrimaryKeyConstraint("library_id", "day", name="pk_pulls"),
    )
    op.create_table(
        "hooks",
        sa.Column("library_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("old_secret", sa.String()),
        sa.Column("old_until", UtcDateTime()),
        sa.Column("off", sa.String()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcDateTime()),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["library_id"], ["libraries.id"], name="fk_hooks_library_id"),
        sa.PrimaryKeyConstraint("library_id", name="pk_hooks"),
    )
    op.create_table(
        "hook_deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("library_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("clip_id", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["library_id"], ["libraries.id"], name="fk_hook_deliveries_library_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hook_deliveries"),
    )
    op.create_index("ix_hook_deliveries_outbox", "hook_deliveries", ["state", "library_id", "id"])
    op.create_index("ix_hook_deliveries_library", "hook_deliveries", ["library_id", "id"])
    op.create_table(
        "purges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_purges_clip_id"),
        sa.PrimaryKeyConstraint("id", name="pk_purges"),
    )
    op.create_index("ix_purges_clip", "purges", ["clip_id", "revision"])
    op.create_index("ix_purges_done", "purges", ["done_at", "id"])


def downgrade() -> None:
    for table in ("purges", "hook_deliveries", "hooks", "pulls", "confirmations"):
        op.drop_table(table)
    op.drop_index("ix_clips_withdrawn", "clips")
    op.drop_index("ix_feed_kind", "feed")
    op.drop_column("revisions", "original_purged_at")
    op.drop_column("feed_head", "at")
    # What was meant for one library would be everybody's; it gets it with the whole log again.
    op.execute("DELETE FROM feed WHERE library_id IS NOT NULL")
    for column in reversed(_entry()):
        op.drop_column("feed", column.name)
    for column in reversed(_library()):
        op.drop_column("libraries", column.name)
