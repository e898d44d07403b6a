"""Prints the schema to schema/schema.graphql, which a test compares with the code."""

import schema


def printed_schema() -> str:
    """The SDL of the whole subgraph, ending in a line break."""
    return schema.build().as_str() + "\n"
