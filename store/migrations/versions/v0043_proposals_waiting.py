"""A small index of the proposals that wait for an answer, by which a queue counts them and passes by all others."""

from alembic import op
from sqlalchemy import text

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_WAITING = text("state = 'PROPOSED'")


def upgrade() -> None:
    """Index them by their case."""
    op.create_index(
        "ix_second_opinions_waiting",
        "second_opinions",
        ["application_id", "version", "proposed_by"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_second_opinions_waiting", table_name="second_opinions")
