"""A citizen takes back what she gave, while the demo runs: nothing more is asked, and she sees every step."""

import pytest

from domain.kernel import SystemClock

PERSON = "savitri-saini"
CARD = "{ viewer { ... on Citizen { rationCard { scheme } } } }"
MINE = """{ viewer { ... on Citizen {
  consents(first: 10) { nodes { purpose status source scope receipts { step role link } } }
  dataAccesses(first: 20) { objectKind purpose source role } } } }"""
STEP = """mutation ($input: %(kind)sConsentInput!) { %(verb)sConsent(input: $input) {
  consent { status endedAt } userErrors { code } } }"""
NOTICE = "{ consentNotice(purpose: RATION_CARD, language: %s) { what why fromWhom howLong howToWithdraw } }"


def step(running, verb: str) -> dict:
    document = STEP % {"verb": verb, "kind": verb.title()}
    given = {"purpose": "RATION_CARD", "idempotencyKey": f"{verb}-{SystemClock().now()}"}
    return running.data(document, {"input": given}, token=running.token("citizen", PERSON))[f"{verb}Consent"]


@pytest.fixture
def given_back(running):
    """Her consent is as it was before, for the other journeys."""
    yield
    step(running, "grant")


def test_a_withdrawal_stops_the_next_fetch_and_a_new_consent_opens_it_again(running, given_back):
    token = running.token("citizen", PERSON)
    assert running.data(CARD, token=token)["viewer"]["rationCard"]
    assert step(running, "withdraw")["consent"]["status"] == "WITHDRAWN"
    asked = len(running.ledger("umang"))

    refused = running.graphql(CARD, token=token, language="en")

    [error] = refused["errors"]
    assert {name: error["extensions"].get(name) for name in ("code", "detail", "action")} == {
        "code": "CONSENT_REQUIRED",
        "detail": "RATION_CARD",
        "action": "GIVE_CONSENT",
    }
    assert "ration card" in error["message"]
    assert len(running.ledger("umang")) == asked
    assert step(running, "grant")["consent"]["status"] == "GIVEN"
    assert running.data(CARD, token=token)["viewer"]["rationCard"]
    assert len(running.ledger("umang")) > asked  # what was kept under the old consent is not served


def test_she_sees_what_she_gave_and_who_read_what_from_which_source(running):
    running.data(CARD, token=running.token("citizen", PERSON))
    mine = running.data(MINE, token=running.token("citizen", PERSON))["viewer"]

    held = {one["purpose"]: one for one in mine["consents"]["nodes"]}
    assert held["RATION_CARD"]["source"] == "UMANG"
    assert held["LOCKER_DOCUMENTS"]["receipts"][0]["step"] == "GRANT"  # given at DigiLocker when she signed in
    assert {"objectKind": "DOCUMENT", "purpose": "VIEW", "source": "UMANG", "role": "CITIZEN"} in (mine["dataAccesses"])


@pytest.mark.parametrize(("language", "word"), [("EN", "UMANG"), ("HI", "उमंग")])
def test_the_notice_is_itemised_in_both_languages_for_anybody(running, language, word):
    notice = running.data(NOTICE % language)["consentNotice"]
    assert word in notice["fromWhom"]
    assert all(notice.values())
