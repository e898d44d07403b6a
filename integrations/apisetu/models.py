"""Requests to API Setu and its answers as models; keys, parameters and consents never show in a `repr`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Self

from domain.identity.facts import FactKey

NEWER_PATH = "/certificate/v3/{publisher}/{doctype}"
"""The newer of the two path styles in use (docs/contracts/apisetu.md section 2)."""


FORMATS = ("xml", "json", "pdf")
"""What a document may be asked for as, the one that tells most first: only XML is signed, and a PDF is not read."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True, slots=True)
class DocumentSpecification:
    """One document as its publisher's OpenAPI file describes it (docs/contracts/apisetu.md section 4).

    `parameters` are all mandatory, in the publisher's spelling. `withheld` are those of them that are sent
    empty, because this gateway never gives them away: Aadhaar numbers. `formats` are in our order of choice.
    """

    parameters: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("xml", "pdf")
    withheld: frozenset[str] = frozenset()
    path_template: str | None = None

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read one entry of `documents`; raises ValueError for what no publisher can mean."""
        offered = {str(each) for each in given.get("formats", ("xml", "pdf"))}
        parameters = tuple(str(name) for name in given.get("parameters", ()))
        withheld = frozenset(str(name) for name in given.get("withheld", ()))
        template = given.get("path_template")
        if not offered or not offered <= set(FORMATS):
            raise ValueError("formats")
        if not withheld <= set(parameters) or not all(_NAME.fullmatch(name) for name in parameters):
            raise ValueError("parameters")
        formats = tuple(form for form in FORMATS if form in offered)
        return cls(parameters, formats, withheld, None if template is None else checked_path(template))


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """One department's subscription. `signing_certificates` are PEM texts of who may sign its XML.

    `documents` are by doctype in capitals; where there are none, the publisher is asked for any in XML.
    """

    signing_certificates: tuple[str, ...] = ()
    path_template: str = NEWER_PATH
    documents: Mapping[str, DocumentSpecification] = field(default_factory=lambda: MappingProxyType({}))
    issuer_id: str | None = None
    """The publisher's IssuerId in DigiLocker's URIs; None where onboarding did not tell it."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read one entry of `publishers`; raises ValueError where it cannot be used."""
        documents = {
            str(doctype).upper(): DocumentSpecification.from_onboarding(each)
            for doctype, each in given.get("documents", {}).items()
        }
        template = checked_path(given.get("path_template", NEWER_PATH))
        issuer_id = str(given["issuer_id"]) if given.get("issuer_id") else None
        return cls(tuple(given.get("signing_certificates", ())), template, documents, issuer_id)

    def path_of(self, doctype: str) -> str:
        """The path template of one document."""
        known = self.documents.get(doctype.upper())
        return (known.path_template if known else None) or self.path_template


def issuer_id_of(publisher: str, offered: Mapping[str, PublisherSettings]) -> str:
    """The IssuerId in DigiLocker's URIs of a publisher's documents, as received at onboarding.

    Where it did not tell, it is INFERRED to be the reversed domain of the publisher's name.
    """
    known = offered.get(publisher)
    return (known.issuer_id if known else None) or f"in.gov.{publisher.lower()}"


def checked_path(template: Any) -> str:
    """A path template that names publisher and doctype; raises ValueError."""
    text = str(template)
    if not text.startswith("/") or not {"{publisher}", "{doctype}"} <= set(re.findall(r"\{[^}]*\}", text)):
        raise ValueError("path_template")
    return text


@dataclass(frozen=True, slots=True)
class ApiSetuSettings:
    """What the subscription handed over, and the publishers that let us in.

    `next_api_key` is the second key while keys are changed over; it is tried where the first is not known.
    """

    client_id: str
    api_key: str = field(repr=False)
    publishers: Mapping[str, PublisherSettings] = field(default_factory=lambda: MappingProxyType({}))
    next_api_key: str | None = field(default=None, repr=False)

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The keys in the order in which they are tried."""
        return (self.api_key, self.next_api_key) if self.next_api_key else (self.api_key,)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what API Setu handed over; raises KeyError without `client_id` and `api_key`."""
        publishers = {
            name: PublisherSettings.from_onboarding(each) for name, each in given.get("publishers", {}).items()
        }
        coming = given.get("next_api_key")
        return cls(str(given["client_id"]), str(given["api_key"]), publishers, str(coming) if coming else None)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """One document of one citizen, asked for under a recorded consent (docs/contracts/apisetu.md sections 4 and 5).

    `format` is xml, json or pdf; empty for the one that tells most of those that the publisher offers.
    `transaction_id` is a UUID, minted once for the question and kept over repeats. `consent_artefact` is
    the artefact as it was recorded and signed. `holder_names` are the spellings under which the holder
    is known; a certificate of somebody else is refused where they are given.
    """

    citizen_id: str
    publisher: str
    doctype: str
    parameters: Mapping[str, str] = field(repr=False)
    consent_artefact: Mapping[str, Any] = field(repr=False)
    transaction_id: str
    format: str = ""
    holder_names: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class DepartmentCertificate:
    """A department's certificate. A PDF says nothing that we read: its facts are None.

    `signature_verified` is true for XML only: JSON has no signature, and the one inside a PDF is not checked.
    """

    uri: str | None
    name: str
    number: str | None = field(repr=False)
    issuer: str | None
    doctype: str
    issued_on: date | None
    holder: str | None = field(repr=False)
    media_type: str
    signature_verified: bool
    sha1: bool = False
    """Whether that signature rests on RSA-SHA1 (docs/adr/0008-document-signatures.md)."""
    born_on: date | None = field(default=None, repr=False)
    facts: Mapping[FactKey, str] = field(default_factory=dict, repr=False)
    """What signed XML states of the holder; empty for the other forms."""


@dataclass(frozen=True, slots=True)
class DepartmentFile:
    """A department's document with its bytes, exactly as sent."""

    certificate: DepartmentCertificate
    content: bytes = field(repr=False)
    fetched_at: datetime
