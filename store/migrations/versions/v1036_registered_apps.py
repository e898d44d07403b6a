"""Adds apps that developers register, the log of their requests, and errors of published operations by day."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key

revision = "1036"
down_revision = "1033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them empty."""
    op.create_table(
        "registered_apps",
        sa.Column("id", Key, primary_key=True),
        sa.Column("client_id", Key, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", Key, nullable=False),
        sa.Column("redirects", Json, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("key_sha256", Key, nullable=False),
        sa.Column("key_made_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("client_id", name="uq_registered_apps_client_id"),
        sa.UniqueConstraint("key_sha256", name="uq_registered_apps_key_sha256"),
    )
    op.create_index("ix_registered_apps_owner_id", "registered_apps", ["owner_id"])
    op.create_table(
        "app_requests",
        sa.Column("id", Key, primary_key=True),
        sa.Column(
            "app_id",
            Key,
            sa.ForeignKey("registered_apps.id", name="fk_app_requests_app_id_registered_apps"),
            nullable=False,
        ),
        sa.Column("request_id", Key, nullable=False),
        sa.Column("sent_at", Instant, nullable=False),
        sa.Column("operation", Key),
        sa.Column("version", Key),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("codes", Json, nullable=False),
    )
    op.create_index("ix_app_requests_app_id_sent_at", "app_requests", ["app_id", "sent_at"])
    op.create_index("ix_app_requests_app_id_request_id", "app_requests", ["app_id", "request_id"])
    op.create_table(
        "operation_errors",
        *(sa.Column(name, Key, primary_key=True) for name in ("app", "operation", "code")),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("errors", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("operation_errors", "app_requests", "registered_apps"):
        op.drop_table(table)
