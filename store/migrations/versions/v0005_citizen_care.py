"""Feedback, grievances, suggestions, doorstep delivery, and the tries of tracking."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
)

from store.migrations.first.types import Instant, Key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "feedback",
    "grievances",
    "grievance_replies",
    "suggestions",
    "doorstep_agents",
    "doorstep_visits",
    "tracking_tries",
)


def upgrade() -> None:
    """Make the tables of this revision."""
    _feedback()
    _grievances()
    _suggestions()
    _doorstep()
    _tracking()


def downgrade() -> None:
    """Drop the tables of this revision."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _feedback() -> None:
    op.create_table(
        "feedback",
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("service_code", Key, nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("officer_id", Key, nullable=True),
        Column("rating", SmallInteger(), nullable=False),
        Column("text", LargeBinary(), nullable=True),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        PrimaryKeyConstraint("application_id", name="pk_feedback"),
        ForeignKeyConstraint(["application_id"], ["applications.id"], name="fk_feedback_application_id_applications"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_feedback_citizen_id_citizens"),
    )
    op.create_index("ix_feedback_citizen_id", "feedback", ["citizen_id"])
    op.create_index("ix_feedback_district_created_at", "feedback", ["district", "created_at"])


def _grievances() -> None:
    op.create_table(
        "grievances",
        Column("id", Key, nullable=False),
        Column("number", Key, nullable=False),
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("service_code", Key, nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("category", Key, nullable=False),
        Column("text", LargeBinary(), nullable=False),
        Column("state", Key, nullable=False),
        Column("escalated", Boolean(), nullable=False),
        Column("due_at", Instant, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("closed_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_grievances"),
        ForeignKeyConstraint(["application_id"], ["applications.id"], name="fk_grievances_application_id_applications"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_grievances_citizen_id_citizens"),
        UniqueConstraint("number", name="uq_grievances_number"),
    )
    op.create_index("ix_grievances_application_id", "grievances", ["application_id"])
    op.create_index("ix_grievances_citizen_id_created_at_id", "grievances", ["citizen_id", "created_at", "id"])
    op.create_index("ix_grievances_state_due_at_id", "grievances", ["state", "due_at", "id"])
    op.create_table(
        "grievance_replies",
        Column("id", Key, nullable=False),
        Column("grievance_id", Key, nullable=False),
        Column("officer_id", Key, nullable=False),
        Column("text", LargeBinary(), nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_grievance_replies"),
        ForeignKeyConstraint(["grievance_id"], ["grievances.id"], name="fk_grievance_replies_grievance_id_grievances"),
    )
    op.create_index("ix_grievance_replies_grievance_id_at", "grievance_replies", ["grievance_id", "at"])


def _suggestions() -> None:
    op.create_table(
        "suggestions",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("officer_id", Key, nullable=True),
        Column("service_code", Key, nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=True),
        Column("tehsil", Key, nullable=True),
        Column("text", LargeBinary(), nullable=False),
        Column("state", Key, nullable=False),
        Column("reply", LargeBinary(), nullable=True),
        Column("replied_by", Key, nullable=True),
        Column("replied_at", Instant, nullable=True),
        Column("version", Integer(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_suggestions"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_suggestions_citizen_id_citizens"),
        ForeignKeyConstraint(["officer_id"], ["officers.officer_id"], name="fk_suggestions_officer_id_officers"),
    )
    op.create_index("ix_suggestions_citizen_id_created_at_id", "suggestions", ["citizen_id", "created_at", "id"])
    op.create_index(
        "ix_suggestions_department_state_created_at_id", "suggestions", ["department", "state", "created_at", "id"]
    )
    op.create_index("ix_suggestions_officer_id_created_at_id", "suggestions", ["officer_id", "created_at", "id"])


def _doorstep() -> None:
    op.create_table(
        "doorstep_agents",
        Column("operator_id", Key, nullable=False),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("since", Instant, nullable=False),
        PrimaryKeyConstraint("operator_id", name="pk_doorstep_agents"),
        ForeignKeyConstraint(
            ["operator_id"], ["operators.operator_id"], name="fk_doorstep_agents_operator_id_operators"
        ),
    )
    op.create_index("ix_doorstep_agents_district_tehsil", "doorstep_agents", ["district", "tehsil"])
    op.create_table(
        "doorstep_visits",
        Column("id", Key, nullable=False),
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("purpose", Key, nullable=False),
        Column("sequence", SmallInteger(), nullable=False),
        Column("state", Key, nullable=False),
        Column("slot_on", Date(), nullable=False),
        Column("slot_window", Key, nullable=False),
        Column("agent_id", Key, nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("fee_paise", BigInteger(), nullable=True),
        Column("fee_receipt", Key, nullable=True),
        Column("failure", Key, nullable=True),
        Column("proof", Key, nullable=True),
        Column("paper_sha256", Key, nullable=True),
        Column("witness", LargeBinary(), nullable=True),
        Column("otp", LargeBinary(), nullable=True),
        Column("otp_hash", Key, nullable=True),
        Column("otp_tries", SmallInteger(), nullable=False),
        Column("otp_expires_at", Instant, nullable=True),
        Column("version", Integer(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("closed_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_doorstep_visits"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_doorstep_visits_application_id_applications"
        ),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_doorstep_visits_citizen_id_citizens"),
        ForeignKeyConstraint(
            ["agent_id"], ["doorstep_agents.operator_id"], name="fk_doorstep_visits_agent_id_doorstep_agents"
        ),
        UniqueConstraint(
            "application_id", "purpose", "sequence", name="uq_doorstep_visits_application_id_purpose_sequence"
        ),
    )
    op.create_index("ix_doorstep_visits_agent_id_slot_on_id", "doorstep_visits", ["agent_id", "slot_on", "id"])
    op.create_index("ix_doorstep_visits_citizen_id", "doorstep_visits", ["citizen_id"])


def _tracking() -> None:
    op.create_table(
        "tracking_tries",
        Column("scope", Key, nullable=False),
        Column("since", Instant, nullable=False),
        Column("tries", Integer(), nullable=False),
        PrimaryKeyConstraint("scope", name="pk_tracking_tries"),
    )
    op.create_index("ix_tracking_tries_since", "tracking_tries", ["since"])
