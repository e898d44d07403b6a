"""Corrected and revoked certificates, and the lockers that hold copies."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, PrimaryKeyConstraint, text

from store.migrations.first.types import Instant, Key

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ONE = "uq_certificates_application_id"
_STANDING = "uq_certificates_application_id_standing"
_BY_APPLICATION = "ix_certificates_application_id"
_NOT_CORRECTED = text("status <> 'CORRECTED'")


def upgrade() -> None:
    """Make the tables of this revision; a corrected certificate is a second one of its application."""
    with op.batch_alter_table("certificates") as batch:
        batch.drop_constraint(_ONE, type_="unique")
    op.create_index(
        _STANDING,
        "certificates",
        ["application_id"],
        unique=True,
        sqlite_where=_NOT_CORRECTED,
        postgresql_where=_NOT_CORRECTED,
    )
    op.create_index(_BY_APPLICATION, "certificates", ["application_id"])
    op.create_table(
        "certificate_endings",
        Column("certificate_id", Key, nullable=False),
        Column("status", Key, nullable=False),
        Column("ground", Key, nullable=False),
        Column("reason", LargeBinary(), nullable=False),
        Column("officer_id", Key, nullable=True),
        Column("ended_at", Instant, nullable=False),
        Column("successor_id", Key, nullable=True),
        PrimaryKeyConstraint("certificate_id", name="pk_certificate_endings"),
        ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name="fk_certificate_endings_certificate_id_certificates"
        ),
        ForeignKeyConstraint(
            ["successor_id"], ["certificates.id"], name="fk_certificate_endings_successor_id_certificates"
        ),
    )
    op.create_index("ix_certificate_endings_successor_id", "certificate_endings", ["successor_id"])
    op.create_table(
        "locker_copies",
        Column("certificate_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("locker", LargeBinary(), nullable=False),
        Column("via", Key, nullable=False),
        Column("placed_at", Instant, nullable=False),
        Column("removed_at", Instant, nullable=True),
        PrimaryKeyConstraint("certificate_id", name="pk_locker_copies"),
        ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name="fk_locker_copies_certificate_id_certificates"
        ),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_locker_copies_citizen_id_citizens"),
    )
    op.create_index("ix_locker_copies_citizen_id", "locker_copies", ["citizen_id"])


def downgrade() -> None:
    """Drop them. Fails where certificates were corrected: the older schema has one for each application."""
    op.drop_table("locker_copies")
    op.drop_table("certificate_endings")
    op.drop_index(_BY_APPLICATION, "certificates")
    op.drop_index(_STANDING, "certificates")
    with op.batch_alter_table("certificates") as batch:
        batch.create_unique_constraint(_ONE, ["application_id"])
