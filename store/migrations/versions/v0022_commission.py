"""Cases of the Right to Service Commission, its messages, monthly reviews; hearings that move, awards that are paid."""

from typing import Any

from alembic import op
from sqlalchemy import (
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import Instant, Key

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("commission_cases", "commission_messages", "delay_reviews")
HEARINGS: tuple[tuple[str, Any], ...] = (("state", Key), ("reference", Key), ("fixed_at", Instant))
AWARDS: tuple[tuple[str, Any], ...] = (("state", Key), ("settled_on", Date()), ("settlement", Key))


def upgrade() -> None:
    """Make the tables of this revision, and the columns of hearings and awards."""
    _cases()
    _messages()
    op.create_table(
        "delay_reviews",
        Column("month", Date(), nullable=False),
        Column("sha256", Key, nullable=False),
        Column("content", Text(), nullable=False),
        Column("made_at", Instant, nullable=False),
        Column("sent_at", Instant),
        PrimaryKeyConstraint("month", name="pk_delay_reviews"),
    )
    for name, kind in HEARINGS:
        op.add_column("appeal_hearings", Column(name, kind))
    op.create_index("ix_appeal_hearings_at_id", "appeal_hearings", ["at", "id"])
    for name, kind in AWARDS:
        op.add_column("appeal_awards", Column(name, kind))


def _cases() -> None:
    op.create_table(
        "commission_cases",
        Column("appeal_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("application_id", Key, nullable=False),
        Column("reference", Key, nullable=False),
        Column("number", Key),
        Column("filed_at", Instant, nullable=False),
        Column("received_at", Instant),
        Column("decide_by", Instant),
        Column("bench", Key),
        Column("bundle", Key),
        Column("bundle_octets", Integer()),
        Column("bundle_sent_at", Instant),
        Column("compared_at", Instant),
        PrimaryKeyConstraint("appeal_id", name="pk_commission_cases"),
        ForeignKeyConstraint(["appeal_id"], ["appeals.id"], name="fk_commission_cases_appeal_id_appeals"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_commission_cases_citizen_id_citizens"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_commission_cases_application_id_applications"
        ),
        UniqueConstraint("reference", name="uq_commission_cases_reference"),
        UniqueConstraint("number", name="uq_commission_cases_number"),
    )
    op.create_index("ix_commission_cases_citizen_id", "commission_cases", ["citizen_id"])
    op.create_index("ix_commission_cases_bundle", "commission_cases", ["bundle"])
    op.create_index("ix_commission_cases_filed_at_appeal_id", "commission_cases", ["filed_at", "appeal_id"])


def _messages() -> None:
    op.create_table(
        "commission_messages",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("appeal_id", Key, nullable=False),
        Column("word", Key, nullable=False),
        Column("at", Instant, nullable=False),
        Column("payload", LargeBinary(), nullable=False),
        Column("digest", Key, nullable=False),
        Column("received_at", Instant, nullable=False),
        Column("state", Key, nullable=False),
        Column("answered", Key, nullable=False),
        Column("code", Key),
        PrimaryKeyConstraint("id", name="pk_commission_messages"),
        ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name="fk_commission_messages_citizen_id_citizens"
        ),
        ForeignKeyConstraint(["appeal_id"], ["appeals.id"], name="fk_commission_messages_appeal_id_appeals"),
    )
    op.create_index("ix_commission_messages_appeal_id_at", "commission_messages", ["appeal_id", "at"])
    op.create_index("ix_commission_messages_citizen_id", "commission_messages", ["citizen_id"])
    op.create_index("ix_commission_messages_state_received_at", "commission_messages", ["state", "received_at"])


def downgrade() -> None:
    """Drop them."""
    for name, _ in reversed(AWARDS):
        op.drop_column("appeal_awards", name)
    op.drop_index("ix_appeal_hearings_at_id", "appeal_hearings")
    for name, _ in reversed(HEARINGS):
        op.drop_column("appeal_hearings", name)
    for table in reversed(TABLES):
        op.drop_table(table)
