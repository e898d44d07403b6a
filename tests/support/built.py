"""The graph, built once for a process: that takes one to three seconds, and no test changes it."""

import os
from functools import cache

import strawberry.federation

import schema
from gateway.graphql.execution.executor import compiled_executor
from gateway.graphql.execution.plans import Plans


@cache
def built() -> strawberry.federation.Schema:
    """The graph as the gateway builds it, where each operation is compiled when it first comes.

    With APUNI_COMPILED=0, graphql-core executes them all.
    """
    off = os.environ.get("APUNI_COMPILED") == "0"
    return schema.build(execution_context_class=None if off else compiled_executor(Plans(after=0)))
