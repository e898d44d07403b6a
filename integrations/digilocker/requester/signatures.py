"""Verifies the issuer's signature inside a document's XML (docs/contracts/digilocker.md section 7.4).

Genuine documents carry one reference over the whole document with a SHA-256 digest, but sign it with
RSA-SHA1. RSA-SHA1 is therefore allowed here, for documents of pinned signers, and nowhere else: SHA-1 is
broken against collisions, which an issuer would have to make himself, and not against second pre-images,
which a stranger would need (docs/adr/0008-document-signatures.md). What the document itself says about keys
is never trusted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from signxml.algorithms import SignatureMethod

from domain.certificates.signatures import SignatureState
from integrations.calling import safe_xml
from integrations.xml_signatures import DS, claimed_certificate, covers_all, der, verify_signature

_METHODS = frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256})
MOST_ATTRIBUTES = 20_000
"""More than any certificate has; a document with more is not examined at length."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found; `part` is what the signature covers, set only where it is VERIFIED.

    `sha1` where it rests on the one exception of ADR 0008: SignedInfo signed with RSA-SHA1.
    """

    state: SignatureState
    part: safe_xml.Element | None = None
    sha1: bool = False


def examine(content: bytes, signers: Iterable[str], at: datetime) -> Examined:
    """What the signature of a document is worth. `signers` are PEM certificates, which must be valid at `at`.

    Raises safe_xml.UnsafeXml where the document is not even well-formed.
    """
    root = safe_xml.parse(content)
    if sum(len(element.attrib) for element in root.iter()) > MOST_ATTRIBUTES:
        return Examined(SignatureState.INVALID)
    signatures = list(root.iter(f"{DS}Signature"))
    if not signatures:
        return Examined(SignatureState.UNSIGNED)
    if not covers_all(root, signatures):
        return Examined(SignatureState.INVALID)
    pinned, sha1 = tuple(signers), _by_sha1(signatures[0])
    for signer in pinned:
        part = verify_signature(root, signer, at, _METHODS)
        if part is not None:
            return Examined(SignatureState.VERIFIED, part, sha1)
    brought = claimed_certificate(signatures[0])
    known = brought is not None and any(der(signer) == brought for signer in pinned)
    return Examined(SignatureState.INVALID if known else SignatureState.UNKNOWN_SIGNER, sha1=sha1)


def _by_sha1(signature: safe_xml.Element) -> bool:
    method = next(signature.iter(f"{DS}SignatureMethod"), None)
    return method is not None and method.get("Algorithm") == SignatureMethod.RSA_SHA1.value
