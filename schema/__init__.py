"""The GraphQL schema: one package for each noun, assembled by `build`."""

from typing import TYPE_CHECKING, Any

import schema.kernel.enums as _enums

if TYPE_CHECKING:
    import strawberry.federation
    from graphql.execution import Executor

__all__ = ["build"]

ENUMS = _enums
"""Domain enumerations are made known before any type names one."""


def build(*, execution_context_class: "type[Executor[Any]] | None" = None) -> "strawberry.federation.Schema":
    """The schema of the gateway; an executor of another kind may be given (ADR 0028)."""
    from schema.building import build_schema

    return build_schema(execution_context_class=execution_context_class)
