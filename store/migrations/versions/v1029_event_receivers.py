"""Adds receivers of events, and what each of them was told and is to be told."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key

revision = "1029"
down_revision = "1028"
branch_labels = None
depends_on = None

_APPLICATION = "fk_event_deliveries_application_id_applications"


def upgrade() -> None:
    """Nobody was told before."""
    op.create_table(
        "event_receivers",
        sa.Column("id", Key, primary_key=True),
        sa.Column("owner", Key, nullable=False),
        sa.Column("department", Key),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", Json, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("secret_made_at", Instant, nullable=False),
        sa.Column("proposed_by", Key, nullable=False),
        sa.Column("proposed_at", Instant, nullable=False),
        sa.Column("former_secret", sa.LargeBinary),
        sa.Column("confirmed_by", Key),
        sa.Column("confirmed_at", Instant),
        sa.Column("begins_at", Instant),
        sa.Column("failure", Key),
        sa.Column("feed", Key, nullable=False),
        sa.Column("feed_transaction", sa.BigInteger, nullable=False),
        sa.Column("feed_row", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_event_receivers_state", "event_receivers", ["state"])
    op.create_table(
        "event_deliveries",
        sa.Column("id", Key, primary_key=True),
        sa.Column("receiver_id", Key, nullable=False),
        sa.Column("event_id", Key, nullable=False),
        sa.Column("kind", Key, nullable=False),
        sa.Column("object_id", Key, nullable=False),
        sa.Column("application_id", Key, sa.ForeignKey("applications.id", name=_APPLICATION)),
        sa.Column("department", Key),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", Key),
        sa.Column("attempted_at", Instant),
        sa.Column("delivered_at", Instant),
        sa.UniqueConstraint("receiver_id", "event_id", name="uq_event_deliveries_receiver_id_event_id"),
    )
    op.create_index("ix_event_deliveries_receiver_id_occurred_at", "event_deliveries", ["receiver_id", "occurred_at"])
    for name, *columns in (("due_at", "due_at"), ("sequence", "application_id", "sequence")):
        op.create_index(
            f"ix_event_deliveries_{name}",
            "event_deliveries",
            ["receiver_id", *columns],
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("event_deliveries")
    op.drop_table("event_receivers")
