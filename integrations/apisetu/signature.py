"""The signature inside a department's certificate XML (docs/contracts/digilocker.md section 7.4).

Genuine documents carry one reference over the whole document with a SHA-256 digest, but sign it with
RSA-SHA1. RSA-SHA1 is therefore allowed here and nowhere else, under a certificate that was given to us.
"""

from collections.abc import Iterable
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from integrations import safe_xml


class NotGenuine(Exception):
    """No given certificate made a valid signature over the document."""


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def signed_part(root: safe_xml.Element, certificates: Iterable[str], at: datetime) -> safe_xml.Element:
    """What the signature covers, and only that; raises NotGenuine.

    The certificates are PEM texts, valid at `at`. What the document itself says about keys is not trusted.
    """
    settings = SignatureConfiguration(
        require_x509=True,
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=at,
    )
    for certificate in certificates:
        try:
            result = _Verifier().verify(root, x509_cert=certificate, expect_config=settings)
        except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
            continue
        if isinstance(result, VerifyResult) and result.signed_xml is not None:
            return result.signed_xml
    raise NotGenuine


def by_sha1(root: safe_xml.Element) -> bool:
    """Whether the signature rests on RSA-SHA1."""
    methods = root.iter("{http://www.w3.org/2000/09/xmldsig#}SignatureMethod")
    return any(method.get("Algorithm") == SignatureMethod.RSA_SHA1.value for method in methods)
