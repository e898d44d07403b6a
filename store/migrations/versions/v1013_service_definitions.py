"""Adds the definitions of services, drafted and published, and the votes of committees on a proposed decision."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key

revision = "1013"
down_revision = "1012"

VOTES = ("agreed_by", "against")


def upgrade() -> None:
    """Null for services of before, which go on in the usual course, and for proposals that one officer answers."""
    for column in VOTES:
        op.add_column("second_opinions", sa.Column(column, Json))
    op.add_column("services", sa.Column("definition", Json))
    op.create_table(
        "service_drafts",
        sa.Column("id", Key, primary_key=True),
        sa.Column("service_code", Key, nullable=False),
        sa.Column("department", Key),
        sa.Column("content", Json, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("drafted_by", Key, nullable=False),
        sa.Column("drafted_at", Instant, nullable=False),
        sa.Column("publish_on", sa.Date),
        sa.Column("confirmed_by", Key),
        sa.Column("confirmed_at", Instant),
        sa.Column("version", sa.Integer),
    )
    op.create_index("ix_service_drafts_service_code_drafted_at", "service_drafts", ["service_code", "drafted_at"])
    op.create_index("ix_service_drafts_state_publish_on", "service_drafts", ["state", "publish_on"])


def downgrade() -> None:
    """Drop them."""
    for column in VOTES:
        op.drop_column("second_opinions", column)
    op.drop_table("service_drafts")
    op.drop_column("services", "definition")
