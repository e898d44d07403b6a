"""Adds the place of each certificate in the status lists."""

import sqlalchemy as sa
from alembic import op

revision = "1031"
down_revision = "1030"


def upgrade() -> None:
    """Certificates of before have none until a credential is made of them: nothing that was given out names it."""
    op.add_column("certificates", sa.Column("status_index", sa.Integer))
    op.create_index("uq_certificates_status_index", "certificates", ["status_index"], unique=True)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("uq_certificates_status_index", "certificates")
    op.drop_column("certificates", "status_index")
