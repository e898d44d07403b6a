"""Consents in the graph: the notice, the steps, the list with its receipts, and what is told without one."""

from dataclasses import replace

import pytest

from domain.consents.consents import ConsentPurpose
from domain.kernel import ANONYMOUS, Language, PersonKind, Role, Subject
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER

OPERATOR = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "op1")

CARD = "{ viewer { ... on Citizen { rationCard { number } } } }"
STEP = """mutation { %sConsent(input: {purpose: %s, idempotencyKey: "%s"}) {
  consent { status purpose } userErrors { code path message } submission { replayed } } }"""
LISTED = """query ($after: String) { viewer { ... on Citizen { consents(first: 1, after: $after) {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { purpose purposeLabel status scope notice { howLong } receipts { step role link noticeSha256 } } } } } }"""


async def step(world, verb: str, subject=CITIZEN, purpose: str = "RATION_CARD", key: str | None = None):
    answer = await world.ask(STEP % (verb, purpose, key or f"{verb}-{purpose}"), subject)
    return answer if answer["errors"] else answer["data"][f"{verb}Consent"]


def code(payload) -> str:
    return payload["userErrors"][0]["code"]


async def test_a_withdrawn_consent_is_named_with_its_remedy_in_both_languages(world):
    assert (await step(world, "withdraw"))["consent"]["status"] == "WITHDRAWN"

    for language, word in ((Language.EN, "The ration card"), (Language.HI, "राशन कार्ड")):
        [error] = (await world.ask(CARD, CITIZEN, language))["errors"]
        told = error["extensions"]
        assert (told["code"], told["detail"], told["action"]) == ("CONSENT_REQUIRED", "RATION_CARD", "GIVE_CONSENT")
        assert word in error["message"]


async def test_a_step_that_does_not_follow_and_a_replay_are_told_as_data(world):
    assert code(await step(world, "grant", NEIGHBOUR)) == "DOCUMENT_UNKNOWN"
    await step(world, "withdraw")
    assert code(await step(world, "withdraw", key="again")) == "CONSENT_STEP_NOT_ALLOWED"
    assert (await step(world, "withdraw"))["submission"]["replayed"]


async def test_the_list_has_the_receipts_of_every_step_page_by_page(world):
    for verb in ("withdraw", "grant"):
        await step(world, verb)
    first = (await world.ask(LISTED, CITIZEN))["data"]["viewer"]["consents"]
    second = await world.ask(LISTED, CITIZEN, after=first["pageInfo"]["endCursor"])

    [given] = first["nodes"]
    [withdrawn] = second["data"]["viewer"]["consents"]["nodes"]
    assert (given["status"], [one["step"] for one in given["receipts"]]) == ("GIVEN", ["GRANT"])
    assert (withdrawn["status"], [one["step"] for one in withdrawn["receipts"]]) == ("WITHDRAWN", ["WITHDRAW"])
    assert first["totalCount"] == 2
    assert not second["data"]["viewer"]["consents"]["pageInfo"]["hasNextPage"]
    assert given["scope"] == ["onorc/RATION"]
    assert "365" in given["notice"]["howLong"]


async def test_an_operator_asks_for_whom_she_serves_and_neither_she_nor_an_officer_gives(world):
    serving = replace(OPERATOR, on_behalf_of=CITIZEN.person_id)
    await step(world, "withdraw")
    assert (await step(world, "ask", serving))["consent"]["status"] == "ASKED"
    for subject in (serving, OFFICER):
        assert (await step(world, "grant", subject))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    alone = replace(OPERATOR, on_behalf_of=None)
    assert code(await step(world, "ask", alone)) == "NOT_FOUND"


@pytest.mark.parametrize("purpose", ConsentPurpose)
async def test_anybody_may_read_the_notice_item_by_item(world, purpose):
    query = "{ consentNotice(purpose: %s) { what why fromWhom howLong howToWithdraw howToComplain sha256 } }"
    hindi, english = [
        (await world.ask(query % purpose.value, ANONYMOUS, language))["data"]["consentNotice"]
        for language in (Language.HI, Language.EN)
    ]
    assert hindi["sha256"] == english["sha256"]
    assert all(hindi[name] and hindi[name] != english[name] for name in hindi if name != "sha256")
