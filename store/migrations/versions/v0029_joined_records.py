"""Where the id of a joined record leads. Alone, since a revision that held two tables could lock out a writer."""

from alembic import op
from sqlalchemy import Column

from store.migrations.first.types import Key

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("citizens", Column("alias_of", Key))
    op.create_index("ix_citizens_alias_of", "citizens", ["alias_of"])


def downgrade() -> None:
    """Forget where joined records lead."""
    op.drop_index("ix_citizens_alias_of", table_name="citizens")
    op.drop_column("citizens", "alias_of")
