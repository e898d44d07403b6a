"""Signed manifests of the operations that applications use, their uses, and which versions still work."""

from alembic import op
from sqlalchemy import BigInteger, Column, Date, Integer, PrimaryKeyConstraint, Text

from store.migrations.first.types import Instant, Key

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("manifests", "manifest_uses", "client_rules")


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "manifests",
        Column("app", Key, nullable=False),
        Column("version", Key, nullable=False),
        Column("signed", Text(), nullable=False),
        Column("content_hash", Key, nullable=False),
        Column("operations", Integer(), nullable=False),
        Column("published_at", Instant, nullable=False),
        Column("published_by", Key, nullable=False),
        Column("retired_at", Instant, nullable=True),
        Column("retired_by", Key, nullable=True),
        PrimaryKeyConstraint("app", "version", name="pk_manifests"),
    )
    op.create_table(
        "manifest_uses",
        Column("app", Key, nullable=False),
        Column("version", Key, nullable=False),
        Column("day", Date(), nullable=False),
        Column("uses", BigInteger(), nullable=False),
        PrimaryKeyConstraint("app", "version", "day", name="pk_manifest_uses"),
    )
    op.create_table(
        "client_rules",
        Column("app", Key, nullable=False),
        Column("platform", Key, nullable=False),
        Column("minimum", Key, nullable=False),
        Column("latest", Key, nullable=True),
        Column("store_url", Key, nullable=True),
        Column("set_by", Key, nullable=False),
        Column("set_at", Instant, nullable=False),
        PrimaryKeyConstraint("app", "platform", name="pk_client_rules"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
