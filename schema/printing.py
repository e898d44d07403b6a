"""Prints the graph as a subgraph and as what clients see, which tests compare with the files of this folder."""

from graphql import GraphQLObjectType, GraphQLSchema, print_schema, specified_directives

import schema


def printed_schema() -> str:
    """The SDL of the whole subgraph, ending in a line break."""
    return schema.build().as_str() + "\n"


def printed_api() -> str:
    """The SDL of what clients see: without the fields, types and directives that are for routers alone."""
    whole = schema.build()._schema  # noqa: SLF001 - Strawberry keeps graphql-core's schema there
    query = whole.query_type.to_kwargs()  # type: ignore[union-attr]
    query["fields"] = {name: field for name, field in query["fields"].items() if not name.startswith("_")}
    types = [one for one in whole.type_map.values() if not _is_for_routers(one.name) and one is not whole.query_type]
    return (
        print_schema(
            GraphQLSchema(
                GraphQLObjectType(**query),
                whole.mutation_type,
                whole.subscription_type,
                types,
                specified_directives,
            )
        )
        + "\n"
    )


def _is_for_routers(name: str) -> bool:
    return "__" in name or name.startswith("_")
