"""Builds the content of a certificate, and names the protocol that turns it into a signed document."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.kernel import Bilingual


@dataclass(frozen=True, slots=True)
class CertificateField:
    """One printed fact, such as the yearly income; `key` is the field of the form it came from.

    `value` is the answer as the XML says it, `shown` how it is printed where that differs. Of a group `rows` has what
    is printed of each entry, under the names of `columns`.
    """

    key: str
    label: Bilingual
    value: str
    shown: Bilingual | None = None
    columns: tuple[Bilingual, ...] = ()
    rows: tuple[tuple[Bilingual, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateContent:
    """Everything printed on a certificate. Facts that are not known are None.

    `number` is fourteen digits, `uri` IssuerId-DocType-DocId. `holder` is whom it is about, not who applied: `gender`
    M, F or T, `guardian` the relative named in the form, `guardian_relation` S, W or D as in the certificate XML
    (docs/contracts/digilocker.md section 7.4). `kind` names the template of the state's package, None the general one.
    """

    number: str
    doctype: str
    service: Bilingual
    holder: Bilingual
    guardian: Bilingual | None
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
    mother: Bilingual | None = None
    application_number: str | None = None
    kind: str | None = None
    qr: str | None = None
    """The text of its QR code (actions/certificates/qr_codes.py), set by the renderer; None: `verify_url`."""


@dataclass(frozen=True, slots=True)
class RenderedCertificate:
    """The signed document in its two forms."""

    pdf: bytes
    xml: bytes


class Renderer(Protocol):
    """Makes the signed PDF and the signed XML; implemented by the gateway, where the heavy libraries are."""

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking, called in a thread."""
