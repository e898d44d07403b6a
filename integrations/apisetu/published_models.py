"""Models of this state's API at API Setu, and of its callers (docs/contracts/apisetu.md section 8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, Protocol, Self, TypeAlias, get_args

from pydantic import ConfigDict, Field, StringConstraints

from domain.kernel import Bilingual
from domain.kernel.state import installed_state
from integrations.apisetu.consent import ConsentArtifact, Uuid
from integrations.calling.answers import AnswerModel, BodyModel, PlainLine
from integrations.calling.caller_authentication import FAILURES_A_MINUTE

Form: TypeAlias = Literal["pdf", "xml"]
FORMATS = get_args(Form)
"""As what our documents are given: both were signed when the certificate was issued."""

LONGEST_CERTIFICATE = 1000
"""Characters of a number or of the text of a QR code."""

_Line: TypeAlias = Annotated[PlainLine, StringConstraints(max_length=200)]
Parameter: TypeAlias = Annotated[_Line, StringConstraints(strip_whitespace=True, min_length=1)]

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
    """Our name as a publisher in paths, our identifier in consents, and the subscriptions that were approved.

    `failures_a_minute` is of wrong keys of one subscription, by address.
    """

    publisher: str = field(default_factory=lambda: installed_state().publisher)
    provider_id: str = field(default_factory=lambda: installed_state().issuer_id)
    consumers: Mapping[str, Consumer] = field(default_factory=lambda: MappingProxyType({}))
    body_limit: int = 65_536
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read `published`; without it nobody has a subscription. Raises KeyError or ValueError.

        `times` multiplies the limit.
        """
        own = given.get("published", {})
        consumers = {
            str(name): Consumer.from_onboarding(str(name), each) for name, each in own.get("consumers", {}).items()
        }
        publisher = str(own.get("publisher", cls().publisher))
        if not _NAME.fullmatch(publisher):
            raise ValueError("publisher")
        provider_id = str(own.get("provider_id", cls().provider_id))
        return cls(publisher, provider_id, consumers, failures_a_minute=FAILURES_A_MINUTE * times)


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


class PublishedService(AnswerModel):
    """A service of the catalogue in what an outsider may know. Days and fee are None where nobody knows them."""

    code: str
    name: Bilingual
    department: Bilingual | None
    outcome: str
    doctype: str | None
    limit_days: int | None
    fee_paise: int | None
    open: bool


class ServicesAnswer(AnswerModel):
    """The catalogue."""

    services: tuple[PublishedService, ...]


class Statement(AnswerModel):
    """Whether a certificate holds, as a JWT."""

    statement: str


class VerificationRequest(BodyModel):
    """A question whether a certificate holds."""

    certificate: Annotated[
        PlainLine,
        Field(min_length=1, max_length=LONGEST_CERTIFICATE, description="Its number, or the text of its QR code."),
    ]
    nonce: Annotated[str | None, Field(pattern="^[A-Za-z0-9._~-]{8,128}$", description="Repeated in the answer.")] = (
        None
    )


class CertificateParameters(BodyModel):
    """The search fields of our Pull URI (INFERRED, docs/contracts/apisetu.md section 8); more may come."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Line]

    number: Parameter = Field(alias="CertificateNumber", description="The 14 digits of the certificate.")
    full_name: Parameter = Field(alias="FullName", description="The holder's name as on the certificate.")


class CertificateCall(BodyModel):
    """A question for a certificate (docs/contracts/apisetu.md section 4)."""

    txn_id: Annotated[Uuid, Field(description="Fresh for each question.")]
    format: Form
    certificate_parameters: CertificateParameters
    consent_artifact: ConsentArtifact


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
