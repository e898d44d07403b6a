"""Documents that were found valid once are valid for all tests of a process: that takes longer than to answer them.

Strawberry looks each document over again for every request, and each gateway that a test makes for itself once more.
Here a text that kept every rule in a schema is taken as valid there; one that broke a rule is looked over each time.
The gateway takes the function by name when it is imported, so this module goes before it.
"""

from functools import lru_cache
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse
from strawberry.schema import schema as strawberry_schema

_validate = strawberry_schema.validate_document
_valid: set[tuple[GraphQLSchema, str, tuple[Any, ...]]] = set()


def _validated(schema: GraphQLSchema, document: DocumentNode, rules: tuple[Any, ...]) -> list[GraphQLError]:
    if document.loc is None:  # it was put together and not read
        return _validate(schema, document, rules)
    name = (schema, document.loc.source.body, rules)
    if name in _valid:
        return []
    errors = _validate(schema, document, rules)
    if not errors:
        _valid.add(name)
    return errors


setattr(strawberry_schema, "validate_document", _validated)  # noqa: B010 - mypy knows its exact type
setattr(strawberry_schema, "parse", lru_cache(2000)(parse))  # noqa: B010
