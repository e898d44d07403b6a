"""The records of the publishers in the API Setu sandbox, and the documents made from them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from sandbox.apisetu.publishers import Offer
from sandbox.city import SandboxHome
from sandbox.city.papers import Paper, Part, new_signer, signed_certificate, small_pdf

_ISSUED_ON = "15-06-2023"
"""Day of issue of records that name none."""

_SUBJECTS = (("301", "ENGLISH", "78"), ("302", "HINDI", "84"), ("041", "MATHEMATICS", "71"), ("086", "SCIENCE", "80"))
_MARKS = frozenset({"SSCER", "HSCER"})


@dataclass(frozen=True, slots=True)
class Record:
    """One document of one citizen at one publisher."""

    document: Mapping[str, Any]
    person: Mapping[str, Any]


class Papers:
    """All records, by publisher and doctype; doctypes are lower-case as in paths."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        rows = home.demo.get("people") or []
        people = rows["people"] if isinstance(rows, Mapping) else rows
        self._records = [Record(document, person) for person in people for document in person["department_documents"]]

    def parameter_names(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The names of parameters by publisher and doctype, as the records have them."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for record in self._records:
            documents = found.setdefault(record.document["publisher"], {})
            documents.setdefault(record.document["doctype"].lower(), tuple(record.document["parameters"]))
        return found

    def find(self, publisher: str, doctype: str, offer: Offer, given: Mapping[str, str]) -> Record | None:
        """The record with exactly these parameters, letter case and all."""
        compared = [name for name in offer.parameters if name not in offer.unasked]
        return next(
            (
                record
                for record in self._records
                if record.document["publisher"] == publisher
                and record.document["doctype"].lower() == doctype
                and all(record.document["parameters"].get(name) == given[name] for name in compared)
            ),
            None,
        )

    def stranger(self, record: Record) -> Record:
        """The same document of another citizen, for the fault `foreign`."""
        other = next(each.person for each in self._records if each.person is not record.person)
        return Record(record.document, other)

    def certificate_of(self, publisher: str) -> str:
        """The PEM certificate that a publisher signs with."""
        return str(self._signer(publisher)["certificate"])

    def render_document(
        self, publisher: str, record: Record, form: str, *, foreign_key: bool, issuer: str = ""
    ) -> bytes:
        """The document in one of its forms; under the fault `signature` signed with a key of nobody."""
        document, person = record.document, record.person
        number = _number(document["parameters"])
        if form == "pdf":
            lines = (document["name_en"], f"Number: {number}", f"Name: {person['name_en']}", f"Issued on: {_ISSUED_ON}")
            return small_pdf((*lines, "Sandbox document, not valid"))
        paper = Paper(
            name=document["name_en"],
            doctype=document["doctype"].upper(),
            number=number,
            issuer=issuer or f"e-District ({publisher})",
            issued_on=_ISSUED_ON,
            holder=person["name_en"],
            dob=date.fromisoformat(person["dob"]).strftime("%d-%m-%Y"),
            gender=person["gender"],
            extra=_facts(document),
            parts=_parts(document),
        )
        signed = signed_certificate(paper, self._stranger_key() if foreign_key else self._signer(publisher))
        return _in_json(signed) if form == "json" else signed

    def _signer(self, publisher: str) -> Mapping[str, Any]:
        return self._home.state.get_or_create(
            "signer", publisher, lambda: new_signer(f"Signer of {publisher}", self._home.clock.now())
        )

    def _stranger_key(self) -> Mapping[str, Any]:
        """The key of nobody, which no subscriber was given."""
        return self._home.state.get_or_create("foreign", "key", lambda: new_signer("Nobody", self._home.clock.now()))


def forge_by_wrapping(genuine: bytes) -> bytes:
    """A forged certificate which holds the genuine one, signature and all, where a hasty reader finds it."""
    inner = etree.fromstring(genuine)
    forged = etree.Element("Certificate", dict(inner.attrib))
    forged.set("number", "FORGED-0001")
    for child in inner:
        if etree.QName(child).localname != "Signature":
            forged.append(etree.fromstring(etree.tostring(child)))
    signature = next(child for child in inner if etree.QName(child).localname == "Signature")
    forged.append(etree.fromstring(etree.tostring(signature, with_tail=False)))
    etree.SubElement(forged[-1], "Object").append(inner)
    return etree.tostring(forged, xml_declaration=True, encoding="UTF-8")


def _in_json(signed: bytes) -> bytes:
    """INFERRED: attributes and elements as members, without the signature."""
    return json.dumps({"Certificate": _members(etree.fromstring(signed))}).encode()


def _members(element: etree._Element) -> dict[str, Any]:
    members: dict[str, Any] = {str(name): str(value) for name, value in element.attrib.items()}
    for child in element:
        name = etree.QName(child).localname
        if name == "Signature":
            continue
        if name == "Subject":
            members.setdefault(name, []).append(_members(child))
        else:
            members[name] = _members(child)
    return members


def _number(parameters: Mapping[str, str]) -> str:
    """The number on the document: what the publisher's first parameter that looks like one says."""
    names = ("CertificateID", "dlno", "reg_no", "RROLL", "rollno")
    return str(next((parameters[name] for name in names if name in parameters), next(iter(parameters.values()))))


def _facts(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Attributes of CertificateData: a caste certificate has a published set (docs/contracts/apisetu.md section 7)."""
    if document["doctype"].upper() != "CTCER":
        return {}
    return {"name": "", "category": str(document.get("category", "SC")), "subCategory": "", "description": ""}


def _parts(document: Mapping[str, Any]) -> tuple[Part, ...]:
    """Elements of CertificateData: a marksheet has a published set, an income one is INFERRED.

    Source: docs/contracts/apisetu.md section 7.
    """
    if document["doctype"].upper() == "INCER":
        return (Part("Income", {"annual": _income(document), "currency": "INR", "year": "2025-26"}),)
    if document["doctype"].upper() not in _MARKS:
        return ()
    year = str(document["parameters"].get("year") or document["parameters"].get("YEAR") or "")
    subjects = tuple(Part("Subject", _marks(code, name, marks)) for code, name, marks in _SUBJECTS)
    total = sum(int(marks) for _, _, marks in _SUBJECTS)
    performance = {
        "result": "PASS",
        "marksTotal": str(total),
        "marksMax": str(100 * len(_SUBJECTS)),
        "percentage": f"{total / len(_SUBJECTS):.2f}",
        "cgpa": "",
        "cgpaMax": "",
        "grade": "A",
        "resultDate": f"30-05-{year}" if year else "",
        "updateDate": "",
    }
    return (
        Part("School", {"name": "GOVERNMENT INTER COLLEGE", "code": "05001"}),
        Part("Examination", {"name": document["name_en"], "month": "MARCH", "year": year}),
        Part("Performance", performance, (Part("Subjects", {}, subjects),)),
    )


def _income(document: Mapping[str, Any]) -> str:
    """A made-up income that the record's number decides, so that it is the same each time."""
    digits = "".join(letter for letter in _number(document["parameters"]) if letter.isdigit())
    return str(document.get("income") or 36_000 + 6_000 * (int(digits or "0") % 30))


def _marks(code: str, name: str, marks: str) -> dict[str, str]:
    empty = ("marksMaxTheory", "marksPractical", "marksMaxPractical", "gp", "gpMax")
    known = {"name": name, "code": code, "marksTheory": marks, "marksTotal": marks, "marksMax": "100", "grade": "A"}
    return {**known, **dict.fromkeys(empty, "")}
