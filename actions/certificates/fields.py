"""Chooses the form fields that are printed on a certificate, and their labels.

Only fields of this list reach a certificate: what an applicant adds to a form is never printed.
"""

import re
from collections.abc import Mapping

from actions.certificates.content import CertificateField
from domain.kernel import Bilingual

PRINTED = (
    ("annual_income", Bilingual("वार्षिक आय (रुपये)", "Annual income (rupees)")),
    ("financial_year", Bilingual("वित्तीय वर्ष", "Financial year")),
    ("caste", Bilingual("जाति", "Caste")),
    ("caste_category", Bilingual("वर्ग", "Category")),
    ("sub_caste", Bilingual("उपजाति", "Sub-caste")),
    ("resident_since", Bilingual("निवास का वर्ष", "Resident since")),
    ("village", Bilingual("ग्राम / मोहल्ला", "Village or ward")),
    ("address", Bilingual("पता", "Address")),
    ("register_number", Bilingual("रजिस्टर संख्या", "Register number")),
    ("child_name", Bilingual("शिशु का नाम", "Name of the child")),
    ("date_of_birth", Bilingual("जन्म तिथि", "Date of birth")),
    ("place_of_birth", Bilingual("जन्म स्थान", "Place of birth")),
    ("deceased_name", Bilingual("मृतक का नाम", "Name of the deceased")),
    ("date_of_death", Bilingual("मृत्यु तिथि", "Date of death")),
    ("place_of_death", Bilingual("मृत्यु स्थान", "Place of death")),
    ("heirs", Bilingual("उत्तराधिकारी", "Surviving members")),
    ("minority_community", Bilingual("अल्पसंख्यक समुदाय", "Minority community")),
    ("solvency_amount", Bilingual("हैसियत (रुपये)", "Solvency (rupees)")),
    ("purpose", Bilingual("प्रयोजन", "Purpose")),
)
"""The printed fields in the order in which they appear."""

_ISO_DAY = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")

_GUARDIANS = (("father_name", "S"), ("mother_name", "S"), ("husband_name", "W"), ("guardian_name", "S"))

CORRECTABLE = frozenset({key for key, _ in PRINTED} | {key for key, _ in _GUARDIANS})
"""The facts that a correction may change."""


def printed_fields(form: Mapping[str, str]) -> tuple[CertificateField, ...]:
    """The lines that a form gives, in the order of the list."""
    values = {key: _printed_value(key, form) for key, _ in PRINTED}
    return tuple(CertificateField(key, label, values[key]) for key, label in PRINTED if values[key])


def _printed_value(key: str, form: Mapping[str, str]) -> str:
    """The answer as it is printed: a day as DD-MM-YYYY, people of a group by name and relation; empty where none is."""
    if key in form:
        return _ISO_DAY.sub(r"\3-\2-\1", form[key])
    names = {name: text for name, text in form.items() if name.startswith(f"{key}.") and name.endswith(".name")}
    return ", ".join(_person(name.removesuffix(".name"), text, form) for name, text in names.items())


def _person(row: str, name: str, form: Mapping[str, str]) -> str:
    relation = form.get(f"{row}.relation")
    return f"{name} ({relation})" if relation else name


def guardian_of(form: Mapping[str, str], gender: str | None) -> tuple[str | None, str | None]:
    """The relative named in the form and the letter for the relation: S son, W wife, D daughter of."""
    for key, letter in _GUARDIANS:
        if form.get(key):
            return form[key], "D" if letter == "S" and gender == "F" else letter
    return None, None
