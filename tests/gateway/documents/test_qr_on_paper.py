"""The QR code on the page and the place in the status list in the XML: one index in both."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import segno
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader

from actions.certificates.content import CertificateContent
from actions.certificates.qr_codes import read_qr
from gateway.documents.renderer import CertificateRenderer
from store.database import Keyrings
from tests.gateway.documents.kinds import KINDS, longest

POINTS_OF_A_MILLIMETRE = 72 / 25.4


def annotations_of(pdf: bytes) -> list[Any]:
    """The links of all pages."""
    pages = [one.get_object() for one in PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Kids"]]
    found = [each.get_object() for page in pages for each in page.get("/Annots", ())]
    return [each for each in found if each["/Subtype"] == "/Link"]


def links_of(pdf: bytes) -> list[str]:
    return [str(each["/A"]["/URI"]) for each in annotations_of(pdf)]


def test_page_and_xml_name_the_same_place(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder: Path
):
    rendered = renderer.render(replace(content, status_index=70_000))

    [line] = etree.fromstring(rendered.xml).xpath("//Field[@name='status_list']/@value")
    [address] = links_of(rendered.pdf)
    facts = read_qr(address, Keyrings(keys_folder).key_set("qr").keys)
    assert line == f"{facts.list_uri}#{facts.place}" == "http://127.0.0.1:8000/status-lists/0#70000"


def test_the_same_content_with_the_same_keys_gives_the_same_code(
    renderer: CertificateRenderer, content: CertificateContent
):
    listed = replace(content, status_index=70_000)

    assert renderer.render(listed).pdf == renderer.render(listed).pdf


@pytest.mark.parametrize("name", sorted(KINDS.kinds))
def test_at_its_longest_a_code_is_printed_with_squares_that_a_scan_at_150_dpi_shows(
    name: str, renderer: CertificateRenderer
):
    """Two points of a scan at 150 dpi, 0.34 mm, are too few for a reader (docs/contracts/signatures.md section 5.6)."""
    [link] = annotations_of(renderer.render(replace(longest(KINDS.kinds[name]), status_index=70_000)).pdf)
    left, _, right, _ = (float(one) for one in link["/Rect"])

    code = segno.make(str(link["/A"]["/URI"]), error="m", micro=False)

    assert int(code.version) <= 15
    assert (right - left) / POINTS_OF_A_MILLIMETRE / code.symbol_size(border=2)[0] >= 0.42


def test_a_certificate_on_no_list_leads_to_the_page_of_its_number(
    renderer: CertificateRenderer, content: CertificateContent
):
    rendered = renderer.render(content)

    assert links_of(rendered.pdf) == [content.verify_url]
    assert b"status_list" not in rendered.xml
