"""What an e-mail is, and how the state's mail server is reached."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from integrations.calling.onboarding import read_settings


class Security(StrEnum):
    """How the line to the mail server is secured; it is set and never guessed from the port."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail to one address, as text and as the same in HTML.

    `reference` names the attempt; it stands in Message-ID, ENVID and the bounce address. `unsubscribe_url` takes the
    one-click request of RFC 8058; mail that nobody can switch off has none.
    """

    address: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    language: str
    reference: str
    html: str = field(repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The mail server and who we are there. `sender` is the address in From, `bounce_domain` that of bounces.

    `certificate` is the only authority, in PEM, that the server's certificate may come from; None for the usual ones.
    So many mails `per_second` are given to the server beside codes; as many as it takes where it is None.
    """

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str
    bounce_domain: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: str | None = None
    per_second: float | None = None

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what was handed over; raises KeyError or ValueError for what is missing or spoilt."""
        security, port = Security(given["security"]), int(given["port"])
        if bool(given.get("username")) != bool(given.get("password")):
            raise KeyError("username and password")
        if given.get("username") and security is Security.NONE:
            raise ValueError("a password would go in clear text")
        if "@" not in given["sender"] or "@" in given["bounce_domain"]:
            raise ValueError("no address")
        return read_settings(cls, given, security=security, port=port)


Addresses = Callable[[str, int], Awaitable[Sequence[str]]]
"""The checked addresses of a host (integrations/calling/ssrf_guard.py); raises OSError where it must not be called."""
