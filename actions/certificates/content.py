"""Builds the content of a certificate, and names the protocol that turns it into a signed document."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.kernel import Bilingual


@dataclass(frozen=True, slots=True)
class CertificateField:
    """One printed line of facts, such as the yearly income; `key` is the field of the form it came from."""

    key: str
    label: Bilingual
    value: str


@dataclass(frozen=True, slots=True)
class CertificateContent:
    """Everything printed on a certificate. Facts that are not known are None.

    `number` is fourteen digits, `uri` IssuerId-DocType-DocId, `gender` M, F or T, `guardian` the
    father, mother, husband or guardian named in the form, `guardian_relation` S, W or D as in the
    certificate XML (docs/contracts/digilocker.md section 7.4).
    """

    number: str
    doctype: str
    service: Bilingual
    holder: Bilingual
    guardian: str | None
    guardian_relation: str | None
    born_on: date | None
    gender: str | None
    district: Bilingual
    tehsil: Bilingual | None
    department: Bilingual
    officer: Bilingual
    designation: Bilingual
    issued_on: date
    valid_until: date | None
    fields: tuple[CertificateField, ...]
    verify_url: str
    uri: str
    previous_number: str | None = None
    """The number of the certificate that it corrects or renews."""
    status_index: int | None = None
    """Its place in the status lists; None for one that is on none, such as a specimen."""


@dataclass(frozen=True, slots=True)
class RenderedCertificate:
    """The signed document in its two forms."""

    pdf: bytes
    xml: bytes


class Renderer(Protocol):
    """Makes the signed PDF and the signed XML; implemented by the gateway, where the heavy libraries are."""

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking, called in a thread."""
