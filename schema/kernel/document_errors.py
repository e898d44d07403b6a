"""What is wrong with a GraphQL document, a variable or an argument, in words that repeat no value of the caller's.

Messages of graphql-core quote values, which may be personal data: only names of the schema and the document are taken
from them (docs/reliability.md section 4).
"""

import re

from graphql import GraphQLError, GraphQLSyntaxError

from domain.kernel import ErrorCode, Language, Problem
from domain.kernel.messages import catalogue, filled_label, label, message

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
    "Variable '",
    'Variable "',
)
_VARIABLE = re.compile(
    r"^Variable '(?P<variable>\$\w+)' (?:got|has) (?:an )?invalid (?:default )?value(?: at [^:]*)?: (?P<reason>.*)",
    re.DOTALL,
)
_NAME = r"[_A-Za-z]\w{0,60}"
_REASONS = tuple(
    (re.compile(pattern, re.DOTALL), key)
    for pattern, key in (
        (
            rf"Argument '(?:\w+\.)?(?P<name>\w+\({_NAME}:\))' of type '(?P<type>[^']+)' is req",
            "document.argument_missing",
        ),
        (
            rf"Expected value of type '(?P<type>\w+)' not to include unknown field '(?P<name>{_NAME})'",
            "document.unknown",
        ),
        (r"Expected value of type '(?P<type>\w+)' to include required field '(?P<name>\w+)'", "document.field_missing"),
        (r"OneOf Input Object '(?P<type>\w+)' must specify exactly one key", "document.one_of"),
        (r"Value for member field '(?P<name>\w+)' must be non-null", "document.null"),
        (r"Expected value of type '\w+', found null\. Field '(?P<name>\w+)'", "document.null"),
        (r"Expected (?:a )?value of non-null type '(?P<type>[^']+)' (?:to be|not to be)", "document.value_missing"),
        (r"(?:Value|Enum) .*'(?P<type>\w+)'(?: enum| cannot represent)", "document.enum"),
        (r"(?P<type>[A-Z]\w*) cannot represent", "document.type"),
        (r"Expected value of type '(?P<type>[^']+)' to be an object", "document.type"),
    )
)
"""Messages of graphql-core and Strawberry by their beginning, and the text that says the same without the value."""

_INDEX = re.compile(r"[A-Za-z]\w{0,40}|\d{1,3}")


def document_message(error: GraphQLError, language: Language) -> str:
    """The text about a document, an argument or a variable that is not valid.

    What a person reads comes first; what a developer looks for follows in brackets.
    """
    told, found = message(ErrorCode.BAD_INPUT, language), _describe_error(error, language)
    return f"{told} [{found}]" if found else told


def wrong_input(problem: Problem, language: Language) -> str | None:
    """Which input or argument a problem names, with the limit that it broke; None where it names nothing.

    A step of the path that could be the caller's own word, such as the name of a question, is left out.
    """
    if problem.detail is not None and (known := catalogue(language).get(f"request.{problem.detail}")):
        return known
    path = problem.path[1:] if problem.path[:1] == ("input",) else problem.path
    named = () if path[:1] == ("form",) else path
    name = ".".join(step for step in named if _INDEX.fullmatch(step))
    limit = next((key for key, needed in _LIMITS.items() if needed <= problem.params.keys()), None)
    what = None if limit is None else filled_label(limit, language, problem.params)
    return ": ".join(one for one in (name, what) if one) or None


_LIMITS = {"limit.range": {"least", "most"}, "limit.longest": {"longest"}, "limit.most": {"most"}}
"""The text about a limit, and the parameters of a problem that it needs; the first that fits says it."""


def _describe_error(error: GraphQLError, language: Language) -> str | None:
    if isinstance(error, GraphQLSyntaxError):
        return _with_position(error, "syntax", language)
    variable = _VARIABLE.match(error.message)
    reason = _reason(variable["reason"] if variable else error.message, language)
    if variable:
        what = reason or label("document.wrong_value", language)
        return filled_label("document.variable", language, {"variable": variable["variable"], "what": what})
    if reason is not None:
        return reason
    if error.message.startswith(("Invalid value", "Variable '$")) and " invalid " in error.message:
        return label("document.wrong_value", language)
    if error.message.startswith(_NAMES_ONLY):
        return error.message
    if error.path is not None or not error.nodes:
        return None
    return _with_position(error, "not_valid", language)


def _reason(text: str, language: Language) -> str | None:
    for pattern, key in _REASONS:
        if found := pattern.match(text):
            return filled_label(key, language, found.groupdict())
    return None


def nameless(error: GraphQLError) -> GraphQLError:
    """The error with its place only: the names that graphql-core tells and suggests teach a stranger the graph."""
    if isinstance(error, GraphQLSyntaxError):
        return error
    return GraphQLError("", nodes=error.nodes, source=error.source, positions=error.positions)


def _with_position(error: GraphQLError, what: str, language: Language) -> str:
    place = error.locations[0] if error.locations else None
    if place is None:
        return label(f"document.{what}", language)
    return filled_label(f"document.{what}_at", language, {"line": str(place.line), "column": str(place.column)})
