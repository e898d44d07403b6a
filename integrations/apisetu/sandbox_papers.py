"""The records of the publishers behind API Setu's stand-in, and the documents made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from integrations.city import SandboxHome
from integrations.city.papers import Paper, new_signer, signed_certificate, small_pdf

_ISSUED_ON = "15-06-2023"
"""Day of issue of records that name none."""


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

    @property
    def publishers(self) -> list[str]:
        """Publishers that hold records."""
        return sorted({record.document["publisher"] for record in self._records})

    def doctypes(self, publisher: str) -> set[str]:
        """Documents that a publisher offers."""
        return {record.document["doctype"].lower() for record in self._of(publisher)}

    def parameter_names(self, publisher: str, doctype: str) -> set[str]:
        """The mandatory parameters of a document, in the publisher's spelling."""
        return {
            name
            for record in self._of(publisher)
            if record.document["doctype"].lower() == doctype
            for name in record.document["parameters"]
        }

    def find(self, publisher: str, doctype: str, parameters: Mapping[str, str]) -> Record | None:
        """The record with exactly these parameters."""
        return next(
            (
                record
                for record in self._of(publisher)
                if record.document["doctype"].lower() == doctype and record.document["parameters"] == parameters
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

    def written(self, publisher: str, record: Record, form: str, *, foreign_key: bool) -> bytes:
        """The document in one of its forms; under the fault `signature` signed with a key of nobody."""
        document, person = record.document, record.person
        number = str(document["parameters"].get("CertificateID") or next(iter(document["parameters"].values())))
        if form == "pdf":
            lines = (document["name_en"], f"Number: {number}", f"Name: {person['name_en']}", f"Issued on: {_ISSUED_ON}")
            return small_pdf((*lines, "Sandbox document, not valid"))
        paper = Paper(
            name=document["name_en"],
            doctype=document["doctype"].upper(),
            number=number,
            issuer=f"e-District ({publisher})",
            issued_on=_ISSUED_ON,
            holder=person["name_en"],
            dob=date.fromisoformat(person["dob"]).strftime("%d-%m-%Y"),
            gender=person["gender"],
            extra=_facts(document),
        )
        return signed_certificate(paper, self._stranger_key() if foreign_key else self._signer(publisher))

    def _of(self, publisher: str) -> list[Record]:
        return [record for record in self._records if record.document["publisher"] == publisher]

    def _signer(self, publisher: str) -> Mapping[str, Any]:
        return self._home.state.once(
            "signer", publisher, lambda: new_signer(f"Signer of {publisher}", self._home.clock.now())
        )

    def _stranger_key(self) -> Mapping[str, Any]:
        """The key of nobody, which no subscriber was given."""
        return self._home.state.once("foreign", "key", lambda: new_signer("Nobody", self._home.clock.now()))


def wrapped(genuine: bytes) -> bytes:
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


def _facts(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Attributes of CertificateData; only a caste certificate has a published set (section 7)."""
    if document["doctype"].upper() != "CTCER":
        return {}
    return {"name": "", "category": str(document.get("category", "SC")), "subCategory": "", "description": ""}
