"""The schema of release 0.2.0, from the SQL file of its name, which never changes."""

import re

from alembic import op

from store.migrations.sql_files import statements

revision = "1001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    connection = op.get_bind()
    for statement in statements(__file__, connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop every table."""
    connection = op.get_bind()
    made = re.findall(r"CREATE TABLE (\w+)", "\n".join(statements(__file__, connection.dialect.name)))
    for table in reversed(made):
        op.drop_table(table)
