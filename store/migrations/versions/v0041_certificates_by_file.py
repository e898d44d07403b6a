"""An index by which the certificate is found whose PDF a file is, before that file is deleted."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index certificates by their PDF."""
    op.create_index("ix_certificates_pdf_sha256", "certificates", ["pdf_sha256"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_certificates_pdf_sha256", table_name="certificates")
