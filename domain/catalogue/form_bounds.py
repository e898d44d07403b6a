"""Limits on the size, depth and JSON syntax of a form file, and the error that refuses a file."""

import json
from enum import StrEnum
from typing import Any, NoReturn

LARGEST_FILE = 256 * 1024
"""Octets of a form file."""

DEEPEST = 16
"""Levels of lists and objects of a form file."""


class Reason(StrEnum):
    """Why a form file is refused."""

    TOO_LARGE = "TOO_LARGE"
    TOO_DEEP = "TOO_DEEP"
    NOT_JSON = "NOT_JSON"
    NOT_A_FORM = "NOT_A_FORM"
    NO_COMMON_FILE = "NO_COMMON_FILE"
    REFERENCE_UNKNOWN = "REFERENCE_UNKNOWN"
    PATTERN_UNSAFE = "PATTERN_UNSAFE"
    QUESTION_UNKNOWN = "QUESTION_UNKNOWN"
    QUESTION_NOT_IN_ONE_SECTION = "QUESTION_NOT_IN_ONE_SECTION"
    OTHER_SCRIPT = "OTHER_SCRIPT"
    OPTION_WITHOUT_LABEL = "OPTION_WITHOUT_LABEL"
    RULE_TOO_DEEP = "RULE_TOO_DEEP"
    RULE_DOES_NOT_FIT = "RULE_DOES_NOT_FIT"
    ALWAYS_REQUIRED_BUT_HIDDEN = "ALWAYS_REQUIRED_BUT_HIDDEN"
    BOUNDS_CROSSED = "BOUNDS_CROSSED"
    TOO_MANY_ANSWERS = "TOO_MANY_ANSWERS"
    ASKS_AADHAAR = "ASKS_AADHAAR"
    FACT_UNKNOWN = "FACT_UNKNOWN"
    EXAMPLE_WRONG = "EXAMPLE_WRONG"
    SERVICE_TAKEN = "SERVICE_TAKEN"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"


class FormRefused(ValueError):
    """A form file that is not taken. `place` leads into the file; `keyword` says more."""

    def __init__(self, reason: Reason, *place: str, keyword: str | None = None) -> None:
        self.reason, self.place, self.keyword = reason, "/".join(place)[:200], keyword
        told = f" ({keyword})" if keyword else ""
        super().__init__(f"{reason.value} at /{self.place}{told}")


def read_json(content: bytes) -> dict[str, Any]:
    """The object in a file. Raises FormRefused for a file that is too large or deep, or no plain JSON object."""
    if len(content) > LARGEST_FILE:
        raise FormRefused(Reason.TOO_LARGE, keyword=str(LARGEST_FILE))
    if _depth(content) > DEEPEST:
        raise FormRefused(Reason.TOO_DEEP, keyword=str(DEEPEST))
    try:
        read = json.loads(content.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_such_number)
    except FormRefused:
        raise
    except (UnicodeDecodeError, ValueError):
        raise FormRefused(Reason.NOT_JSON) from None
    if not isinstance(read, dict):
        raise FormRefused(Reason.NOT_JSON)
    return read


def _depth(content: bytes) -> int:
    """How deep brackets are nested, strings left out; found before anything is parsed."""
    deepest = level = 0
    in_string = escaped = False
    for octet in content:
        if in_string:
            in_string = escaped or octet != 0x22
            escaped = octet == 0x5C and not escaped
        elif octet == 0x22:
            in_string, escaped = True, False
        elif octet in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif octet in b"]}":
            level -= 1
    return deepest


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormRefused(Reason.NOT_JSON, keyword="a name twice")
    return found


def _no_such_number(_: str) -> NoReturn:
    raise FormRefused(Reason.NOT_JSON, keyword="not a number of JSON")
