"""Claims of citizens to a second record of their own: methods of proof and states of the claim.

A name or a mobile alone never joins two records: it takes a sign-in that is sure enough, the number of an application
of that record with the date of birth, and then a code to the telephone on file, or an officer's word. Two records
that were both used are joined on an officer's word alone, and only after a time in which either side may stop it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kernel import Assurance, Citizen, ErrorCode, Problem, Problems

NEEDED = Assurance.SUBSTANTIAL
"""How sure the sign-in of the one who claims must be."""

CLAIM_LIFE = timedelta(days=30)
"""How long a claim waits for an officer."""

COOLING_OFF = timedelta(days=7)
"""How long two used records stay apart after an officer agreed to join them: nothing of it can be undone later."""

MOST_ASKED, ASKED_WITHIN = 5, timedelta(days=1)
"""Claims of one citizen in a day: whoever may ask for more may guess more often whose number that is."""


class ClaimWay(StrEnum):
    """By what a claim is proved."""

    CODE = "CODE"
    """A one-time code to the telephone that the record has on file."""
    OFFICER = "OFFICER"
    """An officer of the place of the application, who has seen the claimant and the papers."""


class ClaimState(StrEnum):
    """The state of a claim."""

    ASKED = "ASKED"
    AGREED = "AGREED"
    """An officer agreed; both records were used, so they are joined after COOLING_OFF."""
    STOPPED = "STOPPED"
    """Somebody whose record it is, or an officer, stopped it before that."""
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    """The code was wrong too often."""


@dataclass(frozen=True, slots=True)
class RecordClaim:
    """One claim. `citizen_id` is the record of the signed-in claimant, `record_id` the claimed one.

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

    @property
    def joins_at(self) -> datetime | None:
        """When the two records become one; None where that was not agreed."""
        agreed = self.state is ClaimState.AGREED and self.decided_at is not None
        return self.decided_at + COOLING_OFF if agreed and self.decided_at is not None else None


def record_in_use(*path: str) -> Problems:
    """The problem where a code proved the claim, but both records were used: an officer must approve it."""
    return Problems(Problem(ErrorCode.RECORD_IN_USE, path))


def aadhaar_differs(*path: str) -> Problems:
    """The problem where the two records have different Aadhaar numbers and so belong to two people."""
    return Problems(Problem(ErrorCode.AADHAAR_DIFFERS, path))


def of_two_people(one: Citizen, other: Citizen) -> bool:
    """Whether two records bear different Aadhaar numbers. The vault gives one reference for each number."""
    return bool(one.aadhaar_reference and other.aadhaar_reference and one.aadhaar_reference != other.aadhaar_reference)
