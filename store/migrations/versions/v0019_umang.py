"""Requests and users of UMANG."""

from alembic import op
from sqlalchemy import Column, Date, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text

from store.migrations.first.types import Instant, Key

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "umang_requests",
        Column("record", Key, nullable=False),
        Column("tracker", Key, nullable=False),
        Column("operation", Key, nullable=False),
        Column("srvid", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("body_hash", Key, nullable=False),
        Column("answer", LargeBinary(), nullable=True),
        Column("code", Key, nullable=True),
        Column("application_id", Key, nullable=True),
        Column("begun_at", Instant, nullable=False),
        PrimaryKeyConstraint("record", name="pk_umang_requests"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_umang_requests_citizen_id_citizens"),
    )
    for column in ("begun_at", "citizen_id"):
        op.create_index(f"ix_umang_requests_{column}", "umang_requests", [column])
    op.create_table(
        "umang_assertions",
        Column("jti_hash", Key, nullable=False),
        Column("until", Instant, nullable=False),
        PrimaryKeyConstraint("jti_hash", name="pk_umang_assertions"),
    )
    op.create_index("ix_umang_assertions_until", "umang_assertions", ["until"])
    op.create_table(
        "umang_links",
        Column("ticket_hash", Key, nullable=False),
        Column("account", LargeBinary(), nullable=False),
        Column("tries", Integer(), nullable=False),
        Column("expires_at", Instant, nullable=False),
        PrimaryKeyConstraint("ticket_hash", name="pk_umang_links"),
    )
    op.create_index("ix_umang_links_expires_at", "umang_links", ["expires_at"])
    op.create_table(
        "umang_comparisons",
        Column("day", Date(), nullable=False),
        Column("srvid", Key, nullable=False),
        Column("accepted", Integer(), nullable=False),
        Column("created", Integer(), nullable=False),
        Column("theirs", Integer(), nullable=True),
        Column("differences", Text(), nullable=False),
        Column("compared_at", Instant, nullable=False),
        PrimaryKeyConstraint("day", "srvid", name="pk_umang_comparisons"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("umang_comparisons", "umang_links", "umang_assertions", "umang_requests"):
        op.drop_table(table)
