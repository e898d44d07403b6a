"""Where a signature stands in a document and what is put around it: no reader of signed XML believes any of it."""

import datetime as dt
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from actions.documents.own_signature import own_signature
from domain.certificates.signatures import SignatureState
from domain.payments.files import AnswersSigned
from integrations.apisetu.models import CertificateRequest, PublisherSettings
from integrations.apisetu.wire import read_certificate
from integrations.calling.errors import Foreign, Unreadable
from integrations.calling.remote import Answer
from integrations.dbt_finance.pfms.answers import read_answer, read_statement
from integrations.dbt_finance.pfms.models import FileRefused, Trust
from integrations.digilocker import examine
from sandbox.city.papers import Paper, new_signer, signed_certificate
from sandbox.dbt_finance.pfms import answers as writing
from sandbox.dbt_finance.pfms.system import new_seal
from store.database import Keyrings

NOW = dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SIGNER, SEAL = new_signer("Board", NOW), new_seal("pfms", NOW)
PAPER = Paper("Income Certificate", "INCER", "C1", "Revenue", "01/04/2020", "Asha Negi", "14-03-1984", "F")
Signer = Mapping[str, str]


@dataclass(frozen=True)
class Reader:
    """A genuine document, whose signer's key is here, and whether the product believes one."""

    genuine: bytes
    signer: Signer
    believes: Callable[[bytes], bool]


def by_locker() -> Reader:
    def believes(content: bytes) -> bool:
        return examine(content, (SIGNER["certificate"],), NOW).state is SignatureState.VERIFIED

    return Reader(signed_certificate(PAPER, SIGNER), SIGNER, believes)


def by_department() -> Reader:
    request = CertificateRequest("c", "edistrictuk", "INCER", {}, {}, "t", "xml")
    publisher = PublisherSettings((SIGNER["certificate"],))

    def believes(content: bytes) -> bool:
        answer = Answer(200, {"content-type": "application/xml"}, content, NOW)
        try:
            return read_certificate(answer, request, publisher).signature_verified
        except (Foreign, Unreadable):
            return False

    return Reader(signed_certificate(PAPER, SIGNER), SIGNER, believes)


def by_ourselves(folder: Path) -> Reader:
    keyrings = Keyrings(folder)
    keyrings.init()
    signer = self_signed(keyrings.active("xml"))

    def believes(content: bytes) -> bool:
        return own_signature(keyrings, content, NOW).state is SignatureState.VERIFIED

    return Reader(signed_certificate(PAPER, signer), signer, believes)


def by_treasury(kind: tuple[str, str], draw: Any, name: str = "0905DBTPAYREQ241120261_24112026113000.xml") -> Reader:
    trust = Trust((SEAL["certificate"],), (SEAL["certificate"],), NOW, AnswersSigned.REQUIRED)
    read = read_statement if kind is writing.STATEMENT else read_answer

    def believes(content: bytes) -> bool:
        try:
            read(name, content, trust)
        except FileRefused:
            return False
        return True

    return Reader(writing.document(kind, draw, writing.Seal(SEAL)), SEAL, believes)


def self_signed(key: object) -> Signer:
    assert isinstance(key, RSAKey)
    private: Any = key.private_key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gateway")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - dt.timedelta(1)).not_valid_after(NOW + dt.timedelta(1))
    certificate = builder.add_extension(x509.BasicConstraints(False, None), True).sign(private, hashes.SHA256())
    key_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"key": key_pem, "certificate": certificate.public_bytes(Encoding.PEM).decode()}


ROW = {"end_to_end_id": "E1", "status": "ACSC", "utr": "SBINR50000000000000001", "day": "2026-11-24", "paise": 150_000}
READERS: dict[str, Callable[[Path], Reader]] = {
    "digilocker": lambda _: by_locker(),
    "apisetu": lambda _: by_department(),
    "own certificates": by_ourselves,
    "pfms acknowledgement": lambda _: by_treasury(
        writing.ACK, writing.acknowledgement("0905DBTPAYREQ241120261", "CP1", NOW, (), [("E1", "ACCP", None)])
    ),
    "pfms beneficiaries": lambda _: by_treasury(
        writing.RESPONSE,
        writing.beneficiary_answer("2411260001", "UKDD0001", NOW, [{"id": "B1", "status": "ACCP", "cpsms_id": "U1"}]),
    ),
    "bank status": lambda _: by_treasury(writing.STATUS, writing.bank_status("CP1", NOW, [ROW])),
    "pfms statement": lambda _: by_treasury(
        writing.STATEMENT,
        writing.statement("2026-11-24", NOW, (1, 1), [{**ROW, "batch": "CP1", "scheme": "UKOAP"}]),
        "0905DBTSTM24112026_24112026233000.xml",
    ),
}


def signature_of(root):
    return next(root.iter(f"{DS}Signature"))


def first_child(root):
    return next(each for each in root.iterchildren(tag=etree.Element) if each.tag != f"{DS}Signature")


def copy_of_root(root):
    copied = etree.Element(root.tag, dict(root.attrib), root.nsmap)
    copied.extend(deepcopy(each) for each in root.iterchildren() if each.tag != f"{DS}Signature")
    return copied


def signed_by_id(root, signer: Signer, method=SignatureConstructionMethod.enveloped):
    """The document signed anew by its own signer, by the Id of its root."""
    bare = copy_of_root(root)
    bare.set("Id", "part")
    xml_signer = XMLSigner(method=method, signature_algorithm=SignatureMethod.RSA_SHA256)
    return xml_signer.sign(bare, key=signer["key"].encode(), cert=signer["certificate"], reference_uri="#part")


def around(outer, *parts):
    outer.extend(parts)
    return outer


def wrapped_in_an_empty_root(root, signer):
    return around(etree.Element(root.tag, nsmap=root.nsmap), root)


def wrapped_in_a_copy(root, signer):
    return around(copy_of_root(root), root)


def signature_beside_the_original(root, signer):
    return around(copy_of_root(root), signature_of(root), root)


def original_in_an_object(root, signer):
    signature = signature_of(root)
    forged = around(copy_of_root(root), signature)
    etree.SubElement(signature, f"{DS}Object").append(root)
    return forged


def original_in_the_key_info(root, signer):
    signature = signature_of(root)
    forged = around(copy_of_root(root), signature)
    signature.find(f"{DS}KeyInfo").append(root)
    return forged


def original_in_the_signed_info(root, signer):
    signature = signature_of(root)
    forged = around(copy_of_root(root), signature)
    signature.find(f"{DS}SignedInfo").append(root)
    return forged


def signature_in_a_child(root, signer):
    first_child(root).append(signature_of(root))
    return root


def signature_twice(root, signer):
    return around(root, deepcopy(signature_of(root)))


def signature_twice_and_one_in_a_child(root, signer):
    first_child(root).append(deepcopy(signature_of(root)))
    return root


def signature_in_a_signature(root, signer):
    signature_of(root).append(deepcopy(signature_of(root)))
    return root


def signed_by_id_alone(root, signer):
    return signed_by_id(root, signer)


def signed_by_id_in_a_copy(root, signer):
    return around(copy_of_root(root), signed_by_id(root, signer))


def signed_by_id_before_the_copy(root, signer):
    forged = copy_of_root(root)
    forged.insert(0, signed_by_id(root, signer))
    return forged


def signed_by_id_with_its_signature_outside(root, signer):
    genuine = signed_by_id(root, signer)
    return around(copy_of_root(root), signature_of(genuine), genuine)


def signed_by_id_in_an_object(root, signer):
    genuine = signed_by_id(root, signer)
    signature = signature_of(genuine)
    forged = around(copy_of_root(root), signature)
    etree.SubElement(signature, f"{DS}Object").append(genuine)
    return forged


def signed_by_id_in_a_child(root, signer):
    forged = copy_of_root(root)
    first_child(forged).append(signed_by_id(root, signer))
    return forged


def signature_envelops_the_document(root, signer):
    xml_signer = XMLSigner(
        method=SignatureConstructionMethod.enveloping, signature_algorithm=SignatureMethod.RSA_SHA256
    )
    bare = copy_of_root(root)
    return around(copy_of_root(root), xml_signer.sign(bare, key=signer["key"].encode(), cert=signer["certificate"]))


def reference_to_a_child(root, signer):
    first_child(root).set("Id", "part")
    next(root.iter(f"{DS}Reference")).set("URI", "#part")
    return root


def reference_by_pointer(root, signer):
    next(root.iter(f"{DS}Reference")).set("URI", "#xpointer(/)")
    return root


def reference_without_a_uri(root, signer):
    del next(root.iter(f"{DS}Reference")).attrib["URI"]
    return root


def second_reference(root, signer):
    reference = next(root.iter(f"{DS}Reference"))
    reference.addnext(deepcopy(reference))
    return root


def transform_that_selects(root, signer):
    transform = etree.SubElement(next(root.iter(f"{DS}Transforms")), f"{DS}Transform")
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
    etree.SubElement(transform, f"{DS}XPath").text = "true()"
    return root


def child_before_the_first(root, signer):
    root.insert(0, deepcopy(first_child(root)))
    return root


def child_after_the_signature(root, signer):
    return around(root, deepcopy(first_child(root)))


def child_removed(root, signer):
    root.remove(first_child(root))
    return root


def root_with_another_attribute(root, signer):
    root.set("status", "revoked")
    return root


def comment_in_a_value(root, signer):
    first_child(root).append(etree.Comment("cut"))
    return root


def instruction_in_a_value(root, signer):
    first_child(root).append(etree.ProcessingInstruction("cut"))
    return root


def namespace_text_in_a_value(root, signer):
    child = first_child(root)
    child.text = f'{child.text or ""} xmlns=""'
    return root


def child_out_of_its_namespace(root, signer):
    etree.SubElement(first_child(root), "Forged")
    return root


def manifest_in_place_of_the_document(root, signer):
    held = etree.SubElement(signature_of(root), f"{DS}Object")
    etree.SubElement(held, f"{DS}Manifest").append(deepcopy(next(root.iter(f"{DS}Reference"))))
    return root


PLACEMENTS = (
    wrapped_in_an_empty_root,
    wrapped_in_a_copy,
    signature_beside_the_original,
    original_in_an_object,
    original_in_the_key_info,
    original_in_the_signed_info,
    signature_in_a_child,
    signature_twice,
    signature_twice_and_one_in_a_child,
    signature_in_a_signature,
    signed_by_id_alone,
    signed_by_id_in_a_copy,
    signed_by_id_before_the_copy,
    signed_by_id_with_its_signature_outside,
    signed_by_id_in_an_object,
    signed_by_id_in_a_child,
    signature_envelops_the_document,
    reference_to_a_child,
    reference_by_pointer,
    reference_without_a_uri,
    second_reference,
    transform_that_selects,
    child_before_the_first,
    child_after_the_signature,
    child_removed,
    root_with_another_attribute,
    comment_in_a_value,
    instruction_in_a_value,
    namespace_text_in_a_value,
    child_out_of_its_namespace,
    manifest_in_place_of_the_document,
)


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    return READERS[request.param](tmp_path)


def test_every_reader_believes_the_genuine_document(reader: Reader):
    assert reader.believes(reader.genuine)


@pytest.mark.parametrize("place", PLACEMENTS, ids=lambda place: place.__name__)
def test_no_reader_believes_a_document_whose_signature_does_not_cover_the_whole(reader: Reader, place):
    placed = place(etree.fromstring(reader.genuine), reader.signer)

    assert not reader.believes(etree.tostring(placed))
