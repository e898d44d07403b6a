"""Checks the signature on a certificate of our own: made by a key of our keyring, over the whole document."""

import base64
import binascii
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import RSAKey

from domain.certificates.signatures import SignatureState
from integrations.calling import safe_xml
from integrations.digilocker import Examined, examine
from store.database import KeyMissing, Keyrings

KEYRING = "xml"
_CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"


def own_signature(keyrings: Keyrings, content: bytes, at: datetime) -> Examined:
    """Examined as a document of the locker is, with our own keys as the pinned signers.

    The certificate that the document brings is used only where it holds a public key of the keyring.
    """
    try:
        root = safe_xml.parse(content)
        return examine(content, _pinned_certificates(keyrings, root), at)
    except safe_xml.UnsafeXml:
        return Examined(SignatureState.INVALID)


def _pinned_certificates(keyrings: Keyrings, root: safe_xml.Element) -> list[str]:
    ours = {_numbers(key.get_op_key("verify")) for key in _keys(keyrings)}
    brought = [certificate for certificate in map(_read, root.iter(_CERTIFICATE)) if certificate is not None]
    return [one.public_bytes(Encoding.PEM).decode() for one in brought if _numbers(one.public_key()) in ours]


def _keys(keyrings: Keyrings) -> list[RSAKey]:
    try:
        return [key for key in keyrings.key_set(KEYRING).keys if isinstance(key, RSAKey)]
    except KeyMissing:
        return []


def _read(element: safe_xml.Element) -> x509.Certificate | None:
    try:
        der = base64.b64decode("".join((element.text or "").split()), validate=True)
        return x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        return None


def _numbers(key: object) -> tuple[int, int] | None:
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    numbers = key.public_numbers()
    return numbers.n, numbers.e
