"""Adds the messages that carry notices by channel, and what citizens chose about them."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key, Serial

revision = "1017"
down_revision = "1016"
branch_labels = None
depends_on = None

WHEN = ("send_at", "look_at", "next_at")


def upgrade() -> None:
    """Notices of before are carried by nothing: they were read in the portal."""
    op.create_table(
        "messages",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("notice_id", Key, nullable=False),
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
        *(sa.Column(name, Key, nullable=False) for name in ("kind", "channel", "state")),
        sa.Column("reason", Key),
        *(sa.Column(name, Instant, nullable=False) for name in ("created_at", "state_at")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("attempts", "looks")),
        sa.Column("template", Key),
        sa.Column("segments", sa.Integer),
        *(sa.Column(name, Key) for name in ("provider", "provider_id")),
        *(sa.Column(name, Instant) for name in WHEN),
        sa.UniqueConstraint("notice_id", "channel", name="uq_messages_notice_id_channel"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_citizen_id_channel_id", "messages", ["citizen_id", "channel", "id"])
    for name in WHEN:
        columns = ["channel", name] if name == "send_at" else [name]
        _partial_index(f"ix_messages_{name}", "messages", columns, name)
    op.create_table(
        "message_settings",
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
        sa.Column("channels", Json, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("quiet_from", "quiet_until")),
        sa.Column("chosen_at", Instant, nullable=False),
    )
    op.add_column("sent_codes", sa.Column("given_to", Json))
    op.add_column("notices", sa.Column("to_send", sa.Boolean))
    _partial_index("ix_notices_to_send", "notices", ["created_at", "id"], "to_send")


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_notices_to_send", "notices")
    op.drop_column("notices", "to_send")
    op.drop_column("sent_codes", "given_to")
    op.drop_table("message_settings")
    op.drop_table("messages")


def _partial_index(name: str, table: str, columns: list[str], column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
