"""The words of a certificate's page in the language of the state and English, without the libraries that draw it.

Text that looks like markup is printed as it is: the template gets every word as JSON.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from actions.certificates.content import CertificateContent, CertificateField
from domain.certificates.kinds import CertificateKinds
from domain.certificates.officer_signatures import Signatory
from domain.kernel import IST, Bilingual, show_number
from domain.kernel.messages import Texts
from domain.kernel.state import installed_state
from gateway.documents.text import drawable
from states.certificate_kinds import certificate_kinds

_TEXTS = Texts("page.certificate")

TEMPLATE = Path(__file__).with_name("certificate.typ")

GENERAL = "#head()\n#title()\n#sentence()\n#facts(..data.order)\n#foot()\n"
"""The body of the general kind: every fact in order."""

GENERAL_PAPER = "#head()\n#title()\n#facts(..data.order)\n#end()\n"
"""The body of a paper for which the state has no template."""

_HEADINGS = ("number", "application", "issued_on", "particulars", "as_recorded", "signed_by", "signed_at", "place")
RELATIONS = {code: _TEXTS[f"relations.{code}"] for code in "SDW"}
GENDERS = {code: _TEXTS[f"genders.{code}"] for code in "MFT"}


def preview_data(content: CertificateContent) -> dict[str, Any]:
    """The words of a preview's page, with its template and day, for gateway/documents/review.py."""
    data = page_words(content, specimen=True, preview=True)
    return {**data, "template": TEMPLATE.name, "made": data["issued"]}


def paper_data(content: CertificateContent, *, specimen: bool) -> dict[str, Any]:
    """The words of a paper beside certificates, for gateway/documents/review.py; its number is the application's."""
    data = page_words(content, specimen=specimen)
    own = {
        "number": data["words"]["application"],
        "sealed": _pair(_TEXTS["words.sealed"]),
        "specimen": _pair(_TEXTS["words.trial"]),
    }
    body = GENERAL_PAPER if data["body"] == GENERAL else data["body"]
    words = {**data["words"], **own}
    return {**data, "words": words, "body": body, "template": TEMPLATE.name, "made": data["issued"]}


def page_words(content: CertificateContent, *, specimen: bool, preview: bool = False) -> dict[str, Any]:
    """The words of the page, in the shape that the template reads; a `preview` says that nothing was issued.

    `body` is the typst text of the certificate's kind, which draws what gateway/documents/certificate.typ defines.
    """
    issued = content.issued_on
    facts = {name: _fact(*fact) for name, fact in _known_facts(content)}
    facts |= {one.key: _fact_of_form(one) for one in content.fields}
    state = installed_state()
    kinds = certificate_kinds(state.texts.parent) if state.texts else CertificateKinds()
    return {
        "font": state.font_data,
        "body": kinds.template_of(content.kind) or GENERAL,
        "words": {
            "state": _pair(_TEXTS["words.state"]),
            "qr_alt": "QR code with the address at which this certificate can be verified",
            "emblem_alt": "State emblem",
            "specimen": _pair(_TEXTS["words.preview" if preview else "words.specimen"]),
            "office": _pair(_office(content.designation)),
            "sentence": _pair(_general_sentence()),
            **{name: _pair(_TEXTS[f"words.{name}"]) for name in ("verify", "law")},
            **{name: f"{_TEXTS[f'words.{name}'].hi} / {_TEXTS[f'words.{name}'].en}" for name in _HEADINGS},
        },
        "specimen": specimen,
        "number_shown": show_number(content.number),
        "application_number": show_number(content.application_number) if content.application_number else "",
        "title": _pair(content.service),
        "department": _pair(content.department),
        "place": _pair(content.tehsil or content.district),
        "signers": [
            {"name": _pair(one.name), "designation": _pair(one.designation), "place": _pair(one.office)}
            for one in content.signers or (_seal(content),)
        ],
        "signed_at": f"{content.signed_at.astimezone(IST):%d-%m-%Y %H:%M}" if content.signed_at else "",
        "issued": {"year": issued.year, "month": issued.month, "day": issued.day, "shown": _day(issued)},
        "facts": facts,
        "order": [name for name in facts if facts[name]["label"]],
        "verify_url": drawable(content.verify_url),
        "uri": drawable(content.uri),
    }


def _known_facts(content: CertificateContent) -> Iterator[tuple[str, tuple[Bilingual | None, Bilingual | str]]]:
    """What every certificate knows, in the order of the general kind; what has no label stands in sentences alone."""
    yield "holder", (_TEXTS["rows.name"], content.holder)
    relation = RELATIONS.get(content.guardian_relation or "")
    if content.guardian and relation:
        guardian = content.guardian
        local = f", {relation.hi} {guardian.hi or guardian.en}"
        yield "relation", (None, Bilingual(local, f", {relation.en} {guardian.en}"))
    if content.guardian:
        yield "guardian", (_TEXTS["rows.father_husband_or_guardian"], content.guardian)
    if content.born_on:
        yield "born_on", (_TEXTS["rows.date_of_birth"], _day(content.born_on))
    if content.gender in GENDERS:
        yield "gender", (_TEXTS["rows.gender"], GENDERS[content.gender])
    if content.tehsil:
        yield "tehsil", (_TEXTS["rows.tehsil"], content.tehsil)
        of_tehsil, name = _TEXTS["words.tehsil"], content.tehsil
        local = (of_tehsil.hi or "").format(name=name.hi or name.en)
        yield "of_tehsil", (None, Bilingual(f", {local}", f", {of_tehsil.en.format(name=name.en)}"))
    yield "district", (_TEXTS["rows.district"], content.district)
    for line in content.fields:
        yield line.key, (line.label, line.shown or line.value)
    if content.previous_number:
        yield "previous_number", (_TEXTS["rows.issued_in_place_of"], show_number(content.previous_number))
    valid = _day(content.valid_until) if content.valid_until else _TEXTS["rows.no_limit"]
    yield "valid_until", (_TEXTS["rows.valid_until"], valid)


def _seal(content: CertificateContent) -> Signatory:
    """Who issued what bears the system's seal."""
    return Signatory(content.officer, content.designation, content.tehsil or content.district)


def _office(post: Bilingual) -> Bilingual:
    words = _TEXTS["words.office"]
    return Bilingual((words.hi or "").format(post=post.hi or post.en), words.en.format(post=post.en))


def _general_sentence() -> Bilingual:
    """The sentence of the general kind, in which the holder is named with relation and tehsil."""
    whole, sentence = "{holder}{relation}{of_tehsil}", _TEXTS["words.sentence"]
    return Bilingual((sentence.hi or "").replace("{holder}", whole), sentence.en.replace("{holder}", whole))


def _fact(label: Bilingual | None, value: Bilingual | str) -> dict[str, Any]:
    return {"label": _pair(label) if label else None, "value": _value(value), "given": ""}


def _fact_of_form(field: CertificateField) -> dict[str, Any]:
    """A fact of the form: `given` is the answer itself, by which a template may choose between texts."""
    return {
        **_fact(field.label, field.shown or field.value),
        "given": drawable(field.value),
        "columns": [_pair(one) for one in field.columns],
        "rows": [[_value(cell) for cell in row] for row in field.rows],
    }


def _pair(text: Bilingual) -> dict[str, str]:
    return {"hi": drawable(text.hi or text.en), "en": drawable(text.en)}


def _value(value: Bilingual | str) -> dict[str, str]:
    if isinstance(value, str):
        return {"hi": drawable(value), "en": ""}
    english = value.en if value.hi and value.hi != value.en else ""
    return {"hi": drawable(value.hi or value.en), "en": drawable(english)}


def _day(day: date) -> str:
    return day.strftime("%d-%m-%Y")
