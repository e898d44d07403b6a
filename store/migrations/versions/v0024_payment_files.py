"""Payment files: beneficiaries, batches, their lines, and the files that came and went."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

from store.migrations.first.types import Instant, Key

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = (
    "payment_beneficiaries",
    "beneficiary_accounts",
    "payment_numbers",
    "payment_runs",
    "payment_batches",
    "registration_lines",
    "payment_lines",
    "payment_sealed_files",
    "payment_files",
    "payment_answers",
)


def upgrade() -> None:
    """Make the tables."""
    _beneficiaries()
    _batches()
    _registration_lines()
    _payment_lines()
    _files()


def _beneficiaries() -> None:
    op.create_table(
        "payment_beneficiaries",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sanction_id", Key, nullable=False),
        Column("scheme_code", Key, nullable=False),
        Column("agency", Key, nullable=False),
        Column("method", Key, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("account_id", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("state_at", Instant, nullable=False),
        Column("cpsms_id", Key),
        Column("codes", Text()),
        Column("created_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_payment_beneficiaries"),
        ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name="fk_payment_beneficiaries_citizen_id_citizens"
        ),
        ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name="fk_payment_beneficiaries_sanction_id_sanctions"),
        UniqueConstraint("sanction_id", name="uq_payment_beneficiaries_sanction_id"),
    )
    op.create_index("ix_payment_beneficiaries_citizen_id", "payment_beneficiaries", ["citizen_id"])
    op.create_index(
        "ix_payment_beneficiaries_state_scheme_code_agency_method_id",
        "payment_beneficiaries",
        ["state", "scheme_code", "agency", "method", "id"],
    )
    op.create_table(
        "beneficiary_accounts",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("beneficiary_id", Key, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("details", LargeBinary(), nullable=False),
        Column("created_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_beneficiary_accounts"),
        ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name="fk_beneficiary_accounts_citizen_id_citizens"
        ),
        ForeignKeyConstraint(
            ["beneficiary_id"],
            ["payment_beneficiaries.id"],
            name="fk_beneficiary_accounts_beneficiary_id_payment_beneficiaries",
        ),
        UniqueConstraint("beneficiary_id", "version", name="uq_beneficiary_accounts_beneficiary_id_version"),
    )
    op.create_index("ix_beneficiary_accounts_citizen_id", "beneficiary_accounts", ["citizen_id"])


def _batches() -> None:
    op.create_table(
        "payment_numbers",
        Column("kind", Key, nullable=False),
        Column("day", Date(), nullable=False),
        Column("last", Integer(), nullable=False),
        PrimaryKeyConstraint("kind", "day", name="pk_payment_numbers"),
    )
    op.create_table(
        "payment_runs",
        Column("day", Date(), nullable=False),
        Column("slot", Key, nullable=False),
        Column("place", Text()),
        Column("started_at", Instant, nullable=False),
        Column("finished_at", Instant),
        Column("batches", Integer(), nullable=False),
        Column("lines", Integer(), nullable=False),
        PrimaryKeyConstraint("day", "slot", name="pk_payment_runs"),
    )
    op.create_table(
        "payment_batches",
        Column("id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("message_id", Key, nullable=False),
        Column("batch_id", Key, nullable=False),
        Column("file_name", Key, nullable=False),
        Column("scheme_code", Key, nullable=False),
        Column("agency", Key, nullable=False),
        Column("method", Key, nullable=False),
        Column("pfms_scheme", Key, nullable=False),
        Column("agency_name", Text(), nullable=False),
        Column("lines", Integer(), nullable=False),
        Column("total_paise", BigInteger(), nullable=False),
        Column("state", Key, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("executes_on", Date(), nullable=False),
        Column("digest", Key),
        Column("size", BigInteger()),
        Column("started_at", Instant),
        Column("sent_at", Instant),
        Column("answered_at", Instant),
        Column("closed_at", Instant),
        PrimaryKeyConstraint("id", name="pk_payment_batches"),
        UniqueConstraint("message_id", name="uq_payment_batches_message_id"),
        UniqueConstraint("batch_id", name="uq_payment_batches_batch_id"),
        UniqueConstraint("file_name", name="uq_payment_batches_file_name"),
    )
    op.create_index("ix_payment_batches_state_created_at", "payment_batches", ["state", "created_at"])
    op.create_index("ix_payment_batches_created_at_id", "payment_batches", ["created_at", "id"])


def _registration_lines() -> None:
    op.create_table(
        "registration_lines",
        Column("batch_id", Key, nullable=False),
        Column("position", Integer(), nullable=False),
        Column("beneficiary_id", Key, nullable=False),
        Column("account_id", Key, nullable=False),
        Column("purpose", Key, nullable=False),
        Column("cpsms_id", Key),
        Column("state", Key, nullable=False),
        Column("state_at", Instant, nullable=False),
        Column("codes", Text()),
        PrimaryKeyConstraint("batch_id", "position", name="pk_registration_lines"),
        ForeignKeyConstraint(
            ["batch_id"], ["payment_batches.id"], name="fk_registration_lines_batch_id_payment_batches"
        ),
        ForeignKeyConstraint(
            ["beneficiary_id"],
            ["payment_beneficiaries.id"],
            name="fk_registration_lines_beneficiary_id_payment_beneficiaries",
        ),
        ForeignKeyConstraint(
            ["account_id"], ["beneficiary_accounts.id"], name="fk_registration_lines_account_id_beneficiary_accounts"
        ),
    )
    op.create_index("ix_registration_lines_beneficiary_id", "registration_lines", ["beneficiary_id"])


def _payment_lines() -> None:
    op.create_table(
        "payment_lines",
        Column("batch_id", Key, nullable=False),
        Column("position", Integer(), nullable=False),
        Column("instalment_id", Key, nullable=False),
        Column("end_to_end_id", Key, nullable=False),
        Column("beneficiary_id", Key, nullable=False),
        Column("account_id", Key, nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("state", Key, nullable=False),
        Column("state_at", Instant, nullable=False),
        Column("codes", Text()),
        Column("utr_digest", Key),
        Column("utr_last4", Key),
        Column("value_on", Date()),
        PrimaryKeyConstraint("batch_id", "position", name="pk_payment_lines"),
        ForeignKeyConstraint(["batch_id"], ["payment_batches.id"], name="fk_payment_lines_batch_id_payment_batches"),
        ForeignKeyConstraint(["instalment_id"], ["instalments.id"], name="fk_payment_lines_instalment_id_instalments"),
        ForeignKeyConstraint(
            ["beneficiary_id"],
            ["payment_beneficiaries.id"],
            name="fk_payment_lines_beneficiary_id_payment_beneficiaries",
        ),
        ForeignKeyConstraint(
            ["account_id"], ["beneficiary_accounts.id"], name="fk_payment_lines_account_id_beneficiary_accounts"
        ),
    )
    for name in ("end_to_end_id", "instalment_id"):
        op.create_index(
            f"uq_payment_lines_living_{name}",
            "payment_lines",
            [name],
            unique=True,
            sqlite_where=text("state <> 'RELEASED'"),
            postgresql_where=text("state <> 'RELEASED'"),
        )
    op.create_index("ix_payment_lines_utr_digest", "payment_lines", ["utr_digest"])
    op.create_index("ix_payment_lines_state_state_at", "payment_lines", ["state", "state_at"])


def _files() -> None:
    op.create_table(
        "payment_sealed_files",
        Column("batch_id", Key, nullable=False),
        Column("content", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("batch_id", name="pk_payment_sealed_files"),
        ForeignKeyConstraint(
            ["batch_id"], ["payment_batches.id"], name="fk_payment_sealed_files_batch_id_payment_batches"
        ),
    )
    op.create_table(
        "payment_files",
        Column("id", Key, nullable=False),
        Column("direction", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("name", Key, nullable=False),
        Column("digest", Key, nullable=False),
        Column("size", BigInteger(), nullable=False),
        Column("state", Key, nullable=False),
        Column("batch_id", Key),
        Column("rows", Integer(), nullable=False),
        Column("applied", Integer(), nullable=False),
        Column("unknown", Integer(), nullable=False),
        Column("reason", Key),
        Column("detail", Text()),
        Column("seen_at", Instant, nullable=False),
        Column("settled_at", Instant),
        PrimaryKeyConstraint("id", name="pk_payment_files"),
        ForeignKeyConstraint(["batch_id"], ["payment_batches.id"], name="fk_payment_files_batch_id_payment_batches"),
        UniqueConstraint("direction", "kind", "name", "digest", name="uq_payment_files_direction_kind_name_digest"),
    )
    op.create_index("ix_payment_files_state_seen_at", "payment_files", ["state", "seen_at"])
    op.create_index("ix_payment_files_batch_id", "payment_files", ["batch_id"])
    op.create_index("ix_payment_files_seen_at_id", "payment_files", ["seen_at", "id"])
    op.create_table(
        "payment_answers",
        Column("file_id", Key, nullable=False),
        Column("content", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("file_id", name="pk_payment_answers"),
        ForeignKeyConstraint(["file_id"], ["payment_files.id"], name="fk_payment_answers_file_id_payment_files"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
