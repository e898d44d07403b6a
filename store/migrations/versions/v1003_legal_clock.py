"""The end of the legal clock and the days left in a pause. Due dates stay: one that was shown is never moved later.

What an earlier release ended bears no end of the clock where it is not needed: where it ended in time, the hand-over or
the decision stands for it.
"""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1003"
down_revision = "1002"

_ENDED_LATE = "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') AND coalesce({ends}) > due_at"
_BEFORE = _ENDED_LATE.format(ends="delivered_at, decided_at")
_AFTER = _ENDED_LATE.format(ends="clock_ended_at, delivered_at, decided_at")

_APPLICATIONS = sa.table(
    "applications",
    sa.column("id", Key),
    sa.column("status", Key),
    sa.column("due_at", Instant),
    sa.column("delivered_at", Instant),
    sa.column("clock_ended_at", Instant),
)
_A = _APPLICATIONS.c
_E = sa.table(
    "timeline_entries",
    sa.column("application_id", Key),
    sa.column("move", Key),
    sa.column("at", Instant),
).c


def upgrade() -> None:
    """Add the columns and fill in the ends of the clock that lateness depends on."""
    op.add_column("applications", sa.Column("paused_left", sa.Integer))
    op.add_column("applications", sa.Column("clock_ended_at", Instant))
    _end_clocks(op.get_bind())
    op.drop_index("ix_applications_ended_late", "applications")
    _index_late("ix_applications_clock_ended_late", _AFTER)


def downgrade() -> None:
    """Drop the columns; due dates stay as they are."""
    op.drop_index("ix_applications_clock_ended_late", "applications")
    _index_late("ix_applications_ended_late", _BEFORE)
    op.drop_column("applications", "clock_ended_at")
    op.drop_column("applications", "paused_left")


def _index_late(name: str, words: str) -> None:
    only = sa.text(words)
    op.create_index(name, "applications", ["updated_at", "id"], sqlite_where=only, postgresql_where=only)


def _end_clocks(connection: sa.Connection) -> None:
    """The issue or sanction ended the clock: of what waits to be collected, and of what was collected late."""
    made = sa.select(sa.func.max(_E.at)).where(
        _E.application_id == _A.id, _E.move.in_(["ISSUE_CERTIFICATE", "SANCTION_BENEFIT"])
    )
    waits = _A.status.in_(["CERTIFICATE_ISSUED", "BENEFIT_SANCTIONED"])
    late = sa.and_(_A.status == "DELIVERED", _A.delivered_at > _A.due_at)
    filled = sa.update(_APPLICATIONS).where(sa.or_(waits, late)).values(clock_ended_at=made.scalar_subquery())
    connection.execute(filled)
