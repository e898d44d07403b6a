"""Examines the signatures in a PDF that somebody handed in: whole, by whom, below a pinned root. Blocks; asks nobody.

The file is a stranger's: the gateway examines it in a process of its own (gateway/documents/pdf_signatures.py).
"""

import asyncio
import io
from datetime import datetime
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from domain.certificates.signatures import PdfSignature, SignatureState
from integrations.trust_services.certificates import context_at, path_of
from integrations.trust_services.models import CertificateUnfit, ExaminedSignature, Holder, TrustSettings

MOST_SIGNATURES = 20
"""In one file; a paper with more is not examined."""
LONGEST_NAME = 200
"""Characters of a signer's name."""

_UNREADABLE = (PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, MemoryError)
_LATER_SIGNATURES_ALONE = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        *(
            rule.as_qualified(ModificationLevel.LTA_UPDATES)
            for rule in (DocInfoRule(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule(), MetadataUpdateRule())  # type: ignore[no-untyped-call]
        ),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),  # type: ignore[no-untyped-call]
)
"""After a signature more signatures, time stamps and proofs may follow, but no text in a field, which changes what is
read."""


def examine_pdf(content: bytes, settings: TrustSettings, now: datetime) -> list[ExaminedSignature] | None:
    """Each signature as far as it can be told without asking an authority; None for a file that cannot be read.

    VERIFIED then says all but that the certificate was not revoked.
    """
    try:
        embedded = PdfFileReader(io.BytesIO(content)).embedded_regular_signatures
    except _UNREADABLE:
        return None
    if len(embedded) > MOST_SIGNATURES:
        return None
    return [_examine(one, settings, now) for one in embedded]


def _examine(embedded: EmbeddedPdfSignature, settings: TrustSettings, now: datetime) -> ExaminedSignature:
    try:
        certificate: x509.Certificate = embedded.signer_cert
        whole = asyncio.run(_is_whole(embedded))
        state = _state_of(certificate, settings, now) if whole else SignatureState.INVALID
        named = PdfSignature(
            state, _short_name(certificate.subject), _short_name(certificate.issuer), embedded.self_reported_timestamp
        )
        return ExaminedSignature(named, certificate.dump())
    except (*_UNREADABLE, SignatureValidationError):
        return ExaminedSignature(PdfSignature(SignatureState.INVALID, "", "", None), b"")


async def _is_whole(embedded: EmbeddedPdfSignature) -> bool:
    """Whether the signature is right, and nothing but signatures and their proofs came after it."""
    itself = ValidationContext(trust_roots=[embedded.signer_cert], allow_fetching=False)
    status = await async_validate_pdf_signature(embedded, itself, diff_policy=_LATER_SIGNATURES_ALONE)
    return bool(status.intact and status.valid and status.docmdp_ok)


def _state_of(certificate: x509.Certificate, settings: TrustSettings, now: datetime) -> SignatureState:
    """Whether the signer leads to a pinned root, then whether her certificate holds: a stranger's says nothing more."""
    moment = min(now, certificate.not_valid_after)
    try:
        path_of(certificate, context_at(settings, moment), Holder.SIGNER)
    except CertificateUnfit:
        return SignatureState.UNKNOWN_SIGNER
    ended = certificate.not_valid_after < now
    return SignatureState.CERTIFICATE_ENDED if ended else SignatureState.VERIFIED


def _short_name(name: x509.Name) -> str:
    """Common name and organisation; a certificate may hold a home address too, which nobody needs."""
    parts: dict[str, Any] = name.native
    found = [parts[key] for key in ("common_name", "organization_name") if parts.get(key)]
    return ", ".join(str(one[0] if isinstance(one, list) else one) for one in found)[:LONGEST_NAME]
