"""Certificates that the state issues through this gateway."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.text import Bilingual


class CertificateStatus(StrEnum):
    """Whether a certificate holds."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate of ours. `uri` is IssuerId-DocType-DocId (contracts/digilocker.md section 7.3).

    `pdf_sha256` and `xml_sha256` address the files in the object store.
    """

    id: str
    number: str
    application_id: str
    citizen_id: str
    service_code: str
    department: str | None
    district: str
    doctype: str
    uri: str
    name: Bilingual
    holder: Bilingual
    issued_on: date
    valid_until: date | None
    status: CertificateStatus
    pdf_sha256: str
    xml_sha256: str
    issued_by: str | None
    created_at: datetime
