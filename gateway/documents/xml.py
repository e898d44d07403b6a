"""The certificate as XML for DigiLocker, signed (docs/contracts/digilocker.md section 7.4).

Attributes that are not known are empty, never missing; dates are DD-MM-YYYY.
"""

from datetime import date

from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from actions.certificates.content import CertificateContent
from actions.certificates.status_lists import status_claim
from domain.kernel.state import installed_state
from gateway.documents.authority import Signer
from gateway.documents.text import xml_safe

LANGUAGE_OF_DATA = "99"
"""The code that the published sample carries (docs/contracts/digilocker.md section 7.4)."""
STATUS_LIST = "status_list"
"""The field that says where it is told whether the certificate holds: the address of a list, and the place in it."""

_ADDRESS = ("type", "line1", "line2", "house", "landmark", "locality", "vtc", "district", "pin", "state", "country")
_PERSON = (
    "uid",
    "title",
    "name",
    "dob",
    "swd",
    "swdIndicator",
    "motherName",
    "gender",
    "maritalStatus",
    "disabilityStatus",
    "category",
    "religion",
    "phone",
    "email",
)


def certificate_xml(content: CertificateContent, signer: Signer) -> bytes:
    """The signed document, UTF-8 with an XML declaration."""
    root = _certificate(content)
    xml_signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
    )
    signed = xml_signer.sign(root, key=signer.key, cert=list(signer.chain[:1]))
    return etree.tostring(signed, encoding="UTF-8", xml_declaration=True)


def _certificate(content: CertificateContent) -> etree._Element:
    root = etree.Element("Certificate")
    _set(
        root,
        language=LANGUAGE_OF_DATA,
        name=content.service.en,
        type=content.doctype,
        number=content.number,
        prevNumber=content.previous_number or "",
        expiryDate=_day(content.valid_until),
        validFromDate=_day(content.issued_on),
        issuedAt=content.district.en,
        issueDate=_day(content.issued_on),
        status="A",
    )
    organisation = etree.SubElement(etree.SubElement(root, "IssuedBy"), "Organization")
    _set(organisation, name=content.department.en, code="", tin="", uid="", type="SG")
    _address(organisation, content)
    _person(etree.SubElement(root, "IssuedTo"), content)
    _data(etree.SubElement(root, "CertificateData"), content)
    return root


def _person(issued_to: etree._Element, content: CertificateContent) -> None:
    person = etree.SubElement(issued_to, "Person")
    known = {
        "name": content.holder.en,
        "dob": _day(content.born_on),
        "swd": content.guardian.en if content.guardian else "",
        "swdIndicator": content.guardian_relation or "",
        "motherName": content.mother.en if content.mother else "",
        "gender": content.gender or "",
        "category": _fact(content, "caste_category"),
    }
    _set(person, **{name: known.get(name, "") for name in _PERSON})
    _address(person, content)
    etree.SubElement(person, "Photo", format="")


def _address(parent: etree._Element, content: CertificateContent) -> None:
    known = {
        "locality": content.tehsil.en if content.tehsil else "",
        "district": content.district.en,
        "state": installed_state().name.en,
        "country": "IN",
    }
    address = etree.SubElement(parent, "Address")
    _set(address, **{name: known.get(name, "") for name in _ADDRESS})


def _data(parent: etree._Element, content: CertificateContent) -> None:
    """The body by type: caste and income in their own form, every other fact as a named field.

    Source: docs/contracts/digilocker.md section 7.4.
    """
    special: dict[str, tuple[str, dict[str, str]]] = {
        "CTCER": (
            "Caste",
            {
                "name": _fact(content, "caste"),
                "category": _fact(content, "caste_category"),
                "subCategory": _fact(content, "sub_caste"),
                "description": "",
            },
        ),
        "INCER": (
            "Income",
            {"annual": _fact(content, "annual_income"), "currency": "INR", "year": _fact(content, "financial_year")},
        ),
    }
    if content.doctype in special:
        tag, attributes = special[content.doctype]
        _set(etree.SubElement(parent, tag), **attributes)
    for field in content.fields:
        _set(etree.SubElement(parent, "Field"), name=field.key, label=field.label.en, value=field.value)
    if content.status_index is not None:
        listed = status_claim(content.verify_url.partition("/verify/")[0], content.status_index)["status_list"]
        address = f"{listed['uri']}#{listed['idx']}"
        _set(etree.SubElement(parent, "Field"), name=STATUS_LIST, label="Place in the status list", value=address)


def _fact(content: CertificateContent, key: str) -> str:
    return next((field.value for field in content.fields if field.key == key), "")


def _set(element: etree._Element, **attributes: str) -> None:
    for name, value in attributes.items():
        element.set(name, xml_safe(value))


def _day(day: date | None) -> str:
    return day.strftime("%d-%m-%Y") if day else ""
