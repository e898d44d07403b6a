"""The Alembic environment; store/database/migration_runner.py supplies the connection, the caller the tables."""

from alembic import context


def run() -> None:
    """Run the revisions on the connection that was handed over."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=attributes.get("metadata"),
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
