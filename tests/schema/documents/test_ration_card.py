"""A ration card is named by anybody, opened by a consent, and read only by those who are on it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.kernel import Language, Source
from integrations.umang import Umang, UmangSettings
from sandbox.city.kit import SandboxClock, SandboxHome
from sandbox.umang.server import create_sandbox
from store.identity import people
from tests.support.graph import CITIZEN, NEIGHBOUR, RAVI, World
from tests.support.remotes import remote_over

CARD, ANOTHERS = "054623423639", "051687629020"
OFFERS = "{ departmentDocumentOffers { publisher doctype parameters formats } }"
NAMED = "{ viewer { ... on Citizen { departmentDocuments { key publisher doctype consented name } } } }"
READ = "{ viewer { ... on Citizen { rationCard { number scheme members { name } provenance { state } } } } }"
ADD = """mutation ($input: AddDepartmentDocumentInput!) { addDepartmentDocument(input: $input) {
  document { key } userErrors { code path } } }"""
REMOVE = """mutation ($input: RemoveDepartmentDocumentInput!) { removeDepartmentDocument(input: $input) {
  userErrors { code } } }"""
STEP = """mutation { %sConsent(input: {purpose: RATION_CARD, idempotencyKey: "%s"}) {
  consent { status scope } userErrors { code } } }"""


def person(key: str, number: str, *members: str) -> dict:
    card = {
        "number": number,
        "scheme": "PHH",
        "shop": "Shop 214",
        "members": [{"name": name, "relation": "Self"} for name in members],
    }
    return {"key": key, "district": "49", "ration_card": card}


@pytest.fixture
def world(each_world: World) -> World:
    return each_world


@pytest.fixture
async def cards(world: World, store_clock, tmp_path) -> AsyncIterator[World]:
    """The world with UMANG's own sandbox, which knows a card of Ravi's family and one of another."""
    folk = [person("ravi", CARD, "Ravi Rawat", "Meena Rawat"), person("sunil", ANOTHERS, "Sunil Rawat")]
    home = SandboxHome(
        "umang",
        tmp_path / "umang",
        tmp_path / "umang.json",
        SandboxClock(base=store_clock),
        {"people": folk},
        "http://gateway.test",
        "http://sandbox.test",
    )
    box = create_sandbox(home)
    remote = remote_over(box.app, Source.UMANG, clock=store_clock)
    settings = UmangSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    env = world.environment
    partners = replace(env.partners, umang=Umang(remote, settings, store_clock, env.ids))
    yield replace(world, environment=replace(env, partners=partners))
    box.close()


async def added(world: World, number: str, key: str = "", **changes) -> dict:
    given = {
        "publisher": "onorc",
        "doctype": "RATCR",
        "parameters": [{"name": "CardNumber", "value": number}],
        "idempotencyKey": key or f"add-{number}",
        **changes,
    }
    return (await world.ask(ADD, NEIGHBOUR, input=given))["data"]["addDepartmentDocument"]


async def stepped(world: World, verb: str, key: str = "") -> dict:
    return (await world.ask(STEP % (verb, key or verb), NEIGHBOUR))["data"][f"{verb}Consent"]


async def error_of(world: World) -> dict:
    answer = await world.ask(READ, NEIGHBOUR)
    [error] = answer["errors"]
    assert answer["data"]["viewer"]["rationCard"] is None
    return error["extensions"]


async def test_a_citizen_who_is_no_person_of_the_demo_names_consents_and_reads(cards: World):
    offers = (await cards.ask(OFFERS, NEIGHBOUR))["data"]["departmentDocumentOffers"]
    assert {"publisher": "onorc", "doctype": "RATCR", "parameters": ["CardNumber"], "formats": []} in offers
    assert (await stepped(cards, "grant", "early"))["userErrors"] == [{"code": "DOCUMENT_UNKNOWN"}]

    assert (await added(cards, "0546 2342 3639"))["userErrors"] == []
    assert (await error_of(cards))["code"] == "CONSENT_REQUIRED"
    given = await stepped(cards, "grant")
    card = (await cards.ask(READ, NEIGHBOUR))["data"]["viewer"]["rationCard"]

    assert (given["userErrors"], given["consent"]) == ([], {"status": "GIVEN", "scope": ["onorc/RATCR"]})
    assert (card["number"], card["scheme"]) == ("xxxxxxxx3639", "PHH")
    assert [one["name"] for one in card["members"]] == ["Ravi Rawat", "Meena Rawat"]
    assert card["provenance"] == [{"state": "LIVE"}]


async def test_what_she_named_is_listed_and_can_be_removed(cards: World):
    await added(cards, CARD)
    [named] = (await cards.ask(NAMED, NEIGHBOUR))["data"]["viewer"]["departmentDocuments"]
    assert (named["publisher"], named["name"], named["consented"]) == ("onorc", "Ration Card", False)

    removed = await cards.ask(REMOVE, NEIGHBOUR, input={"key": named["key"], "idempotencyKey": "remove"})

    assert removed["data"]["removeDepartmentDocument"]["userErrors"] == []
    assert (await cards.ask(NAMED, NEIGHBOUR))["data"]["viewer"]["departmentDocuments"] == []
    assert (await cards.ask(READ, NEIGHBOUR))["data"]["viewer"]["rationCard"] is None


async def test_a_mistyped_number_is_told_as_hers_to_correct_and_another_takes_its_place(cards: World):
    await added(cards, "054600000009")
    await stepped(cards, "grant")
    told = await error_of(cards)
    assert (told["code"], told["type"], told["action"]) == ("DOCUMENT_UNKNOWN", "BAD_REQUEST", "CORRECT_INPUT")
    assert (told["source"], told["detail"]) == ("UMANG", "CARD_NOT_FOUND")

    await added(cards, CARD)

    assert (await cards.ask(READ, NEIGHBOUR))["data"]["viewer"]["rationCard"]["number"] == "xxxxxxxx3639"
    assert len((await cards.ask(NAMED, NEIGHBOUR))["data"]["viewer"]["departmentDocuments"]) == 1


async def test_the_card_of_another_family_is_told_like_one_that_there_is_not(cards: World):
    await added(cards, ANOTHERS)
    await stepped(cards, "grant")

    told = await error_of(cards)

    assert (told["code"], told["detail"]) == ("DOCUMENT_UNKNOWN", "CARD_NOT_FOUND")


async def test_another_number_is_not_read_once_the_consent_was_taken_back(cards: World):
    await added(cards, "054600000009")
    await stepped(cards, "grant")
    await stepped(cards, "withdraw")

    await added(cards, CARD)

    assert (await error_of(cards))["code"] == "CONSENT_REQUIRED"


@pytest.mark.parametrize(
    ("number", "changes", "code"),
    [
        ("12", {}, "BAD_INPUT"),
        ("05-46/23", {}, "BAD_INPUT"),
        ("9999 4105 7058", {}, "BAD_INPUT"),
        (CARD, {"doctype": "INCER"}, "DOCUMENT_UNKNOWN"),
        (CARD, {"parameters": [{"name": "Number", "value": CARD}]}, "BAD_INPUT"),
    ],
)
async def test_what_cannot_be_a_ration_card_is_refused_and_nothing_is_kept(cards: World, number, changes, code):
    refused = await added(cards, number, **changes)

    assert (refused["document"], refused["userErrors"][0]["code"]) == (None, code)
    assert (await cards.ask(NAMED, NEIGHBOUR))["data"]["viewer"]["departmentDocuments"] == []


async def test_a_member_is_found_by_her_hindi_name_too(cards: World):
    async with cards.environment.store.write_transaction() as tx:
        citizen = (await people.citizens(tx, [RAVI]))[RAVI]
        await people.update_citizen(tx, replace(citizen, name=replace(citizen.name, hi="मीना रावत", en="M.")))
    await added(cards, CARD)
    await stepped(cards, "grant")

    assert (await cards.ask(READ, NEIGHBOUR, Language.HI))["data"]["viewer"]["rationCard"]["scheme"] == "PHH"


async def test_nobody_else_learns_whether_she_named_one(cards: World):
    await added(cards, CARD)

    assert (await cards.ask(NAMED, CITIZEN))["data"]["viewer"]["departmentDocuments"] != []  # her own, from the seed
    keys = (await cards.ask(NAMED, NEIGHBOUR))["data"]["viewer"]["departmentDocuments"]
    removed = await cards.ask(REMOVE, CITIZEN, input={"key": keys[0]["key"], "idempotencyKey": "theirs"})
    assert removed["data"]["removeDepartmentDocument"]["userErrors"] == [{"code": "NOT_FOUND"}]
