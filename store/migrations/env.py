"""What Alembic runs: store/database/migration_runner.py gives the connection, the caller the tables to compare with."""

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
