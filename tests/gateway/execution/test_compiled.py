"""Which operations are compiled, how long their functions are kept, and what is still asked of whom."""

import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)
from strawberry.extensions import SchemaExtension

from gateway.graphql.execution.executor import compiled_executor
from gateway.graphql.execution.plans import MOST_VARIANTS, Plans


@strawberry.input
class Wanted:
    names: list[str]


@strawberry.type
class Book:
    title: str
    pages: int

    @strawberry.field
    async def label(self, language: str = "en") -> str:
        return f"{self.title}/{language}"


@strawberry.type
class Query:
    @strawberry.field
    def book(self) -> Book:
        return Book(title="Rights", pages=7)

    @strawberry.field
    def books(self, wanted: Wanted) -> list[Book]:
        wanted.names.append("Law")
        return [Book(title=name, pages=1) for name in wanted.names]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def changed(self) -> AsyncIterator[Book]:
        yield Book(title="Rights", pages=8)


class Library:
    """A schema whose operations are compiled; `ways` tells how each ran."""

    def __init__(self, **options: Any) -> None:
        self.ways: list[str] = []
        self.plans = Plans(self.ways.append, **options)
        self.schema = strawberry.Schema(
            Query, subscription=Subscription, execution_context_class=compiled_executor(self.plans)
        )
        self.documents: dict[str, Any] = {}

    async def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a query, whose document is parsed once as in the gateway."""
        document = self.documents.get(query) or self.documents.setdefault(query, parse(query))
        self.schema.extensions = [_given(document)]
        result = await self.schema.execute(query, variable_values=variables)
        assert not result.errors
        return result.data

    def forget(self) -> None:
        """Let go of the documents, as the gateway does of those that were not asked for lately."""
        self.documents.clear()
        self.schema.extensions = []
        gc.collect()


def _given(document: Any) -> type[SchemaExtension]:
    class Given(SchemaExtension):
        def on_parse(self):
            self.execution_context.graphql_document = document
            yield

    return Given


async def test_an_operation_is_compiled_when_it_comes_again():
    library = Library()

    answers = [await library.ask("{ book { title label } }") for _ in range(3)]

    assert answers == [{"book": {"title": "Rights", "label": "Rights/en"}}] * 3
    assert library.ways == ["first_use", "compiled", "compiled"]


async def test_each_combination_of_skip_and_include_has_its_answer():
    library = Library(after=0)
    query = "query ($a: Boolean!, $b: Boolean!) { book { title @include(if: $a) pages @skip(if: $b) __typename } }"

    answers = {(a, b): await library.ask(query, a=a, b=b) for a in (True, False) for b in (True, False)}

    assert {key: set(told["book"]) for key, told in answers.items()} == {
        (True, True): {"title", "__typename"},
        (True, False): {"title", "pages", "__typename"},
        (False, True): {"__typename"},
        (False, False): {"pages", "__typename"},
    }
    assert set(library.ways) == {"compiled"}


async def test_no_more_combinations_are_compiled_than_are_kept():
    library = Library(after=0)
    names = "abcd"
    given = ", ".join(f"${name}: Boolean!" for name in names)
    query = f"query ({given}) {{ book {{ title {' '.join(f'{n}: pages @skip(if: ${n})' for n in names)} }} }}"

    for number in range(2 ** len(names)):
        told = await library.ask(query, **{name: bool(number >> place & 1) for place, name in enumerate(names)})
        assert len(told["book"]) == 1 + number.bit_count() * -1 + len(names)

    assert library.ways.count("compiled") == MOST_VARIANTS
    assert library.ways.count("variants") == 2 ** len(names) - MOST_VARIANTS


async def test_what_the_graph_is_made_of_is_told_by_graphql_core():
    library = Library(after=0)

    told = await library.ask('{ __type(name: "Book") { name } }')

    assert told == {"__type": {"name": "Book"}}
    assert library.ways == ["introspection"]


async def test_functions_are_kept_no_longer_than_their_document():
    library = Library(after=0)
    await library.ask("{ book { title } }")

    library.forget()

    assert len(library.plans) == 0


async def test_no_more_operations_are_kept_than_are_allowed():
    library = Library(after=0, most=2)

    for number in range(5):
        await library.ask(f"{{ book {{ a{number}: title }} }}")

    assert len(library.plans) == 2


async def test_a_resolver_cannot_change_the_arguments_of_the_next_request():
    library = Library(after=0)
    query = '{ books(wanted: {names: ["Tax"]}) { title } }'

    answers = [await library.ask(query) for _ in range(3)]

    assert answers == [{"books": [{"title": "Tax"}, {"title": "Law"}]}] * 3


async def test_arguments_follow_the_variables_of_each_request():
    library = Library(after=0)
    query = "query ($language: String!) { book { label(language: $language) } }"

    answers = [await library.ask(query, language=language) for language in ("hi", "en")]

    assert [told["book"]["label"] for told in answers] == ["Rights/hi", "Rights/en"]


async def test_what_stands_around_a_resolver_is_asked_each_time():
    library = Library(after=0)
    field = library.schema._schema.type_map["Book"].fields["label"]
    resolve, asked = field.resolve, []

    def guard(source, info, **given):
        asked.append(info.path.as_list())
        return resolve(source, info, **given)

    field.resolve = guard
    for _ in range(2):
        await library.ask("{ book { label } }")

    assert asked == [["book", "label"]] * 2


async def test_an_event_of_a_subscription_is_shown():
    library = Library(after=0)

    shown = [told.data async for told in await library.schema.subscribe("subscription { changed { title pages } }")]

    assert shown == [{"changed": {"title": "Rights", "pages": 8}}]
    assert library.ways == ["compiled"]


@pytest.mark.parametrize("name", ["title", "b'); import os; ('", "__import__"])
async def test_nothing_of_a_document_is_executed(name):
    """Names are those of the grammar, and all the same they are written as literals."""
    library = Library(after=0)
    title = FieldNode(name=NameNode(value="title"), alias=NameNode(value=name))
    book = FieldNode(name=NameNode(value="book"), selection_set=SelectionSetNode(selections=(title,)))
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=(book,))
    )
    library.documents["written"] = DocumentNode(definitions=(operation,))

    assert await library.ask("written") == {"book": {name: "Rights"}}
