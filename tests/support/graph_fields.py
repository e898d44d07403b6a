"""The fields of the graph, as tests walk them."""

from collections.abc import Iterable

from graphql import GraphQLField, GraphQLSchema


def root_fields(schema: GraphQLSchema) -> Iterable[tuple[str, GraphQLField]]:
    """The fields of the roots by `Type.field`, without those of Federation."""
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        for name, field in (root.fields if root else {}).items():
            if root is not None and not name.startswith("_"):
                yield f"{root.name}.{name}", field
