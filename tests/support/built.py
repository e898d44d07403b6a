"""The graph, built once for a process: that takes one to three seconds, and no test changes it."""

from functools import cache

import strawberry.federation

import schema


@cache
def built() -> strawberry.federation.Schema:
    """The graph as the gateway builds it."""
    return schema.build()
