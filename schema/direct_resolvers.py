"""How the value of a field is had without Strawberry's machinery, where the field has no extensions.

Strawberry calls each resolver through four functions of its own, which find out anew what the schema says: whether
there are extensions, which parameters are the parent and the info, and how arguments are converted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.scalars import is_scalar
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.field import StrawberryField

STRAWBERRY = "strawberry-definition"
"""Under which Strawberry keeps its own definitions among the extensions of graphql-core's types and fields."""


@dataclass(frozen=True, slots=True)
class DirectCall:
    """A resolver without extensions, and the names of the parameters that take the parent and the info."""

    function: Callable[..., Any]
    takes_self: bool
    parents: tuple[str, ...]
    info: str | None


@dataclass(frozen=True, slots=True)
class Resolving:
    """How a field is resolved: by an attribute, by a direct call, else by the field's resolver with the full info."""

    definition: StrawberryField | None = None
    attribute: str | None = None
    call: DirectCall | None = None


def resolving_of(schema: GraphQLSchema, field: GraphQLField) -> Resolving:
    """How a field is resolved, the same as Strawberry would."""
    definition = field.extensions.get(STRAWBERRY)
    own: Any = schema.extensions.get(STRAWBERRY)
    if own is None or own.exception_handlers or not hasattr(field.resolve, "_is_default"):
        return Resolving()  # what wraps Strawberry's resolver, such as a guard, is always called
    if not isinstance(definition, StrawberryField) or definition.extensions:
        return Resolving()
    resolver = definition.base_resolver
    if resolver is None:
        reads = definition.default_resolver is getattr and definition.python_name.isidentifier()
        return Resolving(definition, attribute=definition.python_name) if reads else Resolving()
    if not callable(resolver.wrapped_func):
        return Resolving()
    parents = (resolver.parent_parameter, resolver.root_parameter)
    return Resolving(
        definition,
        call=DirectCall(
            resolver.wrapped_func,
            resolver.self_parameter is not None,
            tuple(one.name for one in parents if one is not None),
            resolver.info_parameter.name if resolver.info_parameter else None,
        ),
    )


def resolve_directly(schema: GraphQLSchema) -> None:
    """Give the fields of a schema resolvers that read or call at once what Strawberry's would come to."""
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for field in kind.fields.values():
            how = resolving_of(schema, field)
            made: Any = None
            if how.attribute is not None:
                made = _read_attribute(how.attribute)
            elif how.call is not None and how.definition is not None:
                made = _call_directly(schema, how.definition, how.call)
            if made is not None:
                made._is_default = True  # noqa: SLF001 - Strawberry's mark of what nobody has wrapped
                field.resolve = made


def _read_attribute(name: str) -> Callable[..., Any]:
    def resolve(source: Any, _info: Any) -> Any:
        return getattr(source, name)

    return resolve


def _call_directly(schema: GraphQLSchema, definition: StrawberryField, call: DirectCall) -> Callable[..., Any]:
    own: Any = schema.extensions[STRAWBERRY]
    function, takes_self, parents, info_name = call.function, call.takes_self, call.parents, call.info
    make_info = partial(own.config.info_class, _field=definition)
    arguments = [_argument(own, argument) for argument in definition.arguments]

    def resolve(source: Any, raw_info: Any, **given: Any) -> Any:
        info = make_info(_raw_info=raw_info)
        named = {}
        if given:
            for name, python_name, convert in arguments:
                if name in given:
                    value = given[name]
                    named[python_name] = value if convert is None else convert(value, info=info)
        for name in parents:
            named[name] = source
        if info_name is not None:
            named[info_name] = info
        return function(source, **named) if takes_self else function(**named)

    return resolve


def _argument(own: Any, argument: StrawberryArgument) -> tuple[str, str, Callable[..., Any] | None]:
    """The names of an argument in the graph and in Python, and how its value is converted where it must be."""
    name: str = own.config.name_converter.from_argument(argument)
    registry: Any = own.schema_converter.scalar_registry
    type_: Any = argument.type.of_type if type(argument.type) is StrawberryOptional else argument.type
    if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_) or is_scalar(type_, registry):
        return name, argument.python_name, None
    convert = partial(convert_argument, type_=argument.type, scalar_registry=registry, config=own.config, path=(name,))
    return name, argument.python_name, cast("Callable[..., Any]", convert)
