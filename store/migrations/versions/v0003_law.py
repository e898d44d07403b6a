"""Appeals, clearances, field reports, warnings, leave cover."""

import sqlalchemy as sa
from alembic import op

from store.migrations.first.types import Instant, Key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision, and the notified papers that a step of a timeline names."""
    op.add_column("timeline_entries", sa.Column("documents", sa.Text()))
    _appeals()
    _of_appeals()
    _clearances()
    _warnings_and_leaves()


def downgrade() -> None:
    """Drop the tables of this revision."""
    for table in (
        "leaves",
        "escalations",
        "verifications",
        "clearances",
        "appeal_opt_outs",
        "appeal_awards",
        "appeal_hearings",
        "appeal_events",
        "appeals",
    ):
        op.drop_table(table)
    op.drop_column("timeline_entries", "documents")


def _id() -> "sa.Column[str]":
    return sa.Column("id", Key, primary_key=True)


def _citizen() -> "sa.Column[str]":
    return sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False)


def _application() -> "sa.Column[str]":
    return sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False)


def _appeal() -> "sa.Column[str]":
    return sa.Column("appeal_id", Key, sa.ForeignKey("appeals.id"), nullable=False)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _appeals() -> None:
    op.create_table(
        "appeals",
        _id(),
        _citizen(),
        _application(),
        sa.Column("number", Key, nullable=False),
        sa.Column("service_code", Key, nullable=False),
        sa.Column("department", Key),
        sa.Column("district", Key, nullable=False),
        sa.Column("tehsil", Key),
        sa.Column("level", Key, nullable=False),
        sa.Column("ground", Key, nullable=False),
        sa.Column("origin", Key, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("breached_on", sa.Date()),
        sa.Column("limit_days", sa.Integer()),
        sa.Column("limit_unit", Key),
        sa.Column("paused_days", sa.Integer(), nullable=False),
        sa.Column("designated_id", Key),
        sa.Column("first_id", Key),
        sa.Column("second_id", Key),
        sa.Column("authority_id", Key),
        sa.Column("vacant", sa.Boolean(), nullable=False),
        sa.Column("decide_by", Instant),
        sa.Column("next_at", Instant),
        sa.Column("decided_at", Instant),
        sa.Column("decided_by", Key),
        sa.Column("direct_until", sa.Date()),
        sa.Column("previous_id", Key),
        sa.UniqueConstraint("number", name=op.f("uq_appeals_number")),
        sa.UniqueConstraint("application_id", "level", "ground", name=op.f("uq_appeals_application_id_level_ground")),
    )
    _index("appeals", "state", "next_at")
    _index("appeals", "district", "level", "state", "received_at")
    _index("appeals", "authority_id", "state")
    _index("appeals", "citizen_id", "received_at")


def _of_appeals() -> None:
    op.create_table(
        "appeal_events",
        _id(),
        _citizen(),
        _appeal(),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("move", Key, nullable=False),
        sa.Column("state_before", Key),
        sa.Column("state_after", Key, nullable=False),
        sa.Column("actor_role", Key, nullable=False),
        sa.Column("actor_id", Key),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("at", Instant, nullable=False),
        sa.UniqueConstraint("appeal_id", "sequence", name=op.f("uq_appeal_events_appeal_id_sequence")),
    )
    op.create_table(
        "appeal_hearings",
        _id(),
        _citizen(),
        _appeal(),
        sa.Column("at", Instant, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
    )
    _index("appeal_hearings", "appeal_id")
    op.create_table(
        "appeal_awards",
        _id(),
        _citizen(),
        _appeal(),
        sa.Column("kind", Key, nullable=False),
        sa.Column("officer_id", Key),
        sa.Column("amount_paise", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("ordered_by", Key),
        sa.Column("ordered_at", Instant, nullable=False),
        sa.UniqueConstraint("appeal_id", "kind", name=op.f("uq_appeal_awards_appeal_id_kind")),
    )
    op.create_table(
        "appeal_opt_outs",
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
        sa.Column("since", Instant, nullable=False),
    )


def _clearances() -> None:
    op.create_table(
        "clearances",
        _id(),
        _citizen(),
        _application(),
        sa.Column("department", Key, nullable=False),
        sa.Column("district", Key, nullable=False),
        sa.Column("tehsil", Key),
        sa.Column("state", Key, nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", Key),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("answered_by", Key),
        sa.Column("answered_at", Instant),
    )
    _index("clearances", "application_id")
    _index("clearances", "department", "district", "state", "due_at")
    op.create_table(
        "verifications",
        _id(),
        _citizen(),
        _application(),
        sa.Column("officer_id", Key),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("photos", sa.Text(), nullable=False),
        sa.Column("observed_at", Instant, nullable=False),
        sa.Column("reported_at", Instant, nullable=False),
    )
    _index("verifications", "application_id")


def _warnings_and_leaves() -> None:
    op.create_table(
        "escalations",
        _id(),
        _citizen(),
        _application(),
        sa.Column("kind", Key, nullable=False),
        sa.Column("officer_id", Key),
        sa.Column("above_id", Key),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.UniqueConstraint("application_id", "kind", "due_at", name=op.f("uq_escalations_application_id_kind_due_at")),
    )
    op.create_table(
        "leaves",
        _id(),
        sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
        sa.Column("substitute_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE")),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", Key),
        sa.Column("recorded_at", Instant, nullable=False),
    )
    _index("leaves", "officer_id", "from_on")
    _index("leaves", "substitute_id", "from_on")
