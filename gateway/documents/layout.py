"""Lays out a certificate as an A4 page with typst from one template in the language of the state and English.

The template gets every word as JSON (`sys.inputs`), so text that looks like markup is printed as it
is. The same content gives the same bytes.
"""

import functools
import importlib
import io
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from actions.certificates.content import CertificateContent
from domain.kernel import Bilingual, show_number
from domain.kernel.messages import Texts
from domain.kernel.state import installed_state
from gateway.documents.text import drawable

_TEXTS = Texts("page.certificate")

TEMPLATE = Path(__file__).with_name("certificate.typ")
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
"""PDF/A-2a for the archive, PDF/UA-1 for screen readers."""

_TURNS = threading.Lock()

_HEADINGS = ("number", "issued_on", "particulars", "as_recorded", "signed_by")
RELATIONS = {code: _TEXTS[f"relations.{code}"] for code in "SDW"}
GENDERS = {code: _TEXTS[f"genders.{code}"] for code in "MFT"}


def lay_out(content: CertificateContent, *, specimen: bool) -> bytes:
    """The unsigned PDF. `specimen` prints a notice that the signing key is a test key."""
    issued_at = datetime.combine(content.issued_on, datetime.min.time(), tzinfo=UTC)
    return compile_pdf(TEMPLATE, page_data(content, specimen=specimen), issued_at)


def compile_pdf(template: Path, data: Mapping[str, Any], at: datetime) -> bytes:
    """The PDF of a template with its words and its `font`, dated `at`; blocking. Threads take turns.

    A compiler that is asked by two threads at once refuses the second one ("Already borrowed"), as where an officer
    approves a whole class and the worker makes several certificates side by side.
    """
    with _TURNS:
        pdf = _compiler(data["font"]["package"]).compile(
            input=template.read_bytes(),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
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
        "font": installed_state().font_data,
        "words": {
            "state": _pair(_TEXTS["words.state"]),
            "qr_alt": "QR code with the address at which this certificate can be verified",
            **{name: _pair(_TEXTS[f"words.{name}"]) for name in ("specimen", "verify")},
            **{name: f"{_TEXTS[f'words.{name}'].hi} / {_TEXTS[f'words.{name}'].en}" for name in _HEADINGS},
        },
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
    if tehsil := content.tehsil:
        hi = f"{hi}, {(_TEXTS['words.tehsil'].hi or '').format(name=tehsil.hi or tehsil.en)}"
        en = f"{en}, {_TEXTS['words.tehsil'].en.format(name=tehsil.en)}"
    district, sentence = content.district, _TEXTS["words.sentence"]
    return Bilingual(
        (sentence.hi or "").format(holder=hi, district=district.hi or district.en),
        sentence.en.format(holder=en, district=district.en),
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
def _compiler(font_package: str) -> typst.Compiler:
    """One compiler for the process: it keeps the parsed font."""
    fonts = Path(str(importlib.import_module(font_package).__file__)).with_name("files")
    return typst.Compiler(root=TEMPLATE.parent, font_paths=[fonts], ignore_system_fonts=True)
