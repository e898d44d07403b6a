"""What an SMS is, what a provider says of it, and what the providers handed over."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from integrations.calling.caller_authentication import FAILURES_A_MINUTE

CALLS_A_MINUTE = 1_200
_LEAST_SECRET = 32

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
class InboundSettings:
    """How the platform passes on what citizens send: the secret of the address, and the networks that it calls from."""

    secret: str = field(repr=False)
    networks: tuple[str, ...]
    calls_a_minute: int = CALLS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], times: int) -> Self:
        """Read `secret` and `networks`. Raises KeyError; ValueError for a short secret or what is no network."""
        secret, networks = str(given["secret"]), tuple(map(str, given["networks"]))
        if len(secret) < _LEAST_SECRET or not networks:
            raise ValueError("inbound")
        for network in networks:
            ipaddress.ip_network(network)
        return cls(secret, networks, CALLS_A_MINUTE * times, FAILURES_A_MINUTE * times)


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The accounts; that with NIC may be missing, and so may the way in."""

    msdp: MsdpSettings
    nic: NicSettings | None
    inbound: InboundSettings | None = None

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read what was handed over; raises KeyError for what is missing, TypeError or ValueError for a wrong part.

        `times` multiplies the limits of the way in.
        """
        nic, inbound = given.get("nic"), given.get("inbound")
        if nic and not given.get("nic_url"):
            raise KeyError("nic_url")
        way_in = InboundSettings.from_onboarding(inbound, times) if inbound else None
        return cls(MsdpSettings(**given["msdp"]), NicSettings(**nic) if nic else None, way_in)


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """What a citizen sent. `mobile` is ten digits, `at` the platform's time of it."""

    mobile: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime


class SmsInbox(Protocol):
    """What stands behind the door."""

    async def answer(self, sms: IncomingSms) -> str:
        """What the platform sends back to the telephone; empty for nothing. A repeated message changes nothing."""
        ...
