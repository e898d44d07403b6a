"""Derives the bill number and end-to-end id of a payment from its sanction number.

One instalment of one sanction has one bill number and one end-to-end id for ever
(docs/contracts/dbt_finance.md section 10), so both follow from the sanction number and the sequence.
"""

import hashlib

from domain.kernel import LENGTH, NumberKind, make_number
from domain.kernel.state import installed_state

_SEEDED_YEAR = 2025


def bill_number(sanction_number: str, sequence: int) -> str:
    """The bill of one instalment; sequences count from 1 to 999."""
    return f"{installed_state().letters}B{_payment(sanction_number, sequence)}"


def end_to_end_id(sanction_number: str, sequence: int) -> str:
    """The end-to-end id of one instalment, unique over the whole life of the exchange."""
    return f"{installed_state().letters}E{_payment(sanction_number, sequence)}"


def seeded_sanction_number(person_key: str, scheme_code: str) -> str:
    """The number of a demo sanction, the same in every installation so that payments can be scripted."""
    digest = hashlib.sha256(f"{person_key}/{scheme_code}".encode()).hexdigest()
    return make_number(NumberKind.PAYMENT, _SEEDED_YEAR, f"{int(digest, 16) % 10**10:010d}")


def _payment(sanction_number: str, sequence: int) -> str:
    if len(sanction_number) != LENGTH or not 1 <= sequence <= 999:
        raise ValueError("a fourteen-digit sanction number and a sequence from 1 to 999 are needed")
    return f"{sanction_number}{sequence:03d}"
