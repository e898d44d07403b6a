"""The first schema."""

from alembic import op

from store.migrations.first import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    METADATA.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    """Drop every table."""
    METADATA.drop_all(op.get_bind(), checkfirst=False)
