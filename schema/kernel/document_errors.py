"""Messages about an invalid GraphQL document that repeat no value sent by the caller.

Validation messages of graphql-core that hold only names of the schema and the document are kept: a developer
needs them. Messages that quote values, which may be personal data, are replaced (docs/reliability.md section 4).
"""

import re

from graphql import GraphQLError, GraphQLSyntaxError

from domain.kernel import ErrorCode, Language
from domain.kernel.messages import message

_NAMES_ONLY = (
    "Cannot query field ",
    "Cannot spread fragment ",
    "Unknown argument ",
    "Unknown type ",
    "Unknown fragment ",
    "Unknown directive ",
    "Directive ",
    "Field ",
    "Fields ",
    "Fragment ",
    "There can be only one ",
    "This anonymous operation ",
    "Variable '$",
    'Variable "$',
)
_WITH_VALUE = re.compile(
    r"^Variable ['\"](?P<name>\$\w+)['\"] (?:got|has) (?:an )?invalid (?:default )?value|^Invalid value"
)


def document_message(error: GraphQLError, language: Language) -> str:
    """The text about a document, an argument or a variable that is not valid.

    What a person reads is in her language; what a developer looks for follows in brackets, in English.
    """
    told, found = message(ErrorCode.BAD_INPUT, language), _describe_error(error)
    return f"{told} [{found}]" if found else told


def _describe_error(error: GraphQLError) -> str | None:
    if isinstance(error, GraphQLSyntaxError):
        return _with_position(error, "Syntax error")
    with_value = _WITH_VALUE.match(error.message)
    if with_value:
        name = with_value["name"]
        return f"Variable '{name}' has a value of the wrong type." if name else "A value has the wrong type."
    if error.message.startswith(_NAMES_ONLY):
        return error.message
    if error.path is not None or not error.nodes:
        return None
    return _with_position(error, "Not valid")


def nameless(error: GraphQLError) -> GraphQLError:
    """The error with its place only: the names that graphql-core tells and suggests teach a stranger the graph."""
    if isinstance(error, GraphQLSyntaxError):
        return error
    return GraphQLError("", nodes=error.nodes, source=error.source, positions=error.positions)


def _with_position(error: GraphQLError, what: str) -> str:
    place = error.locations[0] if error.locations else None
    return f"{what} at line {place.line}, column {place.column}." if place else f"{what}."
