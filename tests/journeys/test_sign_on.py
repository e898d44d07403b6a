"""Sign-on while the demo runs: an operator acts for a citizen by her code, tokens rotate, devices are signed out."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel import SystemClock
from tests.support.eventually import eventually
from tests.support.telephones import codes_to

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
PERSON = next(person for person in PEOPLE if person["key"] == "neha-bhandari")

ASK = """mutation ($input: AskAssistanceInput!) { askAssistance(input: $input) {
  assistance { id state way strength expiresAt } userErrors { code path } } }"""
CONFIRM = """mutation ($input: ConfirmAssistanceInput!) { confirmAssistance(input: $input) {
  assistance { state expiresAt centreCode } userErrors { code message } } }"""
ASSISTING = "{ viewer { ... on Operator { assisting { name } } } }"
DRAFT = """mutation ($input: SaveDraftInput!) { saveDraft(input: $input) {
  application { number status } userErrors { code } } }"""
HERS = """{ viewer { ... on Citizen {
  assistances { state way strength centreCode }
  consents(first: 5) { nodes { purpose status scope } }
  dataAccesses(first: 20) { role purpose }
  notifications(first: 5) { nodes { kind text } } } } }"""
WITHDRAW = """mutation ($input: WithdrawConsentInput!) { withdrawConsent(input: $input) {
  consent { status } userErrors { code } } }"""


def key() -> str:
    return f"sign-on-{SystemClock().now()}"


def texts(running: Any) -> list[str]:
    return codes_to(running, PERSON["mobile"])


def code_in(text: str) -> str:
    return next(word for word in text.replace(":", " ").split() if word.isdigit() and len(word) == 6)


@pytest.fixture
def acting(running) -> str:
    """An operator's token, whose session acts for her by the code that came to her telephone."""
    token, before = str(running.token("operator")), len(texts(running))
    given = {"way": "OTP", "bornOn": PERSON["dob"], "mobile": PERSON["mobile"], "minutes": 20, "idempotencyKey": key()}
    asked = running.data(ASK, {"input": given}, token=token)["askAssistance"]
    assert asked["userErrors"] == []
    assert running.data(ASSISTING, token=token)["viewer"]["assisting"] is None
    sent = eventually(lambda: texts(running), lambda found: len(found) > before)
    entered = {"assistanceId": asked["assistance"]["id"], "code": code_in(sent[0]), "idempotencyKey": key()}
    confirmed = running.data(CONFIRM, {"input": entered}, token=token)["confirmAssistance"]
    assert confirmed["userErrors"] == []
    assert confirmed["assistance"]["state"] == "GIVEN"
    return token


def test_an_operator_acts_for_a_citizen_by_her_code_until_she_takes_it_back(running, acting):
    assert running.data(ASSISTING, token=acting, language="en")["viewer"]["assisting"] == {"name": PERSON["name_en"]}
    draft = {
        "serviceCode": "ES10", "district": "52", "channel": "CSC", "form": [], "idempotencyKey": key(),
    }  # fmt: skip
    kept = running.data(DRAFT, {"input": draft}, token=acting)["saveDraft"]
    assert (kept["userErrors"], kept["application"]["status"]) == ([], "DRAFT")

    her = running.token("citizen", PERSON["key"])
    seen = running.data(HERS, token=her, language="en")["viewer"]
    assert seen["assistances"][0] | {"centreCode": "x"} == {
        "state": "GIVEN", "way": "OTP", "strength": "SUBSTANTIAL", "centreCode": "x",
    }  # fmt: skip
    assert {"role": "OPERATOR", "purpose": "APPLY"} in seen["dataAccesses"]
    assert seen["notifications"]["nodes"][0]["kind"] == "ASSISTANCE_GIVEN"
    [given] = [one for one in seen["consents"]["nodes"] if one["purpose"] == "ASSISTANCE"][:1]
    assert given["status"] == "GIVEN"

    back = {"input": {"purpose": "ASSISTANCE", "idempotencyKey": key()}}
    assert running.data(WITHDRAW, back, token=her)["withdrawConsent"]["consent"]["status"] == "WITHDRAWN"
    assert running.data(ASSISTING, token=acting)["viewer"]["assisting"] is None
    refused = running.data(DRAFT, {"input": draft | {"idempotencyKey": key()}}, token=acting)["saveDraft"]
    assert [error["code"] for error in refused["userErrors"]] == ["FORBIDDEN"]


def test_an_operator_of_an_e_district_centre_comes_by_parichay(running):
    me = running.data(
        "{ viewer { __typename ... on Operator { cscId centre } } }", token=running.token("e-district"), language="en"
    )["viewer"]

    assert me == {
        "__typename": "Operator",
        "cscId": "EDIST-49-001",
        "centre": "e-District Centre, Collectorate, Dehradun",
    }


def test_the_register_of_centres_is_for_administrators(running):
    listing = "{ centres(first: 50) { totalCount nodes { code kind operators district { name } } } }"
    found = running.data(listing, token=running.token("admin"), language="en")["centres"]
    assert found["totalCount"] == len(found["nodes"]) >= 16
    assert {"CSC", "E_DISTRICT", "SCHOOL", "CAMP"} == {node["kind"] for node in found["nodes"]}

    [error] = running.graphql(listing, token=running.token("citizen"))["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


def test_devices_are_listed_and_signed_out_everywhere_else(running):
    her = running.token("citizen", "vinod-gusain")
    running.tokens.pop("citizen:vinod-gusain")
    other = running.token("citizen", "vinod-gusain")
    devices = running.data("{ devices { here client provider expiresAt } }", token=her)["devices"]
    assert [one["here"] for one in devices].count(True) == 1
    assert len(devices) >= 2
    assert all(datetime.fromisoformat(one["expiresAt"]).tzinfo for one in devices)

    out = "mutation ($input: SignOutDevicesInput!) { signOutDevices(input: $input) { ended userErrors { code } } }"
    ended = running.data(out, {"input": {"keepThis": True, "idempotencyKey": key()}}, token=her)["signOutDevices"]
    assert ended["ended"] >= 1
    assert running.graphql("{ viewer { __typename } }", token=other)["errors"]
    assert running.data("{ viewer { __typename } }", token=her)["viewer"]


def test_telephones_are_told_of_our_apps(running):
    assert httpx.get(f"{running.url}/.well-known/assetlinks.json", timeout=10).json() == []
