"""Models of this state's API at API Setu, and of its callers (docs/contracts/apisetu.md section 8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, Self

from domain.kernel import Bilingual
from domain.kernel.state import installed_state

NUMBER, FULL_NAME = "CertificateNumber", "FullName"
PARAMETERS = (NUMBER, FULL_NAME)
"""The mandatory parameters of each of our documents: the search fields of our Pull URI (INFERRED,
docs/contracts/apisetu.md section 8)."""

FORMATS = ("pdf", "xml")
"""As what our documents are given: both were signed when the certificate was issued."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")


@dataclass(frozen=True, slots=True)
class Consumer:
    """One approved subscription. `consent_keys` are PEM public keys that may sign its consent artefacts.

    `api_keys` are two during a change-over; `documents` are doctypes in capitals.
    """

    client_id: str
    api_keys: tuple[str, ...] = field(repr=False)
    documents: frozenset[str]
    consent_keys: tuple[str, ...]

    @classmethod
    def from_onboarding(cls, client_id: str, given: Mapping[str, Any]) -> Self:
        """Read one entry; raises KeyError or ValueError where it could not be checked."""
        keys = tuple(str(key) for key in given["api_keys"])
        consent_keys = tuple(str(key) for key in given["consent_keys"])
        if not keys or not all(keys) or not consent_keys:
            raise ValueError("consumer")
        return cls(client_id, keys, frozenset(str(each).upper() for each in given["documents"]), consent_keys)


@dataclass(frozen=True, slots=True)
class PublishedSettings:
    """Our name as a publisher in paths, our identifier in consents, and the subscriptions that were approved."""

    publisher: str = field(default_factory=lambda: installed_state().publisher)
    provider_id: str = field(default_factory=lambda: installed_state().issuer_id)
    consumers: Mapping[str, Consumer] = field(default_factory=lambda: MappingProxyType({}))
    body_limit: int = 65_536

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read `published`; without it nobody has a subscription. Raises KeyError or ValueError."""
        own = given.get("published", {})
        consumers = {
            str(name): Consumer.from_onboarding(str(name), each) for name, each in own.get("consumers", {}).items()
        }
        publisher = str(own.get("publisher", cls().publisher))
        if not _NAME.fullmatch(publisher):
            raise ValueError("publisher")
        return cls(publisher, str(own.get("provider_id", cls().provider_id)), consumers)


@dataclass(frozen=True, slots=True)
class PublishedCall:
    """A certificate call that passed every check that needs no record."""

    client_id: str
    transaction_id: str
    doctype: str
    format: str
    number: str = field(repr=False)
    full_name: str = field(repr=False)
    mobile: str = field(repr=False)
    consent_id: str
    ends_at: datetime
    repeats: int
    body_sha256: str


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """A document that this state issues, under its national code in capitals, by the services it comes from."""

    doctype: str
    name: Bilingual
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishedService:
    """A service of the catalogue in what an outsider may know. Days and fee are None where nobody knows them."""

    code: str
    name: Bilingual
    department: Bilingual | None
    outcome: str
    doctype: str | None
    limit_days: int | None
    fee_paise: int | None
    open: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON, both languages."""
        return {
            "code": self.code,
            "name": {"en": self.name.en, "hi": self.name.hi},
            "department": {"en": self.department.en, "hi": self.department.hi} if self.department else None,
            "outcome": self.outcome,
            "doctype": self.doctype,
            "limitDays": self.limit_days,
            "feePaise": self.fee_paise,
            "open": self.open,
        }


class Publisher(Protocol):
    """The protocol that implements the endpoint."""

    async def verify(self, client_id: str, text: str, nonce: str | None) -> str | None:
        """A signed statement of whether a certificate holds, by its number or QR code; None where there is none.

        Raises TemporarilyUnavailable, and CallerError for a mistyped number and a code that we did not sign.
        """

    async def documents(self) -> tuple[PublishedDocument, ...]:
        """What is published; raises TemporarilyUnavailable."""

    async def services(self) -> tuple[PublishedService, ...]:
        """The services of the catalogue; raises TemporarilyUnavailable."""

    async def find(self, call: PublishedCall) -> bytes | None:
        """The file, or None where there is none to give.

        Raises TemporarilyUnavailable, and Problems with IDEMPOTENCY_KEY_REUSED where the transaction number was used
        for another question, CONSENT_REQUIRED where the consent allows no more reads.
        """
