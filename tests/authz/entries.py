"""Proposes entries of fields.json for fields that have none: `python -m tests.authz.entries`. A person reviews them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type
from strawberry.federation.schema_directives import RequiresScopes, Tag

import schema
from schema.kernel import directives_of
from schema.kernel.guards import FEDERATION_FIELDS
from tests.authz import rows

FIELDS = Path(__file__).parent / "fields.json"
ROOTS = ("Query", "Subscription")


def types_with_entries(schema: Any) -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    """The types whose fields have entries: all but the mutations and their payloads, which rows.py is enough for."""
    mutations = schema.mutation_type
    given = {mutations, *(get_named_type(field.type) for field in mutations.fields.values())}
    for kind in schema.type_map.values():
        is_shown = isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__")
        if is_shown and kind not in given:
            yield kind


def rule_of(kind: str, name: str, field: Any) -> str:
    """The rule that the declarations suggest."""
    if kind == "Query" and name in FEDERATION_FIELDS:
        return "router"
    if kind in ROOTS:
        if any(tag.name == "public" for tag in directives_of(field, Tag)):
            return "public"
        return "role" if directives_of(field, RequiresScopes) else "signed in"
    if f"{kind}.{name}" in rows.NARROW:
        return "narrow"
    if kind in rows.THINGS:
        return "public" if rows.THINGS[kind] == rows.EVERYBODY else "thing"
    return "part"


def main() -> None:
    """Keep what is entered, add what is missing, drop what is gone."""
    kept = json.loads(FIELDS.read_text(encoding="utf-8")) if FIELDS.exists() else {}
    graph: Any = schema.build()
    proposed = {
        kind.name: {
            name: kept.get(kind.name, {}).get(name) or rule_of(kind.name, name, field)
            for name, field in sorted(kind.fields.items())
        }
        for kind in types_with_entries(graph._schema)
    }
    FIELDS.write_text(json.dumps(dict(sorted(proposed.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
