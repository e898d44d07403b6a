"""Derives the bill number and end-to-end id of a payment from its sanction number.

One instalment of one sanction has one bill number and one end-to-end id for ever
(docs/contracts/dbt_finance.md section 10), so both follow from the sanction number and the sequence.
"""

from domain.kernel import LENGTH
from domain.kernel.state import installed_state


def bill_number(sanction_number: str, sequence: int) -> str:
    """The bill of one instalment; sequences count from 1 to 999."""
    return f"{installed_state().letters}B{_payment(sanction_number, sequence)}"


def end_to_end_id(sanction_number: str, sequence: int) -> str:
    """The end-to-end id of one instalment, unique over the whole life of the exchange."""
    return f"{installed_state().letters}E{_payment(sanction_number, sequence)}"


def _payment(sanction_number: str, sequence: int) -> str:
    if len(sanction_number) != LENGTH or not 1 <= sequence <= 999:
        raise ValueError("a fourteen-digit sanction number and a sequence from 1 to 999 are needed")
    return f"{sanction_number}{sequence:03d}"
