"""The issuer's own signature inside the XML of a document (contracts/digilocker.md section 7.4).

Genuine documents carry one reference over the whole document with a SHA-256 digest, but sign it with
RSA-SHA1. RSA-SHA1 is therefore allowed here, for documents of pinned signers, and nowhere else: SHA-1 is
broken against collisions, which an issuer would have to make himself, and not against second pre-images,
which a stranger would need (docs/adr/0008-document-signatures.md). What the document itself says about keys
is never trusted.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from domain.signatures import SignatureState
from integrations import safe_xml

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
MOST_ATTRIBUTES = 20_000
"""More than any certificate has; a document with more is not examined at length."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found; `part` is what the signature covers, set only where it is VERIFIED.

    `sha1` where it rests on the one exception of docs/adr/0008: SignedInfo signed with RSA-SHA1.
    """

    state: SignatureState
    part: safe_xml.Element | None = None
    sha1: bool = False


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def examine(content: bytes, signers: Iterable[str], at: datetime) -> Examined:
    """What the signature of a document is worth. `signers` are PEM certificates, which must be valid at `at`.

    Raises safe_xml.UnsafeXml where the document is not even well-formed.
    """
    root = safe_xml.parse(content)
    if sum(len(element.attrib) for element in root.iter()) > MOST_ATTRIBUTES:
        return Examined(SignatureState.INVALID)
    signatures = list(root.iter(f"{_DS}Signature"))
    if not signatures:
        return Examined(SignatureState.UNSIGNED)
    if not _covers_all(root, signatures):
        return Examined(SignatureState.INVALID)
    pinned, sha1 = tuple(signers), _by_sha1(signatures[0])
    for signer in pinned:
        part = _verified(root, signer, at)
        if part is not None:
            return Examined(SignatureState.VERIFIED, part, sha1)
    claimed = _claimed(signatures[0])
    known = claimed is not None and any(_der(signer) == claimed for signer in pinned)
    return Examined(SignatureState.INVALID if known else SignatureState.UNKNOWN_SIGNER, sha1=sha1)


def _by_sha1(signature: safe_xml.Element) -> bool:
    method = next(signature.iter(f"{_DS}SignatureMethod"), None)
    return method is not None and method.get("Algorithm") == SignatureMethod.RSA_SHA1.value


def _covers_all(root: safe_xml.Element, signatures: list[safe_xml.Element]) -> bool:
    """One signature, directly below the root, with one reference over the whole document.

    Every way to wrap a signature (another root, a moved part, an object inside) breaks one of these.
    """
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        return False
    references = list(root.iter(f"{_DS}Reference"))
    if len(references) != 1 or references[0].get("URI") != "":
        return False
    if any(True for _ in signatures[0].iter(f"{_DS}Object")):
        return False
    # A value cut by a comment reads otherwise than it was signed, because comments are not covered.
    return not any(not isinstance(node.tag, str) for node in root.iter())


def _verified(root: safe_xml.Element, signer: str, at: datetime) -> safe_xml.Element | None:
    settings = SignatureConfiguration(
        require_x509=True,
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=at,
    )
    try:
        result = _Verifier().verify(root, x509_cert=signer, expect_config=settings)
    except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
        return None
    return result.signed_xml if isinstance(result, VerifyResult) else None


def _claimed(signature: safe_xml.Element) -> bytes | None:
    """The certificate that the document brings, only to tell a changed document from a stranger's."""
    found = next(signature.iter(f"{_DS}X509Certificate"), None)
    try:
        return base64.b64decode("".join((found.text or "").split()), validate=True) if found is not None else None
    except (binascii.Error, ValueError):
        return None


def _der(pem: str) -> bytes | None:
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except ValueError:
        return None
