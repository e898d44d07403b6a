"""The arguments of a field in a document, as its resolver takes them."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from graphql import FieldNode, GraphQLField, ValueNode, VariableNode
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.language import ListValueNode, ObjectValueNode
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from schema.direct_resolvers import STRAWBERRY

_UNCHANGEABLE = (str, int, float, bool, type(None), Enum)


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
