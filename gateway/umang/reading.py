"""Reads the parameters of a UMANG call, in which every value, numbers too, may be a string.

Source: docs/contracts/umang.md section 3.2.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, LiteralString, TypeAlias, TypeVar

from pydantic import BeforeValidator, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from domain.kernel import Language, latin_digits
from gateway.umang.failures import CallFailed
from integrations.calling.answers import M
from integrations.umang.door_answers import BAD_PARAMETER, failure, field, is_empty

LONGEST, _MOST_DIGITS = 4000, 9
_CODES = {"missing": "MISSING", "enum": "NOT_LISTED", "too_long": "TOO_LONG",
          "greater_than_equal": "OUT_OF_RANGE", "less_than_equal": "OUT_OF_RANGE"}  # fmt: skip
"""Ours for pydantic's."""
E = TypeVar("E", bound=StrEnum)


def wrong(code: LiteralString) -> PydanticCustomError:
    """What a reading raises for a parameter that is wrong."""
    return PydanticCustomError(code, "is wrong")


def is_text(value: Any) -> bool:
    """Whether it is a text, or a number that may stand for one."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def _read_answer(value: Any) -> str:
    if not is_text(value):
        raise wrong("NOT_TEXT")
    return str(value)


def _read_text(value: Any) -> str:
    text = _read_answer(value).strip()
    if len(text) > LONGEST:
        raise wrong("TOO_LONG")
    return text


def _read_number(value: Any) -> int:
    text = latin_digits(_read_text(value))
    if not (text.isascii() and text.isdigit()):
        raise wrong("NOT_A_NUMBER")
    return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _read_answers(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong("NOT_AN_OBJECT")
    return {name: each for name, each in value.items() if not is_empty(each)}


def _read_rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise wrong("NOT_A_LIST")
    return list(map(_read_answers, value))


_Answer: TypeAlias = Annotated[
    str, BeforeValidator(_read_answer), WithJsonSchema({"type": ["string", "integer", "null"]})
]
Text: TypeAlias = Annotated[str, BeforeValidator(_read_text)]
Whole: TypeAlias = Annotated[
    int, BeforeValidator(_read_number), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]{1,9}$"})
]
Word: TypeAlias = Annotated[E, BeforeValidator(lambda value: _read_text(value).upper())]
Answers: TypeAlias = Annotated[dict[str, _Answer], BeforeValidator(_read_answers)]
Rows: TypeAlias = Annotated[tuple[M, ...], BeforeValidator(_read_rows)]
"""A text, or a number as text; a whole number, in Latin or Devanagari digits; a word of a list, in letters of any size;
answers of a form by the names of its questions; a list of objects."""


def read_parameters(model: type[M], given: Mapping[str, Any], language: Language) -> M:
    """The parameters of a call as their model reads them. Raises CallFailed with 0400 and every one that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    fields = [field(_name_of(one["loc"]), _CODES.get(one["type"], one["type"])) for one in found]
    raise CallFailed(failure(BAD_PARAMETER, language, payload={"fields": fields}))


def _name_of(place: tuple[int | str, ...]) -> str:
    """A field of a row is named as if it stood alone, an answer behind its form."""
    if any(isinstance(part, int) for part in place):
        return str(place[-1])
    return ".".join((to_camel(str(place[0])), *map(str, place[1:])))
