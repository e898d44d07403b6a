"""The change feed: what changed, its position in commit order, and the filter of a reader.

A row names things by their keys and says nothing about them; their present values are read on delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.kernel import Posting


class ChangeKind(StrEnum):
    """The kind of a change."""

    APPLICATION = "APPLICATION"
    """An application, or something that belongs to it, changed or came to be."""

    QUEUE = "QUEUE"
    """Who works on a case changed: a claim, or a decision that waits for a second officer."""

    PAYMENT = "PAYMENT"
    """A payment of a benefit changed or came to be."""

    HANDED_IN = "HANDED_IN"
    DECIDED = "DECIDED"
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CLEARANCE_ASKED = "CLEARANCE_ASKED"
    """What receivers of events are told (domain/platform/event_receivers.py); a clearance is its own object."""


OF_APPLICATIONS = (ChangeKind.APPLICATION, ChangeKind.PAYMENT)
"""Changes of an application that its citizen sees."""

OF_QUEUES = (ChangeKind.APPLICATION, ChangeKind.QUEUE)
"""What an officer sees of a queue."""


class Position(NamedTuple):
    """A place in the order of commits: the number of the transaction, then that of the row in it.

    On SQLite, which has one writer at a time, the rows are in that order by themselves and `transaction` is 0.
    """

    transaction: int
    row: int


START = Position(-1, 0)
"""Before everything."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the feed. `application_id` is also that of a payment's benefit, None where it has none."""

    position: Position
    kind: ChangeKind
    object_id: str
    citizen_id: str
    application_id: str | None
    department: str | None
    district: str
    tehsil: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter of a reader: these kinds, of one application, or of one citizen, or of the places of postings.

    What is None is no condition; without postings an officer's places cover nothing.
    """

    kinds: Sequence[ChangeKind]
    application_id: str | None = None
    citizen_id: str | None = None
    postings: Sequence[Posting] | None = field(default=None)

    def takes(self, change: Change) -> bool:
        """Whether a row may be for this reader: it does not tell the service, which the case tells when it is read."""
        return (
            change.kind in self.kinds
            and self.application_id in (None, change.application_id)
            and self.citizen_id in (None, change.citizen_id)
            and (
                self.postings is None
                or any(one.covers_place(change.department, change.district, change.tehsil) for one in self.postings)
            )
        )


@dataclass(frozen=True, slots=True)
class FeedState:
    """The feed at one moment: its name, what was swept, and where a reader stands that has read everything.

    The name is another one after a restoration or a fail-over: then places of before mean nothing.
    """

    name: str
    swept: Position
    end: Position
