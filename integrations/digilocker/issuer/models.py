"""Models of DigiLocker's requests to us as issuer, and of our answers (docs/contracts/digilocker.md section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, Self

from integrations.calling.caller_authentication import FAILURES_A_MINUTE
from integrations.calling.onboarding import read_settings
from integrations.digilocker.digests import HmacEncoding
from integrations.digilocker.issuer.inferred import WINDOW_SECONDS


class CopyFormat(StrEnum):
    """Which forms of the certificate are asked for."""

    XML = "xml"
    PDF = "pdf"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """What onboarding as an issuer agreed. `window_seconds` is how far a request's clock may be off.

    `failures_a_minute` is of requests that are not DigiLocker's, by address.
    """

    api_key: str = field(repr=False)
    org_id: str
    hmac_encoding: HmacEncoding = HmacEncoding.RAW
    default_format: CopyFormat = CopyFormat.XML
    window_seconds: int = WINDOW_SECONDS
    body_limit: int = 512_000
    pull_doc: bool = True
    echo: bool = False
    """Whether a good Pull URI answer repeats what was asked, as the older OpenAPI has it
    (docs/contracts/digilocker.md section 7.1)."""
    third_gender: str = "Transgender"
    """The word for T: `Transgender` by the specification's template, `Other` by its table."""
    search_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By doctype: what the search tags of the account stand for, such as UDF2 for financial_year."""
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read `issuer_contract` of what DigiLocker handed over; raises KeyError without key and organisation.

        `times` multiplies the limit.
        """
        contract = given["issuer_contract"]
        tags = {
            str(doctype).upper(): {str(tag).upper(): str(fact) for tag, fact in tags.items()}
            for doctype, tags in contract.get("search_tags", {}).items()
        }
        return read_settings(cls, contract, search_tags=tags, failures_a_minute=FAILURES_A_MINUTE * times)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes that every request carries. `ts` is kept as text, since it is echoed and hashed."""

    ts: str
    txn: str
    org_id: str
    keyhash: str | None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A citizen asks to have a certificate put into her locker. `search` holds the UDF and custom tags."""

    org_id: str
    txn: str
    format: CopyFormat
    doctype: str
    locker_id: str
    name: str | None = field(repr=False)
    born_on: date | None = field(repr=False)
    search: Mapping[str, str] = field(default_factory=dict, repr=False)
    uid: str | None = field(default=None, repr=False)
    """The MD5 of the Aadhaar number, by the older contract the number; None where it was not sent."""


@dataclass(frozen=True, slots=True)
class PullDocRequest:
    """DigiLocker asks again for the content of a URI that is in a locker (older contract)."""

    org_id: str
    txn: str
    format: CopyFormat
    uri: str
    locker_id: str
    name: str | None = field(repr=False)
    born_on: date | None = field(repr=False)
    uid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class IssuedCopy:
    """A certificate of ours as it is released. `gender` is M, F, T or None; `uri` never changes."""

    uri: str
    name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None
    pdf: bytes = field(repr=False)
    xml: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """The certificate is being made; DigiLocker gets it later."""


PENDING = Pending()


class Issuer(Protocol):
    """Who finds the certificate and decides whether it may be released.

    Both verbs must give the same answer to the same request (`org_id`, `txn` and the rest), and None to
    another request under a transaction number that was used already. Both raise TemporarilyUnavailable.
    """

    async def find(self, request: PullRequest) -> IssuedCopy | Pending | None:
        """The certificate that answers the search, or None where there is none for this locker."""

    async def fetch(self, request: PullDocRequest) -> IssuedCopy | None:
        """The certificate of a URI, or None where there is none for this locker."""
