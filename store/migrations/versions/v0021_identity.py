"""Records of consents that were deleted after their years, and records claimed by their owners."""

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
)

from store.migrations.first.types import Instant, Key

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "consent_deletions",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sequence", Integer(), nullable=False),
        Column("link", Key, nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_consent_deletions"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_consent_deletions_citizen_id_citizens"),
        UniqueConstraint("citizen_id", "sequence", name="uq_consent_deletions_citizen_id_sequence"),
    )
    op.create_table(
        "session_tokens",
        Column("session_id", Key, nullable=False),
        Column("tokens", LargeBinary(), nullable=False),
        Column("serves_locker", Boolean(), nullable=False),
        Column("until", Instant, nullable=False),
        PrimaryKeyConstraint("session_id", name="pk_session_tokens"),
        ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_session_tokens_session_id_sessions", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "record_claims",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("record_id", Key, nullable=True),
        Column("application_id", Key, nullable=True),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=True),
        Column("tehsil", Key, nullable=True),
        Column("way", Key, nullable=False),
        Column("strength", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("asked_at", Instant, nullable=False),
        Column("decided_at", Instant, nullable=True),
        Column("decided_by", Key, nullable=True),
        Column("reason", LargeBinary(), nullable=True),
        PrimaryKeyConstraint("id", name="pk_record_claims"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_record_claims_citizen_id_citizens"),
        ForeignKeyConstraint(["record_id"], ["citizens.citizen_id"], name="fk_record_claims_record_id_citizens"),
    )
    op.create_index("ix_record_claims_citizen_id_asked_at", "record_claims", ["citizen_id", "asked_at"])
    op.create_index("ix_record_claims_way_state_asked_at", "record_claims", ["way", "state", "asked_at"])


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("record_claims")
    op.drop_table("session_tokens")
    op.drop_table("consent_deletions")
