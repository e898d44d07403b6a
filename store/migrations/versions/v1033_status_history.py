"""Adds the incidents of the status page and the days of each outside system."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1033"
down_revision = "1032"


def upgrade() -> None:
    """Create them; the days begin with the first look."""
    op.create_table(
        "incidents",
        sa.Column("id", Key, primary_key=True),
        sa.Column("source", Key),
        *(sa.Column(name, Instant, nullable=name == "ended_at") for name in ("began_at", "ended_at", "updated_at")),
        sa.Column("reported_by", Key, nullable=False),
        *(
            sa.Column(f"{text}_{language}", sa.Text, nullable=False)
            for text in ("title", "text", "meanwhile")
            for language in ("hi", "en")
        ),
    )
    op.create_index("ix_incidents_began_at", "incidents", ["began_at"])
    op.create_table(
        "source_days",
        sa.Column("on_day", sa.Date, primary_key=True),
        sa.Column("source", Key, primary_key=True),
        sa.Column("good", sa.BigInteger, nullable=False),
        sa.Column("bad", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("source_days")
    op.drop_table("incidents")
