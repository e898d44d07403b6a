"""Finds changes of the schema that would break clients of the released one.

Open API policy of the Government of India: what is published is announced before it goes, so that a field may only
be removed after the date that its deprecation names (docs/reliability.md section 3).
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from graphql import (
    BreakingChange,
    BreakingChangeType,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_ast_schema,
    find_breaking_changes,
    get_named_type,
    parse,
)

REASON = re.compile(r"Added in (?P<added>[^;]+); use (?P<use>[^;]+); removed on (?P<on>\d{4}-\d{2}-\d{2})\.")
"""The form of every deprecation's reason; `deprecation_reason` in schema/kernel/fields.py writes it."""

_MEMBER = re.compile(r"(?:Field|Enum value|Argument) (?P<place>\w+\.\w+(?:\(\w+:\))?) was removed\.")
_GOES_BY_DATE = (
    BreakingChangeType.FIELD_REMOVED,
    BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
    BreakingChangeType.ARG_REMOVED,
)
_TYPE = re.compile(r"(?P<kind>\w+) was removed\.")


def removed_on(reason: str | None) -> date | None:
    """The date on which something deprecated may go; None where nothing or something else is said."""
    found = REASON.fullmatch(reason or "")
    return date.fromisoformat(found["on"]) if found else None


def breaking_changes(released: str, present: str, today: date) -> list[str]:
    """What would break, a line each; what was deprecated and is past its date is not among it."""
    old, new = _read(released), _read(present)
    gone = frozenset(_past(old, today))
    return [
        f"{change.type.name}: {change.description}"
        for change in find_breaking_changes(old, new)
        if not _was_announced(change, gone, old)
    ]


def _read(sdl: str) -> GraphQLSchema:
    # Directives of Federation are used without their definitions, which is no matter of clients.
    return build_ast_schema(parse(sdl), assume_valid=True, assume_valid_sdl=True)


def _past(schema: GraphQLSchema, today: date) -> Iterator[str]:
    """Fields and values by `Type.name`, and arguments by `Type.field(name:)`, whose date has come."""
    for kind in schema.type_map.values():
        for name, reason in deprecations(kind):
            day = removed_on(reason)
            if day is not None and day <= today:
                yield f"{kind.name}.{name}"


def deprecations(kind: object) -> Iterable[tuple[str, str | None]]:
    """The reason of everything in a type that can be deprecated, None where it is not."""
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        own = [(name, field.deprecation_reason) for name, field in kind.fields.items()]
        given = [
            (f"{name}({argument}:)", one.deprecation_reason)
            for name, field in kind.fields.items()
            for argument, one in field.args.items()
        ]
        return [*own, *given]
    if isinstance(kind, GraphQLInputObjectType):
        return [(name, field.deprecation_reason) for name, field in kind.fields.items()]
    if isinstance(kind, GraphQLEnumType):
        return [(name, value.deprecation_reason) for name, value in kind.values.items()]
    return []


def _was_announced(change: BreakingChange, gone: frozenset[str], old: GraphQLSchema) -> bool:
    member, kind = _MEMBER.fullmatch(change.description), _TYPE.fullmatch(change.description)
    if change.type in _GOES_BY_DATE:
        return member is not None and member["place"] in gone
    if change.type is BreakingChangeType.TYPE_REMOVED:
        return kind is not None and _only_through(kind["kind"], gone, old)
    return False


def _only_through(kind: str, gone: frozenset[str], old: GraphQLSchema) -> bool:
    """Whether every field that gave the type is gone by its date."""
    uses = [
        f"{owner.name}.{name}"
        for owner in old.type_map.values()
        if isinstance(owner, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in owner.fields.items()
        if get_named_type(field.type).name == kind
    ]
    return bool(uses) and gone.issuperset(uses)
