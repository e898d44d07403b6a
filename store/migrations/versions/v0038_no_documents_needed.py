"""Services of which a source says that they need no papers, which is another thing than that no source names any."""

from alembic import op
from sqlalchemy import Boolean, Column

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a service that is there already has nothing in it, which says that nobody knows."""
    op.add_column("services", Column("needs_no_documents", Boolean()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("services", "needs_no_documents")
