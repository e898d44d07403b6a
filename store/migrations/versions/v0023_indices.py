"""Small indexes of open applications, so that queues and reviews cost the same however many are closed."""

from alembic import op
from sqlalchemy import text

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_OPEN = text("status NOT IN ('DELIVERED', 'DRAFT', 'REJECTED', 'RETURNED_AS_INCOMPLETE', 'WITHDRAWN')")
_PLACES = (("district", "department"), ("district",), ("department",), ())


def upgrade() -> None:
    """Index what is open by place and due date."""
    for places in _PLACES:
        columns = [*places, "due_at", "id", "status", "paused_since"]
        op.create_index(_name(places), "applications", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    """Drop them."""
    for places in _PLACES:
        op.drop_index(_name(places), table_name="applications")


def _name(places: tuple[str, ...]) -> str:
    return "_".join(("ix_applications_open", *places, "due_at"))
