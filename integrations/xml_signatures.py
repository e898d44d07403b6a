"""Verifies XMLDSig on partners' documents: one signature over the whole, by a pinned certificate.

What a document itself says about keys is never trusted, and nothing but the part that the signature covers may be read.
The octets of a document that is believed are, canonicalised, those that were signed.
"""

import base64
import binascii
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from domain.certificates.signatures import SignatureState
from integrations.calling import safe_xml

DS = "{http://www.w3.org/2000/09/xmldsig#}"
CERTIFICATE_METHODS = frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256})
"""Genuine certificates carry one reference over the whole document with a SHA-256 digest, but sign it with RSA-SHA1
(docs/contracts/digilocker.md section 7.4). It is therefore allowed for them, under a pinned certificate, and nowhere
else: SHA-1 is broken against collisions, which an issuer would have to make himself, and not against second
pre-images, which a stranger would need (docs/adr/0008-document-signatures.md)."""
MOST_ATTRIBUTES = 20_000
"""More than any certificate has; a document with more is not examined at length."""

_INCLUSIVE = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"
_EMPTY_NAMESPACE = b' xmlns=""'


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found; `part` is what the signature covers, set only where it is VERIFIED.

    `sha1` where it rests on the one exception of ADR 0008: SignedInfo signed with RSA-SHA1.
    """

    state: SignatureState
    part: safe_xml.Element | None = None
    sha1: bool = False


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace.

    signxml takes these octets out wherever they stand, so that a document must not hold them (`_covers_all`).
    """

    excise_empty_xmlns_declarations = True


def examine(content: bytes, signers: Iterable[str], at: datetime) -> Examined:
    """What the signature of a certificate is worth. `signers` are PEM certificates, which must be valid at `at`.

    Raises safe_xml.UnsafeXml where the document is not even well-formed.
    """
    root = safe_xml.parse(content)
    if sum(len(element.attrib) for element in root.iter()) > MOST_ATTRIBUTES:
        return Examined(SignatureState.INVALID)
    return examine_root(root, signers, at, CERTIFICATE_METHODS)


def examine_root(
    root: safe_xml.Element, signers: Iterable[str], at: datetime, methods: Collection[SignatureMethod]
) -> Examined:
    """What the signature of a document is worth; one by another method than those is INVALID.

    UNKNOWN_SIGNER where the document brings the certificate of somebody else or none.
    """
    signatures = list(root.iter(f"{DS}Signature"))
    if not signatures:
        return Examined(SignatureState.UNSIGNED)
    pinned, sha1 = tuple(signers), _by_sha1(signatures[0])
    covered = _covers_all(root, signatures)
    for signer in pinned if covered else ():
        part = _verified_part(root, signer, at, methods)
        if part is not None:
            return Examined(SignatureState.VERIFIED, part, sha1)
    brought = _claimed_certificate(signatures[0])
    known = brought is not None and any(_der(signer) == brought for signer in pinned)
    return Examined(SignatureState.INVALID if known else SignatureState.UNKNOWN_SIGNER, sha1=sha1)


def _covers_all(root: safe_xml.Element, signatures: list[safe_xml.Element]) -> bool:
    """One signature, directly below the root, with one reference over the whole document.

    Every way to wrap a signature (another root, a moved part, an object inside) breaks one of these.
    """
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        return False
    references = list(root.iter(f"{DS}Reference"))
    if len(references) != 1 or references[0].get("URI") != "":
        return False
    if not all(_belongs_in_signature(element) for element in signatures[0].iter(etree.Element)):
        return False
    if _EMPTY_NAMESPACE in etree.tostring(root):
        return False
    # A value cut by a comment reads otherwise than it was signed, because comments are not covered.
    return next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is None


def _belongs_in_signature(element: safe_xml.Element) -> bool:
    tag = str(element.tag)
    return (tag.startswith(DS) and tag != f"{DS}Object") or tag == _INCLUSIVE


def _verified_part(
    root: safe_xml.Element, signer: str, at: datetime, methods: Collection[SignatureMethod]
) -> safe_xml.Element | None:
    """The part that the signer's certificate (PEM), valid at `at`, signed by one of the methods; None where none is."""
    settings = SignatureConfiguration(
        require_x509=True,
        expect_references=1,
        signature_methods=frozenset(methods),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=at,
    )
    try:
        result = _Verifier().verify(root, x509_cert=signer, expect_config=settings)
    except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
        return None
    return result.signed_xml if isinstance(result, VerifyResult) else None


def _claimed_certificate(signature: safe_xml.Element) -> bytes | None:
    """The certificate (DER) that the document brings: only to tell a changed document from a stranger's."""
    found = next(signature.iter(f"{DS}X509Certificate"), None)
    try:
        return base64.b64decode("".join((found.text or "").split()), validate=True) if found is not None else None
    except (binascii.Error, ValueError):
        return None


def _der(pem: str) -> bytes | None:
    """A certificate's bytes; None where it is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except ValueError:
        return None


def _by_sha1(signature: safe_xml.Element) -> bool:
    method = next(signature.iter(f"{DS}SignatureMethod"), None)
    return method is not None and method.get("Algorithm") == SignatureMethod.RSA_SHA1.value
