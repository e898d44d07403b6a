"""Parses the cells of one row of old data as texts, dates, instants and codes, with each error by its column."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from domain.identity.aliases import alias_form
from domain.kernel import IST, MistypedNumber, hidden_character, holds_aadhaar, latin_digits, parse_number
from legacy.applications import Fault

LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "legacy_number": 64,
        "certificate_number": 64,
        "reason": 4000,
        "history": 60_000,
        "form": 60_000,
        "certificate_file": 500,
        "certificate_sha256": 64,
    }
)
"""Letters that a column may have; others have `USUAL`."""
USUAL = 300

REQUIRED = ("legacy_number", "service", "district", "channel", "submitted_at", "outcome")
COLUMNS = (
    *REQUIRED,
    "tehsil",
    "name_en",
    "name_hi",
    "father_name",
    "mother_name",
    "husband_name",
    "guardian_name",
    "born_on",
    "gender",
    "mobile",
    "email",
    "applicant_id",
    "aadhaar",
    "delivery",
    "fee_paise",
    "due_on",
    "history",
    "decided_at",
    "ended_at",
    "officer",
    "ground",
    "reason",
    "form",
    "certificate_number",
    "issued_on",
    "valid_until",
    "certificate_file",
    "certificate_sha256",
)
"""Every column, in CSV and in JSON Lines alike (docs/import.md)."""

_NOT_SEARCHED = frozenset({"aadhaar", "mobile", "certificate_sha256"})
"""Columns with digits of another kind, each of which is checked by its own rule."""
_NUMBERS = frozenset({"legacy_number", "certificate_number"})
_UNKEPT = re.compile("[\0\ud800-\udfff]")
"""What a database does not keep: the null character, and halves of letters."""

E = TypeVar("E", bound=StrEnum)


@dataclass
class RowCells:
    """The cells of a row. Each method notes what is wrong with its column and gives None."""

    given: Mapping[str, Any]
    now: datetime
    twelve_digit_numbers: bool = False
    """Whether old numbers may themselves have twelve digits, so that they are not taken for Aadhaar numbers."""
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def fault(self, name: str, fault: Fault) -> None:
        """Note what is wrong with a column, once; one that was refused is not called empty as well."""
        empty_only = fault is Fault.FIELD_MISSING and any(name == noted for noted, _ in self.faults)
        if not empty_only and (name, fault) not in self.faults:
            self.faults.append((name, fault))

    def take(self) -> None:
        """Texts and whole numbers of known columns, trimmed; and no Aadhaar number but in its own column."""
        for name, value in self.given.items():
            if name not in COLUMNS:
                self.fault(name if isinstance(name, str) and len(name) < 40 else "", Fault.FIELD_UNKNOWN)
            elif name in ("form", "history") or value is None:
                continue
            elif isinstance(value, bool) or not isinstance(value, str | int):
                self.fault(name, Fault.NOT_TEXT)
            elif text := str(value).strip():
                self._take_one(name, text)

    def _take_one(self, name: str, text: str) -> None:
        if len(text) > LONGEST.get(name, USUAL):
            self.fault(name, Fault.FIELD_TOO_LONG)
        elif (fault := fault_of_text(text)) is not None:
            self.fault(name, fault)
        elif self._is_searched(name) and holds_aadhaar(text):
            self.fault(name, Fault.AADHAAR_IN_TEXT)
        else:
            self.texts[name] = text

    def _is_searched(self, name: str) -> bool:
        return name not in _NOT_SEARCHED and not (name in _NUMBERS and self.twelve_digit_numbers)

    def json_of(self, name: str, kind: type) -> Any:
        """A JSON value of a column: as it is, or written in a CSV cell; None where there is none."""
        value = self.given.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            if len(value) > LONGEST[name]:
                self.fault(name, Fault.FIELD_TOO_LONG)
                return None
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = ()
        if value is not None and not isinstance(value, kind):
            self.fault(name, Fault.NOT_TEXT)
            return None
        return value

    def word(self, name: str, words: type[E], otherwise: E | None) -> E | None:
        text = self.texts.get(name)
        if text is None:
            return otherwise
        try:
            return words(text.upper().replace(" ", "_").replace("-", "_"))
        except ValueError:
            self.fault(name, Fault.WORD_UNKNOWN)
            return None

    def number(self, name: str) -> str | None:
        text = self.texts.get(name)
        if text is None:
            return None
        number = alias_form(text)
        if number is None:
            self.fault(name, Fault.NUMBER_NOT_USABLE)
        elif _is_ours(number):
            self.fault(name, Fault.NUMBER_IS_OURS)
        return number

    def day(self, name: str, *, past: bool = True) -> date | None:
        text = self.texts.get(name)
        if text is None:
            return None
        try:
            day = date.fromisoformat(latin_digits(text))
        except ValueError:
            self.fault(name, Fault.NOT_A_DAY)
            return None
        if past and day > self.now.astimezone(IST).date():
            self.fault(name, Fault.IN_THE_FUTURE)
        return day

    def instant(self, name: str) -> datetime | None:
        text = self.texts.get(name)
        return None if text is None else self.instant_in(name, text)

    def instant_in(self, name: str, text: str) -> datetime | None:
        """An instant; without an offset it is India's, and a day alone is its first moment there."""
        try:
            instant = datetime.fromisoformat(latin_digits(text))
        except ValueError:
            self.fault(name, Fault.NOT_AN_INSTANT)
            return None
        instant = instant if instant.tzinfo else instant.replace(tzinfo=IST)
        if instant > self.now:
            self.fault(name, Fault.IN_THE_FUTURE)
        return instant

    def whole_number(self, name: str) -> int | None:
        text = latin_digits(self.texts.get(name, ""))
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 12:
            self.fault(name, Fault.NOT_A_NUMBER)
            return None
        return int(text)


def fault_of_text(text: str) -> Fault | None:
    """What is wrong with the letters of a text: one that a database does not keep, or that nobody sees; else None."""
    if _UNKEPT.search(text) is not None:
        return Fault.NOT_TEXT
    return None if hidden_character(text) is None else Fault.HIDDEN_CHARACTER


def _is_ours(number: str) -> bool:
    try:
        parse_number(number)
    except MistypedNumber:
        return False
    return True
