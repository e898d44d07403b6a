"""Catalogue: versions of services, what they are found by; files that arrive in parts, and quarantined ones."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text

from store.migrations.first.types import Instant, Key

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("service_versions", "partial_uploads", "partial_upload_pieces", "quarantined_files")
_OF_SERVICES = ("life_events", "eligibility", "keywords")


def upgrade() -> None:
    """Make the tables of this revision; a service that is there already has no version, which is the first."""
    for name in _OF_SERVICES:
        op.add_column("services", Column(name, Text()))
    op.add_column("services", Column("version", Integer()))
    op.add_column("applications", Column("service_version", Integer()))
    op.create_table(
        "service_versions",
        Column("service_code", Key, nullable=False),
        Column("version", Integer(), nullable=False),
        Column("content", Text(), nullable=False),
        Column("since", Instant, nullable=False),
        PrimaryKeyConstraint("service_code", "version", name="pk_service_versions"),
    )
    _partial_uploads()
    _quarantine()


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("applications", "service_version")
    op.drop_column("services", "version")
    for name in reversed(_OF_SERVICES):
        op.drop_column("services", name)


def _partial_uploads() -> None:
    op.create_table(
        "partial_uploads",
        Column("id", Key, nullable=False),
        Column("owner", Key, nullable=False),
        Column("person_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("length", Integer(), nullable=False),
        Column("received", Integer(), nullable=False),
        Column("claimed", Key, nullable=True),
        Column("document_key", Key, nullable=True),
        Column("expected", Key, nullable=True),
        Column("upload_id", Key, nullable=True),
        Column("created_at", Instant, nullable=False),
        Column("touched_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_partial_uploads"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_partial_uploads_citizen_id_citizens"),
    )
    op.create_index("ix_partial_uploads_owner", "partial_uploads", ["owner"])
    op.create_index("ix_partial_uploads_citizen_id", "partial_uploads", ["citizen_id"])
    op.create_index("ix_partial_uploads_touched_at", "partial_uploads", ["touched_at"])
    op.create_table(
        "partial_upload_pieces",
        Column("id", Key, nullable=False),
        Column("partial_id", Key, nullable=False),
        Column("start", Integer(), nullable=False),
        Column("size", Integer(), nullable=False),
        Column("content", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_partial_upload_pieces"),
        ForeignKeyConstraint(
            ["partial_id"],
            ["partial_uploads.id"],
            name="fk_partial_upload_pieces_partial_id_partial_uploads",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "uq_partial_upload_pieces_partial_id_start", "partial_upload_pieces", ["partial_id", "start"], unique=True
    )


def _quarantine() -> None:
    op.create_table(
        "quarantined_files",
        Column("id", Key, nullable=False),
        Column("owner", Key, nullable=False),
        Column("person_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("digest", Key, nullable=False),
        Column("media_type", Key, nullable=True),
        Column("size", Integer(), nullable=False),
        Column("found", Text(), nullable=False),
        Column("infected", LargeBinary(), nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_quarantined_files"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_quarantined_files_citizen_id_citizens"),
    )
    op.create_index("ix_quarantined_files_citizen_id", "quarantined_files", ["citizen_id"])
    op.create_index("ix_quarantined_files_at", "quarantined_files", ["at"])
