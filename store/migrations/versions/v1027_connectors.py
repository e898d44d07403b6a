"""Adds the files by which departments' systems join, and what these are sent, from the SQL file of its name."""

from alembic import op

from store.migrations.sql_files import statements

revision = "1027"
down_revision = "1026"


def upgrade() -> None:
    """No system joined by a file before."""
    connection = op.get_bind()
    for statement in statements(__file__, connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them."""
    for name in ("connector_events", "department_cases", "connector_versions"):
        op.drop_table(name)
