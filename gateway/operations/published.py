"""Runs the published operations of one folder of `operations/` in this process, through the graph's own pipeline."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from gateway.graphql.body import GraphQLParameters
from gateway.graphql.pipeline import Pipeline
from gateway.http.calls import ReadyOperation, ResolvedDocument
from gateway.operations.screens import OPERATIONS, screens


class PublishedOperations:
    """The operations of one application in the folder, ready to be run.

    Policy, cost, idempotency, errors and languages are those of the graph. Raises InvalidDocument, when an operation is
    asked for, where it does not fit the graph.
    """

    def __init__(self, pipeline: Pipeline, app: str) -> None:
        self.pipeline = pipeline
        self._held = _documents(app)

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def ready(self, name: str, variables: Mapping[str, Any]) -> ReadyOperation:
        """One operation with its variables. KeyError where there is none of that name."""
        resolved = self._held[name]
        prepared = self.pipeline.documents.prepare(resolved.query)
        parameters = GraphQLParameters(resolved.query, None, dict(variables))
        return ReadyOperation(parameters, resolved, prepared, prepared.operation(None))


@cache
def _documents(app: str) -> Mapping[str, ResolvedDocument]:
    """The documents of an application by their names; a process reads their files once."""
    operations = [screen.operation for screen in screens(OPERATIONS, app)]
    return {one.name: ResolvedDocument(one.body, trusted=True, name=one.name, apps=(app,)) for one in operations}
