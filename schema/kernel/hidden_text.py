"""Refuses what is asked with a text in which there is a character that nobody sees: inputs and arguments."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLObjectType, GraphQLSchema, get_named_type
from strawberry.utils.str_converters import to_camel_case

from domain.kernel import Problem, Problems, hidden_character_problems
from schema.kernel.guards import FEDERATION_FIELDS

MOST_PROBLEMS = 20
"""Problems that are reported of one input."""

Path: TypeAlias = tuple[str, ...]
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


def refuse_hidden_text(given: Any, path: Path) -> None:
    """Raise Problems with TEXT_HIDDEN_CHARACTER at each text of the input that lies at the path."""
    _refuse(_problems(given, path))


def refuse_hidden_arguments(schema: GraphQLSchema) -> None:
    """Have every field but mutations, which report it with their payload, refuse such texts in its arguments.

    A schema is wrapped once, when it is built. What a router names is left alone: it is looked up one by one.
    """
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind is schema.mutation_type:
            continue
        for name, field in kind.fields.items():
            if name in FEDERATION_FIELDS or not any(_may_hold_text(one.type) for one in field.args.values()):
                continue
            if field.subscribe is not None:
                field.subscribe = _check_before(field.subscribe)
            elif field.resolve is not None:
                field.resolve = _check_before(field.resolve)


def _check_before(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def checked_resolver(source: Any, info: Any, **given: Any) -> Any:
        _refuse(hidden_character_problems(given))
        return resolve(source, info, **given)

    return checked_resolver


def _may_hold_text(kind: GraphQLInputType, seen: tuple[str, ...] = ()) -> bool:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType) and named.name not in seen:
        return any(_may_hold_text(field.type, (*seen, named.name)) for field in named.fields.values())
    return named.name in ("String", "ID")


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(islice(problems, MOST_PROBLEMS))
    if found:
        raise Problems(*found)


def _problems(given: Any, path: Path) -> Iterator[Problem]:
    if isinstance(given, str):
        yield from hidden_character_problems(given, *path)
    elif isinstance(given, list):
        for place, one in enumerate(given):
            yield from _problems_of_item(one, path, place)
    elif dataclasses.is_dataclass(given):
        for field in dataclasses.fields(given):
            yield from _problems(getattr(given, field.name), (*path, to_camel_case(field.name)))


def _problems_of_item(given: Any, path: Path, place: int) -> Iterator[Problem]:
    """Those of an item of a list: an answer to a form is named by its question, as the checks of forms name it."""
    name = getattr(given, "name", None)
    if hasattr(given, "value") and isinstance(name, str) and _NAMED.fullmatch(name):
        yield from _problems(given.value, (*path, *name.split(".")))
    else:
        yield from _problems(given, (*path, str(place)))
