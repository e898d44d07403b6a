"""Checks operations against the graph and the limits of the edge, before they are signed."""

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    parse,
    validate,
)
from strawberry.schema import BaseSchema

from domain.platform.manifests import GivenOperation, InvalidManifest, Manifest, Operation
from gateway.graphql.cost import CostTable, requested_cost
from gateway.graphql.document_limits import check_document
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Limits


class OperationsChecker:
    """Checks operations for one schema and its limits."""

    def __init__(self, schema: BaseSchema, limits: Limits) -> None:
        executable: Any = schema
        self._schema = executable._schema  # noqa: SLF001 - Strawberry gives it no public name
        self._limits = limits
        self._costs = CostTable(self._schema)

    def manifest(self, app: str, version: str, given: Sequence[GivenOperation]) -> Manifest:
        """The manifest of operations that were given, complete with names and kinds.

        Raises InvalidManifest with a line for each operation and fault.
        """
        operations, faults = [], []
        for each in given:
            try:
                operations.append(self._check_operation(each))
            except InvalidManifest as refused:
                faults += [f"{each.name or each.id[:12]}: {reason}" for reason in refused.reasons]
        faults += _duplicate_names(operations)
        if faults:
            raise InvalidManifest(*faults)
        return Manifest(app, version, tuple(sorted(operations, key=lambda one: (one.name, one.id))))

    def faults(self, manifest: Manifest) -> list[str]:
        """What is wrong with a manifest, a line for each operation and fault."""
        given = [GivenOperation(one.id, one.body, one.name, one.kind) for one in manifest.operations]
        try:
            self.manifest(manifest.app, manifest.version, given)
        except InvalidManifest as refused:
            return list(refused.reasons)
        return []

    def deprecated_parts(self, manifest: Manifest) -> list[str]:
        """A line for each deprecated part of the graph that operations ask for, with what to use and until when."""
        return [
            f"{one.name}: {error.message}"
            for one in manifest.operations
            for error in validate(self._schema, parse(one.body), [NoDeprecatedCustomRule])
        ]

    def _check_operation(self, given: GivenOperation) -> Operation:
        try:
            document = parse(given.body, max_lexical_tokens=self._limits.tokens)
        except GraphQLError as error:
            raise InvalidManifest(error.message) from None
        operation = _only_operation(document)
        name = operation.name.value if operation.name else None
        reasons = list(self._reasons(given, operation, document))
        if reasons:
            raise InvalidManifest(*reasons)
        return Operation(given.id, name or "", operation.operation.value, given.body)

    def _reasons(
        self, given: GivenOperation, operation: OperationDefinitionNode, document: DocumentNode
    ) -> Iterator[str]:
        name, kind = operation.name.value if operation.name else None, operation.operation.value
        if name is None:
            yield "the operation has no name"
        elif given.name not in (None, "", name):
            yield f"the manifest calls it {given.name}, its document {name}"
        if given.kind not in (None, "", kind):
            yield f"the manifest says {given.kind}, its document {kind}"
        errors = validate(self._schema, document)
        yield from (error.message for error in errors[:5])
        if errors:
            return
        try:
            if check_document(document, self._limits):
                yield "it asks what the graph is made of, which applications need not"
        except RequestProblem as refusal:
            yield f"it is out of bounds ({refusal.problem.detail}); docs/configuration.md has the limits"
            return
        yield from self._dear(document)

    def _dear(self, document: DocumentNode) -> Iterator[str]:
        """A page whose size is a variable counts as a full one, so that no variables make it too dear."""
        cost = requested_cost(self._costs, document, None, None)
        if cost > self._limits.cost:
            yield f"it costs up to {cost} points, and {self._limits.cost} are allowed"


def _only_operation(document: DocumentNode) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1:
        raise InvalidManifest(f"the document holds {len(operations)} operations, not one")
    return operations[0]


def _duplicate_names(operations: Sequence[Operation]) -> list[str]:
    seen: dict[str, str] = {}
    return [
        f"{operation.name}: two operations have this name"
        for operation in operations
        if seen.setdefault(operation.name, operation.id) != operation.id
    ]
