"""What goes to and comes from a WhatsApp number, and what Meta handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from domain.feedback.messages import MessageState
from domain.feedback.whatsapp import TemplateState
from integrations.calling.caller_authentication import FAILURES_A_MINUTE
from integrations.calling.onboarding import read_settings

CALLS_A_MINUTE = 20_000
"""Three reports for each message and what people write, at 80 messages a second (docs/contracts/whatsapp.md
section 7)."""
_LEAST_SECRET = 16
PER_SECOND = 30.0
"""So many notices go in a second, until the onboarding says otherwise; the rest of the 80 is for conversations."""


@dataclass(frozen=True, slots=True)
class Template:
    """An approved text with what fills it; goes at any time."""

    name: str
    language: str
    parameters: tuple[str, ...] = field(default=(), repr=False)
    buttons: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The kind of each button (`quick_reply`, `url`), and what comes back from it or ends its link."""


@dataclass(frozen=True, slots=True)
class Text:
    """Free text; like every other content but a template, only within 24 hours of what its reader wrote last."""

    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tap; `id` comes back."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Options:
    """A text with things to tap: up to three as buttons, more in a list that `opens` shows."""

    body: str = field(repr=False)
    choices: tuple[Choice, ...]
    opens: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was uploaded before."""

    media_id: str
    name: str
    caption: str = field(default="", repr=False)


Content = Template | Text | Options | Document


@dataclass(frozen=True, slots=True)
class Media:
    """A file that somebody sent."""

    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody wrote, tapped or sent. `sender` is a WhatsApp id: digits with the country's code."""

    id: str
    sender: str = field(repr=False)
    at: datetime
    text: str = field(default="", repr=False)
    choice: str | None = None
    """The id of what was tapped."""
    media_id: str | None = None
    media_type: str | None = None

    @property
    def key(self) -> str:
        """What is told once."""
        return self.id


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message of ours."""

    message_id: str
    status: str
    at: datetime
    state: MessageState
    code: str | None = None
    recipient: str | None = field(default=None, repr=False)
    """Whom it was for, as a WhatsApp id; None where WhatsApp does not say."""
    tag: str | None = None
    """What we sent along with it (`biz_opaque_callback_data`)."""

    @property
    def key(self) -> str:
        """What is told once: a message may be reported as the same twice, and late."""
        return f"{self.message_id}:{self.status}:{int(self.at.timestamp())}"


Told = Incoming | Receipt | TemplateState


class Inbox(Protocol):
    """What stands behind the webhook."""

    async def keep(self, told: Sequence[Told]) -> int:
        """Keep what was not told before, to be worked on later; how much was new. Raises TemporarilyUnavailable.

        What one person wrote within a second is worked on in the order in which it is given.
        """
        ...


@dataclass(frozen=True, slots=True)
class WhatsAppSettings:
    """Our number and account. `app_secrets` sign what Meta tells us: two while one takes the place of the other.

    So many notices go `per_second` beside what conversations say.
    """

    phone_number_id: str
    account_id: str
    version: str
    access_token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    verify_token: str = field(repr=False)
    calls_a_minute: int = CALLS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE
    per_second: float = PER_SECOND

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read what was handed over; `times` multiplies the webhook's limits. Raises KeyError, ValueError."""
        secrets = tuple(map(str, given["app_secrets"]))
        if not 0 < len(secrets) <= 2 or min(map(len, secrets)) < _LEAST_SECRET:
            raise ValueError("app_secrets")
        limits: dict[str, Any] = {
            "calls_a_minute": CALLS_A_MINUTE * times,
            "failures_a_minute": FAILURES_A_MINUTE * times,
            "per_second": float(given.get("per_second") or PER_SECOND),
        }
        return read_settings(cls, given, **limits)
