"""Strawberry's field and mutation decorators, typed: the originals return Any, which strict mypy rejects."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import Any, TypeVar, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.utils.str_converters import to_camel_case

from domain.kernel import Scope
from schema.kernel.directives import AUTHENTICATED, MUTATION_POINTS, NEVER_SILENTLY_NULL, cost, requires_scopes

F = TypeVar("F", bound=Callable[..., Any])

MUTATIONS: set[str] = set()
"""The names of the mutation root, as they are declared; each can be switched off."""


class Switchable(FieldExtension):
    """Asks the switchboard before a mutation runs; a mutation that is off raises MutationOff and does nothing."""

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **given: Any) -> Any:
        """Run the mutation where it is on."""
        context = info.context
        context.switches.require_mutation(info.field_name, context.environment.clock.now())
        return await next_(source, info, **given)


def resolver_field(*, description: str, **options: Any) -> Callable[[F], F]:
    """A field that a method resolves; the options are those of strawberry.field."""
    return cast("Callable[[F], F]", strawberry.field(description=description, **options))


FORMER_NAMES_UNTIL = date(2027, 6, 30)
"""Until when ids also have the names that they had before the convention (docs/graph.md section 1)."""


def deprecation_reason(*, added: str, use: str, removed_on: date) -> str:
    """The reason of a deprecation: since which release it is there, what to use instead, and when it goes."""
    return f"Added in {added}; use {use}; removed on {removed_on.isoformat()}."


def former_name(now: str, added: str) -> dict[str, Any]:
    """How something is described and deprecated that is called otherwise `now` and was added in that release."""
    reason = deprecation_reason(added=added, use=now, removed_on=FORMER_NAMES_UNTIL)
    return {"description": f"What `{now}` is.", "deprecation_reason": reason}


def former_field(now: str, added: str) -> Any:
    """A field under the name that it had; its type, in the graph and here, is that of the field as it is called now."""
    return strawberry.field(**former_name(now, added))


def subscription(*, description: str, **options: Any) -> Callable[[F], F]:
    """A field of the subscription root, whose resolver gives the events one by one."""
    return cast("Callable[[F], F]", strawberry.subscription(description=description, **options))


def mutation(*, description: str, scopes: Iterable[Scope] = ()) -> Callable[[F], F]:
    """A field of the mutation root: for somebody who is signed in, and holds one of the scopes where any is named."""
    directives = [
        AUTHENTICATED,
        cost(MUTATION_POINTS),
        NEVER_SILENTLY_NULL,
        *([requires_scopes(*scopes)] if scopes else []),
    ]

    def declare(resolver: F) -> F:
        MUTATIONS.add(to_camel_case(resolver.__name__))
        # Nullable: what one mutation cannot do must not take away the answers of those beside it.
        payload = resolver.__annotations__["return"] | None
        declared = strawberry.mutation(
            resolver, description=description, graphql_type=payload, extensions=[Switchable()], directives=directives
        )
        return cast("F", declared)

    return declare
