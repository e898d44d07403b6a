"""Adds the due date by the newest list of holidays, by which an officer's lateness is measured, and indexes by it."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant

revision = "1007"
down_revision = "1006"

_ENDED = (
    "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') "
    "AND coalesce(clock_ended_at, delivered_at, decided_at) > "
)


def upgrade() -> None:
    """Null: of what an older release wrote the promised date is the lawful one, until a list is imported."""
    op.add_column("applications", sa.Column("lawful_due_at", Instant))
    op.drop_index("ix_applications_clock_ended_late", "applications")
    _index_late("ix_applications_lawfully_late", f"{_ENDED}coalesce(lawful_due_at, due_at)")


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_applications_lawfully_late", "applications")
    _index_late("ix_applications_clock_ended_late", f"{_ENDED}due_at")
    op.drop_column("applications", "lawful_due_at")


def _index_late(name: str, words: str) -> None:
    only = sa.text(words)
    op.create_index(name, "applications", ["updated_at", "id"], sqlite_where=only, postgresql_where=only)
