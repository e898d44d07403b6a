"""Executes operations by code that was compiled for them (ADR 0028); it knows the schema and no subject."""
