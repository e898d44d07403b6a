"""graphql-core's executor, which runs the compiled functions of an operation where there are some."""

from typing import Any, ClassVar

from graphql import GraphQLObjectType
from graphql.execution import Executor
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.graphql.execution.plans import Plans, Variant


class CompiledExecution(Executor[Any]):
    """What differs from graphql-core's executor: root fields and objects are answered by compiled functions.

    Everything that is rare, such as lists of awaitables, is left to the methods of graphql-core, which come back here
    for each object.
    """

    plans: ClassVar[Plans]
    _variant: Variant | None = None

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: dict[str, list[Any]],
        position_context: Any,
    ) -> Any:
        """The fields of an object, at the same time."""
        if path is None:
            self._variant = self.plans.find(self, parent_type, grouped_field_set)
            if self._variant is not None:
                return self._variant.select(self, source_value, None)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def execute_fields_serially(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: dict[str, list[Any]],
        position_context: Any,
    ) -> Any:
        """The fields of the mutation root, one after the other."""
        self._variant = self.plans.find(self, parent_type, grouped_field_set)
        if self._variant is not None:
            grouped_field_set = self._variant.grouped
        return super().execute_fields_serially(parent_type, source_value, path, grouped_field_set, position_context)

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object below others."""
        if self._variant is not None:
            select = self._variant.function(self, return_type, field_details_list)
            if select is not None:
                return select(self, result, path)
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)


class CompiledExecutor(CompiledExecution, StrawberryGraphQLCoreExecutionContext):
    """The same for Strawberry's schemas."""


def compiled_executor(plans: Plans) -> type[CompiledExecutor]:
    """The class of executors that keep their compiled functions in these plans."""
    return type("CompiledExecutor", (CompiledExecutor,), {"plans": plans})
