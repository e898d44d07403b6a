"""The Node interface: everything that can be fetched by `id`."""

from collections.abc import Callable
from typing import Any

import strawberry

from domain.kernel import TypeCode, to_global_id


@strawberry.interface(description="Anything that `node` can find by its opaque id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and stable; give it to `node`.")


VIEWS: dict[TypeCode, Callable[[Any], Any]] = {}
"""The graph's view of a thing by its type code, for modules that the viewing one imports: rings are not allowed."""


def node_id(code: TypeCode, key: str) -> strawberry.ID:
    """The opaque identifier of one thing."""
    return strawberry.ID(to_global_id(code, key))
