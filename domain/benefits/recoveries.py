"""Types for recoveries of payments that were not due: the amount owed, the method and the repayments."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RecoveryGround(StrEnum):
    """Why it was not due, by code."""

    PAID_AFTER_DEATH = "PAID_AFTER_DEATH"
    PAID_WHILE_INELIGIBLE = "PAID_WHILE_INELIGIBLE"
    PAID_TWICE = "PAID_TWICE"
    WRONG_AMOUNT = "WRONG_AMOUNT"


class RecoveryWay(StrEnum):
    """The method of a repayment."""

    DEDUCTION = "DEDUCTION"
    """A part of each later instalment is kept back."""
    CHALLAN = "CHALLAN"
    """It is paid into the treasury, and the number of the challan is noted."""


class RecoveryState(StrEnum):
    """The state of a recovery."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    OPEN = "OPEN"
    RECOVERED = "RECOVERED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Recovery:
    """The amount to be recovered under one sanction. Amounts are paise."""

    id: str
    citizen_id: str
    sanction_id: str
    number: int
    """Its place among the recoveries of the sanction, from 1."""
    amount_paise: int
    recovered_paise: int
    ground: RecoveryGround
    way: RecoveryWay
    state: RecoveryState
    made_by: str
    made_at: datetime

    @property
    def outstanding_paise(self) -> int:
        """What has not come back yet."""
        return self.amount_paise - self.recovered_paise

    @property
    def due(self) -> bool:
        """Whether anything of it is still to come back."""
        return self.outstanding_paise > 0 and self.state is not RecoveryState.CANCELLED

    @property
    def claimed_paise(self) -> int:
        """What it takes of that which was paid: all of it, or where it was cancelled what had come back by then."""
        return self.recovered_paise if self.state is RecoveryState.CANCELLED else self.amount_paise


@dataclass(frozen=True, slots=True)
class RecoveryPart:
    """A part that came back: kept back from an instalment, or paid by a challan."""

    recovery_id: str
    citizen_id: str
    reference: str
    """The instalment, or the number of the challan; a part with the same reference comes once."""
    amount_paise: int
    at: datetime


def deduction_of(amount_paise: int, outstanding_paise: int, share_percent: int) -> int:
    """How much of an instalment is kept back: at most its share, never all of it, never more than is outstanding."""
    share = amount_paise * share_percent // 100
    return max(0, min(outstanding_paise, share, amount_paise - 1))
