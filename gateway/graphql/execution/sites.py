"""Places of an answer: what is known of a field before execution, and what is left to graphql-core."""

from collections.abc import Awaitable
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, is_non_null_type
from graphql.execution import Executor
from graphql.pyutils import Path

from gateway.graphql.execution.resolving import Arguments
from schema.direct_resolvers import resolving_of


class Site:
    """A place of an answer where null may be told for an error: a field, or the items of a list of one."""

    __slots__ = ("details", "type")

    def __init__(self, type_: Any, details: list[Any]) -> None:
        self.type, self.details = type_, details

    def fail(self, executor: Executor[Any], error: Exception, path: Path) -> None:
        """Note an error, for which null is told. Raises it where null is not allowed."""
        executor.handle_field_error(error, self.type, self.details, path)

    def complete_abstract(self, executor: Executor[Any], value: Any, path: Path, info: Any) -> Any:
        """The object of the answer, or an awaitable of it, of a value whose type is known at run time."""
        type_ = self.type.of_type if is_non_null_type(self.type) else self.type
        return executor.complete_abstract_value(type_, self.details, info, path, value, None)

    async def guard(self, executor: Executor[Any], waited: Awaitable[Any], path: Path) -> Any:
        """What is told of an object or list with parts that are waited for."""
        try:
            return await waited
        except Exception as error:  # noqa: BLE001 - whatever a resolver raises is an error of its field
            self.fail(executor, error, path)
            return None


class FieldSite(Site):
    """One field of a selection of one object type."""

    __slots__ = ("arguments", "field", "key", "nodes", "parent", "resolving")

    def __init__(
        self, executor: Executor[Any], parent: GraphQLObjectType, key: str, details: list[Any], field: GraphQLField
    ) -> None:
        super().__init__(field.type, details)
        self.parent, self.key, self.field = parent, key, field
        self.nodes: list[FieldNode] = [one.node for one in details]
        self.resolving = resolving_of(executor.schema, field)
        self.arguments = Arguments(field, self.nodes[0], self.resolving.definition)

    def info(self, executor: Executor[Any], path: Path) -> Any:
        """What graphql-core tells resolvers; of a path within the field's list, what it tells of the field."""
        while isinstance(path.key, int) and path.prev is not None:
            path = path.prev
        return executor.build_resolve_info(self.field, self.nodes, self.parent, path)

    def complete(self, executor: Executor[Any], value: Any, path: Path, info: Any) -> Any:
        """What is told of a value of any kind, or an awaitable of it."""
        info = info or self.info(executor, path)
        if executor.is_awaitable(value):
            return executor.complete_awaitable_value(self.type, self.details, info, path, value, None)
        found = executor.complete_value(self.type, self.details, info, path, value, None)
        return self.guard(executor, found, path) if executor.is_awaitable(found) else found

    async def complete_later(self, executor: Executor[Any], value: Any, path: Path, info: Any) -> Any:
        """What is told of a value of any kind that was waited for."""
        info = info or self.info(executor, path)
        found = executor.complete_value(self.type, self.details, info, path, value, None)
        return await found if executor.is_awaitable(found) else found


class ItemSite(Site):
    """The items of a list of a field."""

    __slots__ = ("field",)

    def __init__(self, type_: Any, field: FieldSite) -> None:
        super().__init__(type_, field.details)
        self.field = field

    def add(self, executor: Executor[Any], item: Any, results: list[Any], path: Path, info: Any) -> bool:
        """Add what is told of an item of any kind; whether that is an awaitable."""
        info = info or self.field.info(executor, path)
        if executor.is_awaitable(item):
            waited = executor.complete_awaitable_list_item_value(item, self.type, self.details, info, path, None)
            results.append(waited)
            return True
        return executor.complete_list_item_value(item, results, self.type, self.details, info, path, None)
