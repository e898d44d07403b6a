"""A small index of the lines that were released, by which an answer finds them without reading the whole table."""

from alembic import op
from sqlalchemy import text

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_RELEASED = text("state = 'RELEASED'")


def upgrade() -> None:
    """Index them by the payment."""
    op.create_index(
        "ix_payment_lines_released",
        "payment_lines",
        ["end_to_end_id", "state_at"],
        sqlite_where=_RELEASED,
        postgresql_where=_RELEASED,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_payment_lines_released", table_name="payment_lines")
