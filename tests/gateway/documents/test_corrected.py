"""A corrected certificate convinces a stranger as any other, and says in whose place it stands."""

from dataclasses import replace
from pathlib import Path

from actions.certificates.content import CertificateContent
from domain.kernel import show_number
from gateway.documents.layout import page_data, qr_svg
from gateway.documents.renderer import CertificateRenderer
from tests.gateway.documents.test_layout import words_of
from tests.gateway.documents.test_signatures import authority, validated, verified_xml

__all__ = ["authority"]

OLD = "22612345678906"
NEW = "22699999999994"


def corrected(content: CertificateContent) -> CertificateContent:
    address = content.verify_url.replace(content.number, NEW)
    uri = content.uri.replace("AB12CD34EF", "9999999999")
    return replace(content, number=NEW, uri=uri, verify_url=address, previous_number=OLD)


def test_both_signatures_hold_for_the_authority_alone(
    renderer: CertificateRenderer, content: CertificateContent, authority: Path, keys_folder: Path
):
    made = renderer.render(corrected(content))

    status = validated(made.pdf, authority)
    assert (status.bottom_line, status.trusted, status.coverage.name) == (True, True, "ENTIRE_FILE")
    root = verified_xml(made.xml, keys_folder)
    assert (root.get("number"), root.get("prevNumber"), root.get("status")) == (NEW, OLD, "A")


def test_the_paper_names_the_old_number_and_its_code_leads_to_the_new_one(
    renderer: CertificateRenderer, content: CertificateContent
):
    new = corrected(content)
    words = words_of(renderer.render(new).pdf)

    assert "".join(f"Issued in place of{show_number(OLD)}".split()) in words
    assert "इसकेस्थानपर" in words
    assert page_data(new, specimen=True)["qr"] == qr_svg(f"http://127.0.0.1:8000/verify/{NEW}")
    assert words_of(renderer.render(content).pdf).count("Issuedinplaceof") == 0
