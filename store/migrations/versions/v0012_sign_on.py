"""Sign-on: devices, centres, consents given to operators, further accounts, the strength that services ask for."""

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import Instant, Key

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CITIZEN = ["citizens.citizen_id"]


def upgrade() -> None:
    """Make the tables; every operator of before works in a centre of its own, so that nobody is shut out."""
    _centres()
    _devices()
    _assistances()
    _accounts()
    op.execute(
        "INSERT INTO centres (code, kind, name_hi, name_en, district, tehsil, open) "
        "SELECT csc_id, 'CSC', centre_hi, centre_en, district, tehsil, TRUE FROM operators"
    )
    op.execute("INSERT INTO operator_centres (operator_id, centre_code) SELECT operator_id, csc_id FROM operators")


def downgrade() -> None:
    """Drop them."""
    for name in (
        "operator_centres",
        "centres",
        "session_devices",
        "assistances",
        "relatives",
        "sent_codes",
        "account_links",
        "citizen_contacts",
        "application_strengths",
        "service_strengths",
    ):
        op.drop_table(name)


def _centres() -> None:
    op.create_table(
        "centres",
        Column("code", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("name_hi", Text(), nullable=True),
        Column("name_en", Text(), nullable=False),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("open", Boolean(), nullable=False),
        PrimaryKeyConstraint("code", name="pk_centres"),
    )
    op.create_index("ix_centres_district_code", "centres", ["district", "code"])
    op.create_table(
        "operator_centres",
        Column("operator_id", Key, nullable=False),
        Column("centre_code", Key, nullable=False),
        Column("email", Key, nullable=True),
        PrimaryKeyConstraint("operator_id", name="pk_operator_centres"),
        ForeignKeyConstraint(
            ["operator_id"], ["operators.operator_id"], name="fk_operator_centres_operator_id_operators"
        ),
        ForeignKeyConstraint(["centre_code"], ["centres.code"], name="fk_operator_centres_centre_code_centres"),
        UniqueConstraint("email", name="uq_operator_centres_email"),
    )
    op.create_index("ix_operator_centres_centre_code", "operator_centres", ["centre_code"])


def _devices() -> None:
    op.create_table(
        "session_devices",
        Column("session_id", Key, nullable=False),
        Column("client", Key, nullable=False),
        Column("platform", Key, nullable=False),
        Column("seed", LargeBinary(), nullable=False),
        Column("generation", Integer(), nullable=False),
        Column("refreshes_until", Instant, nullable=False),
        Column("last_used_at", Instant, nullable=False),
        Column("end_reason", Key, nullable=True),
        PrimaryKeyConstraint("session_id", name="pk_session_devices"),
        ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_session_devices_session_id_sessions", ondelete="CASCADE"
        ),
    )


def _assistances() -> None:
    op.create_table(
        "assistances",
        Column("id", Key, nullable=False),
        Column("operator_id", Key, nullable=False),
        Column("session_id", Key, nullable=False),
        Column("centre_code", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("way", Key, nullable=False),
        Column("strength", Key, nullable=False),
        Column("service_code", Key, nullable=True),
        Column("minutes", Integer(), nullable=False),
        Column("applicant", LargeBinary(), nullable=False),
        Column("relative_id", Key, nullable=True),
        Column("paper_sha256", Key, nullable=True),
        Column("state", Key, nullable=False),
        Column("asked_at", Instant, nullable=False),
        Column("given_at", Instant, nullable=True),
        Column("until", Instant, nullable=True),
        Column("ended_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_assistances"),
        ForeignKeyConstraint(["operator_id"], ["operators.operator_id"], name="fk_assistances_operator_id_operators"),
        ForeignKeyConstraint(["citizen_id"], _CITIZEN, name="fk_assistances_citizen_id_citizens"),
    )
    op.create_index("ix_assistances_session_id_state", "assistances", ["session_id", "state"])
    op.create_index("ix_assistances_citizen_id_asked_at", "assistances", ["citizen_id", "asked_at"])
    op.create_index("ix_assistances_operator_id_asked_at", "assistances", ["operator_id", "asked_at"])
    op.create_table(
        "relatives",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("personal", LargeBinary(), nullable=False),
        Column("registered_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_relatives"),
        ForeignKeyConstraint(["citizen_id"], _CITIZEN, name="fk_relatives_citizen_id_citizens"),
    )
    op.create_index("ix_relatives_citizen_id_registered_at", "relatives", ["citizen_id", "registered_at"])
    op.create_table(
        "sent_codes",
        Column("id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("about", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("sent", LargeBinary(), nullable=False),
        Column("code_hash", Key, nullable=False),
        Column("tries", Integer(), nullable=False),
        Column("expires_at", Instant, nullable=False),
        Column("used_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_sent_codes"),
        ForeignKeyConstraint(["citizen_id"], _CITIZEN, name="fk_sent_codes_citizen_id_citizens"),
    )
    op.create_index("ix_sent_codes_kind_about", "sent_codes", ["kind", "about"])
    op.create_index("ix_sent_codes_expires_at", "sent_codes", ["expires_at"])
    op.create_index("ix_sent_codes_citizen_id", "sent_codes", ["citizen_id"])


def _accounts() -> None:
    op.create_table(
        "account_links",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("ticket_hash", Key, nullable=False),
        Column("browser_hash", Key, nullable=True),
        Column("provider", Key, nullable=False),
        Column("proven", LargeBinary(), nullable=True),
        Column("created_at", Instant, nullable=False),
        Column("expires_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_account_links"),
        ForeignKeyConstraint(["citizen_id"], _CITIZEN, name="fk_account_links_citizen_id_citizens"),
    )
    op.create_index("ix_account_links_citizen_id_created_at", "account_links", ["citizen_id", "created_at"])
    op.create_index("ix_account_links_ticket_hash", "account_links", ["ticket_hash"])
    op.create_index("ix_account_links_expires_at", "account_links", ["expires_at"])
    op.create_table(
        "citizen_contacts",
        Column("citizen_id", Key, nullable=False),
        Column("mobile_index", Key, nullable=True),
        PrimaryKeyConstraint("citizen_id", name="pk_citizen_contacts"),
        ForeignKeyConstraint(["citizen_id"], _CITIZEN, name="fk_citizen_contacts_citizen_id_citizens"),
    )
    op.create_index("ix_citizen_contacts_mobile_index", "citizen_contacts", ["mobile_index"])
    op.create_table(
        "service_strengths",
        Column("service_code", Key, nullable=False),
        Column("own", Key, nullable=False),
        Column("assisted", Key, nullable=False),
        PrimaryKeyConstraint("service_code", name="pk_service_strengths"),
    )
    op.create_table(
        "application_strengths",
        Column("application_id", Key, nullable=False),
        Column("assurance", Key, nullable=False),
        Column("assisted", Boolean(), nullable=False),
        PrimaryKeyConstraint("application_id", name="pk_application_strengths"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_strengths_application_id_applications"
        ),
    )
