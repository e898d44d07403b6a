"""A span for each action that a resolver of a query calls; those of mutations have theirs by `action_mutation`."""

import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import ParamSpec, TypeVar

from domain.kernel.tracing import Step, span

P = ParamSpec("P")
T = TypeVar("T")

_ACTIONS, _KERNEL = "actions.", "actions.kernel"


def in_span(action: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The action within a span of its name: one look more where nothing is traced."""

    @wraps(action)
    async def run(*given: P.args, **named: P.kwargs) -> T:
        with span(Step.ACTION, action.__name__):
            return await action(*given, **named)

    return run


def trace_actions() -> None:
    """Put each action that a module of the graph calls by its name within its span, once.

    Resolvers look names up when they run, so that each need not say it; what a decorator was given before is not seen.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("schema."):
            for called, action in list(vars(module).items()):
                if iscoroutinefunction(action) and _is_action(action.__module__) and not hasattr(action, "__wrapped__"):
                    setattr(module, called, in_span(action))


def _is_action(module: str) -> bool:
    return module.startswith(_ACTIONS) and not module.startswith(_KERNEL)
