"""Documents that the sandbox issuers hand out: a signed certificate in XML and a small PDF.

Written from docs/contracts/digilocker.md section 7.4, apart from the code that reads such papers. Genuine
documents have a SHA-256 digest inside a SignedInfo that is signed with RSA-SHA1; so have these.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

_DS = "http://www.w3.org/2000/09/xmldsig#"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENVELOPED = f"{_DS}enveloped-signature"
_RSA_SHA1 = f"{_DS}rsa-sha1"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_FONTS = b"/Resources << /Font << /F1 5 0 R >> >>"


@dataclass(frozen=True, slots=True)
class Part:
    """An element inside CertificateData, with the elements inside it."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence["Part"] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """What is written on a certificate. Dates are texts `DD-MM-YYYY`; `extra` and `parts` go into CertificateData."""

    name: str
    doctype: str
    number: str
    issuer: str
    issued_on: str
    holder: str
    dob: str
    gender: str
    place: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[Part] = ()


def new_signer(common_name: str, now: datetime) -> dict[str, Any]:
    """An RSA-2048 key and its own certificate, as PEM texts that State can keep. Valid ten years."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"key": private.decode(), "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode()}


def signed_certificate(paper: Paper, signer: Mapping[str, str]) -> bytes:
    """The certificate in XML with an enveloped signature over the whole document."""
    return sign_enveloped(_certificate(paper), signer)


def sign_enveloped(root: etree._Element, signer: Mapping[str, str]) -> bytes:
    """Any document with an enveloped signature over the whole of it."""
    digest = hashlib.sha256(etree.tostring(root, method="c14n")).digest()
    signature = etree.SubElement(root, f"{{{_DS}}}Signature", nsmap={None: _DS})
    info = _signed_info(signature, digest)
    value = private_key(signer["key"]).sign(_canonical(info), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - genuine ones do so
    etree.SubElement(signature, f"{{{_DS}}}SignatureValue").text = base64.b64encode(value).decode()
    data = etree.SubElement(etree.SubElement(signature, f"{{{_DS}}}KeyInfo"), f"{{{_DS}}}X509Data")
    body = "".join(signer["certificate"].splitlines()[1:-1])
    etree.SubElement(data, f"{{{_DS}}}X509Certificate").text = body
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@lru_cache(maxsize=16)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """An RSA key that is kept once it was checked: that takes 50 ms. Raises TypeError for a key of another kind."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    return key


def small_pdf(lines: Sequence[str]) -> bytes:
    """A one-page PDF 1.4 with lines of Latin text; other letters are shown as question marks."""
    drawn = ["BT /F1 18 Tf 60 770 Td 26 TL"]
    for position, line in enumerate(lines):
        text = line.encode("latin-1", "replace").decode("latin-1")
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        drawn.append(f"({escaped}) Tj T*" + (" /F1 12 Tf 20 TL" if position == 0 else ""))
    stream = "\n".join([*drawn, "ET"]).encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %b >>" % _FONTS,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    return _with_cross_references(objects)


def _with_cross_references(objects: Sequence[bytes]) -> bytes:
    body, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start, size = len(body), len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(body)


def _certificate(paper: Paper) -> etree._Element:
    root = etree.Element(
        "Certificate",
        language="99",
        name=paper.name,
        type=paper.doctype,
        number=paper.number,
        prevNumber="",
        expiryDate="",
        validFromDate=paper.issued_on,
        issuedAt=paper.place,
        issueDate=paper.issued_on,
        status="A",
    )
    by = etree.SubElement(etree.SubElement(root, "IssuedBy"), "Organization")
    by.attrib.update({"name": paper.issuer, "code": "", "tin": "", "uid": "", "type": "SG"})
    _address(by)
    person = etree.SubElement(etree.SubElement(root, "IssuedTo"), "Person")
    person.attrib.update({"uid": "", "title": "", "name": paper.holder, "dob": paper.dob, "swd": ""})
    person.attrib.update({"swdIndicator": "", "motherName": "", "gender": paper.gender, "maritalStatus": ""})
    person.attrib.update({"disabilityStatus": "", "category": "", "religion": "", "phone": "", "email": ""})
    _address(person)
    etree.SubElement(person, "Photo", format="")
    data = etree.SubElement(root, "CertificateData")
    data.attrib.update(dict(paper.extra))
    _fill(data, paper.parts)
    return root


def _fill(parent: etree._Element, parts: Sequence[Part]) -> None:
    for part in parts:
        element = etree.SubElement(parent, part.name)
        element.attrib.update(dict(part.attributes))
        _fill(element, part.parts)


def _address(parent: etree._Element) -> None:
    names = ("type", "line1", "line2", "house", "landmark", "locality", "vtc", "district", "pin", "state")
    etree.SubElement(parent, "Address").attrib.update({**dict.fromkeys(names, ""), "country": "IN"})


def _canonical(element: etree._Element) -> bytes:
    """Inclusive canonical XML of a part, read again first: in place libxml2 2.14 writes wrong `xmlns=""`."""
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")


def _signed_info(signature: etree._Element, digest: bytes) -> etree._Element:
    info = etree.SubElement(signature, f"{{{_DS}}}SignedInfo")
    etree.SubElement(info, f"{{{_DS}}}CanonicalizationMethod", Algorithm=_C14N)
    etree.SubElement(info, f"{{{_DS}}}SignatureMethod", Algorithm=_RSA_SHA1)
    reference = etree.SubElement(info, f"{{{_DS}}}Reference", URI="")
    etree.SubElement(etree.SubElement(reference, f"{{{_DS}}}Transforms"), f"{{{_DS}}}Transform", Algorithm=_ENVELOPED)
    etree.SubElement(reference, f"{{{_DS}}}DigestMethod", Algorithm=_SHA256)
    etree.SubElement(reference, f"{{{_DS}}}DigestValue").text = base64.b64encode(digest).decode()
    return info
