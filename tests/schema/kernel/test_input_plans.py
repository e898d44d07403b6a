"""Inputs that are made by a plan are those that Strawberry makes from their types."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)
from graphql.utilities.coerce_input_value import coerce_input_value
from strawberry.types.arguments import convert_argument

from tests.support.built import built

GRAPH = built()
PLANNED = sorted(
    name
    for name, definition in GRAPH.schema_converter.type_map.items()
    if getattr(definition.definition, "from_input", None) is not None
)
SAMPLES = {"Int": 7, "Float": 1.5, "Boolean": True, "Date": "2026-01-02", "DateTime": "2026-01-02T03:04:05Z"}


def sample(kind: Any, *, full: bool) -> Any:
    """A value in JSON, with all fields or those that must be given; Undefined where none is known."""
    if is_list_type(get_nullable_type(kind)):
        one = sample(get_nullable_type(kind).of_type, full=full)
        return Undefined if one is Undefined else [one, one]
    named = get_named_type(kind)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if isinstance(named, GraphQLInputObjectType):
        given = {
            name: sample(field.type, full=full)
            for name, field in named.fields.items()
            if full or is_required_input_field(field)
        }
        return {name: value for name, value in given.items() if value is not Undefined}
    value = SAMPLES.get(named.name, "5")
    return value if coerce_input_value(value, named) is not Undefined else Undefined


def convert(name: str, coerced: Any) -> Any:
    definition = GRAPH.schema_converter.type_map[name].definition
    return convert_argument(coerced, definition.origin, GRAPH.schema_converter.scalar_registry, GRAPH.config)


@pytest.mark.parametrize("full", [True, False])
def test_an_input_is_what_strawberry_makes_of_it(monkeypatch, full):
    kinds = {name: GRAPH._schema.type_map[name] for name in PLANNED}
    coerced = {name: coerce_input_value(sample(kind, full=full), kind) for name, kind in kinds.items()}
    by_plan = {name: convert(name, value) for name, value in coerced.items() if value is not Undefined}
    for name in PLANNED:
        monkeypatch.setattr(GRAPH.schema_converter.type_map[name].definition, "from_input", None)

    assert len(by_plan) > 100
    assert [name for name, one in by_plan.items() if one != convert(name, coerced[name])] == []


def test_a_field_that_is_null_stays_null():
    given = {"serviceCode": "a", "district": "1", "tehsil": None, "form": [{"name": "a", "value": "b", "source": None}]}

    request = convert("SubmitApplicationInput", given)

    assert (request.tehsil, request.form[0].name, request.form[0].source) == (None, "a", None)
