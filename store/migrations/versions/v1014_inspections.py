"""Lets an officer come to a visit, to inspect: who comes need not be a doorstep agent any more."""

import sqlalchemy as sa
from alembic import op

revision = "1014"
down_revision = "1013"
branch_labels = None
depends_on = None

_TABLE = "doorstep_visits"
_AGENT = "fk_doorstep_visits_agent_id_doorstep_agents"


def upgrade() -> None:
    """Visits of before stay as they are."""
    with op.batch_alter_table(_TABLE) as table:
        table.drop_constraint(_AGENT, type_="foreignkey")


def downgrade() -> None:
    """The release before knows no inspections."""
    visits = sa.table(_TABLE, sa.column("purpose"))
    op.execute(sa.delete(visits).where(visits.c.purpose == "INSPECTION"))
    with op.batch_alter_table(_TABLE) as table:
        table.create_foreign_key(_AGENT, "doorstep_agents", ["agent_id"], ["operator_id"])
