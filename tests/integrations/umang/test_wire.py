"""UMANG's fields and its encrypted body mode, against messages made by hand and by OpenSSL."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Language
from integrations.calling.errors import Foreign, Unreadable
from integrations.umang import DepartmentAccess, EnvelopeKeys, Member, UmangSettings, wire
from integrations.umang.envelope import Envelope, NoEnvelope, UnfitKeys, WrongEnvelope, looks_sealed
from sandbox.umang import envelope

PAYLOADS = Path(__file__).parents[2] / "payloads" / "umang"
NUMBER = "054600000001"
ONORC = DepartmentAccess("317", "1519", user_name="u", token="t")
SETTINGS = UmangSettings("the key", ONORC)


def golden(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes().rstrip(b"\n")


def golden_keys() -> EnvelopeKeys:
    private, public = golden("test_only_private_key.pem").decode(), golden("test_only_public_key.pem").decode()
    return EnvelopeKeys("test", private, public)


def test_the_request_is_the_golden_one():
    parameters = wire.ration_card_parameters(ONORC, NUMBER, "17955018000001234")
    body = wire.body(SETTINGS, ONORC, tracker="17955018000001234", language=Language.GBM, parameters=parameters)
    assert body == golden("request_ration_card.json")


def test_the_headers_route_and_the_bearer_is_sent_only_where_there_is_one():
    sent = wire.headers(SETTINGS, ONORC)
    assert {name: sent[name] for name in ("x-api-key", "deptid", "srvid", "subsid", "subsid2", "formtrkr")} == {
        "x-api-key": "the key",
        "deptid": "317",
        "srvid": "1519",
        "subsid": "0",
        "subsid2": "0",
        "formtrkr": "0",
    }
    assert "Authorization" not in sent
    assert wire.path(SETTINGS, ONORC, "onorc", "getrationcard") == "/onorcApi/ws1/getrationcard"
    published = UmangSettings("the key", ONORC, bearer="a token")
    assert wire.headers(published, ONORC)["Authorization"] == "Bearer a token"
    assert wire.path(published, ONORC, "onorc", "getrationcard") == "/umang/apisetu/dept/onorcapi/ws1/getrationcard"


def test_an_envelope_made_by_openssl_is_opened_by_both_sides():
    keys, sealed, plain = golden_keys(), golden("envelope.txt"), golden("answer_ration_card.json")
    assert looks_sealed(sealed)
    assert Envelope(keys).open(sealed) == plain
    assert envelope.decrypt(keys.our_private_key, sealed) == plain


def test_the_card_is_read_with_none_as_nothing():
    card = wire.ration_card(wire.read_answer(golden("answer_ration_card.json")), NUMBER)
    assert card is not None
    assert (card.scheme, card.district, card.shop) == ("Priority Household (PHH)", "DEHRADUN", None)
    assert card.members == (Member("Sita Devi", "Self"), Member("मोहन", ""))
    assert NUMBER not in repr(card)
    assert "Sita" not in repr(card)


def answer(**changes: Any) -> dict[str, Any]:
    return {**json.loads(golden("answer_ration_card.json")), **changes}


@pytest.mark.parametrize("pd", [None, "none", "null", [], {}, [None]])
def test_an_empty_payload_is_no_card(pd: object):
    assert wire.ration_card(answer(pd=pd), NUMBER) is None


def test_a_list_of_blocks_is_one_card():
    pd = answer()["pd"]
    blocks = [{"rcId": pd.pop("rcId")}, pd]
    assert wire.ration_card(answer(pd=blocks), NUMBER) is not None


def test_another_card_is_never_read():
    with pytest.raises(Foreign):
        wire.ration_card(answer(), "054600000002")


@pytest.mark.parametrize(
    "change", [{"memberDetailsList": "x"}, {"memberDetailsList": ["x"]}, {"schemeName": "none"}, {"homeDistName": {}}]
)
def test_a_card_of_another_form_is_unreadable(change: dict[str, Any]):
    with pytest.raises(Unreadable):
        wire.ration_card(answer(pd={**answer()["pd"], **change}), NUMBER)


@pytest.mark.parametrize(("rs", "good"), [("S", True), ("s", True), (" Success ", True), ("F", False), ("E", False)])
def test_rs_decides_in_letters_of_any_size(rs: str, good: bool):
    assert wire.is_success({"rs": rs}) is good


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rc": "ONRC0404"}, "CARD_NOT_FOUND"),
        ({"rc": "X1", "rd": "No Record Found"}, "CARD_NOT_FOUND"),
        ({"rc": "X1", "rd": "राशन कार्ड नहीं मिला"}, "CARD_NOT_FOUND"),
        ({"rc": 7}, "REFUSED_BY_DEPARTMENT"),
    ],
)
def test_a_refusal_has_our_word(fields: dict[str, Any], code: str):
    assert wire.refusal_code(fields) == code


def pair() -> tuple[Envelope, Envelope]:
    one, other = envelope.new_pair(), envelope.new_pair()
    return (
        Envelope(EnvelopeKeys("a", one["private"], other["public"])),
        Envelope(EnvelopeKeys("b", other["private"], one["public"])),
    )


def test_every_message_has_a_fresh_key_and_both_sides_open_it():
    ours, theirs = pair()
    first, second = ours.seal(b"{}"), ours.seal(b"{}")
    assert len(set(first.split(b":") + second.split(b":"))) == 6
    assert theirs.open(first) == theirs.open(second) == b"{}"


def test_a_wrong_key_or_a_changed_text_does_not_open():
    ours, theirs = pair()
    sealed = ours.seal(b'{"rs":"S"}')
    with pytest.raises(WrongEnvelope):
        ours.open(sealed)
    key, iv, text = sealed.split(b":")
    with pytest.raises(WrongEnvelope):
        theirs.open(b":".join((iv, key, text)))


@pytest.mark.parametrize("text", [b"a:b", b"a:b:c:d", b"!:?:x", b"::", b""])
def test_what_has_no_three_parts_is_no_envelope(text: bytes):
    ours, _ = pair()
    with pytest.raises((NoEnvelope, WrongEnvelope)):
        ours.open(text)


def test_keys_that_are_too_short_are_refused():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    with pytest.raises(UnfitKeys, match="2048"):
        Envelope(EnvelopeKeys("short", private, golden("test_only_public_key.pem").decode()))
