"""The persistence layer: tables, and the functions that read and write them (ADR 0014)."""
