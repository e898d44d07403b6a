"""Counts with their proof, and services under e-Taal's codes, as the graph tells them."""

from dataclasses import replace
from datetime import date

import pytest

from domain.etaal.counting import CorrectionReason, CountingEvent, Transaction
from domain.kernel import ANONYMOUS, PersonKind, Role, Subject
from store.etaal import ledger, ledger_seal
from tests.support.graph import CITIZEN, OFFICER

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, OFFICER.person_id)
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, OFFICER.person_id)
DAY = date(2026, 11, 20)
ROW = Transaction("DELIVERED:0", CountingEvent.DELIVERED, DAY, "ES09", "49", "WEB", "A", 1, "2026-2")
COUNTS = """query($revision: Int) { transactionCounts(on: "2026-11-20", revision: $revision) {
  revision latestRevision total waiting rulesVersion closedAt closedRevision provisional
  rows { serviceCode count etaalCode district { code } }
  districts { districtCode count district { name(language: HI) } }
  proof { algorithm link entries }
  corrections { revision reason reasonLabel(language: HI) serviceCode districtCode count } } }"""
SERVICES = """query($unmapped: Boolean! = true, $first: Int! = 100) {
  etaalServices(first: $first, unmappedOnly: $unmapped) { totalCount nodes {
    serviceCode name(language: HI) uncodedCount firstUncodedOn
    codes { code category level startsOn standardService } } } }"""
MAP = """mutation($input: MapEtaalServiceInput!) { mapEtaalService(input: $input) {
  code { code category level startsOn } revisedDays userErrors { path code } } }"""
WANTED = {
    "serviceCode": "APSK-STATUS",
    "etaalCode": "UK0900",
    "category": "D",
    "level": "DISTRICT",
    "startsOn": "2026-01-01",
    "idempotencyKey": "map-1",
}


async def entered(world, *rows: Transaction) -> None:
    store = world.environment.store
    async with store.write_transaction() as tx:
        for row in rows:
            assert await ledger.record(tx, row)
    await ledger_seal.seal(store)


async def test_a_day_is_told_with_its_proof_and_its_corrections(world):
    await entered(world, ROW, replace(ROW, event_key="DELIVERED:1", district="50"))
    before = (await world.ask(COUNTS, AUDITOR))["data"]["transactionCounts"]
    store = world.environment.store
    async with store.write_transaction() as tx:
        await ledger.reverse(tx, "DELIVERED:1", CorrectionReason.CERTIFICATE_REVOKED)
    await ledger_seal.seal(store)
    now = (await world.ask(COUNTS, AUDITOR))["data"]["transactionCounts"]

    assert (before["revision"], before["total"], now["revision"], now["total"]) == (2, 2, 3, 1)
    assert sum(each["count"] for each in now["districts"]) == now["total"]
    assert now["districts"][0]["district"]["name"] == "जिला"
    assert now["proof"]["entries"] == 3
    assert now["proof"]["link"] != before["proof"]["link"]
    assert now["corrections"] == [
        {
            "revision": 3,
            "reason": "CERTIFICATE_REVOKED",
            "reasonLabel": "प्रमाण पत्र निरस्त किया गया।",
            "serviceCode": "ES09",
            "districtCode": "50",
            "count": -1,
        }
    ]
    again = (await world.ask(COUNTS, AUDITOR, revision=2))["data"]["transactionCounts"]
    assert {**again, "latestRevision": 2} == before
    refused = await world.ask(COUNTS, AUDITOR, revision=4)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_day_without_rows_begins_at_the_start_of_the_chain(world):
    told = (await world.ask(COUNTS, AUDITOR))["data"]["transactionCounts"]
    assert (told["revision"], told["total"], told["proof"]["link"]) == (0, 0, "0" * 64)


async def test_what_has_no_code_is_listed_until_an_administrator_gives_one(world):
    row = replace(ROW, event_key="STATUS_ENQUIRY:1", event=CountingEvent.STATUS_ENQUIRY)
    await entered(world, replace(row, service_code="APSK-STATUS", category="D"))
    listed = (await world.ask(SERVICES, AUDITOR))["data"]["etaalServices"]["nodes"]
    assert {
        "serviceCode": "APSK-STATUS",
        "name": "आवेदन की स्थिति की जानकारी",
        "uncodedCount": 1,
        "firstUncodedOn": "2026-11-20",
        "codes": [],
    } in listed

    done = (await world.ask(MAP, ADMIN, input=WANTED))["data"]["mapEtaalService"]
    assert done == {
        "code": {"code": "UK0900", "category": "D", "level": "DISTRICT", "startsOn": "2026-01-01"},
        "revisedDays": 1,
        "userErrors": [],
    }
    await ledger_seal.seal(world.environment.store)
    told = (await world.ask(COUNTS, AUDITOR))["data"]["transactionCounts"]
    assert told["rows"][0]["etaalCode"] == "UK0900"
    assert (told["corrections"][0]["reason"], told["corrections"][0]["districtCode"]) == ("SERVICE_MAPPED", None)
    after = (await world.ask(SERVICES, AUDITOR))["data"]["etaalServices"]["nodes"]
    assert "APSK-STATUS" not in {each["serviceCode"] for each in after}


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, AUDITOR, ANONYMOUS])
async def test_only_an_administrator_gives_codes(world, subject):
    await world.ask(MAP, subject, input=WANTED)
    listed = (await world.ask(SERVICES, AUDITOR))["data"]["etaalServices"]["nodes"]
    assert "APSK-STATUS" in {each["serviceCode"] for each in listed}


async def test_what_cannot_be_is_refused_as_data(world):
    answer = await world.ask(MAP, ADMIN, input=WANTED | {"serviceCode": "NOT-THERE", "category": "A"})
    errors = answer["data"]["mapEtaalService"]["userErrors"]
    assert errors == [{"path": ["input", "serviceCode"], "code": "BAD_INPUT"}]


async def test_a_citizen_is_told_of_no_services(world):
    answer = await world.ask(SERVICES, CITIZEN)
    assert answer["data"]["etaalServices"] is None
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
