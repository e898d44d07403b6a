"""Maps the graph's errors to UMANG's result codes (docs/contracts/umang.md section 5)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from domain.kernel import ErrorCode, Language
from integrations.umang import UmangReply
from integrations.umang.door_answers import (
    BAD_PARAMETER,
    INTERNAL,
    NOT_LINKED,
    NOT_POSSIBLE,
    SOURCE_AWAY,
    TOO_MANY,
    failure,
    field,
)

PASSING = frozenset({TOO_MANY, INTERNAL, SOURCE_AWAY, NOT_LINKED})
"""Answers that the next attempt may find otherwise: they are not kept for a tracker."""

_STATUSES = {TOO_MANY: 429, INTERNAL: 500}


class CallFailed(Exception):
    """The call ends with an answer."""

    def __init__(self, answer: UmangReply) -> None:
        super().__init__(answer.code)
        self.answer = answer


def failure_of_code(
    code: ErrorCode,
    language: Language,
    *,
    text: str | None = None,
    wait: float | None = None,
    missing: Sequence[str] = (),
) -> CallFailed:
    """The end of a call for one code of the graph. `missing` are the systems that it would have needed."""
    ours = code.umang
    seconds = None if wait is None else max(1, math.ceil(wait))
    payload: dict[str, Any] | None = {"errors": [{"code": code.value}]} if ours == NOT_POSSIBLE else None
    if ours == SOURCE_AWAY:
        payload = {"partial": True, "missing": list(missing)}
    return CallFailed(
        failure(ours, language, text=text, payload=payload, status=_STATUSES.get(ours, 200), wait=seconds)
    )


def failure_of_problems(
    problems: Sequence[Mapping[str, Any]], language: Language, names: Mapping[str, str] | None = None
) -> CallFailed:
    """The end of a call for the user errors of a mutation, each with the field of UMANG that it is about.

    `names` says which of its parameters stands for a field of the graph's input. Where one cause is a rule that says
    no, that is the answer; else the parameters are.
    """
    codes = [ErrorCode[problem["code"]].umang for problem in problems]
    ours = next((code for code in codes if code != BAD_PARAMETER), BAD_PARAMETER)
    fields = [
        field(_field_of(problem["path"], names or {}), problem["code"], problem["message"]) for problem in problems
    ]
    text = problems[codes.index(ours)]["message"]
    if ours == SOURCE_AWAY:
        return CallFailed(failure(ours, language, text=text, payload={"partial": True, "missing": []}))
    payload = {"fields": fields} if ours == BAD_PARAMETER else {"errors": fields} if ours == NOT_POSSIBLE else None
    return CallFailed(failure(ours, language, text=text, payload=payload, status=_STATUSES.get(ours, 200)))


def _field_of(path: Sequence[str], names: Mapping[str, str]) -> str:
    inner = [part for part in path if part != "input"]
    if not inner:
        return "body"
    return ".".join([names.get(inner[0], inner[0]), *inner[1:]])
