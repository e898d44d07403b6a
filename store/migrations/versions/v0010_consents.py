"""The ledger of consents."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint

from store.migrations.first.types import Instant, Key

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of this revision."""
    op.create_table(
        "consent_records",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sequence", Integer(), nullable=False),
        Column("consent_id", Key, nullable=False),
        Column("step", Key, nullable=False),
        Column("purpose", Key, nullable=False),
        Column("source", Key, nullable=False),
        Column("scope", Text(), nullable=False),
        Column("until", Instant, nullable=True),
        Column("at", Instant, nullable=False),
        Column("actor", Key, nullable=False),
        Column("role", Key, nullable=False),
        Column("notice_hash", Key, nullable=False),
        Column("artefact", LargeBinary(), nullable=False),
        Column("artefact_hash", Key, nullable=False),
        Column("link", Key, nullable=False),
        PrimaryKeyConstraint("id", name="pk_consent_records"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_consent_records_citizen_id_citizens"),
        UniqueConstraint("citizen_id", "sequence", name="uq_consent_records_citizen_id_sequence"),
    )
    op.create_index("ix_consent_records_step_at", "consent_records", ["step", "at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("consent_records")
