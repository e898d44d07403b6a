"""Apps that developers register in a test installation, the log of their requests, and errors by operation."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1")
MOST_APPS, MOST_REDIRECTS, LONGEST_REDIRECT = 10, 10, 500
"""Apps of one developer, and the redirect addresses of an app."""

KEY_SHOWN_MINUTES = 60
"""For so long the developer can read a new key."""

REQUEST_DAYS = 7
"""For so long a request stays in the log of its app."""


class AppStep(StrEnum):
    """What a developer does with an app."""

    REDIRECTS = "REDIRECTS"
    """Other redirect addresses take the place of those it had."""
    NEW_KEY = "NEW_KEY"
    """The former key names the app no longer."""
    END = "END"
    """Nobody is signed in to it any more; its client id stays taken."""


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """An app of a developer: the client of sign-ins (RFC 6749 section 2), and the key by which its requests are logged.

    `key_sha256` is what a request's key is known by; the key itself is kept sealed, to be shown once more.
    """

    id: str
    client_id: str
    name: str
    owner_id: str
    redirects: tuple[str, ...]
    key: str = field(repr=False)
    key_sha256: str = field(repr=False)
    key_made_at: datetime
    created_at: datetime
    ended_at: datetime | None = None
    version: int = 1

    def takes(self, address: str) -> bool:
        """Whether people may be led back to an address: letter for letter, or this machine at any port.

        RFC 8252 section 7.3: an app listens at whatever port is free.
        """
        return self.ended_at is None and any(_without_port(one) == _without_port(address) for one in self.redirects)


@dataclass(frozen=True, slots=True)
class AppRequest:
    """One request of an app, without anything of the person who used it."""

    id: str
    app_id: str
    request_id: str
    sent_at: datetime
    operation: str | None
    """The name that the app gave it."""
    version: str | None
    """What the app says of its version."""
    status: int
    milliseconds: int
    codes: tuple[str, ...] = ()
    """The codes of its errors."""


@dataclass(frozen=True, slots=True)
class OperationErrors:
    """How often a published operation of an app gave an error on a day in India."""

    app: str
    operation: str
    code: str
    day: date
    count: int


def is_redirect(address: str) -> bool:
    """Whether an address may be registered: https, or http at this machine, without credentials and fragment."""
    if len(address) > LONGEST_REDIRECT or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    ours = parts.scheme == "http" and parts.hostname in LOOPBACK
    return named and (parts.scheme == "https" or ours) and "@" not in parts.netloc and "#" not in address


def app_of(apps: Iterable[RegisteredApp], address: str) -> RegisteredApp | None:
    """The app to which people may be led back at an address."""
    return next((one for one in apps if one.takes(address)), None)


def _without_port(address: str) -> str:
    """The address, of this machine without its port."""
    try:
        parts = urlsplit(address)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.port is None:
            return address
    except ValueError:
        return address
    return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
