"""Old applications taken over from the former portal."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    text,
)

from store.migrations.first.types import Instant, Key

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "legacy_imports",
        Column("id", Key, nullable=False),
        Column("source_digest", Key, nullable=False),
        Column("bytes_done", BigInteger(), nullable=False),
        Column("rows_done", BigInteger(), nullable=False),
        Column("imported", BigInteger(), nullable=False),
        Column("skipped", BigInteger(), nullable=False),
        Column("rejected", BigInteger(), nullable=False),
        Column("rejects_bytes", BigInteger(), nullable=False),
        Column("started_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("finished_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_legacy_imports"),
    )
    op.create_index("ix_legacy_imports_source_digest", "legacy_imports", ["source_digest"])
    op.create_table(
        "legacy_applications",
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("import_id", Key, nullable=False),
        Column("content_index", Key, nullable=False),
        Column("steps", Integer(), nullable=False),
        Column("held", Boolean(), nullable=False),
        Column("imported_at", Instant, nullable=False),
        PrimaryKeyConstraint("application_id", name="pk_legacy_applications"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_legacy_applications_application_id_applications"
        ),
        ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name="fk_legacy_applications_citizen_id_citizens"
        ),
        ForeignKeyConstraint(
            ["import_id"], ["legacy_imports.id"], name="fk_legacy_applications_import_id_legacy_imports"
        ),
    )
    op.create_index("ix_legacy_applications_citizen_id", "legacy_applications", ["citizen_id"])
    op.create_index(
        "ix_legacy_applications_held",
        "legacy_applications",
        ["application_id"],
        sqlite_where=text("held"),
        postgresql_where=text("held"),
    )
    op.create_table(
        "legacy_persons",
        Column("person_index", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("born_index", Key, nullable=False),
        PrimaryKeyConstraint("person_index", name="pk_legacy_persons"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_legacy_persons_citizen_id_citizens"),
    )
    op.create_index("ix_legacy_persons_citizen_id", "legacy_persons", ["citizen_id"])


def downgrade() -> None:
    """Drop them; what was taken over stays as applications and certificates."""
    for table in ("legacy_persons", "legacy_applications", "legacy_imports"):
        op.drop_table(table)
