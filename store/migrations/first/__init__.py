"""The tables as the first revision made them. Never changed: what came later is in later revisions."""

from store.migrations.first import applications, catalogue, people, workings
from store.migrations.first.types import METADATA

__all__ = ["METADATA", "applications", "catalogue", "people", "workings"]
