"""Orders to pay fees, the words that came about them, and the treasury's scrolls."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from store.migrations.first.types import Instant, Key

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = ("fee_orders", "fee_messages", "fee_scrolls", "fee_scroll_lines")
INDEXES = (
    ("application_id", "created_at", "id"),
    ("citizen_id", "created_at", "id"),
    ("due_at",),
    ("state", "created_at", "id"),
)
ONE_OF = (
    ("uq_fee_orders_one_open", text("state IN ('CREATED', 'PENDING', 'REDIRECTED')")),
    ("uq_fee_orders_one_paid", text("state = 'SUCCESS'")),
)


def upgrade() -> None:
    """Make the tables of this revision."""
    _orders()
    _messages()
    _scrolls()


def _orders() -> None:
    op.create_table(
        "fee_orders",
        Column("id", Key, nullable=False),
        Column("number", Key, nullable=False),
        Column("reference", Key, nullable=False),
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("operator_id", Key),
        Column("service_code", Key, nullable=False),
        Column("department", Key),
        Column("district", Key, nullable=False),
        Column("tehsil", Key),
        Column("route", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("fee_paise", BigInteger(), nullable=False),
        Column("charge_paise", BigInteger(), nullable=False),
        Column("head", Key, nullable=False),
        Column("charge_head", Key),
        Column("created_at", Instant, nullable=False),
        Column("due_at", Instant),
        Column("asked_at", Instant),
        Column("confirmed_at", Instant),
        Column("grn", Key),
        Column("challan_no", Key),
        Column("cin", Key),
        Column("bank_reference", Key),
        Column("mode", Key),
        Column("paid_at", Instant),
        Column("problem", Key),
        Column("settled_at", Instant),
        Column("scrolled_on", Date()),
        Column("refund_cause", Key),
        Column("refund_reference", Key),
        Column("refund_requested_at", Instant),
        Column("refunded_at", Instant),
        Column("version", Integer(), nullable=False),
        Column("updated_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_fee_orders"),
        ForeignKeyConstraint(["application_id"], ["applications.id"], name="fk_fee_orders_application_id_applications"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_fee_orders_citizen_id_citizens"),
        UniqueConstraint("number", name="uq_fee_orders_number"),
        UniqueConstraint("reference", name="uq_fee_orders_reference"),
        UniqueConstraint("route", "grn", name="uq_fee_orders_route_grn"),
    )
    for columns in INDEXES:
        op.create_index("_".join(("ix_fee_orders", *columns)), "fee_orders", list(columns))
    for name, where in ONE_OF:
        op.create_index(name, "fee_orders", ["application_id"], unique=True, sqlite_where=where, postgresql_where=where)


def _messages() -> None:
    op.create_table(
        "fee_messages",
        Column("id", Key, nullable=False),
        Column("order_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("sha256", Key, nullable=False),
        Column("content", LargeBinary(), nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_fee_messages"),
        ForeignKeyConstraint(["order_id"], ["fee_orders.id"], name="fk_fee_messages_order_id_fee_orders"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_fee_messages_citizen_id_citizens"),
        UniqueConstraint("order_id", "sha256", name="uq_fee_messages_order_id_sha256"),
    )
    op.create_index("ix_fee_messages_citizen_id", "fee_messages", ["citizen_id"])


def _scrolls() -> None:
    op.create_table(
        "fee_scrolls",
        Column("scrolled_on", Date(), nullable=False),
        Column("name", Key, nullable=False),
        Column("sha256", Key, nullable=False),
        Column("lines", Integer(), nullable=False),
        Column("total_paise", BigInteger(), nullable=False),
        Column("taken_at", Instant, nullable=False),
        Column("compared_at", Instant),
        PrimaryKeyConstraint("scrolled_on", name="pk_fee_scrolls"),
    )
    op.create_table(
        "fee_scroll_lines",
        Column("scrolled_on", Date(), nullable=False),
        Column("line", Integer(), nullable=False),
        Column("grn", Key, nullable=False),
        Column("cin", Key, nullable=False),
        Column("reference", Key, nullable=False),
        Column("head", Key, nullable=False),
        Column("amount_paise", BigInteger(), nullable=False),
        Column("status", Key, nullable=False),
        PrimaryKeyConstraint("scrolled_on", "line", name="pk_fee_scroll_lines"),
        ForeignKeyConstraint(
            ["scrolled_on"], ["fee_scrolls.scrolled_on"], name="fk_fee_scroll_lines_scrolled_on_fee_scrolls"
        ),
    )
    op.create_index("ix_fee_scroll_lines_reference", "fee_scroll_lines", ["reference"])


def downgrade() -> None:
    """Drop them."""
    for name in reversed(TABLES):
        op.drop_table(name)
