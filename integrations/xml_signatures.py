"""Verifies XMLDSig on partners' documents: one signature over the whole, by a pinned certificate.

What a document itself says about keys is never trusted, and nothing but the part that the signature covers may be read.
"""

import base64
import binascii
from collections.abc import Collection
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from integrations.calling import safe_xml

DS = "{http://www.w3.org/2000/09/xmldsig#}"


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def covers_all(root: safe_xml.Element, signatures: list[safe_xml.Element]) -> bool:
    """One signature, directly below the root, with one reference over the whole document.

    Every way to wrap a signature (another root, a moved part, an object inside) breaks one of these.
    """
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        return False
    references = list(root.iter(f"{DS}Reference"))
    if len(references) != 1 or references[0].get("URI") != "":
        return False
    if any(True for _ in signatures[0].iter(f"{DS}Object")):
        return False
    # A value cut by a comment reads otherwise than it was signed, because comments are not covered.
    return next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is None


def verify_signature(
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


def claimed_certificate(signature: safe_xml.Element) -> bytes | None:
    """The certificate (DER) that the document brings: only to tell a changed document from a stranger's."""
    found = next(signature.iter(f"{DS}X509Certificate"), None)
    try:
        return base64.b64decode("".join((found.text or "").split()), validate=True) if found is not None else None
    except (binascii.Error, ValueError):
        return None


def der(pem: str) -> bytes | None:
    """A certificate's bytes; None where it is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except ValueError:
        return None
