"""Differences in money that a finance officer settles, and the state of each reconciliation."""

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
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import Instant, Key

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = (
    "finance_case_events",
    "finance_cases",
    "payment_enquiries",
    "reconciliation_runs",
    "statement_rows",
    "payment_utrs",
    "finance_totals",
    "finance_statements",
    "dbt_bharat_reports",
)
_SUMS = ("waiting", "in_flight", "credited", "returned")
_MOVES = ("opening", "instructed", "credited", "returned", "taken_back", "closing")


def upgrade() -> None:
    """Make the tables; what was sent to the treasury before is asked for from now on."""
    _cases()
    _enquiries()
    _reconciliation()
    _reports()
    # Payments of before this revision all went by the treasury's instructions: their next enquiry is due at once.
    op.execute(
        "INSERT INTO payment_enquiries (instalment_id, due_at, asks, failures) "
        "SELECT id, status_at, 0, 0 FROM instalments WHERE status IN ('INSTRUCTED', 'AT_BANK', 'CREDITED') "
        "AND (rail IS NULL OR rail = 'IFMS')"
    )


def _cases() -> None:
    op.create_table(
        "finance_cases",
        Column("id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("about", Key, nullable=False),
        Column("open_key", Key),
        Column("state", Key, nullable=False),
        Column("expected", Text()),
        Column("found", Text()),
        Column("suggested_cause", Key, nullable=False),
        Column("critical", Boolean(), nullable=False),
        Column("scheme_code", Key),
        Column("department", Key),
        Column("district", Key),
        Column("amount_paise", BigInteger()),
        Column("instalment_id", Key),
        Column("citizen_id", Key),
        Column("found_at", Instant, nullable=False),
        Column("last_found_at", Instant, nullable=False),
        Column("times_found", Integer(), nullable=False),
        Column("taken_by", Key),
        Column("outcome", Key),
        Column("proposed_by", Key),
        Column("settled_by", Key),
        Column("settled_at", Instant),
        Column("version", Integer(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_finance_cases"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_finance_cases_citizen_id_citizens"),
        UniqueConstraint("open_key", name="uq_finance_cases_open_key"),
    )
    op.create_index("ix_finance_cases_kind_about", "finance_cases", ["kind", "about"])
    op.create_index("ix_finance_cases_instalment_id", "finance_cases", ["instalment_id"])
    op.create_index("ix_finance_cases_state_found_at_id", "finance_cases", ["state", "found_at", "id"])
    op.create_index("ix_finance_cases_found_at_id", "finance_cases", ["found_at", "id"])
    op.create_index("ix_finance_cases_citizen_id", "finance_cases", ["citizen_id"])
    op.create_table(
        "finance_case_events",
        Column("id", Key, nullable=False),
        Column("case_id", Key, nullable=False),
        Column("citizen_id", Key),
        Column("step", Key, nullable=False),
        Column("by", Key, nullable=False),
        Column("at", Instant, nullable=False),
        Column("outcome", Key),
        Column("note", LargeBinary()),
        PrimaryKeyConstraint("id", name="pk_finance_case_events"),
        ForeignKeyConstraint(["case_id"], ["finance_cases.id"], name="fk_finance_case_events_case_id_finance_cases"),
        ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name="fk_finance_case_events_citizen_id_citizens"
        ),
    )
    op.create_index("ix_finance_case_events_case_id_id", "finance_case_events", ["case_id", "id"])
    op.create_index("ix_finance_case_events_citizen_id", "finance_case_events", ["citizen_id"])


def _enquiries() -> None:
    op.create_table(
        "payment_enquiries",
        Column("instalment_id", Key, nullable=False),
        Column("due_at", Instant),
        Column("asks", Integer(), nullable=False),
        Column("failures", Integer(), nullable=False),
        Column("asked_at", Instant),
        Column("heard_status", Key),
        Column("heard_at", Instant),
        Column("heard_paise", BigInteger()),
        Column("utr_hash", Key),
        Column("return_code", Key),
        PrimaryKeyConstraint("instalment_id", name="pk_payment_enquiries"),
    )
    op.create_index("ix_payment_enquiries_due_at_instalment_id", "payment_enquiries", ["due_at", "instalment_id"])
    op.create_index("ix_payment_enquiries_asked_at", "payment_enquiries", ["asked_at"])


def _reconciliation() -> None:
    op.create_table(
        "reconciliation_runs",
        Column("id", Key, nullable=False),
        Column("rail", Key, nullable=False),
        Column("day", Date(), nullable=False),
        Column("state", Key, nullable=False),
        Column("place", Key),
        Column("rows_read", BigInteger(), nullable=False),
        Column("rows_compared", BigInteger(), nullable=False),
        Column("differences", BigInteger(), nullable=False),
        Column("ours_paise", BigInteger(), nullable=False),
        Column("theirs_paise", BigInteger(), nullable=False),
        Column("starts", Integer(), nullable=False),
        Column("problem", Text()),
        Column("begun_at", Instant, nullable=False),
        Column("moved_at", Instant, nullable=False),
        Column("ended_at", Instant),
        PrimaryKeyConstraint("id", name="pk_reconciliation_runs"),
        UniqueConstraint("rail", "day", name="uq_reconciliation_runs_rail_day"),
    )
    op.create_index("ix_reconciliation_runs_begun_at_id", "reconciliation_runs", ["begun_at", "id"])
    op.create_index("ix_reconciliation_runs_state_ended_at", "reconciliation_runs", ["state", "ended_at"])
    op.create_table(
        "statement_rows",
        Column("run_id", Key, nullable=False),
        Column("file", Key, nullable=False),
        Column("line", Integer(), nullable=False),
        Column("end_to_end_id", Key, nullable=False),
        Column("batch_id", Key),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("status", Key, nullable=False),
        Column("utr_hash", Key),
        Column("return_code", Key),
        Column("value_on", Date()),
        PrimaryKeyConstraint("run_id", "file", "line", name="pk_statement_rows"),
    )
    op.create_index("ix_statement_rows_run_id_end_to_end_id", "statement_rows", ["run_id", "end_to_end_id"])
    op.create_index("ix_statement_rows_run_id_utr_hash", "statement_rows", ["run_id", "utr_hash"])
    op.create_table(
        "payment_utrs",
        Column("utr_hash", Key, nullable=False),
        Column("end_to_end_id", Key, nullable=False),
        Column("first_at", Instant, nullable=False),
        PrimaryKeyConstraint("utr_hash", name="pk_payment_utrs"),
    )


def _reports() -> None:
    op.create_table(
        "finance_totals",
        Column("month", Key, nullable=False),
        Column("rail", Key, nullable=False),
        Column("scheme_code", Key, nullable=False),
        Column("department", Key, nullable=False),
        Column("district", Key, nullable=False),
        *(Column(f"{name}_count", Integer(), nullable=False) for name in _SUMS),
        *(Column(f"{name}_paise", BigInteger(), nullable=False) for name in _SUMS),
        Column("as_of", Instant, nullable=False),
        PrimaryKeyConstraint("month", "rail", "scheme_code", "department", "district", name="pk_finance_totals"),
    )
    op.create_index("ix_finance_totals_scheme_code_month", "finance_totals", ["scheme_code", "month"])
    op.create_index("ix_finance_totals_district_month", "finance_totals", ["district", "month"])
    op.create_table(
        "finance_statements",
        Column("month", Key, nullable=False),
        Column("scheme_code", Key, nullable=False),
        Column("department", Key, nullable=False),
        Column("district", Key, nullable=False),
        *(Column(f"{name}_count", Integer(), nullable=False) for name in _MOVES),
        *(Column(f"{name}_paise", BigInteger(), nullable=False) for name in _MOVES),
        Column("made_at", Instant, nullable=False),
        PrimaryKeyConstraint("month", "scheme_code", "department", "district", name="pk_finance_statements"),
    )
    op.create_table(
        "dbt_bharat_reports",
        Column("scheme_code", Key, nullable=False),
        Column("month", Key, nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("state", Key, nullable=False),
        Column("fields", Text(), nullable=False),
        Column("queued_at", Instant, nullable=False),
        Column("settled_at", Instant),
        PrimaryKeyConstraint("scheme_code", "month", "revision", name="pk_dbt_bharat_reports"),
    )


def downgrade() -> None:
    """Take the tables away."""
    for name in TABLES:
        op.drop_table(name)
