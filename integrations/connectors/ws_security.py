"""WS-Security headers of SOAP requests: user name tokens, and signatures by X.509.

OASIS, SOAP Message Security 1.1.1, Username Token Profile 1.1.1, X.509 Certificate Token Profile 1.1.1. A
header is made anew for each attempt, since a nonce is taken once.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from domain.kernel import Clock, Ids
from integrations.calling import safe_xml
from integrations.connectors.soap import Secure

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = f"{_WSS}wssecurity-secext-1.0.xsd", f"{_WSS}wssecurity-utility-1.0.xsd"
USERNAME_PROFILE = f"{_WSS}username-token-profile-1.0#"
X509_PROFILE = f"{_WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"
DS = "http://www.w3.org/2000/09/xmldsig#"
GOOD_FOR = timedelta(minutes=5)
"""How long a header is good; the profile recommends five minutes."""


class _Signer(XMLSigner):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def security(kind: str, secret: Mapping[str, Any], clock: Clock, ids: Ids) -> Secure:
    """What secures envelopes by text, digest or x509. Raises KeyError or ValueError for an unfit secret."""
    if kind == "x509":
        return _by_certificate(secret, clock)
    user, password = str(secret["username"]), str(secret["password"])

    def secure(_envelope: safe_xml.Element, header: safe_xml.Element, _body: safe_xml.Element) -> None:
        within, created = _begin(header, clock.now())
        named = etree.SubElement(within, f"{{{WSSE}}}UsernameToken")
        etree.SubElement(named, f"{{{WSSE}}}Username").text = user
        nonce = ids.token(16).encode()
        digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
        plain = kind == "text"
        form = USERNAME_PROFILE + ("PasswordText" if plain else "PasswordDigest")
        said = etree.SubElement(named, f"{{{WSSE}}}Password", Type=form)
        said.text = password if plain else base64.b64encode(digest).decode()
        etree.SubElement(named, f"{{{WSSE}}}Nonce", EncodingType=BASE64).text = base64.b64encode(nonce).decode()
        etree.SubElement(named, f"{{{WSU}}}Created").text = created

    return secure


def _by_certificate(secret: Mapping[str, Any], clock: Clock) -> Secure:
    key = load_pem_private_key(str(secret["key"]).encode(), password=None)
    certificate = x509.load_pem_x509_certificate(str(secret["certificate"]).encode())
    if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("an RSA key and its certificate are needed")
    brought = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()

    def secure(envelope: safe_xml.Element, header: safe_xml.Element, body: safe_xml.Element) -> None:
        within, _ = _begin(header, clock.now())
        token = etree.SubElement(within, f"{{{WSSE}}}BinarySecurityToken", EncodingType=BASE64, ValueType=X509_PROFILE)
        token.set(f"{{{WSU}}}Id", "token")
        token.text = brought
        body.set(f"{{{WSU}}}Id", "body")
        signer = _Signer(
            method=SignatureConstructionMethod.detached,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        within.append(signer.sign(envelope, key=key, reference_uri=["#time", "#body"], key_info=_key_info()))

    return secure


def _begin(header: safe_xml.Element, now: datetime) -> tuple[safe_xml.Element, str]:
    """The Security header with its Timestamp, and when it was made."""
    understood = f"{{{etree.QName(header).namespace}}}mustUnderstand"
    within = etree.SubElement(header, f"{{{WSSE}}}Security", {understood: "1"}, nsmap={"wsse": WSSE, "wsu": WSU})
    created, expires = (f"{at:%Y-%m-%dT%H:%M:%S}Z" for at in (now, now + GOOD_FOR))
    time = etree.SubElement(within, f"{{{WSU}}}Timestamp", {f"{{{WSU}}}Id": "time"})
    etree.SubElement(time, f"{{{WSU}}}Created").text = created
    etree.SubElement(time, f"{{{WSU}}}Expires").text = expires
    return within, created


def _key_info() -> safe_xml.Element:
    info = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS})
    reference = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference", nsmap={"wsse": WSSE})
    etree.SubElement(reference, f"{{{WSSE}}}Reference", URI="#token", ValueType=X509_PROFILE)
    return info
