"""The GraphQL schema: one package for each noun, assembled by `build`."""

from typing import TYPE_CHECKING

import schema.kernel.enums as _enums

if TYPE_CHECKING:
    import strawberry.federation

__all__ = ["build"]

ENUMS = _enums
"""Domain enumerations are made known before any type names one."""


def build() -> "strawberry.federation.Schema":
    """The schema of the gateway."""
    from schema.building import build_schema

    return build_schema()
