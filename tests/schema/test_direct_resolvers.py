"""Resolvers that are called directly come to what Strawberry's own come to."""

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import execute, parse
from strawberry.extensions import FieldExtension

from schema.direct_resolvers import resolve_directly


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.input
class Wish:
    first_name: str
    colours: list[Colour] = strawberry.field(default_factory=list)
    note: strawberry.Maybe[str | None] = None


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs).upper()


@strawberry.type
class Thing:
    plain_name: str

    @strawberry.field
    def itself(self) -> str:
        return self.plain_name

    @strawberry.field
    def asked(self, info: strawberry.Info) -> str:
        return f"{info.field_name} {info.python_name} {info.path.key} {info.context}"

    @strawberry.field
    def of_parent(self, parent: strawberry.Parent["Thing"], times: int = 2) -> str:
        return parent.plain_name * times

    @strawberry.field
    def coloured(self, in_colour: Colour = Colour.RED, many: list[Colour] | None = None) -> str:
        return repr((self.plain_name, in_colour, many))

    @strawberry.field
    def wished(self, wish: Wish | None = None, ids: list[strawberry.ID] | None = strawberry.UNSET) -> str:
        return repr((wish, ids))

    @strawberry.field
    async def later(self, count: int | None = None) -> str | None:
        return None if count is None else self.plain_name * count

    @strawberry.field
    def broken(self) -> str:
        raise LookupError("broken")

    @strawberry.field(extensions=[Louder()])
    def loud(self) -> str:
        return self.plain_name


@strawberry.type
class Query:
    @strawberry.field
    def thing(self) -> Thing:
        return Thing(plain_name="a thing")

    @strawberry.field
    @staticmethod
    def still(name: str = "nobody") -> str:
        return name


DOCUMENTS = (
    "{ thing { plainName itself } }",
    "{ named: thing { other: asked } }",
    "{ thing { ofParent three: ofParent(times: 3) } }",
    "{ thing { coloured blue: coloured(inColour: BLUE, many: [RED]) none: coloured(many: null) } }",
    "query($colour: Colour!) { thing { coloured(inColour: $colour, many: [$colour]) } }",
    "query($wish: Wish) { thing { wished(wish: $wish) } }",
    '{ thing { wished(wish: {firstName: "Asha", colours: [BLUE], note: null}, ids: ["1"]) one: wished(ids: "1") } }',
    "{ thing { later two: later(count: 2) } }",
    "{ thing { broken } }",
    "{ thing { loud } }",
    '{ still named: still(name: "x") }',
)
VARIABLES = {"colour": "BLUE", "wish": {"firstName": "Ravi"}}


def build_schema() -> Any:
    return strawberry.Schema(query=Query)._schema


async def answer(schema: Any, document: str) -> tuple[Any, list[tuple[str, Any]]]:
    running: Any = execute(schema, parse(document), context_value="told", variable_values=VARIABLES)
    result = await running if hasattr(running, "__await__") else running
    return result.data, [(error.message, error.path) for error in result.errors or ()]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_field_gives_what_it_gave_by_strawberry(document: str):
    usual, direct = build_schema(), build_schema()
    resolve_directly(direct)

    told = await answer(direct, document)

    assert told == await answer(usual, document)
    assert told[0] is not None or told[1]


def test_a_field_with_an_extension_is_left_to_strawberry():
    schema = build_schema()
    before = schema.type_map["Thing"].fields["loud"].resolve

    resolve_directly(schema)

    assert schema.type_map["Thing"].fields["loud"].resolve is before
