"""Puts an officer's signature into a certificate whose key is on her token: prepares, fills in, and checks the whole.

docs/contracts/signatures.md section 4. Preparing again changes the digest, so the exact prepared bytes are kept.
"""

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime

from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from actions.certificates.content import (
    CertificateContent,
    PreparedPdf,
    SignatureUnfit,
    SignerChain,
    Stamping,
    StampUnfit,
)
from gateway.documents.renderer import CertificateRenderer
from gateway.documents.sealing import DIGEST, DatedSigner, RepeatableWriter
from integrations.trust_services import Evidence, Holder, TrustSettings
from integrations.trust_services.certificates import context_at, path_of

FIELDS = ("Officer1", "Officer2")
RESERVED = 16_384
"""Octets for the CMS, with a chain of three certificates 3.1 kB (docs/contracts/signatures.md section 4)."""


class OfficerSigner(CertificateRenderer):
    """Certificates that an officer signs; its own keys sign the XML, and all certificates of the system's seal."""

    def lay_out(self, content: CertificateContent) -> bytes:
        """The page without a signature; blocking (about 0.2 s)."""
        return self._page_of(content, specimen=self._specimen or self._authority.signer("xml").test)

    def prepare(
        self, document: bytes, chain: SignerChain, moment: datetime, reason: str, *, place: int, places: int
    ) -> PreparedPdf:
        """The document with room for signature number `place` of `places`, and what the token signs; blocking.

        The first certifies: it allows no change, or signatures in the fields that are there where another follows.
        """
        first = place == 1
        more = fields.MDPPerm.FILL_FORMS if places > 1 else fields.MDPPerm.NO_CHANGES
        writer = RepeatableWriter(io.BytesIO(document))
        if first and places > 1:
            for name in FIELDS[:places]:
                fields.append_signature_field(writer, fields.SigFieldSpec(name))
        metadata = signers.PdfSignatureMetadata(
            field_name=FIELDS[place - 1],
            md_algorithm=DIGEST,
            subfilter=fields.SigSeedSubFilter.PADES,
            reason=reason,
            certify=first,
            docmdp_permissions=more,
        )
        signer = _signer_of(chain)
        pdf_signer = DatedSigner(metadata, signer=signer)
        pdf_signer.moment = moment
        output = io.BytesIO()
        preparing = pdf_signer.async_digest_doc_for_signing(writer, bytes_reserved=2 * RESERVED, output=output)
        digest, _, _ = asyncio.run(preparing)
        attributes = asyncio.run(signer.signed_attrs(digest.document_digest, DIGEST, use_pades=True))
        region = (digest.reserved_region_start, digest.reserved_region_end)
        return PreparedPdf(output.getvalue(), digest.document_digest, region, attributes.dump())

    def finish(self, prepared: PreparedPdf, chain: SignerChain, signature: bytes) -> bytes:
        """The signed document, in which every signature holds; blocking. Raises SignatureUnfit."""
        signer = _signer_of(chain, signature)
        attributes = cms.CMSAttributes.load(prepared.attributes)
        content = asyncio.run(signer.async_sign_prescribed_attributes(DIGEST, attributes))
        output = io.BytesIO(prepared.pdf)
        PreparedByteRangeDigest(prepared.digest, *prepared.region).fill_with_cms(output, content)
        made = output.getvalue()
        if not asyncio.run(_all_hold(made, chain)):
            raise SignatureUnfit
        return made

    async def raise_level(
        self, pdf: bytes, settings: TrustSettings, evidence: Sequence[Evidence], stamp: Stamping
    ) -> bytes:
        """The document with a document time stamp and all that proves its signatures later (PAdES B-LT).

        Raises StampUnfit for a stamp that does not hold, and what `stamp` raises.
        """
        stamper, output = _Stamper(stamp), io.BytesIO()
        await PdfTimeStamper(stamper, field_name="Timestamp").async_timestamp_pdf(
            RepeatableWriter(io.BytesIO(pdf)), DIGEST, bytes_reserved=2 * RESERVED, output=output
        )
        return await asyncio.to_thread(_with_proofs, output, settings, [*evidence, stamper.evidence])


def _with_proofs(output: io.BytesIO, settings: TrustSettings, evidence: Sequence[Evidence]) -> bytes:
    """The stamped document with the answers and certificates by which its signatures are proved later."""
    embedded = PdfFileReader(output).embedded_signatures
    context = context_at(settings, asyncio.run(_stamped_at(embedded[-1])), evidence)
    paths = [path_of(one.signer_cert, context, Holder.OFFICER) for one in embedded[:-1]]
    paths.append(path_of(embedded[-1].signer_cert, context, Holder.STAMPER))
    DocumentSecurityStore.add_dss(output, None, paths=paths, validation_context=context)
    return output.getvalue()


class _Stamper(TimeStamper):
    """Gives pyHanko the stamps of a function, which asks and checks."""

    def __init__(self, stamp: Stamping) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stamp = stamp
        self.evidence: Evidence

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm != DIGEST:
            raise ValueError("only SHA-256 is used")
        given = await self._stamp(message_digest)
        self.evidence = given.evidence
        return cms.ContentInfo.load(given.token)


async def _stamped_at(embedded: EmbeddedPdfSignature) -> datetime:
    """When a document time stamp whose signature holds was made. Raises StampUnfit."""
    trusted = ValidationContext(trust_roots=[embedded.signer_cert], allow_fetching=False)
    status = await async_validate_pdf_timestamp(embedded, trusted)
    if not (status.intact and status.valid):
        raise StampUnfit
    return status.timestamp


def _signer_of(chain: SignerChain, signature: bytes | None = None) -> signers.ExternalSigner:
    own = x509.Certificate.load(chain.certificate)
    others = [x509.Certificate.load(one) for one in chain.authorities]
    registry = SimpleCertificateStore.from_certs(others)  # type: ignore[no-untyped-call]
    size = own.public_key.byte_size
    return signers.ExternalSigner(own, registry, signature_value=signature or size, embed_roots=False)


async def _all_hold(document: bytes, chain: SignerChain) -> bool:
    """Whether the whole file is as it was signed, by every signature in it, and the last one is of the chain's officer.

    Whom the certificates are of was checked before; here they are trusted as they stand.
    """
    embedded = PdfFileReader(io.BytesIO(document)).embedded_regular_signatures
    for one in embedded:
        context = ValidationContext(trust_roots=[one.signer_cert], allow_fetching=False)
        status = await async_validate_pdf_signature(one, context)
        if not (status.intact and status.valid and status.docmdp_ok):
            return False
    return bool(embedded) and embedded[-1].signer_cert.dump() == chain.certificate
