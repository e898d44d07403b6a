"""Signatures inside documents: what is genuine, changed, wrapped, hostile (docs/reliability.md section 5.17)."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from domain.certificates.signatures import SignatureState
from integrations.calling import safe_xml
from integrations.digilocker import examine
from sandbox.city.papers import Paper, new_signer, signed_certificate

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
BOARD, STRANGER = new_signer("Board", NOW), new_signer("Board", NOW)
PAPER = Paper("Marksheet", "SSCER", "AB12", "Board", "08-02-2014", "Asha Negi", "14-03-1984", "F")
GENUINE = signed_certificate(PAPER, BOARD)
PINNED = (STRANGER["certificate"], BOARD["certificate"])
QUICK_SECONDS = 1.0
"""Five times the 200 ms of docs/reliability.md section 5.17, as ADR 0022 allows for shared machines."""


def state_of(content: bytes, signers: tuple[str, ...] = PINNED, at: datetime = NOW) -> SignatureState:
    return examine(content, signers, at).state


def changed(change) -> bytes:
    root = etree.fromstring(GENUINE)
    signature = root.find(f"{DS}Signature")
    root = change(root, signature)
    return etree.tostring(root)


def test_a_genuine_document_is_verified_and_its_signed_part_given():
    examined = examine(GENUINE, PINNED, NOW)

    assert examined.state is SignatureState.VERIFIED
    assert examined.part is not None
    assert examined.part.find("IssuedTo/Person").get("name") == "Asha Negi"


def test_a_valid_signature_of_an_unknown_key_proves_nothing():
    assert state_of(GENUINE, (STRANGER["certificate"],)) is SignatureState.UNKNOWN_SIGNER
    assert state_of(GENUINE, ()) is SignatureState.UNKNOWN_SIGNER


def test_a_changed_value_is_told():
    assert state_of(GENUINE.replace(b"Asha Negi", b"Asha Rawat")) is SignatureState.INVALID


def test_a_signer_whose_certificate_has_ended_is_not_trusted():
    assert state_of(GENUINE, at=NOW + timedelta(days=5000)) is not SignatureState.VERIFIED


def test_a_document_without_a_signature_is_told_as_such():
    def bare(root, signature):
        root.remove(signature)
        return root

    assert state_of(changed(bare)) is SignatureState.UNSIGNED


def wrapped_in_new_root(root, signature):
    outer = etree.Element("Certificate")
    outer.append(root)
    return outer


def signature_moved_to_a_new_root(root, signature):
    outer = etree.Element("Certificate")
    outer.append(signature)
    outer.append(root)
    return outer


def original_inside_the_signature(root, signature):
    outer = etree.Element("Certificate")
    outer.append(signature)
    etree.SubElement(signature, f"{DS}Object").append(root)
    return outer


def signature_below_a_child(root, signature):
    root.find("IssuedTo").append(signature)
    return root


def two_signatures(root, signature):
    root.append(etree.fromstring(etree.tostring(signature)))
    return root


def reference_to_a_part(root, signature):
    root.find("IssuedTo").set("Id", "part")
    signature.find(f"{DS}SignedInfo/{DS}Reference").set("URI", "#part")
    return root


def second_reference(root, signature):
    info = signature.find(f"{DS}SignedInfo")
    info.append(etree.fromstring(etree.tostring(info.find(f"{DS}Reference"))))
    return root


def second_person(root, signature):
    root.insert(0, etree.fromstring('<IssuedTo><Person name="Mallory"/></IssuedTo>'))
    return root


@pytest.mark.parametrize(
    "place",
    [
        wrapped_in_new_root,
        signature_moved_to_a_new_root,
        original_inside_the_signature,
        signature_below_a_child,
        two_signatures,
        reference_to_a_part,
        second_reference,
        second_person,
    ],
)
def test_a_wrapped_signature_proves_nothing(place):
    assert state_of(changed(place)) is SignatureState.INVALID


def test_a_comment_inside_a_signed_value_is_refused():
    def cut(root, signature):
        root.find("IssuedTo").insert(0, etree.Comment("x"))
        return root

    assert state_of(changed(cut)) is SignatureState.INVALID


@pytest.mark.parametrize(
    ("what", "algorithm"),
    [
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        ("SignatureMethod", "none"),
        ("Reference/DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("Reference/Transforms/Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
    ],
)
def test_another_algorithm_is_refused(what, algorithm):
    def swap(root, signature):
        path = "/".join(f"{DS}{name}" for name in what.split("/"))
        signature.find(f"{DS}SignedInfo/{path}").set("Algorithm", algorithm)
        return root

    assert state_of(changed(swap)) is SignatureState.INVALID


def test_a_document_with_another_issuers_certificate_inside_is_not_believed():
    def swap(root, signature):
        body = "".join(STRANGER["certificate"].splitlines()[1:-1])
        next(signature.iter(f"{DS}X509Certificate")).text = body
        return root

    genuine_key = changed(swap)
    assert state_of(genuine_key, (STRANGER["certificate"],)) is SignatureState.INVALID


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>',
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
        b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
        b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 100_000 + b'">]><l>' + b"&a;" * 10_000 + b"</l>",
        b"<r" + b"".join(b' a%d="1"' % number for number in range(100_000)) + b"/>",
        b"<r>" * 100_000,
    ],
)
def test_hostile_xml_is_refused_fast(content):
    started = time.process_time()

    try:
        state = state_of(content)
    except safe_xml.UnsafeXml:
        state = SignatureState.INVALID

    assert state in (SignatureState.INVALID, SignatureState.UNSIGNED)
    assert time.process_time() - started < QUICK_SECONDS
