"""Settings of the trust services, and what a check of a certificate gives."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.certificates.signatures import PdfSignature

ROOTS = (
    "9a3fd3176798e842ddcb12c262f11cfacca70a8b84c6ea6fda30842a95a94cd8",
    "b724689b79b2ef9421ef8f5cc733eb093851b170ee715177005a09f226d8c91a",
)
"""CCA India 2022 and 2022 SPL, by the SHA-256 of their DER (docs/contracts/signatures.md section 3.3)."""
POLICIES = ("2.16.356.100.2.3",)
"""Class 3 (the same)."""


class UnfitReason(StrEnum):
    """Why no officer may sign with a certificate."""

    UNREADABLE = "UNREADABLE"
    CHAIN = "CHAIN"
    """It leads to no root that is pinned."""
    POLICY = "POLICY"
    """It is not of a class that is taken."""
    PURPOSE = "PURPOSE"
    """Its key is not for signatures that cannot be denied."""
    EXPIRED = "EXPIRED"
    """It does not hold today: not yet, or no more."""
    REVOKED = "REVOKED"


class CertificateUnfit(Exception):
    """A certificate that an officer may not sign with."""

    def __init__(self, reason: UnfitReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenCertificate:
    """What a certificate says of itself."""

    sha256: str
    subject: str
    issuer: str
    serial: str
    valid_from: datetime
    valid_until: datetime


class Holder(Enum):
    """Whose certificate is checked."""

    OFFICER = "an officer, for signatures"
    SIGNER = "whoever signed a paper that was handed in"
    STAMPER = "a time stamping authority"


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer about revocation; its kind is OCSP or CRL."""

    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate that holds: the authorities above it in DER, its root last, and the answer that says so."""

    authorities: tuple[bytes, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ExaminedSignature:
    """A signature in a PDF that was handed in, and the certificate in DER that made it; empty where none is read."""

    told: PdfSignature
    certificate: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp as CMS in DER, by an authority that holds."""

    token: bytes = field(repr=False)
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """What an installation trusts.

    `authorities` are roots and those below them, in DER; `hosts` are the addresses under which an authority answers by
    OCSP or gives its lists; `timestamps` is the address of a time stamping authority.
    """

    authorities: tuple[bytes, ...]
    roots: frozenset[str]
    policies: frozenset[str]
    hosts: tuple[str, ...]
    timestamps: str | None = None

    @property
    def anchors(self) -> tuple[bytes, ...]:
        """The authorities that are pinned roots."""
        return tuple(one for one in self.authorities if hashlib.sha256(one).hexdigest() in self.roots)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what was handed over; raises KeyError or ValueError for what is missing or spoilt."""
        found = x509.load_pem_x509_certificates(str(given["authorities"]).encode())
        settings = cls(
            tuple(one.public_bytes(Encoding.DER) for one in found),
            frozenset(str(one).lower() for one in given.get("roots") or ROOTS),
            frozenset(map(str, given.get("policies") or POLICIES)),
            tuple(str(one).rstrip("/") for one in given["hosts"]),
            str(given["timestamps"]) if given.get("timestamps") else None,
        )
        if not settings.anchors:
            raise ValueError("authorities holds no root that is pinned")
        return settings


NO_TRUST = TrustSettings((), frozenset(), frozenset(), ())
"""Where no authority is connected: no signer is known."""
