"""What is to become of each payment of the pension day: which files PFMS refuses, which lines, and what comes back.

The kinds are those of docs/contracts/dbt_finance.md sections 2.6 and 3.1. The sandbox does it by account and by file
(sandbox/dbt_finance/pfms/times.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.benefits.benefits import PaymentStatus
from sandbox.dbt_finance.pfms.times import APBS_CODES, LATE_CODE, LINE_CODES

FILES = 50
"""As many at least, so that a small run has files of every kind too."""
BY_AADHAAR = 3
"""So many of the last files are paid by Aadhaar."""
EVERY = 1_000
"""Of so many payments in other files one comes back by each code."""
GOOD, LATE, WITHOUT_REFERENCE = "600", "677", "688"

_HELD = "whole file refused {}, released by officers, then paid"
LINES = "right line of a file with wrong ones, then paid"


@dataclass(frozen=True, slots=True)
class Kind:
    """What becomes of a payment: in which state it ends, and with which code it comes back or is refused."""

    name: str
    ends: PaymentStatus | None = PaymentStatus.CREDITED
    """None where PFMS has none of it in the end."""
    account: str = GOOD
    code: str | None = None
    by_aadhaar: bool = False


_WHOLE: Mapping[int, tuple[str, Mapping[str, Any]]] = {
    2: (_HELD.format("DBE0001"), {"codes": ["DBE0001"]}),
    3: (_HELD.format("DBE0002"), {"codes": ["DBE0002"], "reasons": "header"}),
    4: (_HELD.format("DBE0003"), {"codes": ["DBE0003"], "reasons": "line"}),
    5: ("whole file called a duplicate, NOT_RECEIVED by two officers, then paid", {"codes": ["DBE0004"]}),
    6: (_HELD.format("with an unknown code"), {"codes": ["XYZ9"]}),
    7: (_HELD.format("without a code"), {"codes": [], "reasons": "none"}),
    8: (_HELD.format("with an empty code"), {"codes": [], "reasons": "empty"}),
    9: ("whole file refused after it was taken, a case, paid all the same", {"codes": ["DBE0019"], "late": True}),
    10: ("whole file refused as its day was past, then paid by itself", {"hours": 20}),
}
"""By the number of the file: what PFMS says of the whole of it."""
_WRONG_LINES, _NO_REFERENCES = 11, 12


def paise_of(number: int) -> int:
    """The amount of a payment: 1,500 rupees and some paise, so that few are equal."""
    return 150_000 + number % 9_973


def verdicts() -> dict[str, Mapping[str, Any]]:
    """What PFMS says of whole files of the first day, by their message ids."""
    return {f"0905DBTPAYREQ25112026{number}": said for number, (_, said) in _WHOLE.items()}


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of so many payments in files of so many lines."""

    many: int
    lines: int

    def kind_of(self, number: int) -> Kind:
        """What is to become of a payment, by its number from 1."""
        file, place = divmod(number - 1, self.lines)
        aadhaar = number > self.many - BY_AADHAAR * self.lines
        if file + 1 in _WHOLE and not aadhaar:
            return Kind(_WHOLE[file + 1][0])
        if file + 1 == _WRONG_LINES:
            return self._in_wrong_file(place)
        if file + 1 == _NO_REFERENCES and place % 4 == 0:
            return Kind("credited without a reference", account=WITHOUT_REFERENCE)
        return _usual(number % min(EVERY, self.lines), aadhaar=aadhaar)

    def _in_wrong_file(self, place: int) -> Kind:
        each = max(self.lines // 100, 1)
        if place < each * len(LINE_CODES):
            digits = LINE_CODES[place // each]
            return Kind(f"line refused DBE00{digits}", None, f"7{digits}", f"DBE00{digits}")
        return Kind(LINES)


def _usual(place: int, *, aadhaar: bool) -> Kind:
    way = " by Aadhaar" if aadhaar else ""
    if place < len(APBS_CODES):
        code = APBS_CODES[place]
        return Kind(f"returned {code}{way}", PaymentStatus.RETURNED, f"8{code}", code, aadhaar)
    if place == len(APBS_CODES):
        return Kind(f"credited, returned later{way}", PaymentStatus.RETURNED, LATE, LATE_CODE, aadhaar)
    return Kind(f"credited{way}", by_aadhaar=aadhaar)
