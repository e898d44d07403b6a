"""Limits on a GraphQL document, counted in linear time before it is validated.

Each fragment is measured once and its numbers are added wherever it is spread, so that a document whose
fragments spread each other again and again costs no more than its length (docs/reliability.md sections 1 and 4).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Token,
    TokenKind,
)

from domain.kernel import ErrorCode
from gateway.http.problems import bad_document
from gateway.settings.limits import Limits

INTROSPECTION_DEPTH = 15
MOST_OPERATIONS = 10
MOST_FRAGMENTS = 30
MOST_VARIABLES = 50
MOST_DIRECTIVES = 9
MOST_REPEATS = 50
"""Objects that are selected more than once in one document: validation compares each pair of them."""

DEEPEST_MEASURED = 100
"""Levels of braces after which counting stops, so that no document can exhaust the stack."""

_INTROSPECTION = frozenset({"__schema", "__type"})

LONGEST_NAME = 100
LONGEST_NUMBER = 40
"""Long names are compared with every name of the graph, and long numbers are no numbers of it."""

_MOST = {TokenKind.NAME: LONGEST_NAME, TokenKind.INT: LONGEST_NUMBER, TokenKind.FLOAT: LONGEST_NUMBER}


@dataclass(slots=True)
class Size:
    """What one selection set comes to, with its fragments spread out.

    `depth` and `introspection_depth` count fields below one another, the second those under `__schema` and
    `__type`; `fields` counts the fields of the set itself, `aliases` those at any depth.
    """

    depth: int = 0
    introspection_depth: int = 0
    fields: int = 0
    aliases: int = 0

    def add(self, other: "Size") -> None:
        """Take in what a fragment spread at the same level brings."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.fields += other.fields
        self.aliases += other.aliases


@dataclass(slots=True)
class Measurer:
    """Measures the operations of one document; each fragment is measured once."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Size] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    level: int = 0
    repeats: int = 0
    """How often an object was asked for again under the same key of the same selection set."""
    steps: int = 0
    """How many parts of the document were looked at; no part is looked at twice."""

    def size(self, selections: SelectionSetNode) -> Size:
        """Measure a selection set. Raises RequestProblem where it is empty or too deep to be measured."""
        if not selections.selections:
            raise bad_document("EMPTY_SELECTION")
        _at_most(self.level, DEEPEST_MEASURED, "DEPTH")
        self.level += 1
        total = self._sum(selections)
        self.level -= 1
        return total

    def _sum(self, selections: SelectionSetNode) -> Size:
        total, keys = Size(), set[str]()
        for selection in selections.selections:
            self.steps += 1
            if isinstance(selection, FieldNode) and selection.selection_set:
                key = (selection.alias or selection.name).value
                self.repeats += key in keys
                keys.add(key)
            if isinstance(selection, FieldNode):
                total.add(self._field(selection))
            elif isinstance(selection, InlineFragmentNode):
                total.add(self.size(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                total.add(self._fragment(selection.name.value))
        return total

    def _field(self, node: FieldNode) -> Size:
        below = self.size(node.selection_set) if node.selection_set else Size()
        aliases = below.aliases + (1 if node.alias else 0)
        if node.name.value in _INTROSPECTION:
            deepest = 1 + max(below.depth, below.introspection_depth)
            return Size(0, deepest, 1, aliases)
        return Size(1 + below.depth, 1 + below.introspection_depth if below.introspection_depth else 0, 1, aliases)

    def _fragment(self, name: str) -> Size:
        if name in self.known:
            return self.known[name]
        fragment = self.fragments.get(name)
        if fragment is None or name in self.open:
            return Size()  # unknown or circular: validation reports which
        self.open.add(name)
        size = self.size(fragment.selection_set)
        self.open.discard(name)
        self.known[name] = size
        return size


def check_document(document: DocumentNode, limits: Limits) -> bool:
    """Raise RequestProblem for the first bound that a document exceeds; else, whether an operation introspects."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    _at_most(len(operations), MOST_OPERATIONS, "OPERATIONS")
    _at_most(len(fragments), MOST_FRAGMENTS, "FRAGMENTS")
    _at_most(sum(token.kind is TokenKind.AT for token in _tokens(document)), MOST_DIRECTIVES, "DIRECTIVES")
    for operation in operations:
        _at_most(len(operation.variable_definitions or ()), MOST_VARIABLES, "VARIABLE_COUNT")
    measurer = Measurer({node.name.value: node for node in fragments})
    sizes = [measurer.size(operation.selection_set) for operation in operations]
    for size in sizes:
        _check_size(size, limits)
    _at_most(measurer.repeats, MOST_REPEATS, "REPEATS")
    return any(size.introspection_depth for size in sizes)


def _check_size(size: Size, limits: Limits) -> None:
    _at_most(size.depth, limits.depth, "DEPTH")
    _at_most(size.introspection_depth, INTROSPECTION_DEPTH, "DEPTH")
    _at_most(size.aliases, limits.aliases, "ALIASES")
    _at_most(size.fields, limits.root_fields, "ROOT_FIELDS")


def _at_most(count: int, most: int, detail: str) -> None:
    if count > most:
        raise bad_document(detail, ErrorCode.TOO_COMPLEX)


def check_words(document: DocumentNode) -> None:
    """Raise RequestProblem for a name or a number that is too long. Each word of the document is looked at once."""
    for token in _tokens(document):
        if len(token.value or "") > _MOST.get(token.kind, 1_000_000):
            raise bad_document("WORD", ErrorCode.TOO_COMPLEX)


def _tokens(document: DocumentNode) -> Iterator[Token]:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        yield token
        token = token.next
