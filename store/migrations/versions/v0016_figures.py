"""Figures: counters by month, place, subject and channel, reasons of delays, saved views."""

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
)

from store.migrations.first.types import Instant, Key, Serial

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MEASURES = (
    "received",
    "processed",
    "dropped",
    "withdrawn",
    "disposed",
    "delivered",
    "timed",
    "on_time",
    "days",
    "due",
    "grievances",
    "replied",
)
_PLACE = ("district", "department", "service_code", "tehsil", "channel")
_DIMENSIONS = ("department", "service_code", "district", "tehsil", "channel")


def upgrade() -> None:
    """Make the tables of this revision; `apuni figures rebuild` fills them for applications that are there."""
    op.create_table(
        "figures",
        Column("cube", Key, nullable=False),
        Column("part", Key, nullable=False),
        Column("period", Date(), nullable=False),
        *(Column(name, Key, nullable=False) for name in _PLACE),
        Column("bucket", Integer(), nullable=False),
        *(Column(name, BigInteger(), nullable=False) for name in _MEASURES),
        PrimaryKeyConstraint("cube", "part", "period", *_PLACE, "bucket", name="pk_figures"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "figure_deltas",
        Column("id", Serial, nullable=False),
        Column("day", Date(), nullable=False),
        Column("period", Date(), nullable=False),
        Column("part", Key, nullable=False),
        Column("bucket", Integer(), nullable=False),
        *(Column(name, Key, nullable=False) for name in _DIMENSIONS),
        *(Column(name, Integer(), nullable=False) for name in _MEASURES),
        PrimaryKeyConstraint("id", name="pk_figure_deltas"),
        sqlite_autoincrement=True,
    )
    _make_delay_reasons()
    op.create_table(
        "saved_views",
        Column("id", Key, nullable=False),
        Column("officer_id", Key, nullable=False),
        Column("name", Key, nullable=False),
        Column("content", Text(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_saved_views"),
        ForeignKeyConstraint(["officer_id"], ["officers.officer_id"], name="fk_saved_views_officer_id_officers"),
        UniqueConstraint("officer_id", "name", name="uq_saved_views_officer_id_name"),
    )


def _make_delay_reasons() -> None:
    op.create_table(
        "delay_reasons",
        Column("id", Key, nullable=False),
        Column("application_id", Key, nullable=True),
        Column("citizen_id", Key, nullable=True),
        Column("month", Date(), nullable=False),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=True),
        Column("tehsil", Key, nullable=True),
        Column("cause", Key, nullable=False),
        Column("text", LargeBinary(), nullable=True),
        Column("officer_id", Key, nullable=False),
        Column("recorded_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_delay_reasons"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_delay_reasons_application_id_applications"
        ),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_delay_reasons_citizen_id_citizens"),
    )
    for columns in (["application_id", "recorded_at", "id"], ["citizen_id"], ["recorded_at", "id"]):
        op.create_index("_".join(["ix_delay_reasons", *columns]), "delay_reasons", columns)


def downgrade() -> None:
    """Drop them."""
    for table in ("saved_views", "delay_reasons", "figure_deltas", "figures"):
        op.drop_table(table)
