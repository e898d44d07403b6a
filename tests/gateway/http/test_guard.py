"""The document guard looks at each part of a document once, whatever its fragments come to when they are spread out."""

from itertools import pairwise

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    build_schema,
    parse,
    validate,
    visit,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.graphql import document_limits
from gateway.graphql.body import json_tokens
from gateway.graphql.document_limits import Measurer, Size, check_document
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Limits

NUMBERS = {
    "body_bytes": 100_000,
    "json_depth": 24,
    "json_digits": 60,
    "json_keys": 5000,
    "tokens": 1000,
    "depth": 10,
    "aliases": 15,
    "root_fields": 10,
    "cost": 1000,
}


def test_the_limits_are_those_that_were_settled():
    limits = Limits()

    assert {name: getattr(limits, name) for name in NUMBERS} == NUMBERS
    assert (
        document_limits.MOST_DIRECTIVES,
        document_limits.MOST_FRAGMENTS,
        document_limits.MOST_OPERATIONS,
        document_limits.MOST_VARIABLES,
    ) == (9, 30, 10, 50)
    assert document_limits.INTROSPECTION_DEPTH == 15


def measure(text: str) -> tuple[Measurer, int]:
    """The measurer after its work, and how many selections the document has."""
    document = parse(text)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measurer = Measurer(fragments)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            measurer.size(operation.selection_set)
    counter = Selections()
    visit(document, counter)
    return measurer, counter.count


class Selections(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def enter_field(self, *_: object) -> None:
        self.count += 1

    enter_inline_fragment = enter_fragment_spread = enter_field


def doubling(levels: int) -> str:
    parts = [f"fragment F{level} on Leaf {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels)]
    return "{ leaf { ...F0 } } " + " ".join(parts) + f" fragment F{levels} on Leaf {{ a: name }}"


def doubling_below(levels: int) -> str:
    spread = "fragment F{0} on Leaf {{ a: leaf {{ ...F{1} }} b: leaf {{ ...F{1} }} }}"
    return "{ leaf { ...F0 } } " + " ".join(spread.format(level, level + 1) for level in range(levels))


def mesh(fragments: int) -> str:
    """Each fragment spreads all later ones."""
    later = [" ".join(f"...F{number}" for number in range(start + 1, fragments)) for start in range(fragments)]
    return "{ ...F0 } " + " ".join(
        f"fragment F{number} on Leaf {{ name {later[number]} }}" for number in range(fragments)
    )


def operations(number: int) -> str:
    return " ".join(f"query Q{index} {{ leaf {{ ...F }} }}" for index in range(number)) + " fragment F on Leaf { name }"


SHAPES = {
    "doubling": doubling(25),
    "doubling below": doubling_below(25),
    "mesh": mesh(30),
    "operations": operations(10),
    "circle": "{ ...A } fragment A on Leaf { ...B ...B } fragment B on Leaf { ...A name }",
    "inline": "{" + "... {" * 90 + "name" + "}" * 90 + "}",
    "wide": "{" + " leaf { name }" * 600 + "}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_part_of_a_document_is_looked_at_twice(shape):
    measurer, selections = measure(SHAPES[shape])

    assert measurer.steps == selections


def test_what_doubling_fragments_come_to_is_known_without_walking_it():
    measurer, _ = measure(doubling(25))

    assert measurer.known["F0"].aliases == 2**25


@pytest.mark.parametrize("count", [51, 52])
def test_objects_that_are_asked_for_again_and_again_are_refused_before_validation_compares_them(count):
    again = "{ leaf {" + " leaf { name }" * count + "} }"

    if count == document_limits.MOST_REPEATS + 1:
        assert check_document(parse(again), Limits()) is False
        return
    with pytest.raises(RequestProblem) as refused:
        check_document(parse(again), Limits())
    assert refused.value.problem.detail == "REPEATS"


def test_six_hundred_overlapping_objects_do_not_get_past_the_guard():
    with pytest.raises(RequestProblem):
        check_document(parse("{ leaf {" + " leaf { name }" * 600 + "} }"), Limits())


@pytest.mark.parametrize(
    "raw", [b'"' * 50_000, b'\\"' * 25_000, b"[" * 50_000, b"9" * 50_000, b'{"a":' * 10_000, b'"\\' * 25_000]
)
def test_no_byte_of_a_body_is_looked_at_by_two_tokens(raw):
    spans = [match.span() for match in json_tokens(60).finditer(raw)]

    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert len(spans) <= len(raw)


SCHEMA = build_schema("type Query { name: String leaf: Leaf } type Leaf { name: String leaf: Leaf }")
INTROSPECTING = ("__schema { types { name fields { name } } }", '__type(name: "Leaf") { fields { type { name } } }')


def small_document(pick) -> str:
    """A valid document with fields, aliases, inline fragments and spreads of fragments that spread later ones."""

    def part(parent: str, depth: int, later: range) -> str:
        kind = pick.choice(("leaf", "leaf", "name", "inline", "spread", "introspection"))
        alias = f"a{pick.randint(0, 999)}: " if pick.random() < 0.4 else ""
        if kind == "introspection" and parent == "Query":
            return pick.choice(INTROSPECTING)
        if kind == "spread" and parent == "Leaf" and later:
            return f"...F{pick.choice(later)}"
        if depth and kind == "inline":
            return f"... on {parent} {some(parent, depth - 1, later)}"
        return f"{alias}leaf {some('Leaf', depth - 1, later)}" if depth and kind == "leaf" else f"{alias}name"

    def some(parent: str, depth: int, later: range) -> str:
        return "{ " + " ".join(part(parent, depth, later) for _ in range(pick.randint(1, 3))) + " }"

    fragments = [f"fragment F{number} on Leaf {some('Leaf', 2, range(number + 1, 4))}" for number in range(4)]
    return "query Q " + some("Query", 3, range(4)) + " " + " ".join(fragments)


def walked(document, selections: SelectionSetNode) -> Size:
    """The same size, walking every path."""
    total = Size()
    for node in selections.selections:
        if isinstance(node, FieldNode):
            below = walked(document, node.selection_set) if node.selection_set else Size()
            aliases = below.aliases + bool(node.alias)
            if node.name.value.startswith("__"):
                total.add(Size(0, 1 + max(below.depth, below.introspection_depth), 1, aliases))
            else:
                inner = below.introspection_depth
                total.add(Size(1 + below.depth, inner + 1 if inner else 0, 1, aliases))
        elif isinstance(node, FragmentSpreadNode):
            named = [one for one in document.definitions if getattr(one.name, "value", None) == node.name.value]
            total.add(walked(document, named[0].selection_set))
        else:
            total.add(walked(document, node.selection_set))
    return total


@given(st.randoms(use_true_random=True))
@settings(max_examples=200, deadline=None)
def test_the_size_by_memo_is_the_size_by_brute_force(pick):
    document = parse(small_document(pick))
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = document.definitions[0].selection_set

    assert Measurer(fragments).size(root) == walked(document, root)


@given(st.randoms(use_true_random=True))
@settings(max_examples=200, deadline=None)
def test_what_the_guard_lets_through_is_validated_to_its_end(pick):
    """graphql-core gives up on documents that cost it too much; none of those may get past the guard."""
    document = parse(small_document(pick))
    try:
        introspects = check_document(document, Limits())
    except RequestProblem:
        return

    root = document.definitions[0].selection_set
    assert introspects is (walked(document, root).introspection_depth > 0)
    told = {error.message.split(" ")[0] for error in validate(SCHEMA, document)}
    assert told <= {"Fields", "Fragment"}  # names that collide, fragments that are not used: told, not given up
