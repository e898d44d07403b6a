"""Migrations of the schema. Only the worker and the command line import them, since they load Alembic."""
