"""Adds the attempts at exercises of training."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1015"
down_revision = "1014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was trained before."""
    op.create_table(
        "training_attempts",
        sa.Column("id", Key, primary_key=True),
        sa.Column("learner_id", Key, nullable=False),
        sa.Column("exercise", Key, nullable=False),
        sa.Column("department", Key),
        sa.Column("district", Key, nullable=False),
        sa.Column("tehsil", Key),
        sa.Column("link", Key, nullable=False),
        sa.Column("number", Key),
        sa.Column("case_id", Key),
        sa.Column("hints", sa.Integer, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
    )
    op.create_index("ix_training_attempts_learner_id_ended_at", "training_attempts", ["learner_id", "ended_at"])
    op.create_index(
        "ix_training_attempts_district_started_at_id", "training_attempts", ["district", "started_at", "id"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("training_attempts")
