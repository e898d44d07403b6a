"""Certificates that we sign files for PFMS with: which one signed a batch, and what PFMS says of each."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, Text

from store.migrations.first.types import Instant, Key

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of certificates, and let a batch say whose signature its file bears.

    A batch of an older release says nothing: its key is found by making its file again.
    """
    op.create_table(
        "signing_certificates",
        Column("fingerprint", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("heard_at", Instant, nullable=False),
        Column("codes", Text(), nullable=True),
        Column("source", Key, nullable=False),
        PrimaryKeyConstraint("fingerprint", name="pk_signing_certificates"),
    )
    op.add_column("payment_batches", Column("signed_by", Key, nullable=True))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("payment_batches", "signed_by")
    op.drop_table("signing_certificates")
