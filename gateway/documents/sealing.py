"""Puts the system's seal into a PDF as PAdES; loads nothing of the store, since review.py starts for each page."""

import hashlib
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

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


def sign_pdf(document: bytes, chain: bytes, sign: Callable[[bytes], bytes], *, moment: datetime, reason: str) -> bytes:
    """The document with an invisible signature by `sign`, whose chain is in PEM.

    `moment` is aware and printed in the signature's dictionary.
    """
    return _sign(document, _KeySigner(chain, sign), moment, reason)


def prepare_seal(document: bytes, chain: bytes, *, moment: datetime, reason: str) -> tuple[bytes, int, bytes]:
    """A document like that of `sign_pdf` for a key of another process: the place of its signature, and what it signs.

    The place is where the signature begins, in hexadecimal digits. `chain` is in PEM.
    """
    signed: list[bytes] = []

    def leave_room(attributes: bytes) -> bytes:
        signed.append(attributes)
        return hashlib.shake_256(attributes).digest(signer.size)

    signer = _KeySigner(chain, leave_room)
    made = _sign(document, signer, moment, reason)
    room = hashlib.shake_256(signed[-1]).hexdigest(signer.size)
    return made, made.index(room.upper().encode()), signed[-1]


def _sign(document: bytes, signer: signers.Signer, moment: datetime, reason: str) -> bytes:
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
