"""The book of the days whose file a partner owes, and the end of a bank's reference in a statement's row.

An older release neither writes nor reads either; the book is filled from the day on which it is first looked into.
"""

from alembic import op
from sqlalchemy import Column, Date, PrimaryKeyConstraint

from store.migrations.first.types import Instant, Key

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the book, and the column of rows that are kept for some days only."""
    op.create_table(
        "expected_files",
        Column("source", Key, nullable=False),
        Column("day", Date, nullable=False),
        Column("due_at", Instant, nullable=True),
        Column("asked_at", Instant, nullable=True),
        Column("came_at", Instant, nullable=True),
        Column("told_at", Instant, nullable=True),
        Column("compared_at", Instant, nullable=True),
        PrimaryKeyConstraint("source", "day", name="pk_expected_files"),
    )
    op.create_index("ix_expected_files_source_compared_at_day", "expected_files", ["source", "compared_at", "day"])
    op.add_column("statement_rows", Column("utr_last4", Key, nullable=True))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("statement_rows", "utr_last4")
    op.drop_index("ix_expected_files_source_compared_at_day", table_name="expected_files")
    op.drop_table("expected_files")
