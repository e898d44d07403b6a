"""The words of a certificate's page in the language of the state and English, without the libraries that draw it.

Text that looks like markup is printed as it is: the template gets every word as JSON.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from actions.certificates.content import CertificateContent
from domain.kernel import Bilingual, show_number
from domain.kernel.messages import Texts
from domain.kernel.state import installed_state
from gateway.documents.text import drawable

_TEXTS = Texts("page.certificate")

TEMPLATE = Path(__file__).with_name("certificate.typ")

_HEADINGS = ("number", "issued_on", "particulars", "as_recorded", "signed_by")
RELATIONS = {code: _TEXTS[f"relations.{code}"] for code in "SDW"}
GENDERS = {code: _TEXTS[f"genders.{code}"] for code in "MFT"}


def preview_data(content: CertificateContent) -> dict[str, Any]:
    """The words of a preview's page, with its template and day, for gateway/documents/review.py."""
    data = page_words(content, specimen=True, preview=True)
    return {**data, "template": TEMPLATE.name, "made": data["issued"]}


def page_words(content: CertificateContent, *, specimen: bool, preview: bool = False) -> dict[str, Any]:
    """The words of the page, in the shape that the template reads; a `preview` says that nothing was issued."""
    issued = content.issued_on
    return {
        "font": installed_state().font_data,
        "words": {
            "state": _pair(_TEXTS["words.state"]),
            "qr_alt": "QR code with the address at which this certificate can be verified",
            "specimen": _pair(_TEXTS["words.preview" if preview else "words.specimen"]),
            "verify": _pair(_TEXTS["words.verify"]),
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
    }


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
