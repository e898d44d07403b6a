"""What an operation costs: declared, counted once for each fragment, and the same as counted by brute force."""

from typing import Any

import pytest
import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, get_operation_ast, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.graphql.cost import DEFAULT_SIZE, LARGEST_TOLD, AnswerCost, CostTable, Requested, requested_cost
from schema.kernel import assumed_list_size, cost, sliced_list_size


@strawberry.federation.type
class Thing:
    name: str = "x"

    @strawberry.field(directives=[cost(2)])
    def dear_leaf(self) -> int:
        return 1

    @strawberry.field(directives=[assumed_list_size(3)])
    def parts(self) -> list["Thing"]:
        return []

    @strawberry.field
    def undeclared(self) -> list["Thing"]:
        return []

    @strawberry.field(directives=[sliced_list_size("first", "last", sized=["nodes", "edges"])])
    def page(self, first: int | None = None, last: int | None = None) -> "Page":
        return Page()

    @strawberry.field(directives=[cost(11)])
    def dear(self) -> "Thing":
        return Thing()


@strawberry.federation.type
class Edge:
    node: Thing


@strawberry.federation.type
class Page:
    nodes: list[Thing] = strawberry.field(default_factory=list)
    edges: list[Edge] = strawberry.field(default_factory=list)
    total_count: int = 0
    marks: list[Edge] = strawberry.field(default_factory=list)


@strawberry.federation.type(directives=[cost(3)])
class Heavy:
    name: str = "x"


@strawberry.federation.type
class Query(Thing):
    @strawberry.field
    def keyed(self, ids: list[strawberry.ID]) -> list[Thing]:
        return []

    @strawberry.field(directives=[sliced_list_size("first")])
    def rows(self, first: int) -> list[Heavy]:
        return []

    @strawberry.field(directives=[sliced_list_size("first")])
    def usual(self, first: int = 7) -> list[Heavy]:
        return []


TABLE = CostTable(strawberry.federation.Schema(Query, federation_version="2.9")._schema)


def requested(text: str, **variables: Any) -> int:
    return requested_cost(TABLE, parse(text), None, variables)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ name }", 0),
        ("{ dearLeaf }", 2),
        ("{ parts { name } }", 3),
        ("{ parts { parts { dearLeaf } } }", 3 * (1 + 3 * (1 + 2))),
        ("{ dear { name } }", 11),
        ("{ undeclared { name } }", DEFAULT_SIZE),
        ("{ page(first: 7) { totalCount nodes { name } } }", 1 + 7),
        ("{ page(last: 7) { nodes { name } edges { node { name } } } }", 1 + 7 + 7 * 2),
        ("{ page(first: 7) { marks { node { name } } } }", 1 + DEFAULT_SIZE * 2),
        ("{ page(first: 100) { nodes { page(first: 100) { nodes { name } } } } }", 1 + 100 * (1 + 1 + 100)),
        ("{ page(first: 5000) { nodes { name } } }", 1 + 100),
        ("{ page(first: -5) { nodes { name } } }", 1),
        ("{ page { nodes { name } } }", 1 + 1),
        ("{ rows(first: 4) { name } }", 4 * 3),
        ('{ keyed(ids: ["a", "b"]) { name } }', 2),
        ("{ a: dear { name } b: dear { name } }", 22),
        ("{ nothing { of { this } } }", 0),
    ],
)
def test_a_cost_is_what_the_fields_declare(text, points):
    assert requested(text) == points


def test_sizes_come_from_variables_and_their_defaults():
    text = "query ($n: Int = 3, $ids: [ID!]!) { page(first: $n) { nodes { name } } keyed(ids: $ids) { name } }"

    assert requested(text, ids=["a"]) == 1 + 3 + 1
    assert requested(text, n=40, ids=["a", "b"]) == 1 + 40 + 2
    assert requested(text, n=None, ids="a") == 1 + 1 + 1
    assert requested_cost(TABLE, parse(text), None, None) == 1 + 100 + 100


def test_a_page_size_written_as_a_float_counts_as_the_number_that_it_is_read_as():
    assert requested("query ($n: Int!) { page(first: $n) { nodes { name } } }", n=100.0) == 1 + 100


def test_variables_that_are_not_understood_count_the_most_rows():
    text = "query ($n: Int, $ids: [ID!]!) { page(first: $n) { nodes { name } } keyed(ids: $ids) { name } }"

    assert requested(text, n="many", ids=["a"]) == 1 + 100 + 100


def test_variables_are_read_only_where_a_size_hangs_on_one(monkeypatch):
    read = []
    monkeypatch.setattr(TABLE, "coerce_variables", lambda *given: read.append(given))

    assert requested("query ($n: Int) { dear { name } page(first: 3) { nodes { name } } }", n=7) == 11 + 1 + 3
    assert read == []


def test_a_page_size_that_is_left_out_counts_the_default_of_its_argument():
    assert requested("query ($n: Int) { usual(first: $n) { name } b: usual { name } }") == 2 * 7 * 3


def test_the_operation_that_runs_is_the_one_that_is_counted():
    document = parse("query A { dear { name } } query B { name }")

    assert [requested_cost(TABLE, document, name, {}) for name in ("A", "B", None)] == [11, 0, 0]


def test_a_fragment_counts_at_each_place_with_that_place_s_size():
    text = """{ a: page(first: 2) { ...P } b: page(first: 50) { ...P } }
    fragment P on Page { nodes { ...T } } fragment T on Thing { dearLeaf }"""

    assert requested(text) == (1 + 2 * 3) + (1 + 50 * 3)


def fan_out(levels: int, leaf: str = "dearLeaf") -> str:
    parts = [
        f"fragment F{level} on Thing {{ a: dear {{ ...F{level + 1} }} ...F{level + 1} }}" for level in range(levels)
    ]
    return "{ ...F0 } " + " ".join(parts) + f" fragment F{levels} on Thing {{ {leaf} }}"


def test_fragments_that_double_at_each_level_are_counted_in_as_many_steps_as_they_have_parts():
    steps = []
    for levels in (10, 20, 40, 80):
        document = parse(fan_out(levels))
        count = Requested(TABLE, document, get_operation_ast(document, None), {})
        points = count.points()
        steps.append(count.steps)

    assert steps == [1 + 3 * levels + 1 for levels in (10, 20, 40, 80)]
    assert points == LARGEST_TOLD


def test_a_circle_of_fragments_ends():
    assert requested("{ ...A } fragment A on Query { dearLeaf ...B } fragment B on Query { ...A ...C }") == 2


def brute(document: Any, selections: Any, parent: str, size: int | None, sized: frozenset[str]) -> int:
    """The same count, walking every path."""
    total = 0
    for node in selections.selections:
        if isinstance(node, FragmentSpreadNode):
            fragment = next(one for one in document.definitions if getattr(one.name, "value", 0) == node.name.value)
            total += brute(document, fragment.selection_set, fragment.type_condition.name.value, size, sized)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else parent
            total += brute(document, node.selection_set, condition, size, sized)
        elif isinstance(node, FieldNode):
            total += brute_field(document, node, parent, size, sized)
    return total


def brute_field(document: Any, node: Any, parent: str, size: int | None, sized: frozenset[str]) -> int:
    declared = TABLE.field(parent, node.name.value)
    if declared is None:
        return 0
    page = next((int(one.value.value) for one in node.arguments or ()), None)
    below = 0
    if node.selection_set:
        own = page if page is not None else (1 if declared.slicing else DEFAULT_SIZE)
        below = brute(document, node.selection_set, declared.type_name, own, declared.sized)
    if not declared.is_list:
        return declared.weight + below
    if declared.says_own_length:
        rows = page if page is not None else declared.assumed
    else:
        rows = size if node.name.value in sized else DEFAULT_SIZE
    return rows * (declared.weight + below)


OF_THING = {
    "name": None,
    "dearLeaf": None,
    "parts": "Thing",
    "undeclared": "Thing",
    "dear": "Thing",
    "page(first: 4)": "Page",
    "page(last: 2)": "Page",
    "page": "Page",
}
OF_PAGE = {"totalCount": None, "nodes": "Thing", "edges": "Edge", "marks": "Edge"}
CHOICES: dict[str, dict[str, str | None]] = {"Thing": OF_THING, "Page": OF_PAGE, "Edge": {"node": "Thing"}}
FRAGMENTS = ("Thing0", "Page1", "Thing2", "Page3")


def selection(pick: Any, parent: str, depth: int, spreads: tuple[str, ...]) -> str:
    return "{ " + " ".join(part(pick, parent, depth, spreads) for _ in range(pick.randint(1, 3))) + " }"


def part(pick: Any, parent: str, depth: int, spreads: tuple[str, ...]) -> str:
    fitting = [name for name in spreads if name.startswith(parent)]
    kind = pick.choice(("field", "field", "inline", "spread"))
    if kind == "spread" and fitting:
        return f"...{pick.choice(fitting)}"
    if depth == 0:
        return "__typename"
    if kind == "inline":
        return f"... on {parent} {selection(pick, parent, depth - 1, spreads)}"
    name, below = pick.choice(list(CHOICES[parent].items()))
    return name if below is None else f"{name} {selection(pick, below, depth - 1, spreads)}"


def small_document(pick: Any) -> str:
    text = selection(pick, "Thing", 3, FRAGMENTS)
    for index, name in enumerate(FRAGMENTS):
        text += f" fragment {name} on {name[:-1]} {selection(pick, name[:-1], 2, FRAGMENTS[index + 1 :])}"
    return text


@given(st.randoms(use_true_random=True))
@settings(max_examples=200, deadline=None)
def test_the_count_by_memo_is_the_count_by_brute_force(pick):
    text = small_document(pick)
    document = parse(text)
    root = get_operation_ast(document, None).selection_set

    assert requested(text) == min(brute(document, root, "Query", None, frozenset()), LARGEST_TOLD)


def test_the_actual_cost_is_that_of_the_objects_in_the_answer():
    document = parse(
        """{ page(first: 50) { nodes { ...T } edges { node { name } } } all: parts { ...T } dear { name } }
        fragment T on Thing { name dearLeaf dear { name } ...T2 } fragment T2 on Thing { dear { dearLeaf } }"""
    )
    thing = {"name": "x", "dearLeaf": 1, "dear": {"name": "x", "dearLeaf": 1}}
    data = {"page": {"nodes": [thing, {**thing, "dear": None}], "edges": []}, "all": [], "dear": {"name": "x"}}

    answered = AnswerCost(TABLE, document, get_operation_ast(document, None))

    assert answered.points(data) == 1 + (1 + 2 + 11 + 2) + (1 + 2) + 11
    assert answered.points(None) == 0
