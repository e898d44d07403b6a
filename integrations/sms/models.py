"""What an SMS is, what a provider says of it, and what the providers handed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

PER_SECOND = 15.0
"""So many messages an account takes in a second beside codes, until its provider says otherwise
(docs/contracts/messages.md section 9)."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A registered text for one telephone. `mobile` is ten digits; a `code` goes by the providers' way for codes."""

    mobile: str = field(repr=False)
    text: str = field(repr=False)
    template: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A provider took an SMS and named it so."""

    provider: str
    message_id: str

    @property
    def is_reported(self) -> bool:
        """Whether the provider can be asked what became of it: NIC publishes no enquiry."""
        return self.provider == "msdp"


@dataclass(frozen=True, slots=True)
class MsdpSettings:
    """Our account with C-DAC's Mobile Seva platform, which takes so many messages `per_second` beside codes."""

    username: str
    password: str = field(repr=False)
    secure_key: str = field(repr=False)
    sender: str
    per_second: float = PER_SECOND


@dataclass(frozen=True, slots=True)
class NicSettings:
    """Our account with NIC's gateway. `sender` is the registered header, `entity_id` ours in the register.

    It takes so many messages `per_second` beside codes.
    """

    username: str
    pin: str = field(repr=False)
    sender: str
    entity_id: str
    per_second: float = PER_SECOND


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The accounts; that with NIC may be missing."""

    msdp: MsdpSettings
    nic: NicSettings | None

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what was handed over; raises KeyError for what is missing, or TypeError for a part that is not known."""
        nic = given.get("nic")
        if nic and not given.get("nic_url"):
            raise KeyError("nic_url")
        return cls(MsdpSettings(**given["msdp"]), NicSettings(**nic) if nic else None)
