"""The QR code on the page and the place in the status list in the XML: one index in both."""

import io
from dataclasses import replace
from pathlib import Path

from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader

from actions.certificates.content import CertificateContent
from actions.certificates.qr_codes import read_qr
from gateway.documents.renderer import CertificateRenderer
from store.database import Keyrings


def links_of(pdf: bytes) -> list[str]:
    page = PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Kids"][0]
    annotations = [each.get_object() for each in page["/Annots"]]
    return [str(each["/A"]["/URI"]) for each in annotations if each["/Subtype"] == "/Link"]


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


def test_a_certificate_on_no_list_leads_to_the_page_of_its_number(
    renderer: CertificateRenderer, content: CertificateContent
):
    rendered = renderer.render(content)

    assert links_of(rendered.pdf) == [content.verify_url]
    assert b"status_list" not in rendered.xml
