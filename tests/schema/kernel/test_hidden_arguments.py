"""No query and no subscription takes a text with a character that nobody sees."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLScalarType, get_named_type

from domain.kernel import Problems
from tests.schema.kernel.test_hidden_text import SAMPLES, sample
from tests.support.built import built
from tests.support.graph import CITIZEN, World

BY_REFERENCE = {"Query._entities"}
"""What a router names is looked up one by one, and what is not found is null."""


def holds_text(kind: Any, seen: tuple[str, ...] = ()) -> bool:
    """Whether a text may stand in an argument of a type."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType) and named.name not in seen:
        return any(holds_text(field.type, (*seen, named.name)) for field in named.fields.values())
    return isinstance(named, GraphQLScalarType) and named.name in ("String", "ID")


def fields_with_texts() -> Iterator[tuple[str, GraphQLField]]:
    """Every field but mutations that has an argument with a text."""
    schema: Any = built()
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__") and kind.name != "Mutation":
            for name, field in kind.fields.items():
                if any(holds_text(argument.type) for argument in field.args.values()):
                    yield f"{kind.name}.{name}", field


FIELDS = dict(fields_with_texts())


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - BY_REFERENCE))
def test_a_field_refuses_it_in_each_of_its_texts_before_anything_is_looked_up(name: str):
    field, anybody = FIELDS[name], None
    for argument, declared in field.args.items():
        if holds_text(declared.type):
            with pytest.raises(Problems) as refusal:
                (field.subscribe or field.resolve)(anybody, anybody, **{argument: sample(declared.type)})

            codes = {problem.code.value for problem in refusal.value.problems}
            assert codes == {"TEXT_HIDDEN_CHARACTER"}
            assert {problem.path[0] for problem in refusal.value.problems} == {argument}


def test_the_sample_of_an_id_has_one_too():
    assert SAMPLES["ID"] == SAMPLES["String"] == "a\u200b"


async def test_the_error_of_a_query_names_the_argument_the_place_and_the_character(world: World):
    query = "query ($words: String!) { notifiedServices(first: 1, filter: {words: $words}) { totalCount } }"

    answer = await world.ask(query, CITIZEN, words="in\u202ecome")

    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("TEXT_HIDDEN_CHARACTER", ["notifiedServices"])
    assert "Character 3" in error["message"]
    assert "U+202E" in error["message"]


async def test_a_text_that_is_written_in_the_document_is_refused_too(world: World):
    answer = await world.ask(
        '{ trackApplication(by: {number: "a\u2066", secondFactor: {mobileLast4: "0001"}}) { number } }', CITIZEN
    )

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TEXT_HIDDEN_CHARACTER"]


async def test_a_joiner_of_hindi_is_taken(world: World):
    answer = await world.ask('{ services(first: 1, filter: {search: "श्री\u200dमती"}) { totalCount } }', CITIZEN)

    assert answer["errors"] == []
