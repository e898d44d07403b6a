"""Types for the Right to Service Commission: cases, its messages to the portal, and the monthly delay review.

The interface is docs/contracts/right_to_service.md section 6, which is INFERRED; what it leaves open is settled in
docs/commission.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.appeals.appeals import AppealGround, AppealLevel
from domain.kernel.state import installed_state


class CommissionWord(StrEnum):
    """What the Commission reports of a case (docs/contracts/right_to_service.md section 6.2)."""

    HEARING_FIXED = "HEARING_FIXED"
    DIRECTION = "DIRECTION"
    DECIDED = "DECIDED"
    PENALTY = "PENALTY"
    COMPENSATION = "COMPENSATION"
    TRANSFERRED = "TRANSFERRED"


class MessageState(StrEnum):
    """The outcome of a message of the Commission."""

    APPLIED = "APPLIED"
    WAITING = "WAITING"
    """It rests on another one that has not come yet, such as a penalty before its hearing."""
    SUPERSEDED = "SUPERSEDED"
    """What is recorded is later than it, or says the same; nothing was changed."""
    REFUSED = "REFUSED"
    """The rules of the law do not let it stand; `code` says why. Nothing was changed."""


class Bench(StrEnum):
    """How many members hear a case (URTSC Management Regulations 2015)."""

    SINGLE = "SINGLE"
    DIVISION = "DIVISION"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class CommissionCase:
    """An appeal at the Commission, as its own system has it.

    `reference` is our name for it, unique for application, level and ground; `number` is the Commission's, None until
    it took the case. `bundle` is the SHA-256 of the signed case file, None until it is made or once it was erased.
    """

    appeal_id: str
    citizen_id: str
    application_id: str
    reference: str
    filed_at: datetime
    number: str | None = None
    received_at: datetime | None = None
    decide_by: datetime | None = None
    bench: Bench | None = None
    bundle: str | None = None
    bundle_octets: int | None = None
    bundle_sent_at: datetime | None = None
    compared_at: datetime | None = None
    """When the history at the Commission was last asked for, to be compared with ours."""


@dataclass(frozen=True, slots=True)
class CommissionMessage:
    """One message of the Commission, kept by its own id so that a second delivery gets the first answer."""

    id: str
    appeal_id: str
    citizen_id: str
    word: CommissionWord
    at: datetime
    """When it happened, by the Commission's clock; of two reports about the same the later one is valid."""
    payload: Mapping[str, Any]
    digest: str
    received_at: datetime
    state: MessageState
    answered: MessageState
    """The answer to the first delivery."""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class DelayReview:
    """The report of one month, made once. `sha256` is that of the canonical JSON of `content`."""

    month: date
    sha256: str
    content: Mapping[str, Any]
    made_at: datetime
    sent_at: datetime | None = None


SHORT: Mapping[AppealGround, str] = {
    AppealGround.TIME_LIMIT_BREACHED: "TL",
    AppealGround.REJECTED: "RJ",
    AppealGround.CLOSED_WITHOUT_SERVICE: "CW",
    AppealGround.NOT_SATISFIED: "NS",
    AppealGround.DO_IGNORED_ORDER: "IO",
}
"""Grounds as references name them; the contract's sample has TL."""

RANK: Mapping[AppealLevel, int] = {AppealLevel.FIRST: 1, AppealLevel.SECOND: 2, AppealLevel.COMMISSION: 3}
"""Levels as the contract numbers them."""


def reference_of(application_number: str, level: AppealLevel, ground: AppealGround) -> str:
    """Our name for an appeal at the Commission, as UK-26123456789012-L3-TL.

    Source: docs/contracts/right_to_service.md section 6.3, `appealRef`.
    """
    return f"{installed_state().letters}-{application_number}-L{RANK[level]}-{SHORT[ground]}"
