"""A citizen claims the record that others entered for her: by what she proves that it is hers, and where it stands.

A name or a mobile alone never joins two records: it takes a sign-in that is sure enough, the number of an application
of that record with the date of birth, and then a code to the telephone on file, or an officer's word.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assurance import Assurance
from domain.errors import ErrorCode, Problem, Problems, Remedy

NEEDED = Assurance.SUBSTANTIAL
"""How sure the sign-in of the one who claims must be."""

CLAIM_LIFE = timedelta(days=30)
"""How long a claim waits for an officer."""

MOST_ASKED, ASKED_WITHIN = 5, timedelta(days=1)
"""Claims of one citizen in a day: whoever may ask for more may guess more often whose number that is."""


class ClaimWay(StrEnum):
    """By what a claim is proved."""

    CODE = "CODE"
    """A one-time code to the telephone that the record has on file."""
    OFFICER = "OFFICER"
    """An officer of the place of the application, who has seen her and her papers."""


class ClaimState(StrEnum):
    """Where a claim stands."""

    ASKED = "ASKED"
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    """The code was wrong too often."""


@dataclass(frozen=True, slots=True)
class RecordClaim:
    """One claim. `citizen_id` is the record by which she is signed in, `record_id` the one that she claims.

    `record_id` and the place are None where what she named fits no record that can be claimed; nothing that she is
    told depends on it. `reason` is what the officer wrote.
    """

    id: str
    citizen_id: str
    record_id: str | None
    application_id: str | None
    department: str | None
    district: str | None
    tehsil: str | None
    way: ClaimWay
    strength: Assurance
    state: ClaimState
    asked_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None

    def open(self, now: datetime) -> bool:
        """Whether it may still be proved."""
        return self.state is ClaimState.ASKED and now < self.asked_at + CLAIM_LIFE


def record_in_use(*path: str) -> Problems:
    """What is told where the record of the sign-in holds more than a sign-in makes: two records are not merged."""
    return Problems(Problem(ErrorCode.RECORD_IN_USE, path, Remedy.CALL_HELPLINE))
