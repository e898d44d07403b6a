"""What came since 0.2.0, from the SQL file of its name. What was a revision of its own before a release is one now."""

import re

from alembic import op

from store.migrations.sql_files import statements

revision = "1026"
down_revision = "1001"

_VISITS, _AGENT = "doorstep_visits", "fk_doorstep_visits_agent_id_doorstep_agents"
_ENDED_LATE = (
    "CREATE INDEX ix_applications_ended_late ON applications (updated_at, id)"
    " WHERE status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE')"
    " AND coalesce(delivered_at, decided_at) > due_at"
)


def upgrade() -> None:
    """Add tables and columns; a visit need not be that of a doorstep agent any more, as an officer may inspect."""
    connection = op.get_bind()
    for statement in statements(__file__, connection.dialect.name):
        connection.exec_driver_sql(statement)
    with op.batch_alter_table(_VISITS) as table:
        table.drop_constraint(_AGENT, type_="foreignkey")


def downgrade() -> None:
    """Take them away; due dates stay as they are, and inspections go, which 0.2.0 does not know."""
    connection = op.get_bind()
    connection.exec_driver_sql(f"DELETE FROM {_VISITS} WHERE purpose = 'INSPECTION'")  # noqa: S608 - our own name
    with op.batch_alter_table(_VISITS) as table:
        table.create_foreign_key(_AGENT, "doorstep_agents", ["agent_id"], ["operator_id"])
    made = "\n".join(reversed(statements(__file__, connection.dialect.name)))
    for index in re.findall(r"CREATE (?:UNIQUE )?INDEX (\w+)", made):
        op.drop_index(index)
    for table_name, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", made):
        op.drop_column(table_name, column)
    for table_name in re.findall(r"CREATE TABLE (\w+)", made):
        op.drop_table(table_name)
    connection.exec_driver_sql(_ENDED_LATE)
