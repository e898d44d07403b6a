"""Types for certificates that officers sign with their tokens: enrolled tokens, what waits, who signed.

docs/contracts/signatures.md sections 3, 4 and 8; ADR 0040.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.kernel import Bilingual, Posting

MOST_IN_BATCH = 200
"""Certificates in one batch (docs/contracts/signatures.md section 9)."""
MOST_IN_PART = 100
"""Signatures that are handed in at once: as many as a request of 100 kB holds (APUNI_LIMITS__BODY_BYTES)."""
PREPARED_FOR = timedelta(minutes=30)
"""How long what was prepared can be signed."""


class TokenState(StrEnum):
    """How an enrolled token stands."""

    WAITING = "WAITING"
    """For a second person, an administrator."""
    ACTIVE = "ACTIVE"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class TokenEnrolment:
    """A certificate on an officer's token, bound to her and to one of her posts; `sha256` is that of its DER in hex.

    `issuer` is the distinguished name, `serial` the number in hex, `certificate` the DER in base64.
    """

    id: str
    officer_id: str
    post: Mapping[str, Any]
    sha256: str
    subject: str
    issuer: str
    serial: str
    certificate: str = field(repr=False)
    begins_at: datetime
    expires_at: datetime
    state: TokenState
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1

    def is_for(self, posting: Posting) -> bool:
        """Whether it was enrolled for that post."""
        return dict(self.post) == post_values(posting)


def post_values(posting: Posting) -> dict[str, Any]:
    """A post as JSON."""
    values = {name: getattr(posting, name) for name in ("department", "district", "tehsil")}
    level = posting.level.value if posting.level else None
    return {**values, "role": posting.role.value, "level": level, "services": list(posting.services)}


class SigningState(StrEnum):
    """Where the signature that a certificate waits for stands."""

    WAITING = "WAITING"
    """An officer has to put it into a batch."""
    CHOSEN = "CHOSEN"
    """It is in a batch, and is being prepared."""
    PREPARED = "PREPARED"
    """The token can sign it until it expires."""
    SIGNED = "SIGNED"
    """The token's signature is there, and being checked and filled in."""
    RELEASED = "RELEASED"


class SigningFailure(StrEnum):
    """Why the last try to sign a certificate came to nothing."""

    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    """It is not of the enrolled token over the prepared hash."""
    SIGNATURE_EXPIRED = "SIGNATURE_EXPIRED"
    """It came after what was prepared had expired."""
    TOKEN_UNFIT = "TOKEN_UNFIT"  # noqa: S105 - a code
    """The certificate does not hold any more."""
    OFFICE_NOT_HELD = "OFFICE_NOT_HELD"
    """The officer has left the office meanwhile."""
    SIGNER_CHANGED = "SIGNER_CHANGED"
    """Her successor signs second; the page names both, so that the first has to sign it anew."""
    FACT_MISSING = "FACT_MISSING"
    """The application lacks a fact that the certificate must say."""
    PIN_WRONG = "PIN_WRONG"
    PIN_LOCKED = "PIN_LOCKED"
    TOKEN_GONE = "TOKEN_GONE"  # noqa: S105 - a code
    """It was pulled, or is another one."""
    CANCELLED = "CANCELLED"
    """The officer closed the prompt."""
    TOKEN_FAILED = "TOKEN_FAILED"  # noqa: S105 - a code


_F = SigningFailure
TOLD_BY_BRIDGE = frozenset({_F.PIN_WRONG, _F.PIN_LOCKED, _F.TOKEN_GONE, _F.CANCELLED, _F.TOKEN_FAILED})
"""What the bridge tells of a hash without a signature (docs/contracts/signatures.md section 3.4)."""


class SignatureLevel(StrEnum):
    """PAdES baseline levels (EN 319 142-1)."""

    B_B = "B_B"
    B_LT = "B_LT"


@dataclass(frozen=True, slots=True)
class CertificateSigning:
    """A certificate that officers sign, from the decision on; `id` is that of the application, or of what it corrects.

    `signers` are the officers who have to sign, in their order; `place` is whose turn it is, from 1. `digest` is the
    SHA-256 that the token signs. `prepared` holds the exact prepared bytes, which are used once, and the signature.
    """

    id: str
    application_id: str
    signers: tuple[str, ...]
    state: SigningState
    created_at: datetime
    signer_id: str
    """Whose turn it is."""
    place: int = 1
    corrects: str | None = None
    minted: Mapping[str, Any] | None = None
    """Number, URI and status index, drawn when it was first prepared."""
    batch_id: str | None = None
    enrolment_id: str | None = None
    expires_at: datetime | None = None
    digest: str | None = None
    prepared: Mapping[str, Any] | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)
    """What the token gave, in base64, until it is filled in."""
    failure: SigningFailure | None = None
    certificate_id: str | None = None
    level: SignatureLevel | None = None
    released_sha256: str | None = None
    """The file as it was released, which stays valid when the level is raised."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs a certificate, as it says: name, post and office."""

    name: Bilingual
    designation: Bilingual
    office: Bilingual


@dataclass(frozen=True, slots=True)
class CertificateSignature:
    """Who signed a certificate, in which post, when. `evidence` is the answer about revocation, in base64."""

    id: str
    application_id: str
    signing_id: str
    place: int
    officer_id: str
    enrolment_id: str
    name: Bilingual
    designation: Bilingual
    office: Bilingual
    signed_at: datetime
    evidence: str = field(repr=False)
    evidence_kind: str
