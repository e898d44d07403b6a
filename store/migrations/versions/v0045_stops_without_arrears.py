"""What a stop that was lifted without arrears left unpaid for ever, so that no later stop brings it back."""

import sqlalchemy
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day; stops of before are as they were lifted then, with nothing to remember."""
    op.add_column("sanction_stops", sqlalchemy.Column("unpaid_until", sqlalchemy.Date()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("sanction_stops", "unpaid_until")
