"""Fields of an HTML form become the variables that an operation declares, by the types of the graph."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from gateway.pages.posted import field_of, variables_of

SCHEMA = build_schema("""
scalar DateTime
scalar Paise
type Query { one: Int }
input Pair { name: String! value: String! }
input Paper { key: String! uri: String! }
enum Verdict { APPROVE REJECT }
input Given {
  answer: String! = "-"
  number: Int
  agreed: Boolean
  verdict: Verdict
  reason: String
  form: [Pair!]! = []
  papers: [Paper!]
  codes: [String!]
  at: DateTime
  amount: Paise
  paper: Paper
}
""")


def given(fields: dict[str, list[str]], declared: str = "$input: Given!") -> dict[str, Any]:
    operation = parse(f"query Q({declared}) {{ one }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return variables_of(SCHEMA, operation, fields)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("reason", " The father's name ", "The father's name"),
        ("number", "42", 42),
        ("number", "४२", 42),
        ("number", "many", "many"),
        ("agreed", "on", True),
        ("agreed", "false", False),
        ("verdict", "APPROVE", "APPROVE"),
        ("at", "2026-12-05T14:30", "2026-12-05T14:30:00+05:30"),
        ("at", "2026-12-05T14:30:00Z", "2026-12-05T14:30:00Z"),
        ("amount", "1,14,000", 11_400_000),
        ("amount", "४०.५", 4050),
        ("amount", "much", "much"),
    ],
)
def test_a_field_has_the_type_that_the_graph_gives_it(field: str, text: str, value: object):
    assert given({f"input.{field}": [text]}) == {"input": {field: value}}


def test_what_is_empty_or_not_declared_is_left_out():
    assert given({"input.reason": [" "], "input.other": ["x"], "nothing": ["x"]}) == {"input": {}}


def test_a_choice_between_yes_and_no_that_was_not_made_is_left_out():
    assert given({"input.agreed": [""]}) == {"input": {}}
    assert given({"agreed": [""]}, "$agreed: Boolean!") == {"agreed": False}


def test_what_is_empty_and_must_be_given_goes_in_empty_so_that_the_graph_says_so():
    assert given({"input.answer": [" "]}) == {"input": {"answer": ""}}


def test_a_group_that_may_be_left_out_is_left_out_where_nothing_of_it_is_filled_in():
    assert given({"input.paper.key": [""], "input.paper.uri": [" "]}) == {"input": {}}


def test_a_group_that_is_half_filled_in_goes_in_so_that_the_graph_says_what_is_missing():
    assert given({"input.paper.key": ["id"], "input.paper.uri": [""]}) == {"input": {"paper": {"key": "id", "uri": ""}}}


def test_answers_are_pairs_by_the_rest_of_their_name():
    fields = {"input.form.father_name": ["Bachan Singh"], "input.form.members.0.name": ["Asha"]}

    assert given(fields) == {
        "input": {
            "form": [{"name": "father_name", "value": "Bachan Singh"}, {"name": "members.0.name", "value": "Asha"}]
        }
    }


def test_rows_are_in_the_order_of_their_numbers():
    fields = {f"input.papers.{row}.{name}": [f"{name}{row}"] for row in (10, 2) for name in ("key", "uri")}

    assert given(fields) == {"input": {"papers": [{"key": "key2", "uri": "uri2"}, {"key": "key10", "uri": "uri10"}]}}


def test_a_numbered_text_that_is_empty_is_left_out():
    assert given({"input.codes.0": ["A"], "input.codes.1": [" "], "input.codes.2": ["B"]}) == {
        "input": {"codes": ["A", "B"]}
    }


def test_an_input_of_which_nothing_is_filled_in_goes_in_empty_so_that_the_graph_says_what_is_missing():
    assert given({}) == {"input": {}}


def test_several_values_of_one_field_are_a_list():
    assert given({"input.codes": ["A", "", "B"]}) == {"input": {"codes": ["A", "B"]}}


def test_a_name_that_is_both_a_field_and_a_group_keeps_what_came_first():
    assert given({"input.reason": ["first"], "input.reason.more": ["x"]}) == {"input": {"reason": "first"}}


def test_a_variable_without_an_input_object_is_taken_by_its_name():
    assert given({"number": ["1234"], "first": ["20"]}, "$number: String!, $first: Int = 5") == {
        "number": "1234",
        "first": 20,
    }


def test_an_answer_out_of_a_document_goes_with_its_token():
    schema = build_schema("type Query { one: Int } input Field { name: String! value: String! source: String }")
    operation = parse("query Q($form: [Field!]!) { one }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    read = variables_of(
        schema, operation, {"form.village": ["Rajpur"], "form.village@source": ["token"], "form.age": ["4"]}
    )

    assert read == {"form": [{"name": "village", "value": "Rajpur", "source": "token"}, {"name": "age", "value": "4"}]}


def test_an_object_that_is_chosen_whole_is_one_field():
    fields = {"input.papers.0": [""], "input.papers.1": ["key=income&uri=in.gov-1%262"]}

    assert given(fields) == {"input": {"papers": [{"key": "income", "uri": "in.gov-1&2"}]}}


def test_a_problem_with_a_row_is_about_the_field_that_was_filled_in():
    fields = {"input.papers.0": [""], "input.papers.1": ["key=income&uri=1"]}

    assert field_of(["input", "papers", "0"], fields) == "input.papers.1"


def test_a_problem_with_an_answer_of_a_group_keeps_its_row():
    fields = {"input.form.members.0.name": [""], "input.form.members.1.name": ["Asha"]}

    assert field_of(["input", "form", "members", "1", "name"], fields) == "input.form.members.1.name"
