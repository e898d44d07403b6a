"""Reference numbers of fourteen digits with a check digit.

Kind, two-digit year, ten random digits, one Verhoeff check digit (ADR 0013).
"""

from enum import Enum

from stdnum import verhoeff

from domain.kernel.errors import MistypedNumber
from domain.kernel.text import latin_digits

LENGTH = 14


class NumberKind(Enum):
    """What a reference number refers to; the value is its first digit."""

    APPLICATION = "1"
    CERTIFICATE = "2"
    APPEAL = "3"
    PAYMENT = "4"
    ACKNOWLEDGEMENT = "5"
    GRIEVANCE = "6"
    ROSTER = "7"


def make_number(kind: NumberKind, year: int, ten_digits: str) -> str:
    """Build a number for a calendar year in India from ten random digits."""
    if len(ten_digits) != 10 or not ten_digits.isdigit():
        raise ValueError("ten random digits are needed")
    body = f"{kind.value}{year % 100:02d}{ten_digits}"
    return body + verhoeff.calc_check_digit(body)


def parse_number(text: str, kind: NumberKind | None = None) -> str:
    """The fourteen Latin digits of what a person keyed; spaces and Devanagari digits are accepted.

    Raises MistypedNumber where length, kind or check digit is wrong.
    """
    digits = latin_digits("".join(text.split()).replace("-", ""))
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdigit()):
        raise MistypedNumber
    if kind is not None and digits[0] != kind.value:
        raise MistypedNumber
    if not verhoeff.is_valid(digits):
        raise MistypedNumber
    return digits


def show_number(number: str) -> str:
    """The number as people read it: 4-5-5."""
    return f"{number[:4]} {number[4:9]} {number[9:]}"
