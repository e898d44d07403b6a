"""Reports each cause of an invalid answer: its code, its path in the form and the parameters of its message."""

from collections.abc import Mapping
from typing import Any

from domain.catalogue.forms import Check, Question
from domain.kernel import Bilingual, ErrorCode, Problem
from domain.kernel.messages import bilingual

PATH = ("input", "form")
"""The path of the answers in the input of a mutation."""

_TOO_LITTLE, _TOO_MUCH = bilingual("form.limit.at_least"), bilingual("form.limit.at_most")
_TOO_EARLY, _TOO_LATE = bilingual("form.limit.or_later"), bilingual("form.limit.or_earlier")
_CHARACTERS, _ROWS = bilingual("form.limit.characters"), bilingual("form.limit.entries")
_EXPECTED = {kind: bilingual(f"form.expected.{kind}") for kind in ("WHOLE_NUMBER", "DATE", "YES_NO", "TEXT")}
_E_MAIL = bilingual("form.expected.E_MAIL")


def problem(code: ErrorCode, question: Question, name: str, **words: Bilingual) -> Problem:
    """A cause at a question; `words` are the message's parameters besides the question's label."""
    expected = question.hint or _EXPECTED.get(question.kind.value) or question.help or question.label
    texts = {"label": question.label, "expected": expected, **words}
    untouched = question.must_agree and code is ErrorCode.FORM_ANSWER_MISSING
    return Problem(code, (*PATH, *name.split(".")), texts=texts, sentence="form.tick" if untouched else None)


def unknown(name: str) -> Problem:
    """An answer to what the form does not ask."""
    return Problem(ErrorCode.FORM_QUESTION_UNKNOWN, (*PATH, *name.split(".")))


def not_asked(question: Question, name: str) -> Problem:
    """An answer to what is not asked of this person."""
    return problem(ErrorCode.FORM_QUESTION_NOT_ASKED, question, name)


def aadhaar_inside(question: Question, name: str) -> Problem:
    """An Aadhaar number in an answer: those are stored in the vault only (ADR 0015)."""
    return problem(ErrorCode.FORM_AADHAAR_NOT_HERE, question, name)


def too_long(question: Question, name: str, longest: int) -> Problem:
    """An answer of too many characters."""
    limit = _insert_limit(_TOO_MUCH, _insert_limit(_CHARACTERS, longest))
    return problem(ErrorCode.FORM_VALUE_TOO_LONG, question, name, limit=limit)


def out_of_days(question: Question, name: str, day: str, *, too_late: bool) -> Problem:
    """A day that is too early or too late; `day` is the last or first that is allowed."""
    year, month, of_month = day.split("-")
    shown = f"{of_month}-{month}-{year}"
    limit = _insert_limit(_TOO_LATE if too_late else _TOO_EARLY, shown)
    return problem(ErrorCode.FORM_VALUE_OUT_OF_RANGE, question, name, limit=limit)


def check_failed(question: Question, check: Check) -> Problem:
    """A rule between answers that does not hold."""
    return problem(ErrorCode.FORM_ANSWERS_DISAGREE, question, question.name, rule=check.message)


def from_validator(error: Any, question: Question, name: str) -> Problem:
    """A cause that the JSON Schema validator found."""
    keyword, facts = error.kind.name, error.kind.as_dict()
    if keyword == "maxLength":
        return too_long(question, name, facts["limit"])
    code = _CODES.get(keyword, ErrorCode.FORM_VALUE_INVALID)
    return problem(code, question, name, **_words(keyword, facts, question))


_CODES = {
    "required": ErrorCode.FORM_ANSWER_MISSING,
    "const": ErrorCode.FORM_ANSWER_MISSING,
    "enum": ErrorCode.FORM_VALUE_NOT_LISTED,
    "minimum": ErrorCode.FORM_VALUE_OUT_OF_RANGE,
    "maximum": ErrorCode.FORM_VALUE_OUT_OF_RANGE,
    "minItems": ErrorCode.FORM_VALUE_OUT_OF_RANGE,
    "maxItems": ErrorCode.FORM_VALUE_OUT_OF_RANGE,
}
"""By keyword; every other keyword that fails says that the value is not correct."""


def _words(keyword: str, facts: Mapping[str, Any], question: Question) -> dict[str, Bilingual]:
    """The parameters of a keyword's message besides the question's label."""
    bound = _TOO_LITTLE if keyword.startswith("min") else _TOO_MUCH
    match keyword:
        case "minimum" | "maximum":
            return {"limit": _insert_limit(bound, facts["limit"])}
        case "minItems" | "maxItems":
            return {"limit": _insert_limit(bound, _insert_limit(_ROWS, facts["limit"]))}
        case "minLength":
            return {"expected": question.hint or _insert_limit(bound, _insert_limit(_CHARACTERS, facts["limit"]))}
        case "format" if question.email:
            return {"expected": _E_MAIL}
    return {}


def _insert_limit(words: Bilingual, limit: Bilingual | str | int) -> Bilingual:
    within = limit if isinstance(limit, Bilingual) else Bilingual(str(limit), str(limit))
    return Bilingual((words.hi or "").format(limit=within.hi), words.en.format(limit=within.en))
