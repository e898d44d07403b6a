"""Rosters of schools and camps."""

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

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; centres of before have no days."""
    for name in ("opens_on", "closes_on"):
        op.add_column("centres", Column(name, Date(), nullable=True))
    op.create_table(
        "camp_duties",
        Column("operator_id", Key, nullable=False),
        Column("centre_code", Key, nullable=False),
        PrimaryKeyConstraint("operator_id", "centre_code", name="pk_camp_duties"),
        ForeignKeyConstraint(["operator_id"], ["operators.operator_id"], name="fk_camp_duties_operator_id_operators"),
        ForeignKeyConstraint(["centre_code"], ["centres.code"], name="fk_camp_duties_centre_code_centres"),
    )
    _make_rosters()
    _make_rows()


def downgrade() -> None:
    """Drop them."""
    for table in ("roster_rows", "rosters", "camp_duties"):
        op.drop_table(table)
    for name in ("opens_on", "closes_on"):
        op.drop_column("centres", name)


def _make_rosters() -> None:
    op.create_table(
        "rosters",
        Column("id", Key, nullable=False),
        Column("number", Key, nullable=False),
        Column("centre_code", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("service_code", Key, nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("operator_id", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("rounds", Integer(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("filed_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_rosters"),
        ForeignKeyConstraint(["centre_code"], ["centres.code"], name="fk_rosters_centre_code_centres"),
        ForeignKeyConstraint(["operator_id"], ["operators.operator_id"], name="fk_rosters_operator_id_operators"),
        UniqueConstraint("number", name="uq_rosters_number"),
    )
    for columns in (["centre_code", "id"], ["district", "id"]):
        op.create_index("_".join(["ix_rosters", *columns]), "rosters", columns)


def _make_rows() -> None:
    op.create_table(
        "roster_rows",
        Column("id", Key, nullable=False),
        Column("roster_id", Key, nullable=False),
        Column("reference_index", Key, nullable=False),
        Column("person_index", Key, nullable=True),
        Column("person", LargeBinary(), nullable=False),
        Column("state", Key, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("consent_way", Key, nullable=True),
        Column("consent_at", Instant, nullable=True),
        Column("consent_paper_sha256", Key, nullable=True),
        Column("citizen_id", Key, nullable=True),
        Column("application_id", Key, nullable=True),
        Column("problems", Text(), nullable=True),
        Column("recipient", Key, nullable=True),
        Column("proof", Key, nullable=True),
        Column("handed_over_at", Instant, nullable=True),
        Column("handed_over_by", Key, nullable=True),
        Column("receipt_sha256", Key, nullable=True),
        Column("added_at", Instant, nullable=False),
        Column("added_by", Key, nullable=False),
        PrimaryKeyConstraint("id", name="pk_roster_rows"),
        ForeignKeyConstraint(["roster_id"], ["rosters.id"], name="fk_roster_rows_roster_id_rosters"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_roster_rows_citizen_id_citizens"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_roster_rows_application_id_applications"
        ),
        ForeignKeyConstraint(["added_by"], ["operators.operator_id"], name="fk_roster_rows_added_by_operators"),
        UniqueConstraint("roster_id", "reference_index", name="uq_roster_rows_roster_id_reference_index"),
    )
    indexed = (
        ["roster_id", "id"],
        ["person_index"],
        ["citizen_id"],
        ["application_id"],
        ["state", "added_at"],
    )
    for columns in indexed:
        op.create_index("_".join(["ix_roster_rows", *columns]), "roster_rows", columns)
