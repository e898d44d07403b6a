"""Signs and verifies PFMS files with XMLDSig (docs/contracts/dbt_finance.md sections 2.4 and 10).

Enveloped, RSA-SHA256, C14N 1.0, one reference over the whole document; the certificate and the key's value stand in
it. RSA with PKCS#1 v1.5 has no chance in it, so the same document gives the same bytes. The public sample is signed
with SHA-1, which is refused. Nothing but the part that the signature covers may be read.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from domain.certificates.signatures import SignatureState
from integrations.calling import safe_xml
from integrations.dbt_finance.pfms.models import FileRefusal, FileRefused
from integrations.xml_signatures import examine_root

_METHODS = frozenset({SignatureMethod.RSA_SHA256})
_REFUSALS = {
    SignatureState.UNSIGNED: FileRefusal.UNSIGNED,
    SignatureState.UNKNOWN_SIGNER: FileRefusal.FOREIGN_SIGNATURE,
    SignatureState.INVALID: FileRefusal.BROKEN_SIGNATURE,
}


class _Signer(XMLSigner):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


class FileSigner:
    """Signs files with the certificate that is enrolled in PFMS. Raises ValueError where key and certificate differ."""

    def __init__(self, key_pem: str, certificate_pem: str) -> None:
        key = load_pem_private_key(key_pem.encode(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("an RSA key is needed")  # noqa: TRY004 - what is wrong is the content of a setting
        if key.public_key() != certificate.public_key():
            raise ValueError("key and certificate do not belong together")
        self._key = key
        self._certificate = certificate

    @property
    def fingerprint(self) -> str:
        """By what the certificate is known: SHA-256 of its bytes, in hex."""
        return self._certificate.fingerprint(SHA256()).hex()

    @property
    def valid_until(self) -> datetime:
        """The last instant at which the certificate may be used."""
        return self._certificate.not_valid_after_utc

    def sign(self, root: safe_xml.Element) -> bytes:
        """The document with its signature as the last child of the root, in UTF-8."""
        signer = _Signer(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        done = signer.sign(root, key=self._key, cert=[self._certificate], always_add_key_value=True)
        return etree.tostring(done, encoding="UTF-8", xml_declaration=True)


def signed_part(root: safe_xml.Element, signers: Iterable[str], at: datetime) -> safe_xml.Element:
    """The part of a document that one of the signers (PEM certificates, valid at `at`) vouches for.

    Raises FileRefused: UNSIGNED, FOREIGN_SIGNATURE of anybody else, BROKEN_SIGNATURE where it does not cover the
    whole document as it is.
    """
    found = examine_root(root, signers, at, _METHODS)
    if found.part is None:
        raise FileRefused(_REFUSALS[found.state])
    return found.part


def check_detached(content: bytes, signature: bytes, signers: Iterable[str], at: datetime) -> None:
    """Check a signature in Base64 over bytes, as at the end of an APBS file. Raises FileRefused."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise FileRefused(FileRefusal.BROKEN_SIGNATURE) from None
    for signer in signers:
        certificate = x509.load_pem_x509_certificate(signer.encode())
        key = certificate.public_key()
        valid = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        if not isinstance(key, RSAPublicKey) or not valid:
            continue
        try:
            key.verify(given, content, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return
    raise FileRefused(FileRefusal.FOREIGN_SIGNATURE)
