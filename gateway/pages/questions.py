"""What a page that asks something runs its operation with, and what it says at which field where there is no answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from domain.kernel import ErrorCode, Language, Problem
from domain.kernel.messages import filled_label, label
from gateway.pages.posted import unfit_fields
from schema.kernel.errors import text_of


def fields_to_ask_with(
    groups: Sequence[Sequence[str]], fields: Mapping[str, Sequence[str]], language: Language
) -> tuple[dict[str, Sequence[str]], list[dict[str, str]]]:
    """The fields with the first one of each group that is filled in, and what is said of groups that are empty."""
    asked = {name for group in groups for name in group}
    given = {name: texts for name, texts in fields.items() if name not in asked}
    empty = []
    for group in groups:
        filled = next((name for name in group if "".join(fields.get(name, ())).strip()), None)
        if filled is None:
            empty.append({"field": group[0], "message": label("page.frame.fill_in", language)})
        else:
            given[filled] = fields[filled]
    return given, empty


def told_of_unfit(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fields: Mapping[str, Sequence[str]], language: Language
) -> dict[str, str]:
    """What is said of the fields that do not fit what the operation takes, by name."""
    return {
        name: filled_label(f"page.frame.unfit_{kind}", language, {"typed": fields[name][-1]})
        for name, kind in unfit_fields(schema, operation, fields).items()
    }


def told_at_field(
    errors: Sequence[Mapping[str, Any]], problem: Problem, asked: Sequence[str], language: Language
) -> dict[str, str]:
    """What is said of an answer without what was asked for, at which of the fields that were filled in."""
    own: Mapping[str, Any] = {"message": text_of(problem, language), "extensions": {}}
    first = errors[0] if errors else own
    at = ""
    if problem.code in (ErrorCode.NUMBER_MISTYPED, ErrorCode.NOT_FOUND):
        at = asked[0]
    elif problem.code is ErrorCode.BAD_INPUT:  # a number is any text; what does not fit its type is what comes after
        wrong = first["extensions"].get("detail") or asked[-1]
        at = next((name for name in asked if name.startswith(wrong)), asked[-1])
    return {"field": at, "message": first["message"]}
