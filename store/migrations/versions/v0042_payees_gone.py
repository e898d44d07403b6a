"""Since when PFMS knows nobody for a sanction that is over, and an index of the others: a round looks at those alone.

An older release neither writes nor reads it. Where a beneficiary is registered again by one, after her sanction was
looked at for the last time, she stays registered: nothing is paid to her, and nothing asks for her deletion.
"""

from alembic import op
from sqlalchemy import Column, text

from store.migrations.first.types import Instant

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_THERE = text("ended_on IS NOT NULL AND payee_gone_at IS NULL")


def upgrade() -> None:
    """Add the column and the index; that of all sanctions which have a last day stays for an older release."""
    op.add_column("sanctions", Column("payee_gone_at", Instant, nullable=True))
    op.create_index(
        "ix_sanctions_payee_there",
        "sanctions",
        ["payee_gone_at", "ended_on", "id"],
        sqlite_where=_THERE,
        postgresql_where=_THERE,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_sanctions_payee_there", table_name="sanctions")
    op.drop_column("sanctions", "payee_gone_at")
