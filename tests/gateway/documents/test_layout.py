"""The page: exact Hindi, hostile text as text, equal bytes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree

from actions.certificates.content import CertificateContent, CertificateField
from domain.certificates.officer_signatures import Signatory
from domain.kernel import Bilingual, ManualClock
from gateway.documents.layout import lay_out, page_data, qr_svg
from gateway.documents.renderer import CertificateRenderer
from gateway.documents.text import drawable, xml_safe
from store.database import KeyMissing, Keyrings
from tests.support.fit_settings import certify


def words_of(pdf: bytes) -> str:
    """The text of the pages without white space: pdfium drops a space after some vowel signs."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


def with_field(content: CertificateContent, value: str) -> CertificateContent:
    return replace(content, fields=(CertificateField("purpose", Bilingual("प्रयोजन", "Purpose"), value),))


@pytest.mark.parametrize(
    "expected",
    [
        "उत्तराखण्ड शासन",
        "आय प्रमाण-पत्र",
        "आशा क्षेत्री",
        "प्रमाणित किया जाता है कि आशा क्षेत्री, पुत्री मोहन सिंह क्षेत्री, तहसील विकासनगर, जनपद देहरादून",
        "द्वारिका, विश्वनाथ मार्ग, कर्णप्रयाग, ज्ञानपुर, लट्ठा",
        "daughter of",
        "2261 23456 78906",
        "24-11-2026",
    ],
)
def test_the_page_says_exactly_what_was_meant(content: CertificateContent, expected: str):
    assert "".join(expected.split()) in words_of(lay_out(content, specimen=False))


def test_a_test_key_is_told_on_the_page_and_a_real_one_is_not(content: CertificateContent):
    assert "SPECIMEN" in words_of(lay_out(content, specimen=True))
    assert "SPECIMEN" not in words_of(lay_out(content, specimen=False))


def test_the_same_content_gives_the_same_bytes(content: CertificateContent):
    assert lay_out(content, specimen=False) == lay_out(content, specimen=False)


def test_many_are_laid_out_at_once_as_where_an_officer_approves_a_whole_class(content: CertificateContent):
    alone = lay_out(content, specimen=False)
    with ThreadPoolExecutor(8) as threads:
        together = [threads.submit(lay_out, content, specimen=False) for _ in range(16)]
    assert [one.result() == alone for one in together] == [True] * 16


@pytest.mark.parametrize(
    "hostile",
    [
        r"#raw \ $x$",
        "<script>alert(1)</script>",
        '#import "@preview/x:1.0.0"',
        '#read("/etc/passwd")',
        '"]}\\u0041',
        "*_`~@",
    ],
)
def test_text_that_looks_like_markup_is_printed_as_it_is(content: CertificateContent, hostile: str):
    assert "".join(hostile.split()) in words_of(lay_out(with_field(content, hostile), specimen=False))


@pytest.mark.parametrize("odd", ["தமிழ்", "😀", "\ud800", "漢字", "\ue000", "\uffff", "ا عربي"])
def test_a_letter_that_no_font_draws_becomes_a_box_and_not_a_failure(content: CertificateContent, odd: str):
    assert "□" in words_of(lay_out(with_field(content, f"a{odd}b"), specimen=False))


def test_signs_that_hide_or_turn_text_are_left_out():
    assert drawable("a\x00b\u202ec\u061c\u200b\x07\n\u2066d\u200d") == "abc d\u200d"


def test_every_letter_that_is_let_through_can_be_drawn(content: CertificateContent):
    everything = "".join(map(chr, (*range(0x20, 0x250), *range(0x900, 0x980), *range(0x2000, 0x2070))))
    money = "".join(map(chr, (*range(0x20A0, 0x20C0), *range(0xA8E0, 0xA900))))

    assert lay_out(with_field(content, everything + money), specimen=False)


def test_a_very_long_field_makes_more_pages_and_not_a_failure(content: CertificateContent):
    fields = tuple(CertificateField(f"f{n}", Bilingual("पता", "Address"), "क्ष " * 200) for n in range(20))

    document = pypdfium2.PdfDocument(lay_out(replace(content, fields=fields), specimen=False))

    assert len(document) > 1


def test_facts_that_are_not_known_are_left_out(content: CertificateContent):
    bare = replace(
        content, guardian=None, guardian_relation=None, born_on=None, gender=None, tehsil=None, valid_until=None
    )

    data = page_data(bare, specimen=False)

    assert data["order"] == ["holder", "district", "annual_income", "address", "valid_until"]
    assert data["facts"]["valid_until"]["value"] == {"hi": "कोई सीमा नहीं", "en": "No limit"}
    assert "None" not in words_of(lay_out(bare, specimen=False))


def test_a_name_without_hindi_is_printed_once(content: CertificateContent):
    data = page_data(replace(content, holder=Bilingual(None, "Asha")), specimen=False)

    assert data["facts"]["holder"]["value"] == {"hi": "Asha", "en": ""}


def test_the_qr_code_is_a_picture_without_scripts_or_addresses_to_load():
    picture = qr_svg("http://127.0.0.1/verify/1?<x>")

    assert picture.startswith("<svg")
    assert "href" not in picture
    assert "script" not in picture


def test_what_xml_forbids_is_left_out():
    assert xml_safe("क\x00\x0b\ud800\uffff ख\n") == "क ख\n"


def test_xml_and_print_of_a_form_that_was_filed_before_say_the_same(
    renderer: CertificateRenderer, content: CertificateContent
):
    filed = replace(content, guardian=Bilingual(None, "Bachan Singh Negi \u202e000,09\u202c\u200b"))

    made = renderer.render(with_field(filed, "\u2067Rs 10\u2069"))

    tree = etree.fromstring(made.xml)
    assert tree.find("IssuedTo/Person").get("swd") == "Bachan Singh Negi 000,09"
    assert tree.find("CertificateData/Field").get("value") == "Rs 10"
    assert "BachanSinghNegi000,09" in words_of(made.pdf)


def test_with_a_certified_key_the_page_is_a_specimen_where_the_profile_says_so(
    content: CertificateContent, tmp_path: Path
):
    keyrings, clock = Keyrings(tmp_path / "keys"), ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    keyrings.init()
    certify(keyrings, tmp_path / "certificates", clock)

    def page(*, specimen: bool) -> str:
        renderer = CertificateRenderer(keyrings, tmp_path / "certificates", clock, specimen=specimen, makes_tests=False)
        return words_of(renderer.render(content).pdf)

    assert "SPECIMEN" in page(specimen=True)
    assert "SPECIMEN" not in page(specimen=False)


def test_production_makes_no_test_certificate_for_a_key_that_has_none(content: CertificateContent, tmp_path: Path):
    keyrings, clock = Keyrings(tmp_path / "keys"), ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    keyrings.init()
    renderer = CertificateRenderer(keyrings, tmp_path / "certificates", clock, makes_tests=False)

    with pytest.raises(KeyMissing, match="certificate"):
        renderer.render(content)

    assert not (tmp_path / "certificates").exists()


def test_the_page_names_every_officer_who_signs_with_post_office_and_time_instead_of_the_seal(
    content: CertificateContent,
):
    one, other = (
        Signatory(Bilingual(None, name), Bilingual(None, post), Bilingual(None, "Revenue, Almora"))
        for name, post in (("Meena Bhatt", "Tehsildar"), ("Rajesh Sati", "Collector"))
    )
    at = datetime(2026, 11, 30, 8, 31, tzinfo=UTC)

    pdf = lay_out(replace(content, signers=(one, other), signed_at=at), specimen=False)

    words = words_of(pdf)
    for said in ("MeenaBhatt", "Tehsildar", "RajeshSati", "Collector", "Revenue,Almora", "30-11-202614:01"):
        assert said in words
    assert "RakeshDwivedi" not in words
    assert len(pypdfium2.PdfDocument(pdf)) == 1
