"""The agreement to WhatsApp, how sure we are by it who writes (ADR 0038), and what WhatsApp says of us."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kernel import Assurance

NOT_THERE_FOR = timedelta(days=30)
"""So long a number that is not on WhatsApp gets nothing there (docs/contracts/whatsapp.md section 6)."""
SURE_FOR = timedelta(days=30)
"""So long who writes from a number counts as sure as the session was in which the citizen agreed: a number may pass to
somebody else."""
WORDS = "1"
"""The version of the words that people agree to, `whatsapp.consent` of the catalogues; it changes with them."""

_INDIAN = re.compile(r"91([6-9][0-9]{9})")


def mobile_of(whatsapp_id: str) -> str | None:
    """The ten digits of the Indian mobile that a WhatsApp id is, which begins with the country's code; else None.

    Ten digits alone are a number of another country, such as +65 8123 4567.
    """
    found = _INDIAN.fullmatch(whatsapp_id)
    return found[1] if found else None


class ConsentSource(StrEnum):
    """Where somebody agreed."""

    PORTAL = "PORTAL"
    """In a session, where she chose her channels."""
    WHATSAPP = "WHATSAPP"
    """By a message from her number."""


@dataclass(frozen=True, slots=True)
class WhatsAppConsent:
    """What a citizen said last. `assurance` is that of the session in which she agreed; None by a message."""

    citizen_id: str
    given: bool
    at: datetime
    words: str
    source: ConsentSource
    assurance: Assurance | None = None
    not_there_until: datetime | None = None

    def reaches(self, now: datetime) -> bool:
        """Whether messages may go there."""
        return self.given and (self.not_there_until is None or self.not_there_until <= now)

    def strength(self, now: datetime) -> Assurance:
        """How sure it is that she is who writes: as sure as her session for a while, else as sure as a number is."""
        sure = self.given and self.assurance is not None and now - self.at <= SURE_FOR
        return self.assurance if sure and self.assurance else Assurance.LOW


USABLE = frozenset({"APPROVED", "REINSTATED", "UNARCHIVED", "UNLOCKED", "FLAGGED"})
"""The states in which a template is sent; FLAGGED is a warning (docs/contracts/whatsapp.md section 5)."""
LOW_QUALITY, ABSENT = "RED", "ABSENT"
"""A quality of WhatsApp's, and our state of a template that WhatsApp does not know."""
ACCOUNT = "account"
NUMBER_EVENTS = frozenset({"FLAGGED", "UNFLAGGED", "DOWNGRADE", "UPGRADE", "ONBOARDING"})
ACCOUNT_EVENTS = frozenset({"ACCOUNT_DELETED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION"})
BANS = frozenset({"DISABLE", "SCHEDULE_FOR_DISABLE", "REINSTATE"})
"""What WhatsApp tells of our number and account (docs/contracts/whatsapp.md section 5)."""
_TROUBLED = frozenset({"FLAGGED", "DOWNGRADE", "RATE_LIMITED", "RESTRICTED", "BANNED", "DISCONNECTED"})
_TROUBLED |= ACCOUNT_EVENTS | BANS - {"REINSTATE"}
_NEVER_ENDED, WARNED_FOR = frozenset({"ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION"}), timedelta(days=7)
"""Of these WhatsApp never tells that they are over, so that they count for so long."""


@dataclass(frozen=True, slots=True)
class TemplateState:
    """What WhatsApp said last of a registered text: its `status`, and how people take it, GREEN to RED; None unsaid.

    Without a language it is of one of our numbers, under its digits, or of our account, under ACCOUNT.
    """

    name: str
    language: str
    at: datetime
    status: str | None = None
    quality: str | None = None

    @property
    def key(self) -> str:
        """What is told once."""
        return f"{self.name}/{self.language}:{self.status}:{self.quality}:{int(self.at.timestamp())}"

    @property
    def is_usable(self) -> bool:
        """Whether it can be sent."""
        return self.status is None or self.status in USABLE

    def needs_attention(self, now: datetime) -> bool:
        """Whether somebody must look: it is not sent, limited or warned of, or is about to be paused."""
        if self.language:
            return not self.is_usable or self.quality == LOW_QUALITY
        is_over = self.status in _NEVER_ENDED and now > self.at + WARNED_FOR
        return self.quality == LOW_QUALITY or (self.status in _TROUBLED and not is_over)

    @property
    def warning(self) -> str | None:
        """What it is that needs attention: a low quality, else the status."""
        return self.quality if self.quality == LOW_QUALITY else self.status

    def join(self, known: "TemplateState | None") -> "TemplateState":
        """It beside what was known before: what is older changes nothing, and what is unsaid stays."""
        if known is None or self == known:
            return self
        older, newer = sorted((known, self), key=lambda one: one.at)
        return replace(newer, status=newer.status or older.status, quality=newer.quality or older.quality)
