"""Builds the content of a certificate, and names the protocol that turns it into a signed document."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.certificates.officer_signatures import Signatory
from domain.kernel import Bilingual
from integrations.trust_services import Evidence, Stamp, TrustSettings


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
    signers: tuple[Signatory, ...] = ()
    """Officers who sign it with their tokens; none where it bears the system's seal."""
    signed_at: datetime | None = None
    """When the first of them signs."""


@dataclass(frozen=True, slots=True)
class RenderedCertificate:
    """The signed document in its two forms."""

    pdf: bytes
    xml: bytes


class Renderer(Protocol):
    """Makes the signed PDF and the signed XML; implemented by the gateway, where the heavy libraries are."""

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking, called in a thread."""


class SignatureUnfit(Exception):
    """A signature that does not make a document in which every signature holds."""


class StampUnfit(Exception):
    """A time stamp that does not hold, or is not of an authority that is trusted."""


@dataclass(frozen=True, slots=True)
class SignerChain:
    """An officer's certificate and those of the authorities above her, in DER."""

    certificate: bytes
    authorities: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PreparedPdf:
    """A document with room for one signature (docs/contracts/signatures.md section 4).

    `digest` is that of its bytes without the room, `region` where that is, `attributes` in DER what the token signs.
    """

    pdf: bytes
    digest: bytes
    region: tuple[int, int]
    attributes: bytes

    @property
    def to_sign(self) -> str:
        """SHA-256 of the attributes in hex, which leaves the house."""
        return hashlib.sha256(self.attributes).hexdigest()


Stamping = Callable[[bytes], Awaitable[Stamp]]
"""Gives the stamp over a SHA-256."""


class OfficerRenderer(Renderer, Protocol):
    """Also makes documents that an officer's token signs; every method but the last blocks."""

    def lay_out(self, content: CertificateContent) -> bytes:
        """The page without a signature."""

    def data(self, content: CertificateContent) -> bytes:
        """The signed XML."""

    def prepare(
        self, document: bytes, chain: SignerChain, moment: datetime, reason: str, *, place: int, places: int
    ) -> PreparedPdf:
        """The document with room for signature number `place` of `places`."""

    def finish(self, prepared: PreparedPdf, chain: SignerChain, signature: bytes) -> bytes:
        """The signed document. Raises SignatureUnfit."""

    async def raise_level(
        self, pdf: bytes, settings: TrustSettings, evidence: Sequence[Evidence], stamp: Stamping
    ) -> bytes:
        """The document with a time stamp that `stamp` gives for a SHA-256, and what proves it all later.

        No thread waits for the stamp, since getting it takes one. `evidence` are answers about revocation of its
        signers. Raises StampUnfit, and what `stamp` raises.
        """
