"""How the value of a field is had: an attribute, a resolver that is called directly, or graphql-core's way."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLSchema, ValueNode, VariableNode
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.language import ListValueNode, ObjectValueNode
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

STRAWBERRY = "strawberry-definition"
"""Under which Strawberry keeps its own definitions among the extensions of graphql-core's types and fields."""

_UNCHANGEABLE = (str, int, float, bool, type(None), Enum)


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


class Arguments:
    """The arguments of a field in a document. Those without variables are read once."""

    def __init__(self, field: GraphQLField, node: FieldNode, definition: StrawberryField | None) -> None:
        self._field, self._node, self._definition = field, node, definition
        self._fixed = not any(_has_variable(argument.value) for argument in node.arguments or ())
        self._kept: Mapping[str, Any] | None = {} if not field.args and not node.arguments else None

    @property
    def none(self) -> bool:
        """Whether the field takes no arguments and was given none."""
        return self._kept == {}

    def values(self, executor: Executor[Any], info: Any) -> Mapping[str, Any]:
        """The arguments as the resolver takes them. Raises GraphQLError where one is wrong."""
        if self._kept is not None:
            return self._kept
        given: dict[str, Any] = get_argument_values(
            self._field, self._node, executor.variable_values, None, executor.hide_suggestions
        )
        fixed = self._fixed and _unchangeable(given.values())
        if self._definition is not None:
            own: Any = executor.schema.extensions[STRAWBERRY]
            given = convert_arguments(
                given, self._definition.arguments, own.schema_converter.scalar_registry, own.config, info
            )
        if fixed and _unchangeable(given.values()):
            self._kept = given
        return given


def _unchangeable(values: Iterable[Any]) -> bool:
    """Whether no resolver can change one of the values, so that all may share them."""
    return all(isinstance(value, _UNCHANGEABLE) for value in values)


def _has_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_has_variable(one) for one in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_has_variable(one.value) for one in value.fields)
    return isinstance(value, VariableNode)
