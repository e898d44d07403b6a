"""Forms of services by version, and the version that each application was filed under with its answers' sources."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, PrimaryKeyConstraint, Text

from store.migrations.first.types import Instant, Key

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("form_versions", "service_forms", "application_forms")


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "form_versions",
        Column("version", Key, nullable=False),
        Column("form", Key, nullable=False),
        Column("content", Text(), nullable=False),
        Column("since", Instant, nullable=False),
        PrimaryKeyConstraint("version", name="pk_form_versions"),
    )
    op.create_index("ix_form_versions_form", "form_versions", ["form"])
    op.create_table(
        "service_forms",
        Column("service_code", Key, nullable=False),
        Column("form", Key, nullable=False),
        Column("version", Key, nullable=False),
        Column("since", Instant, nullable=False),
        PrimaryKeyConstraint("service_code", name="pk_service_forms"),
        ForeignKeyConstraint(["version"], ["form_versions.version"], name="fk_service_forms_version_form_versions"),
    )
    op.create_table(
        "application_forms",
        Column("application_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("version", Key, nullable=False),
        Column("sources", LargeBinary(), nullable=False),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("application_id", name="pk_application_forms"),
        ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_forms_application_id_applications"
        ),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_application_forms_citizen_id_citizens"),
        ForeignKeyConstraint(["version"], ["form_versions.version"], name="fk_application_forms_version_form_versions"),
    )
    op.create_index("ix_application_forms_citizen_id", "application_forms", ["citizen_id"])


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
