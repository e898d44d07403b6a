"""The compiled functions of each operation, found again by its document, and why an operation has none."""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from math import isfinite
from types import GeneratorType
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
)
from graphql.execution import Executor
from graphql.pyutils import Path, gather_with_cancel
from strawberry.types.info import Info

from gateway.graphql.execution.code import SelectionCode
from gateway.graphql.execution.sites import FieldSite
from schema.direct_resolvers import STRAWBERRY

MOST_PLANS = 1024
MOST_VARIANTS = 8
"""Combinations of skip and include that are compiled for one operation; others are left to graphql-core."""

Select: TypeAlias = Callable[[Executor[Any], Any, Path | None], Any]

Grouped: TypeAlias = dict[str, list[Any]]
"""The fields of a selection by their keys in the answer, as graphql-core collects them."""

_PLAIN = (str, int, float, bool, list, tuple, dict, set, frozenset)


class Variant:
    """The functions of an operation for one combination of skip and include. They are compiled when first needed."""

    def __init__(self, executor: Executor[Any], root: GraphQLObjectType, grouped: Grouped) -> None:
        self.grouped = grouped
        self._details: dict[int, list[Any]] = {}
        self._functions: dict[tuple[str, int], Select] = {}
        self._plain: set[type] = set(_PLAIN)
        self.select = self._compile(executor, root, grouped)

    def function(self, executor: Executor[Any], type_: GraphQLObjectType, details: list[Any]) -> Select | None:
        """What answers an object of the type below these fields; None where they are none of this operation."""
        key = (type_.name, id(details))
        found = self._functions.get(key)
        if found is None and id(details) in self._details:
            grouped = executor.collect_subfields(type_, details).grouped_field_set
            found = self._functions[key] = self._compile(executor, type_, grouped)
        return found

    def _compile(self, executor: Executor[Any], type_: GraphQLObjectType, grouped: Grouped) -> Select:
        self._details |= {id(details): details for details in grouped.values()}
        own: Any = executor.schema.extensions.get(STRAWBERRY)
        code = SelectionCode(own.config.info_class if own else Info)
        sites = [
            FieldSite(executor, type_, key, details, field)
            for key, details in grouped.items()
            if (field := executor.schema.get_field(type_, details[0].node.name.value)) is not None
        ]
        text = code.text(sites, type_.name)
        names = {**_HELPERS, **code.names, "plain": self._plain, "is_plain": self._is_plain}
        for name, (below, details) in code.links.items():
            self._link(names, name, below, details)
        exec(compile(text, f"<{type_.name}>", "exec"), names)  # noqa: S102 - made by code.py, of literals and own names
        select: Select = names["select"]
        return select

    def _link(self, names: dict[str, Any], name: str, type_: GraphQLObjectType, details: list[Any]) -> None:
        """Have a name stand for the function of a selection below, which is compiled at its first call."""

        def compile_and_call(executor: Executor[Any], source: Any, path: Path | None) -> Any:
            names[name] = self.function(executor, type_, details)
            return names[name](executor, source, path)

        names[name] = compile_and_call

    def _is_plain(self, value: Any) -> bool:
        """Whether values of this type are neither null, awaitables nor exceptions, which is remembered."""
        kind = type(value)
        odd = value is None or value is Undefined or isinstance(value, Exception | GeneratorType)
        if odd or hasattr(value, "__await__") or hasattr(kind, "__getattr__"):
            return False
        self._plain.add(kind)
        return True


class Plan:
    """What is known of one operation: why it is not compiled, or its variants."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.schema = executor.schema
        self.fragments = _identities(executor.fragment_definitions)
        fragments = executor.fragment_definitions.values()
        self.refusal = _refusal(executor.operation, fragments)
        self._conditions = _conditions(executor.operation, fragments)
        self.uses = 0
        self._variants: dict[tuple[Any, ...], Variant] = {}

    def fits(self, executor: Executor[Any]) -> bool:
        """Whether it was made for this schema and these fragments."""
        return self.schema is executor.schema and self.fragments == _identities(executor.fragment_definitions)

    def variant(self, executor: Executor[Any], root: GraphQLObjectType, grouped: Grouped) -> Variant | None:
        """The functions for the values of the variables; None where there are too many combinations."""
        given = executor.variable_values.coerced
        key = tuple(given.get(name) for name in self._conditions)
        found = self._variants.get(key)
        if found is None and len(self._variants) < MOST_VARIANTS:
            found = self._variants[key] = Variant(executor, root, grouped)
        return found


class Plans:
    """The plans of one process. `count` is told of each operation how it ran: `compiled`, or why it was not.

    An operation is compiled when it comes for the `after + 1`th time, so that what comes once costs nothing.
    """

    def __init__(
        self, count: Callable[[str], None] = lambda _: None, *, after: int = 1, most: int = MOST_PLANS
    ) -> None:
        self._count, self._after, self._most = count, after, most
        self._kept: OrderedDict[int, tuple[weakref.ref[OperationDefinitionNode], Plan]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, executor: Executor[Any], root: GraphQLObjectType, grouped: Grouped) -> Variant | None:
        """The functions by which this operation is executed; None where it is left to graphql-core."""
        variant, reason = self._look(executor, root, grouped)
        self._count(reason)
        return variant

    def _look(self, executor: Executor[Any], root: GraphQLObjectType, grouped: Grouped) -> tuple[Variant | None, str]:
        if executor.abort_signal is not None:
            return None, "abort_signal"
        if getattr(executor.middleware_manager, "middlewares", ()):
            return None, "middleware"
        plan = self._plan(executor)
        plan.uses += 1
        if plan.refusal:
            return None, plan.refusal
        if plan.uses <= self._after:
            return None, "first_use"
        found = plan.variant(executor, root, grouped)
        return found, "compiled" if found else "variants"

    def _plan(self, executor: Executor[Any]) -> Plan:
        operation = executor.operation
        key = id(operation)
        kept = self._kept.get(key)
        if kept is not None and kept[0]() is operation and kept[1].fits(executor):
            return kept[1]
        plan = Plan(executor)
        self._kept[key] = (weakref.ref(operation, lambda _: self._kept.pop(key, None)), plan)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return plan


def _identities(fragments: dict[str, FragmentDefinitionNode]) -> list[int]:
    return [id(fragment) for fragment in fragments.values()]


def _refusal(operation: OperationDefinitionNode, fragments: Collection[FragmentDefinitionNode]) -> str:
    """Why an operation is left to graphql-core; an empty text where it is compiled."""
    if operation.directives:
        return "directive"
    nodes = list(_selections([operation, *fragments]))
    if any(isinstance(node, FieldNode) and node.name.value in ("__schema", "__type") for node in nodes):
        return "introspection"
    if any(directive.name.value in ("defer", "stream") for node in nodes for directive in node.directives or ()):
        return "incremental"
    spreads = (node for node in nodes if isinstance(node, FragmentSpreadNode))
    if any(one.variable_definitions for one in fragments) or any(getattr(one, "arguments", None) for one in spreads):
        return "fragment_arguments"
    return ""


def _conditions(operation: OperationDefinitionNode, fragments: Collection[FragmentDefinitionNode]) -> list[str]:
    """The variables that decide what is selected."""
    given = (
        argument.value
        for node in _selections([operation, *fragments])
        for directive in node.directives or ()
        if directive.name.value in ("skip", "include")
        for argument in directive.arguments or ()
    )
    return sorted({value.name.value for value in given if isinstance(value, VariableNode)})


def _selections(owners: Iterable[Any]) -> Iterator[SelectionNode]:
    """Everything that is selected below."""
    pending: list[SelectionSetNode] = [owner.selection_set for owner in owners]
    while pending:
        for node in pending.pop().selections:
            yield node
            below = getattr(node, "selection_set", None)
            if below is not None:
                pending.append(below)


async def _gather_results(results: Any, waited: list[Any]) -> Any:
    """The results, when those that are awaited are there; an error of one ends the others."""
    if len(waited) == 1:
        results[waited[0]] = await results[waited[0]]
        return results
    found = await gather_with_cancel(*(results[key] for key in waited))
    for key, value in zip(waited, found, strict=True):
        results[key] = value
    return results


def _settle(executor: Executor[Any], waited: list[Any], rest: list[Any]) -> None:
    """Let awaitables of a list that has failed end in the background, so that none is left without an owner."""
    waited += [item for item in rest if executor.is_awaitable(item)]
    if waited:
        executor.settle_in_background(waited)


_HELPERS = {
    "Path": Path,
    "gather_results": _gather_results,
    "isfinite": isfinite,
    "new": tuple.__new__,
    "settle": _settle,
}
