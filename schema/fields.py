"""Strawberry's field and mutation decorators with types: its own ones give Any, which strict mypy refuses."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., Any])


def resolved(*, description: str, **options: Any) -> Callable[[F], F]:
    """A field that a method resolves; the options are those of strawberry.field."""
    return cast("Callable[[F], F]", strawberry.field(description=description, **options))


def mutation(*, description: str) -> Callable[[F], F]:
    """A field of the mutation root."""
    return cast("Callable[[F], F]", strawberry.mutation(description=description))
