"""Renders a certificate: the PDF, signed as PAdES by pyHanko, and the XML (actions.certificates.content.Renderer)."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from actions.certificates.content import CertificateContent, RenderedCertificate
from actions.certificates.qr_codes import make_qr
from domain.kernel import IST, Clock
from gateway.documents.authority import Authority, Signer
from gateway.documents.layout import lay_out
from gateway.documents.xml import certificate_xml
from store.database import Keyrings


class CertificateRenderer:
    """Lays out and signs certificates with the active keys of the keyrings `pdf` and `xml`.

    The same content with the same keys gives the same bytes, so a repeated job stores one file.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        folder: Path,
        clock: Clock,
        *,
        specimen: bool = False,
        makes_tests: bool = True,
        emblem: Path | None = None,
    ) -> None:
        """`folder` holds the signing certificates; those of the test authority are made where it `makes_tests`.

        With `specimen` every page says that it is one; signed with a test key it says so anyhow. `emblem` is the
        operator's SVG, which other pages than specimens bear.
        """
        self._keyrings = keyrings
        self._authority = Authority(keyrings, folder, clock, makes_tests=makes_tests)
        self._specimen = specimen
        self._emblem = emblem.read_text(encoding="utf-8") if emblem else ""

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking (about 0.2 s), so call it in a thread. Raises KeyMissing."""
        pdf_signer = self._authority.signer("pdf")
        page = self._page_of(content, specimen=self._specimen or pdf_signer.test)
        issued_at = datetime.combine(content.issued_on, time(0, 0), tzinfo=IST)
        return RenderedCertificate(
            pdf=sign_pdf(page, pdf_signer, moment=issued_at, reason=content.service.en),
            xml=certificate_xml(content, self._authority.signer("xml")),
        )

    def _page_of(self, content: CertificateContent, *, specimen: bool) -> bytes:
        """The page without a signature, with its QR code."""
        if content.status_index is not None:
            content = replace(content, qr=make_qr(content, self._keyrings.active("qr")))
        return lay_out(content, specimen=specimen, emblem=self._emblem)

    def data(self, content: CertificateContent) -> bytes:
        """The signed XML alone, for a certificate whose page was made elsewhere; blocking, as `render`."""
        return certificate_xml(content, self._authority.signer("xml"))


FIELD = "ApuniSarkar"
DIGEST = "sha256"


class _KeySigner(signers.Signer):
    """Signs by a function of ours; pyHanko's own signer reads the key anew for each signature (35 ms)."""

    def __init__(self, chain: bytes, sign: Callable[[bytes], bytes]) -> None:
        certificates = list(load_certs_from_pemder_data(chain))
        registry = SimpleCertificateStore.from_certs(certificates)  # type: ignore[no-untyped-call]
        super().__init__(signing_cert=certificates[0], cert_registry=registry, embed_roots=False)
        self.size = int(certificates[0].public_key.byte_size)
        self._sign = sign

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != DIGEST:
            raise ValueError("only SHA-256 is used")
        return bytes(self.size) if dry_run else self._sign(data)


class DatedSigner(signers.PdfSigner):
    """pyHanko's signer with the moment handed in: pyHanko itself would read the machine's clock."""

    moment: datetime

    def init_signing_session(self, *arguments: Any, **named: Any) -> PdfSigningSession:
        session = super().init_signing_session(*arguments, **named)
        session.system_time = self.moment
        return session


class RepeatableWriter(IncrementalPdfFileWriter):
    """A writer that reads no clock and draws no lots, so that equal input gives equal bytes.

    The second file identifier follows from the first, and the document keeps the metadata that it was laid out with:
    pyHanko would enter the machine's time as that of the last change. When it was signed stands in the signature.
    """

    def _update_meta(self) -> None:
        return

    @classmethod
    def _handle_id(cls, prev: Any) -> generic.ArrayObject:
        first = bytes(prev.trailer["/ID"][0].original_bytes)
        second = hashlib.sha256(b"signed" + first).digest()[:16]
        return generic.ArrayObject([generic.ByteStringObject(first), generic.ByteStringObject(second)])


def sign_pdf(document: bytes, signer: Signer, *, moment: datetime, reason: str) -> bytes:
    """The document with an invisible signature; `moment` is aware and printed in the signature's dictionary."""
    return _signed(document, _KeySigner(signer.chain_pem, signer.sign), moment, reason)


def prepare_seal(document: bytes, chain: bytes, *, moment: datetime, reason: str) -> tuple[bytes, int, bytes]:
    """A document like that of `sign_pdf` for a key of another process: the place of its signature, and what it signs.

    The place is where the signature begins, in hexadecimal digits. `chain` is in PEM.
    """
    signed: list[bytes] = []

    def leave_room(attributes: bytes) -> bytes:
        signed.append(attributes)
        return hashlib.shake_256(attributes).digest(signer.size)

    signer = _KeySigner(chain, leave_room)
    made = _signed(document, signer, moment, reason)
    room = hashlib.shake_256(signed[-1]).hexdigest(signer.size)
    return made, made.index(room.upper().encode()), signed[-1]


def _signed(document: bytes, signer: signers.Signer, moment: datetime, reason: str) -> bytes:
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm=DIGEST,
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    pdf_signer = DatedSigner(metadata, signer=signer)
    pdf_signer.moment = moment
    output = io.BytesIO()
    pdf_signer.sign_pdf(RepeatableWriter(io.BytesIO(document)), output=output)
    return output.getvalue()
