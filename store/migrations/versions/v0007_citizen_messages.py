"""Messages to citizens, uploaded files, and numbers of the old system."""

from alembic import op
from sqlalchemy import Column, Date, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

from store.migrations.first.types import Instant, Key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ONE_A_PERIOD = "uq_instalments_sanction_id_period_from"
_DUE = "ix_sanctions_next_due_on_period"
_MISSED = "ix_doorstep_visits_state_slot_on"
TABLES = ("uploads", "upload_uses", "notices", "number_aliases")


def upgrade() -> None:
    """Make the tables of this revision."""
    _uploads()
    _notices()
    _aliases()
    for name in ("next_due_on", "ended_on"):
        op.add_column("sanctions", Column(name, Date()))
    op.create_index(_DUE, "sanctions", ["next_due_on", "period"])
    op.create_index(_MISSED, "doorstep_visits", ["state", "slot_on"])
    op.create_index(_ONE_A_PERIOD, "instalments", ["sanction_id", "period_from"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(_ONE_A_PERIOD, "instalments")
    op.drop_index(_MISSED, "doorstep_visits")
    op.drop_index(_DUE, "sanctions")
    for name in ("ended_on", "next_due_on"):
        op.drop_column("sanctions", name)
    for table in reversed(TABLES):
        op.drop_table(table)


def _uploads() -> None:
    op.create_table(
        "uploads",
        Column("id", Key, nullable=False),
        Column("owner", Key, nullable=False),
        Column("person_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("expected", Key, nullable=True),
        Column("sha256", Key, nullable=True),
        Column("media_type", Key, nullable=False),
        Column("size", Integer(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("used_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_uploads"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_uploads_citizen_id_citizens"),
    )
    op.create_index("ix_uploads_sha256", "uploads", ["sha256"])
    op.create_index("ix_uploads_expected", "uploads", ["expected"])
    op.create_index("ix_uploads_owner_used_at", "uploads", ["owner", "used_at"])
    op.create_index("ix_uploads_citizen_id", "uploads", ["citizen_id"])
    op.create_index("ix_uploads_used_at_created_at", "uploads", ["used_at", "created_at"])
    op.create_table(
        "upload_uses",
        Column("upload_id", Key, nullable=False),
        Column("object_kind", Key, nullable=False),
        Column("object_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=True),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("upload_id", "object_kind", "object_id", name="pk_upload_uses"),
        ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_uses_upload_id_uploads"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_upload_uses_citizen_id_citizens"),
    )
    op.create_index("ix_upload_uses_citizen_id", "upload_uses", ["citizen_id"])


def _notices() -> None:
    op.create_table(
        "notices",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("topic", Key, nullable=False),
        Column("topic_id", Key, nullable=False),
        Column("application_id", Key, nullable=True),
        Column("event_key", Key, nullable=False),
        Column("params", Text(), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("read_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_notices"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_notices_citizen_id_citizens"),
        ForeignKeyConstraint(["application_id"], ["applications.id"], name="fk_notices_application_id_applications"),
        UniqueConstraint("event_key", name="uq_notices_event_key"),
    )
    op.create_index("ix_notices_citizen_id_created_at_id", "notices", ["citizen_id", "created_at", "id"])
    op.create_index("ix_notices_citizen_id_read_at_created_at", "notices", ["citizen_id", "read_at", "created_at"])
    op.create_index("ix_notices_application_id", "notices", ["application_id"])


def _aliases() -> None:
    op.create_table(
        "number_aliases",
        Column("number", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("object_id", Key, nullable=False),
        Column("added_at", Instant, nullable=False),
        PrimaryKeyConstraint("number", "kind", name="pk_number_aliases"),
    )
    op.create_index("ix_number_aliases_kind_object_id", "number_aliases", ["kind", "object_id"])
