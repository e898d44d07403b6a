"""The cover of a copy of an ended certificate: it says what ended, marks each page and brings the signed file."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from actions.documents.document_links import EndedCopy
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import ManualClock
from gateway.documents.cover import cover_data
from gateway.documents.renderer import CertificateRenderer
from gateway.documents.review import lay_out
from store.database import Keyrings
from tests.gateway.documents.conftest import CONTENT
from tests.store.builders import certificate

REVOKED: IssuedCertificate = certificate(number=CONTENT.number, status=CertificateStatus.REVOKED)


def cover_of(pdf: bytes, ended: IssuedCertificate = REVOKED, successor: str | None = None) -> bytes:
    """The copy that is handed out."""
    copy = EndedCopy(ended, date(2026, 11, 27), successor)
    data = cover_data(copy, pdf, verify_url=CONTENT.verify_url, today=date(2026, 11, 29))
    return lay_out(json.dumps(data, ensure_ascii=False))


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page without white space: pdfium drops a space after some vowel signs."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]


@pytest.fixture(scope="module")
def signed(keys_folder: Path) -> bytes:
    """A certificate as it was signed."""
    clock = ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    renderer = CertificateRenderer(Keyrings(keys_folder), keys_folder / "certificates", clock)
    return renderer.render(CONTENT).pdf


def test_the_cover_says_in_both_languages_that_the_certificate_holds_no_longer_since_when(signed):
    cover, *_ = pages_of(cover_of(signed))

    assert ("Revoked" in cover, "निरस्त" in cover, "226123456" in cover) == (True, True, True)
    assert ("27-11-2026" in cover, "29-11-2026" in cover) == (True, True)
    assert "आशानेगी" in cover


def test_a_corrected_one_names_the_certificate_in_its_place(signed):
    ended = replace(REVOKED, status=CertificateStatus.CORRECTED)
    cover, *_ = pages_of(cover_of(signed, ended, "22612345678914"))

    assert ("Corrected" in cover, "22612345678914" in cover) == (True, True)


def test_each_page_of_what_was_issued_follows_marked(signed):
    _, *marked = pages_of(cover_of(signed))

    assert len(marked) == len(pages_of(signed))
    assert all("Revoked" in page for page in marked)
    assert "AshaKshetri" in marked[0]


def test_the_signed_file_is_attached_as_it_was(signed):
    files = pypdfium2.PdfDocument(cover_of(signed))
    attached = files.get_attachment(0)

    assert files.count_attachments() == 1
    assert bytes(attached.get_data()) == signed
    assert len(PdfFileReader(io.BytesIO(signed)).embedded_signatures) == 1


def test_the_copy_itself_bears_no_signature(signed):
    assert PdfFileReader(io.BytesIO(cover_of(signed))).embedded_signatures == []


def test_a_file_that_is_no_pdf_any_more_is_attached_under_the_cover_alone():
    assert len(pages_of(cover_of(b"%PDF-1.7"))) == 1


def test_the_same_copy_gives_the_same_bytes(signed):
    assert cover_of(signed) == cover_of(signed)
