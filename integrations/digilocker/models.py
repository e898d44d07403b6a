"""What DigiLocker answers, in our words. Tokens and contents never show in a `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

API_PREFIX = "/public/oauth2"
"""Where the API begins below the host (contracts/digilocker.md section 2)."""


@dataclass(frozen=True, slots=True)
class DigiLockerSettings:
    """What onboarding handed over. `api_prefix` follows the origin that the Remote is built with."""

    client_id: str
    client_secret: str = field(repr=False)
    api_prefix: str = API_PREFIX

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what DigiLocker handed over; raises KeyError without `client_id` and `client_secret`."""
        return cls(str(given["client_id"]), str(given["client_secret"]), str(given.get("api_prefix", API_PREFIX)))


@dataclass(frozen=True, slots=True)
class LockerGrant:
    """A citizen's consent in force: whose locker, and the token that opens it."""

    citizen_id: str
    access_token: str = field(repr=False)
    locker_id: str


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """One line of the citizen's issued documents. `media_types` are lower-case."""

    uri: str
    name: str
    doctype: str
    issuer: str
    issuer_id: str
    media_types: tuple[str, ...]
    issued_at: datetime | None

    @property
    def has_xml(self) -> bool:
        """Whether a certificate in XML can be asked for."""
        return "application/xml" in self.media_types


@dataclass(frozen=True, slots=True)
class LockerFile:
    """A file or certificate, exactly as sent and as its HMAC covers."""

    uri: str
    media_type: str
    content: bytes = field(repr=False)
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """New tokens. The old refresh token is dead: keep these before using the access token."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    expires_at: datetime
    scope: str
    consent_until: datetime | None
    locker_id: str | None
