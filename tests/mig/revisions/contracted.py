"""Drops what the release before used and the later one does not: on SQLite the table is made anew with all its rows."""

import sqlalchemy as sa
from alembic import op

revision = "contracted"
down_revision = "expanded"


def upgrade() -> None:
    """Take over the channels of what the release before wrote since, and drop the column."""
    op.execute(
        "INSERT INTO case_channels (application_id, channel) SELECT id, channel FROM applications "
        "WHERE id NOT IN (SELECT application_id FROM case_channels)"
    )
    with op.batch_alter_table("applications") as batch:
        batch.drop_column("channel")


def downgrade() -> None:
    """Bring the column back."""
    with op.batch_alter_table("applications") as batch:
        batch.add_column(sa.Column("channel", sa.Text))
    op.execute(
        "UPDATE applications SET channel = "
        "(SELECT channel FROM case_channels WHERE case_channels.application_id = applications.id)"
    )
    with op.batch_alter_table("applications") as batch:
        batch.alter_column("channel", nullable=False)
