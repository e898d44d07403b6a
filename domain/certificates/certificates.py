"""Types for certificates that the state issues through this gateway."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.kernel import Bilingual


class CertificateStatus(StrEnum):
    """Whether a certificate holds."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    CORRECTED = "CORRECTED"
    """Another certificate, with a number of its own, stands in its place or is being made."""


ENDED = frozenset({CertificateStatus.CORRECTED, CertificateStatus.REVOKED})
"""An officer ended it before its time."""


class EndGround(StrEnum):
    """Why an officer ends a certificate; stored with the officer's written reasons."""

    CLERICAL_ERROR = "CLERICAL_ERROR"
    RECORD_CHANGED = "RECORD_CHANGED"
    WRONG_FACTS = "WRONG_FACTS"
    FORGED_PAPERS = "FORGED_PAPERS"
    COURT_ORDER = "COURT_ORDER"
    HOLDER_REQUEST = "HOLDER_REQUEST"


@dataclass(frozen=True, slots=True)
class CertificateEnding:
    """How a certificate stopped to hold. `successor_id` is None while the corrected one is being made."""

    certificate_id: str
    status: CertificateStatus
    ground: EndGround
    reason: str
    officer_id: str | None
    ended_at: datetime
    successor_id: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate of ours. `uri` is IssuerId-DocType-DocId (docs/contracts/digilocker.md section 7.3).

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
    status_index: int | None = None
    """Its place in the status lists (actions/certificates/status_lists.py); None for one of before there were any."""

    def is_past(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.valid_until is not None and self.valid_until < today


def initials(name: str) -> str:
    """The first letter of each word with its vowel sign, the rest as three dots."""
    return " ".join(f"{_first_letter(word)}…" for word in name.split())


def _first_letter(word: str) -> str:
    end = 1
    while end < len(word) and unicodedata.category(word[end]).startswith("M"):
        end += 1
    return word[:end]
