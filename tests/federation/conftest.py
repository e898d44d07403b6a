"""The world of the graph, for tests of what routers and clients see of it."""

from tests.schema.conftest import graph, world

__all__ = ["graph", "world"]
