"""What Alembic runs: the connection comes from store/migrations/runner.py, tables to compare with from the caller."""

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
