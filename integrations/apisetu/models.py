"""What API Setu is asked and answers, in our words. Keys, parameters and consents never show in a `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Self

NEWER_PATH = "/certificate/v3/{publisher}/{doctype}"
OLDER_PATH = "/{publisher}/v3/{doctype}/certificate"
"""The two path styles in use (contracts/apisetu.md section 2)."""


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """One department's subscription. `signing_certificates` are PEM texts of who may sign its XML."""

    signing_certificates: tuple[str, ...] = ()
    path_template: str = NEWER_PATH

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read one entry of `publishers`."""
        return cls(tuple(given.get("signing_certificates", ())), str(given.get("path_template", NEWER_PATH)))


@dataclass(frozen=True, slots=True)
class ApiSetuSettings:
    """What the subscription handed over, and the publishers that let us in."""

    client_id: str
    api_key: str = field(repr=False)
    publishers: Mapping[str, PublisherSettings] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what API Setu handed over; raises KeyError without `client_id` and `api_key`."""
        publishers = {
            name: PublisherSettings.from_onboarding(each) for name, each in given.get("publishers", {}).items()
        }
        return cls(str(given["client_id"]), str(given["api_key"]), publishers)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """One document of one citizen, asked for under a recorded consent (contracts/apisetu.md sections 4 and 5).

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
    format: str = "xml"
    holder_names: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class DepartmentCertificate:
    """A department's certificate. A PDF says nothing that we read: its facts are None.

    `signature_verified` is true for XML only; the signature inside a PDF is not checked.
    """

    uri: str | None
    name: str
    number: str | None = field(repr=False)
    issuer: str | None
    doctype: str
    issued_on: date | None
    holder: str | None = field(repr=False)
    media_type: str
    content_sha256: str
    signature_verified: bool
