"""Reads a certificate's XML: its head, its holder, and the facts of its body.

Source: docs/contracts/digilocker.md section 7.4. Read leniently, as the contract asks: letter case of names and three
ways to write a day do not matter, an empty attribute says nothing, and characters that nobody sees are left out. The
caller has examined the signature; only what it covers may be handed in here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.identity.facts import FactKey
from domain.kernel import without_hidden_characters
from integrations.calling import safe_xml

_DAYS = ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d")
_GENDERS = {"m": "M", "male": "M", "f": "F", "female": "F", "t": "T", "transgender": "T", "other": "T"}
_LONGEST = 200
"""Characters of one fact; what is longer is not a fact of a form."""


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """What one document states. `facts` are about the holder; days are `YYYY-MM-DD`, money whole rupees."""

    doctype: str
    name: str
    number: str | None = field(repr=False)
    issuer: str | None
    issued_on: date | None
    holder: str | None = field(repr=False)
    born_on: date | None = field(repr=False)
    facts: Mapping[FactKey, str] = field(repr=False)


def read_facts(content: bytes) -> StatedFacts | None:
    """The facts of a certificate; None where the document is no certificate. Raises safe_xml.UnsafeXml."""
    return facts_of(safe_xml.parse(content))


def facts_of(root: safe_xml.Element) -> StatedFacts | None:
    """The same for a document that was parsed, such as the part that a signature covers."""
    if safe_xml.local_name(root).casefold() != "certificate":
        return None
    person, organisation = _descendant(root, "IssuedTo", "Person"), _descendant(root, "IssuedBy", "Organization")
    holder = _text(person, "name")
    doctype = (_text(root, "type") or "").upper()
    return StatedFacts(
        doctype=doctype,
        name=_text(root, "name") or doctype,
        number=_text(root, "number"),
        issuer=_text(organisation, "name"),
        issued_on=day(_text(root, "issueDate")),
        holder=holder,
        born_on=day(_text(person, "dob")),
        facts={**_of_person(person), **_of_body(root, doctype)},
    )


def day(text: str | None) -> date | None:
    """A day in any of the ways that departments write it; another text is unknown."""
    for layout in _DAYS:
        try:
            return datetime.strptime(text or "", layout).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def rupees(text: str | None) -> str | None:
    """An amount in whole rupees, without separators and paise; None for what is no amount."""
    plain = re.sub(r"(?i)^(rs\.?|inr|₹)|[,\s]", "", text or "").removesuffix("/-")
    match = re.fullmatch(r"([0-9]{1,12})(?:\.[0-9]{1,2})?", plain)
    return str(int(match[1])) if match else None


def _of_person(person: safe_xml.Element | None) -> dict[FactKey, str]:
    born, relative = day(_text(person, "dob")), _text(person, "swd")
    address = _descendant(person, "Address")
    parts = ("house", "line1", "line2", "landmark", "locality", "vtc")
    lines = [found for found in (_text(address, name) for name in parts) if found]
    found = {
        FactKey.NAME: _text(person, "name"),
        FactKey.DATE_OF_BIRTH: born.isoformat() if born else None,
        FactKey.GENDER: _GENDERS.get((_text(person, "gender") or "").casefold()),
        FactKey.MOTHER_NAME: _text(person, "motherName"),
        FactKey.CASTE_CATEGORY: _text(person, "category"),
        FactKey.ADDRESS: ", ".join(lines) or None,
        FactKey.VILLAGE: _text(address, "vtc"),
        FactKey.DISTRICT: _text(address, "district"),
        FactKey.PIN_CODE: _text(address, "pin"),
    }
    if relative:
        wife = (_text(person, "swdIndicator") or "S").upper() == "W"
        found[FactKey.HUSBAND_NAME if wife else FactKey.FATHER_NAME] = relative
    return _usable_facts(found)


def _of_body(root: safe_xml.Element, doctype: str) -> dict[FactKey, str]:
    data = _descendant(root, "CertificateData")
    if data is None:
        return {}
    caste, income = _descendant(data, "Caste"), _descendant(data, "Income")
    performance, examination = _descendant(data, "Performance"), _descendant(data, "Examination")
    # In one state's published form the attributes of a caste stand on CertificateData itself.
    holds = caste if caste is not None else data if doctype in _CASTES else None
    return _usable_facts(
        {
            FactKey.CASTE: _text(holds, "name"),
            FactKey.CASTE_CATEGORY: _text(holds, "category"),
            FactKey.SUB_CASTE: _text(holds, "subCategory"),
            FactKey.ANNUAL_INCOME: rupees(_text(income, "annual")),
            FactKey.FINANCIAL_YEAR: _text(income, "year"),
            FactKey.EXAM_YEAR: _text(examination, "year"),
            FactKey.EXAM_RESULT: _text(performance, "result"),
            FactKey.EXAM_PERCENTAGE: _text(performance, "percentage"),
            FactKey.ROLL_NUMBER: _text(root, "number") if doctype in _MARKSHEETS else None,
            FactKey.LICENCE_NUMBER: _text(root, "number") if doctype == "DRVLC" else None,
            **_of_fields(data),
        }
    )


_CASTES = frozenset({"CTCER", "SHCER", "OBCER"})
_MARKSHEETS = frozenset({"SSCER", "HSCER", "HSMGR"})
_OWN_FIELDS = frozenset(
    {FactKey.CASTE, FactKey.CASTE_CATEGORY, FactKey.SUB_CASTE, FactKey.FINANCIAL_YEAR, FactKey.RESIDENT_SINCE}
    | {FactKey.VILLAGE, FactKey.ADDRESS}
)
"""What our own certificates write as named fields. A birth's `date_of_birth` is the child's, so it is not here."""


def _of_fields(data: safe_xml.Element) -> dict[FactKey, str | None]:
    named = {
        _text(element, "name"): _text(element, "value")
        for element in safe_xml.children(data)
        if safe_xml.local_name(element).casefold() == "field"
    }
    found = {key: named[key.value] for key in _OWN_FIELDS if named.get(key.value)}
    income = rupees(named.get(FactKey.ANNUAL_INCOME.value))
    return {**found, FactKey.ANNUAL_INCOME: income} if income else found


def _usable_facts(found: Mapping[FactKey, str | None]) -> dict[FactKey, str]:
    return {key: value for key, value in found.items() if value and len(value) <= _LONGEST}


def _descendant(element: safe_xml.Element | None, *path: str) -> safe_xml.Element | None:
    for name in path:
        element = safe_xml.child(element, name) if element is not None else None
    return element


def _text(element: safe_xml.Element | None, name: str) -> str | None:
    found = safe_xml.attribute(element, name) if element is not None else None
    return found and (without_hidden_characters(found).strip() or None)
