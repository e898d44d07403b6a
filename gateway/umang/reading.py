"""Parses the parameters of a UMANG call, in which every value, numbers too, may be a string.

Source: docs/contracts/umang.md section 3.2.
"""

from collections.abc import Mapping
from typing import Any

from domain.kernel import Language, latin_digits
from gateway.umang.failures import CallFailed
from integrations.umang.door_answers import BAD_PARAMETER, failure, field, is_empty

LONGEST = 4000
MOST_PAGE, MOST_LIMIT = 1000, 50


class CallParameters:
    """The parameters of one call. Every wrong one is collected; `raise_problems` raises CallFailed with all of them."""

    def __init__(self, parameters: Mapping[str, Any], language: Language) -> None:
        self._parameters = parameters
        self._language = language
        self._wrong: list[dict[str, str]] = []

    def raise_problems(self) -> None:
        """Raise CallFailed with 0400 where anything was wrong."""
        if self._wrong:
            raise CallFailed(failure(BAD_PARAMETER, self._language, payload={"fields": self._wrong}))

    def wrong(self, name: str, code: str) -> None:
        """Note that a parameter is wrong."""
        self._wrong.append(field(name, code))

    def text(self, name: str, *, needed: bool = True, longest: int = LONGEST) -> str:
        """A text, or a number as text; empty where it is missing."""
        value = self._parameters.get(name)
        if value is None:
            if needed:
                self.wrong(name, "MISSING")
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.wrong(name, "NOT_TEXT")
            return ""
        text = str(value).strip()
        if len(text) > longest:
            self.wrong(name, "TOO_LONG")
            return ""
        return text

    def whole_number(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number, in Latin or Devanagari digits."""
        text = latin_digits(self.text(name, needed=default is None))
        if not text:
            return least if default is None else default
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
            self.wrong(name, "OUT_OF_RANGE" if text.isascii() and text.isdigit() else "NOT_A_NUMBER")
            return least
        return int(text)

    def one_of(self, name: str, choices: frozenset[str], *, default: str | None = None) -> str | None:
        """A word of a list, in letters of any size; `default` where it is missing."""
        text = self.text(name, needed=False).upper()
        if not text:
            return default
        if text not in choices:
            self.wrong(name, "NOT_LISTED")
            return default
        return text

    def page(self) -> tuple[int, int]:
        """How many rows come before the page, and how many it has (docs/contracts/umang.md section 6)."""
        page = self.whole_number("page", least=1, most=MOST_PAGE, default=1)
        limit = self.whole_number("limit", least=1, most=MOST_LIMIT, default=MOST_LIMIT)
        return (page - 1) * limit, limit

    def answers(self, name: str) -> dict[str, str]:
        """Answers of a form: a mapping of texts; one that says that it is empty is left out."""
        value = self._parameters.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, "NOT_AN_OBJECT")
            return {}
        found: dict[str, str] = {}
        for key, each in value.items():
            if is_empty(each):
                continue
            if isinstance(each, bool) or not isinstance(each, str | int):
                self.wrong(f"{name}.{key}", "NOT_TEXT")
                continue
            found[str(key)] = str(each)
        return found

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects."""
        value = self._parameters.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.wrong(name, "NOT_A_LIST")
            return []
        return value

    def row_parameters(self, row: Mapping[str, Any]) -> "CallParameters":
        """The same for an object inside; what is wrong there is reported with the rest."""
        inner = CallParameters({name: value for name, value in row.items() if not is_empty(value)}, self._language)
        inner._wrong = self._wrong
        return inner
