"""Caches parsed, bounded and validated documents by their text."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    MaxIntrospectionDepthRule,
    Node,
    OperationDefinitionNode,
    Token,
    TokenKind,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.schema import BaseSchema
from strawberry.schema.schema import validate_document

from domain.kernel import ErrorCode
from gateway.graphql.cost import CostTable, OperationCost
from gateway.graphql.document_limits import check_document, check_words
from gateway.http.problems import bad_document
from gateway.settings.limits import Limits

MOST_KEPT = 512
LONGEST_KEPT = 10_000
"""Characters; longer documents are parsed each time, so that the memory of kept ones is bounded."""
MOST_COMMENTS = 200


class OneListOfTypesRule(MaxIntrospectionDepthRule):
    """Refuses members of types within members of types, for which no tool asks: they hold the process for 140 ms.

    So `fields { type { name } }` passes, and `fields { type { fields { name } } }` does not.
    """

    def _check_depth(self, node: Node, visited_fragments: dict[str, int], depth: int = 1) -> bool:
        return super()._check_depth(node, visited_fragments, depth)


RULES = tuple(OneListOfTypesRule if rule is MaxIntrospectionDepthRule else rule for rule in specified_rules)


_NO_TOKEN = Token(TokenKind.SOF, 0, 0, 0, 0)


def _let_go_of_tokens(document: DocumentNode) -> None:
    """Drop the words of a document that is kept, which take as much memory as its nodes; where these are stays."""
    waiting: list[Node] = [document]
    while waiting:
        node = waiting.pop()
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = _NO_TOKEN
        for key in node.keys:
            value = getattr(node, key)
            parts = value if isinstance(value, list | tuple) else (value,)
            waiting += [part for part in parts if isinstance(part, Node)]


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document within the bounds. `errors` are what validation found, in graphql-core's own words.

    `introspects` is whether an operation of it asks what the graph is made of; `costs` holds the costs of its
    operations, each counted when it is first run.
    """

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    introspects: bool = False
    costs: dict[int, OperationCost] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        _let_go_of_tokens(self.document)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run. Raises RequestProblem where the name does not single one out."""
        found = get_operation_ast(self.document, name)
        if found is None:
            raise bad_document("OPERATION_NAME")
        return found

    def cost(self, table: CostTable, operation: OperationDefinitionNode) -> OperationCost:
        known = self.costs.get(id(operation))
        if known is None:
            known = self.costs[id(operation)] = OperationCost(table, self.document, operation)
        return known


class Documents:
    """Prepares documents for one schema. `prepare` raises RequestProblem or GraphQLSyntaxError."""

    def __init__(self, schema: BaseSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._kept = lru_cache(MOST_KEPT)(self._make)

    @property
    def schema(self) -> GraphQLSchema:
        """The schema of graphql-core below Strawberry's."""
        schema: Any = self._schema
        executable: GraphQLSchema = schema._schema  # noqa: SLF001 - no public name
        return executable

    def prepare(self, query: str) -> PreparedDocument:
        """The document of a text; documents out of bounds are not kept."""
        return self._kept(query) if len(query) <= LONGEST_KEPT else self._make(query)

    def _make(self, query: str) -> PreparedDocument:
        try:
            document = parse(query, max_lexical_tokens=self._limits.tokens, max_comments=MOST_COMMENTS)
        except GraphQLSyntaxError as error:
            if "contains more than" in error.message:
                raise bad_document("TOKENS", ErrorCode.TOO_COMPLEX) from None
            raise
        check_words(document)
        introspects = check_document(document, self._limits)
        errors = validate_document(self.schema, document, RULES)
        return PreparedDocument(document, tuple(errors), introspects)
