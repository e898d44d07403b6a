"""Proposes entries of fields.json for fields that have none: `python -m tests.authz.entries`. A person reviews them."""

import json
from pathlib import Path
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry.federation.schema_directives import RequiresScopes, Tag

import schema
from schema.kernel import directives_of
from schema.kernel.guards import FEDERATION_FIELDS
from tests.authz import rows

FIELDS = Path(__file__).parent / "fields.json"
ROOTS = ("Query", "Mutation", "Subscription")


def rule_of(kind: str, name: str, field: Any) -> str:
    """The rule that the declarations suggest."""
    if kind == "Mutation":
        return "mutation"
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
        for kind in graph._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__")
    }
    FIELDS.write_text(json.dumps(dict(sorted(proposed.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
