"""The course of a sanction: stops, reviews, arrears and recoveries; more of each payment event."""

from typing import Any

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
    text,
)

from store.migrations.first.types import Instant, Key, Serial

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    (
        "sanctions",
        (
            ("state", Key),
            ("anchor_on", Date()),
            ("terms", Integer()),
            ("certified_on", Date()),
            ("reviewed_on", Date()),
            ("reminded_on", Date()),
            ("granted_by", Key),
        ),
    ),
    (
        "instalments",
        (("rail", Key), ("kind", Key), ("reissue_of", Key), ("hold", Key), ("deducted_paise", BigInteger())),
    ),
    (
        "payment_events",
        (
            ("heard_at", Instant),
            ("return_code", Key),
            ("utr_last4", Key),
            ("rail", Key),
            ("source_ref", Key),
        ),
    ),
    (
        "schemes",
        (
            ("rail", Key),
            ("head_of_account", Key),
            ("terms", Integer()),
            ("life_certificate", Boolean()),
            ("annual_review", Boolean()),
            ("eligibility_hi", Text()),
            ("eligibility_en", Text()),
            ("documents_hi", Text()),
            ("documents_en", Text()),
            ("limit_days", Integer()),
            ("is_dbt", Boolean()),
            ("portal", Text()),
            ("notes", Text()),
        ),
    ),
)
TABLES = (
    "sanction_stops",
    "life_certificates",
    "payment_approvals",
    "payment_accounts",
    "budget_holds",
    "recoveries",
    "recovery_parts",
)
ONE_ORDER = "uq_instalments_sanction_id_period_from"
_HELD = text("hold IS NOT NULL")
_FIRST_ORDER, _OPEN, _WAITING = text("reissue_of IS NULL"), text("lifted_at IS NULL"), text("decided_at IS NULL")


def upgrade() -> None:
    """Add the columns and make the tables of this revision."""
    for table, columns in COLUMNS:
        for name, kind in columns:
            op.add_column(table, Column(name, kind))
    op.drop_index(ONE_ORDER, "instalments")
    op.create_index(
        ONE_ORDER,
        "instalments",
        ["sanction_id", "period_from"],
        unique=True,
        sqlite_where=_FIRST_ORDER,
        postgresql_where=_FIRST_ORDER,
    )
    op.create_index("uq_instalments_reissue_of", "instalments", ["reissue_of"], unique=True)
    op.create_index("ix_instalments_status_status_at", "instalments", ["status", "status_at"])
    op.create_index("ix_instalments_held", "instalments", ["id"], sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_index("ix_sanctions_scheme_code_id", "sanctions", ["scheme_code", "id"])
    _stops()
    _proofs()
    _approvals()
    _money()
    _recoveries()


def _citizen(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name=f"fk_{table}_citizen_id_citizens")


def _sanction(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name=f"fk_{table}_sanction_id_sanctions")


def _by_citizen(table: str) -> None:
    op.create_index(f"ix_{table}_citizen_id", table, ["citizen_id"])


def _stops() -> None:
    op.create_table(
        "sanction_stops",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sanction_id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("ground", Key, nullable=False),
        Column("from_on", Date(), nullable=False),
        Column("made_by", Key, nullable=False),
        Column("made_at", Instant, nullable=False),
        Column("lifted_by", Key),
        Column("lifted_at", Instant),
        Column("lift_ground", Key),
        PrimaryKeyConstraint("id", name="pk_sanction_stops"),
        _citizen("sanction_stops"),
        _sanction("sanction_stops"),
    )
    op.create_index("ix_sanction_stops_sanction_id_made_at", "sanction_stops", ["sanction_id", "made_at"])
    _by_citizen("sanction_stops")
    op.create_index(
        "uq_sanction_stops_open",
        "sanction_stops",
        ["sanction_id", "kind"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _proofs() -> None:
    op.create_table(
        "life_certificates",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sanction_id", Key, nullable=False),
        Column("given_on", Date(), nullable=False),
        Column("proof", Key, nullable=False),
        Column("taken_by", Key, nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_life_certificates"),
        _citizen("life_certificates"),
        _sanction("life_certificates"),
        UniqueConstraint("sanction_id", "given_on", name="uq_life_certificates_sanction_id_given_on"),
    )
    _by_citizen("life_certificates")


def _approvals() -> None:
    op.create_table(
        "payment_approvals",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sanction_id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("subject_id", Key, nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("wanted", Text(), nullable=False),
        Column("asked_by", Key, nullable=False),
        Column("asked_at", Instant, nullable=False),
        Column("decided_by", Key),
        Column("decided_at", Instant),
        Column("approved", Boolean()),
        PrimaryKeyConstraint("id", name="pk_payment_approvals"),
        _citizen("payment_approvals"),
        _sanction("payment_approvals"),
    )
    op.create_index("ix_payment_approvals_sanction_id_asked_at", "payment_approvals", ["sanction_id", "asked_at"])
    _by_citizen("payment_approvals")
    op.create_index(
        "uq_payment_approvals_waiting",
        "payment_approvals",
        ["kind", "subject_id"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _money() -> None:
    op.create_table(
        "payment_accounts",
        Column("sanction_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("account", LargeBinary(), nullable=False),
        Column("strength", Key, nullable=False),
        Column("corrected_at", Instant, nullable=False),
        PrimaryKeyConstraint("sanction_id", name="pk_payment_accounts"),
        _citizen("payment_accounts"),
        _sanction("payment_accounts"),
    )
    _by_citizen("payment_accounts")
    op.create_table(
        "budget_holds",
        Column("instalment_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("head_of_account", Key, nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("held_at", Instant, nullable=False),
        Column("released_at", Instant),
        PrimaryKeyConstraint("instalment_id", name="pk_budget_holds"),
        _citizen("budget_holds"),
        ForeignKeyConstraint(["instalment_id"], ["instalments.id"], name="fk_budget_holds_instalment_id_instalments"),
    )
    op.create_index("ix_budget_holds_head_of_account_released_at", "budget_holds", ["head_of_account", "released_at"])
    _by_citizen("budget_holds")


def _recoveries() -> None:
    op.create_table(
        "recoveries",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sanction_id", Key, nullable=False),
        Column("number", Integer(), nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("recovered_paise", BigInteger(), nullable=False),
        Column("ground", Key, nullable=False),
        Column("way", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("made_by", Key, nullable=False),
        Column("made_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_recoveries"),
        _citizen("recoveries"),
        _sanction("recoveries"),
        UniqueConstraint("sanction_id", "number", name="uq_recoveries_sanction_id_number"),
    )
    _by_citizen("recoveries")
    op.create_table(
        "recovery_parts",
        Column("id", Serial, autoincrement=True, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("recovery_id", Key, nullable=False),
        Column("reference", Key, nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_recovery_parts"),
        _citizen("recovery_parts"),
        ForeignKeyConstraint(["recovery_id"], ["recoveries.id"], name="fk_recovery_parts_recovery_id_recoveries"),
        UniqueConstraint("recovery_id", "reference", name="uq_recovery_parts_recovery_id_reference"),
        sqlite_autoincrement=True,
    )
    _by_citizen("recovery_parts")


def downgrade() -> None:
    """Drop them; orders that were reissued since must be gone before, as each period then has one order only."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_sanctions_scheme_code_id", "sanctions")
    op.drop_index("ix_instalments_held", "instalments")
    op.drop_index("ix_instalments_status_status_at", "instalments")
    op.drop_index("uq_instalments_reissue_of", "instalments")
    op.drop_index(ONE_ORDER, "instalments")
    op.create_index(ONE_ORDER, "instalments", ["sanction_id", "period_from"], unique=True)
    for table, columns in reversed(COLUMNS):
        for name, _ in reversed(columns):
            op.drop_column(table, name)
