"""Chooses the form fields that are printed on a certificate, and their labels.

Only fields of this list reach a certificate: what an applicant adds to a form is never printed.
"""

import re
from collections.abc import Mapping

from actions.certificates.content import CertificateField
from domain.kernel.messages import bilingual

PRINTED = (
    "annual_income",
    "financial_year",
    "caste",
    "caste_category",
    "sub_caste",
    "resident_since",
    "village",
    "address",
    "register_number",
    "child_name",
    "date_of_birth",
    "place_of_birth",
    "deceased_name",
    "date_of_death",
    "place_of_death",
    "heirs",
    "minority_community",
    "solvency_amount",
    "purpose",
)
"""The printed fields in the order in which they appear."""

_ISO_DAY = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")

_GUARDIANS = (("father_name", "S"), ("mother_name", "S"), ("husband_name", "W"), ("guardian_name", "S"))

CORRECTABLE = frozenset({*PRINTED, *(key for key, _ in _GUARDIANS)})
"""The facts that a correction may change."""


def printed_fields(form: Mapping[str, str]) -> tuple[CertificateField, ...]:
    """The lines that a form gives, in the order of the list."""
    values = {key: _printed_value(key, form) for key in PRINTED}
    return tuple(
        CertificateField(key, bilingual(f"printed_field.{key}"), value) for key, value in values.items() if value
    )


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
