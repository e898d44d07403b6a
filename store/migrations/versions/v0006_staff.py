"""Leaves that begin and end, transfers, vacant posts, cases in cover; reminders of clearances; who has a case."""

import sqlalchemy as sa
from alembic import op

from store.migrations.first.types import Instant, Key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_LEAVES = (("begun_at", Instant), ("ended_at", Instant), ("cancelled_at", Instant), ("cancelled_by", Key))

_OF_CLEARANCES = (("reminded_at", Instant), ("escalated_at", Instant), ("escalated_to", Key))


def upgrade() -> None:
    """Make the tables and columns of this revision."""
    for name, kind in _OF_LEAVES:
        op.add_column("leaves", sa.Column(name, kind))
    op.create_index(op.f("ix_leaves_ended_at_from_on"), "leaves", ["ended_at", "from_on"])
    op.add_column("timeline_entries", sa.Column("holder_id", Key))
    for name, kind in _OF_CLEARANCES:
        op.add_column("clearances", sa.Column(name, kind))
    _index("clearances", "state", "due_at")
    _transfers()
    _vacancies()
    _covered_cases()


def downgrade() -> None:
    """Drop them."""
    for table in ("covered_cases", "vacancies", "transfers"):
        op.drop_table(table)
    op.drop_index(op.f("ix_clearances_state_due_at"), "clearances")
    for name, _ in reversed(_OF_CLEARANCES):
        op.drop_column("clearances", name)
    op.drop_column("timeline_entries", "holder_id")
    op.drop_index(op.f("ix_leaves_ended_at_from_on"), "leaves")
    for name, _ in reversed(_OF_LEAVES):
        op.drop_column("leaves", name)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", Key, primary_key=True),
        sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
        sa.Column("successor_id", Key),
        sa.Column("cover_id", Key),
        sa.Column("left", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("recorded_by", Key),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("done_at", Instant),
        sa.Column("moved_cases", sa.Integer(), nullable=False),
        sa.Column("moved_appeals", sa.Integer(), nullable=False),
    )
    _index("transfers", "done_at")


def _vacancies() -> None:
    op.create_table(
        "vacancies",
        sa.Column("id", Key, primary_key=True),
        sa.Column("transfer_id", Key, sa.ForeignKey("transfers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", Key, nullable=False),
        sa.Column("level", Key),
        sa.Column("department", Key),
        sa.Column("district", Key),
        sa.Column("tehsil", Key),
        sa.Column("former_id", Key, nullable=False),
        sa.Column("cover_id", Key),
        sa.Column("since", Instant, nullable=False),
        sa.Column("filled_by", Key),
        sa.Column("filled_at", Instant),
    )
    _index("vacancies", "filled_at", "department", "district")
    _index("vacancies", "cover_id")


def _covered_cases() -> None:
    op.create_table(
        "covered_cases",
        sa.Column("absence_id", Key, primary_key=True),
        sa.Column("case_id", Key, primary_key=True),
        sa.Column("kind", Key, nullable=False),
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
        sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
        sa.Column("holder_id", Key),
        sa.Column("since", Instant, nullable=False),
        sa.Column("over_at", Instant),
    )
    _index("covered_cases", "case_id")
    _index("covered_cases", "over_at", "absence_id")
