"""Migrations of the schema; only the worker and the command line import them, since they load Alembic."""
