"""Lays out a certificate as an A4 page with typst from one bilingual template.

The template gets every word as JSON (`sys.inputs`), so text that looks like markup is printed as it
is. The same content gives the same bytes.
"""

import functools
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import fontpkg_noto_sans_devanagari
import segno
import typst

from actions.certificates.content import CertificateContent
from domain.kernel import Bilingual, show_number
from domain.kernel.messages import Texts
from gateway.documents.text import drawable

_TEXTS = Texts("page.certificate")

TEMPLATE = Path(__file__).with_name("certificate.typ")
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
"""PDF/A-2a for the archive, PDF/UA-1 for screen readers."""

_TURNS = threading.Lock()

WORDS: dict[str, Any] = {
    "state": {"hi": "उत्तराखण्ड शासन", "en": "Government of Uttarakhand"},
    "specimen": {"hi": "नमूना: परीक्षण कुंजी से हस्ताक्षरित, मान्य नहीं", "en": "SPECIMEN: signed with a test key, not valid"},
    "number": "प्रमाण-पत्र संख्या / Certificate number",
    "issued_on": "जारी करने की तिथि / Date of issue",
    "particulars": "विवरण / Particulars",
    "as_recorded": "अभिलेख के अनुसार / As recorded",
    "verify": {"hi": "सत्यापन के लिए क्यूआर कोड स्कैन करें", "en": "Scan the QR code to verify this certificate"},
    "qr_alt": "QR code with the address at which this certificate can be verified",
    "signed_by": "डिजिटल हस्ताक्षरित / Digitally signed",
}
RELATIONS = {code: _TEXTS[f"relations.{code}"] for code in "SDW"}
GENDERS = {code: _TEXTS[f"genders.{code}"] for code in "MFT"}


def lay_out(content: CertificateContent, *, specimen: bool) -> bytes:
    """The unsigned PDF. `specimen` prints a notice that the signing key is a test key."""
    issued_at = datetime.combine(content.issued_on, datetime.min.time(), tzinfo=UTC)
    return compile_pdf(TEMPLATE, json.dumps(page_data(content, specimen=specimen), ensure_ascii=False), issued_at)


def compile_pdf(template: Path, data: str, at: datetime) -> bytes:
    """The PDF of a template with its words as JSON, dated `at`; blocking. Threads take turns.

    A compiler that is asked by two threads at once refuses the second one ("Already borrowed"), as where an officer
    approves a whole class and the worker makes several certificates side by side.
    """
    with _TURNS:
        pdf = _compiler().compile(
            input=template.read_bytes(),
            format="pdf",
            sys_inputs={"data": data},
            pdf_standards=[*STANDARDS],
            timestamp=at,
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single document")
    return pdf


def page_data(content: CertificateContent, *, specimen: bool) -> dict[str, Any]:
    """The words of the page, in the shape that the template reads."""
    issued = content.issued_on
    return {
        "words": WORDS,
        "specimen": specimen,
        "number_shown": show_number(content.number),
        "title": _pair(content.service),
        "department": _pair(content.department),
        "officer": _pair(content.officer),
        "designation": _pair(content.designation),
        "issued": {"year": issued.year, "month": issued.month, "day": issued.day, "shown": _day(issued)},
        "sentence": _pair(_sentence(content)),
        "rows": [{"label": _pair(label), "value": _value(value)} for label, value in _rows(content)],
        "verify_url": drawable(content.verify_url),
        "uri": drawable(content.uri),
        "qr": qr_svg(content.verify_url),
    }


def qr_svg(text: str) -> str:
    """A QR code as SVG, error correction M, with its quiet zone."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="svg", xmldecl=False, border=2)
    return picture.getvalue().decode()


def _sentence(content: CertificateContent) -> Bilingual:
    relation = RELATIONS.get(content.guardian_relation or "")
    hi, en = content.holder.hi or content.holder.en, content.holder.en
    if content.guardian and relation:
        hi, en = f"{hi}, {relation.hi} {content.guardian}", f"{en}, {relation.en} {content.guardian}"
    if content.tehsil:
        hi, en = f"{hi}, तहसील {content.tehsil.hi or content.tehsil.en}", f"{en}, of tehsil {content.tehsil.en}"
    district = content.district
    return Bilingual(
        f"प्रमाणित किया जाता है कि {hi}, जनपद {district.hi or district.en}, उत्तराखण्ड के सम्बन्ध में "
        "नीचे लिखे तथ्य विभाग के अभिलेखों के अनुसार सही हैं।",
        f"It is certified that the facts below about {en}, district {district.en}, Uttarakhand, "
        "are correct according to the records of the department.",
    )


def _rows(content: CertificateContent) -> Iterator[tuple[Bilingual, Bilingual | str]]:
    yield _TEXTS["rows.name"], content.holder
    if content.guardian:
        yield _TEXTS["rows.father_husband_or_guardian"], content.guardian
    if content.born_on:
        yield _TEXTS["rows.date_of_birth"], _day(content.born_on)
    if content.gender in GENDERS:
        yield _TEXTS["rows.gender"], GENDERS[content.gender]
    if content.tehsil:
        yield _TEXTS["rows.tehsil"], content.tehsil
    yield _TEXTS["rows.district"], content.district
    for line in content.fields:
        yield line.label, line.value
    if content.previous_number:
        yield _TEXTS["rows.issued_in_place_of"], show_number(content.previous_number)
    valid = _day(content.valid_until) if content.valid_until else _TEXTS["rows.no_limit"]
    yield _TEXTS["rows.valid_until"], valid


def _pair(text: Bilingual) -> dict[str, str]:
    return {"hi": drawable(text.hi or text.en), "en": drawable(text.en)}


def _value(value: Bilingual | str) -> dict[str, str]:
    if isinstance(value, str):
        return {"hi": drawable(value), "en": ""}
    english = value.en if value.hi and value.hi != value.en else ""
    return {"hi": drawable(value.hi or value.en), "en": drawable(english)}


def _day(day: date) -> str:
    return day.strftime("%d-%m-%Y")


@functools.cache
def _compiler() -> typst.Compiler:
    """One compiler for the process: it keeps the parsed font."""
    fonts = Path(fontpkg_noto_sans_devanagari.__file__).with_name("files")
    return typst.Compiler(root=TEMPLATE.parent, font_paths=[fonts], ignore_system_fonts=True)
