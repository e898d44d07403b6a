"""The signatures of PDF and XML hold, and any change breaks them."""

import re
import stat
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from signxml.exceptions import InvalidDigest, InvalidSignature
from signxml.verifier import XMLVerifier

from actions.certificates.content import CertificateContent
from gateway.documents.renderer import CertificateRenderer
from store.database import Keyrings


def validated(pdf: bytes, authority: Path) -> PdfSignatureStatus:
    roots = list(load_certs_from_pemder_data(authority.read_bytes()))
    reader = PdfFileReader(BytesIO(pdf))
    return validate_pdf_signature(
        reader.embedded_signatures[0], ValidationContext(trust_roots=roots, allow_fetching=False)
    )


@pytest.fixture
def authority(keys_folder: Path) -> Path:
    return keys_folder / "certificates" / "test-authority.crt"


def signer_certificate(keys_folder: Path, purpose: str) -> x509.Certificate:
    path = next((keys_folder / "certificates").glob(f"{purpose}-*.pem"))
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_the_pdf_signature_holds_for_the_whole_file(
    renderer: CertificateRenderer, content: CertificateContent, authority: Path
):
    pdf = renderer.render(content).pdf

    status = validated(pdf, authority)

    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.trusted


def test_one_flipped_byte_breaks_the_pdf_signature(
    renderer: CertificateRenderer, content: CertificateContent, authority: Path
):
    pdf = bytearray(renderer.render(content).pdf)
    place = pdf.index(b"stream", len(pdf) // 4) + 40
    pdf[place] ^= 1

    assert not validated(bytes(pdf), authority).intact


def test_a_later_revision_is_not_covered_and_not_accepted(
    renderer: CertificateRenderer, content: CertificateContent, authority: Path
):
    writer = IncrementalPdfFileWriter(BytesIO(renderer.render(content).pdf))
    writer.root["/Lang"] = generic.TextStringObject("en")
    writer.update_root()
    changed = BytesIO()
    writer.write(changed)

    status = validated(changed.getvalue(), authority)

    assert status.coverage.name != "ENTIRE_FILE"
    assert not status.bottom_line


def test_a_repeated_job_makes_the_same_files(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    first = renderer.render(content)

    assert renderer.render(content) == first
    assert renderer.render(replace(content, number="22612345678907")) != first


def test_the_signed_file_tells_no_time_but_the_day_of_issue(renderer: CertificateRenderer, content: CertificateContent):
    metadata = PdfFileReader(BytesIO(renderer.render(content).pdf)).root["/Metadata"].data

    days = set(re.findall(rb"(?:Create|Modify|Metadata)Date>(\d{4}-\d\d-\d\d)", metadata))
    assert days == {content.issued_on.isoformat().encode()}


def verified_xml(xml: bytes, keys_folder: Path) -> etree._Element:
    pem = signer_certificate(keys_folder, "xml").public_bytes(serialization.Encoding.PEM).decode()
    signed = XMLVerifier().verify(xml, x509_cert=pem).signed_xml
    assert signed is not None
    return signed


def test_the_xml_signature_holds_and_says_what_section_7_4_asks(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    xml = renderer.render(content).xml

    root = verified_xml(xml, keys_folder)

    assert xml.startswith(b"<?xml")
    assert dict(root.attrib) == {
        "language": "99",
        "name": "Income Certificate",
        "type": "INCER",
        "number": "22612345678906",
        "prevNumber": "",
        "expiryDate": "23-11-2027",
        "validFromDate": "24-11-2026",
        "issuedAt": "Dehradun",
        "issueDate": "24-11-2026",
        "status": "A",
    }
    person = root.find("IssuedTo/Person")
    assert person is not None
    assert person.get("swd") == "Mohan Singh Kshetri"
    assert person.get("swdIndicator") == "D"
    assert person.get("dob") == "12-04-1990"
    income = root.find("CertificateData/Income")
    assert income is not None
    assert income.get("annual") == "120000"
    assert income.get("currency") == "INR"


def test_the_xml_has_one_reference_with_sha_256_and_the_certificate_inside(
    renderer: CertificateRenderer, content: CertificateContent
):
    root = etree.fromstring(renderer.render(content).xml)
    ds = "{http://www.w3.org/2000/09/xmldsig#}"

    references = root.findall(f".//{ds}Reference")
    assert [reference.get("URI") for reference in references] == [""]
    method = root.find(f".//{ds}SignatureMethod")
    digest = root.find(f".//{ds}DigestMethod")
    assert method is not None
    assert digest is not None
    assert str(method.get("Algorithm")).endswith("rsa-sha256")
    assert str(digest.get("Algorithm")).endswith("sha256")
    assert root.findtext(f".//{ds}X509Certificate")


def test_a_changed_word_breaks_the_xml_signature(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    xml = renderer.render(content).xml.replace(b'annual="120000"', b'annual="20000"')

    with pytest.raises((InvalidDigest, InvalidSignature)):
        verified_xml(xml, keys_folder)


def test_control_characters_do_not_keep_a_certificate_from_being_issued(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    field = replace(content.fields[0], value="12\x000<&\"'>")

    root = verified_xml(renderer.render(replace(content, fields=(field,))).xml, keys_folder)

    income = root.find("CertificateData/Income")
    assert income is not None
    assert income.get("annual") == "120<&\"'>"


def test_the_key_of_the_test_authority_is_for_its_owner_only(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    renderer.render(content)

    mode = stat.S_IMODE((keys_folder / "certificates" / "test-authority.pem").stat().st_mode)
    assert mode == 0o600
    assert not [path for path in (keys_folder / "certificates").iterdir() if path.name.startswith(".new-")]


def test_a_rotated_key_gets_its_own_certificate_of_the_same_authority(
    tmp_path: Path, content: CertificateContent, renderer: CertificateRenderer
):
    keyrings = Keyrings(tmp_path)
    keyrings.init()
    fresh = CertificateRenderer(keyrings, tmp_path / "certificates", renderer._authority._clock)
    fresh.render(content)
    keyrings.rotate("pdf")

    pdf = fresh.render(content).pdf

    assert len(list((tmp_path / "certificates").glob("pdf-*.pem"))) == 2
    assert validated(pdf, tmp_path / "certificates" / "test-authority.crt").bottom_line
