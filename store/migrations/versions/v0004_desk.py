"""The officers' desk."""

import sqlalchemy as sa
from alembic import op

from store.migrations.first.types import Instant, Key, Serial

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Claims, second opinions, packs, reads outside the queue, and which services need a second officer."""
    op.add_column("services", sa.Column("needs_second_pair", sa.Boolean()))
    _claims()
    _second_opinions()
    _packs()
    _reads()


def downgrade() -> None:
    """Drop them."""
    for table in ("unusual_reads", "outside_reads", "queue_packs", "second_opinions", "claims"):
        op.drop_table(table)
    op.drop_column("services", "needs_second_pair")


def _application() -> sa.ForeignKey:
    return sa.ForeignKey("applications.id")


def _citizen() -> sa.Column[str]:
    return sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False)


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("application_id", Key, _application(), primary_key=True),
        _citizen(),
        sa.Column("officer_id", Key, nullable=False),
        sa.Column("claimed_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
    )
    op.create_index(op.f("ix_claims_officer_id"), "claims", ["officer_id"])


def _second_opinions() -> None:
    op.create_table(
        "second_opinions",
        sa.Column("id", Key, primary_key=True),
        _citizen(),
        sa.Column("application_id", Key, _application(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("verdict", Key, nullable=False),
        sa.Column("ground", Key),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("proposed_by", Key, nullable=False),
        sa.Column("proposed_at", Instant, nullable=False),
        sa.Column("answered_by", Key),
        sa.Column("answered_at", Instant),
        sa.Column("answer_note", sa.LargeBinary()),
    )
    op.create_index(op.f("ix_second_opinions_application_id_state"), "second_opinions", ["application_id", "state"])


def _packs() -> None:
    op.create_table(
        "queue_packs",
        sa.Column("id", Key, primary_key=True),
        sa.Column("officer_id", Key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("issued_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("cases", sa.Text(), nullable=False),
    )


def _reads() -> None:
    op.create_table(
        "outside_reads",
        sa.Column("id", Serial, primary_key=True),
        _citizen(),
        sa.Column("application_id", Key, _application(), nullable=False),
        sa.Column("officer_id", Key, nullable=False),
        sa.Column("purpose", Key, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outside_reads_officer_id_at"), "outside_reads", ["officer_id", "at"])
    op.create_table(
        "unusual_reads",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("officer_id", Key, nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_unusual_reads_officer_id_at"), "unusual_reads", ["officer_id", "at"])
    op.create_index(op.f("ix_unusual_reads_at"), "unusual_reads", ["at"])
