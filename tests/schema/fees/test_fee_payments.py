"""Fees paid online in the graph: begun by the citizen, seen by her, by the office and by finance; refunds noted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_enquiries import ask_due
from domain.fees.fees import FeeRules, reference_of
from domain.kernel import ANONYMOUS, Bilingual, Language, Officer, PersonKind, Posting, Role, Subject, TypeCode
from sandbox.city.kit import Sandbox
from schema.kernel import node_id
from store.identity import people
from tests.support.fees import treasury_on
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, World

START = """mutation($input: StartFeePaymentInput!) { startFeePayment(input: $input) {
  payment { number shownNumber state stateLabel route routeLabel amount fee charge head asOf nextEnquiryAt version }
  redirect { pageUrl action fields { name value } }
  userErrors { path code message action } submission { state acknowledgement replayed } } }"""
SEEN = """query($number: String!) { application(by: {number: $number}) {
  status feeDue { fee charge total chargeSource routes } fee { amount receipt }
  feePayments { number state amount asOf receipt { grn challanNumber cin mode paidAt } refund { cause causeLabel }
    application { number } } } }"""
HERS = "{ viewer { ... on Citizen { feePayments(first: 5) { nodes { number state } totalCount } } } }"
OFFICE = """query($states: [FeePaymentState!], $problems: Boolean! = false) { viewer { ... on Officer {
  feePayments(first: 5, states: $states, problemsOnly: $problems) { nodes { number state problem } totalCount } } } }"""
REFUND = """mutation($input: RecordFeeRefundInput!) { recordFeeRefund(input: $input) {
  payment { state refund { cause reference refundedAt } } userErrors { path code } } }"""
CASES = """{ financeCases(first: 5) { nodes { id kind state feePayment {
  number state takenAmount amount stateLabel(language: EN) receipt { grn } } } } }"""
STEP = "case { state outcome feePayment { number state } } userErrors { path code }"
TAKE = f"mutation($input: TakeFinanceCaseInput!) {{ takeFinanceCase(input: $input) {{ {STEP} }} }}"
SETTLE = f"mutation($input: SettleFinanceCaseInput!) {{ settleFinanceCase(input: $input) {{ {STEP} }} }}"
MINUTES = timedelta(minutes=3)


@dataclass
class Paying:
    """The graph, with a treasury behind it."""

    world: World
    treasury: Sandbox
    clock: Any

    async def ask(self, query: str, subject: Subject, **variables: Any) -> Any:
        answer = await self.world.ask(query, subject, **variables)
        assert answer["errors"] == [], answer["errors"]
        return answer["data"]

    async def start(self, application: Any, subject: Subject = CITIZEN, key: str = "k", **more: Any) -> Any:
        given = {"applicationId": node_id(TypeCode.APPLICATION, application.id), "idempotencyKey": key, **more}
        return (await self.ask(START, subject, input=given))["startFeePayment"]

    async def pays(self, said: Any) -> None:
        fields = {field["name"]: field["value"] for field in said["redirect"]["fields"]}
        await self.treasury.act("pay", {"encdata": fields["encdata"]})

    async def rounds(self) -> None:
        self.clock.advance(MINUTES)
        await ask_due(self.world.environment)


@pytest.fixture
def paying(world: World, store_clock: Any, tmp_path: Path) -> Iterator[Paying]:
    env = world.environment
    treasury, ours = treasury_on(store_clock, tmp_path / "till")
    rules = FeeRules(1000, "Order 17 of 2026")
    connected = replace(env, partners=replace(env.partners, treasury=ours), rules=replace(env.rules, fees=rules))
    yield Paying(replace(world, environment=connected), treasury, store_clock)
    treasury.close()


async def finance(world: World) -> Subject:
    posting, title = Posting(Role.FINANCE_OFFICER), Bilingual("वित्त", "Finance")
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, Officer("fin1", title, title, "fin@officer.example", (posting,)))
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, "fin1", (posting,))


async def test_a_citizen_pays_and_sees_what_came_of_it(paying: Paying):
    application = await paying.world.submit("ES03")
    due = (await paying.ask(SEEN, CITIZEN, number=application.number))["application"]
    assert due["feeDue"] == {
        "fee": 4000,
        "charge": 1000,
        "total": 5000,
        "chargeSource": "Order 17 of 2026",
        "routes": ["TREASURY"],
    }
    said = await paying.start(application)
    payment = said["payment"]
    assert (payment["state"], payment["amount"], payment["asOf"]) == ("REDIRECTED", 5000, None)
    assert (said["submission"]["state"], said["submission"]["acknowledgement"]) == ("ACCEPTED", payment["number"])
    assert said["redirect"]["action"] == "http://treasury.test/echallan/pay"
    assert f"/fees/pay/{payment['number']}?" in said["redirect"]["pageUrl"]
    await paying.pays(said)
    await paying.rounds()
    seen = (await paying.ask(SEEN, CITIZEN, number=application.number))["application"]
    (told,) = seen["feePayments"]
    assert (seen["status"], seen["feeDue"], told["state"]) == ("IN_SCRUTINY", None, "SUCCESS")
    assert (told["receipt"]["grn"], told["receipt"]["mode"]) == (seen["fee"]["receipt"], "NB")
    assert told["asOf"] is not None
    assert told["application"] == {"number": application.number}
    again = await paying.start(application)
    assert (again["submission"]["replayed"], again["redirect"], again["payment"]["state"]) == (True, None, "SUCCESS")
    hers = (await paying.ask(HERS, CITIZEN))["viewer"]["feePayments"]
    assert hers == {"nodes": [{"number": payment["number"], "state": "SUCCESS"}], "totalCount": 1}


async def test_a_refusal_is_data_in_both_languages(paying: Paying):
    application = await paying.world.submit("ES03")
    texts = []
    for language in (Language.EN, Language.HI):
        given = {"applicationId": node_id(TypeCode.APPLICATION, application.id), "idempotencyKey": "w"}
        variables = {"input": {**given, "route": "CSC_WALLET"}}
        answer = await paying.world.ask(START, CITIZEN, language, **variables)
        (error,) = answer["data"]["startFeePayment"]["userErrors"]
        assert (error["code"], error["action"]) == ("PAYMENT_NOT_OFFERED", "VISIT_CSC")
        texts.append(error["message"])
    assert "Common Service Centre" in texts[0]
    assert "जन सेवा केंद्र" in texts[1]
    assert (await paying.start(application, NEIGHBOUR))["userErrors"][0]["code"] == "NOT_FOUND"
    stranger = await paying.world.ask(START, ANONYMOUS, input={"applicationId": "x", "idempotencyKey": "k"})
    assert stranger["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_finance_sees_what_goes_back_and_notes_it_when_it_is_done(paying: Paying):
    application = await paying.world.submit("ES03")
    said = await paying.start(application)
    await paying.pays(said)
    env = paying.world.environment
    await record_fee(env, OFFICER, RecordFee(application.id, "CH-7", 4000, "counter"))
    await paying.rounds()
    officer = await finance(paying.world)
    number = said["payment"]["number"]
    listed = (await paying.ask(OFFICE, officer, states=["REFUND_REQUESTED"]))["viewer"]["feePayments"]
    assert listed == {"nodes": [{"number": number, "state": "REFUND_REQUESTED", "problem": None}], "totalCount": 1}
    assert (await paying.ask(OFFICE, officer, problems=True))["viewer"]["feePayments"]["totalCount"] == 0
    assert (await paying.ask(OFFICE, OFFICER))["viewer"]["feePayments"]["totalCount"] == 0
    given = {"number": number, "refundReference": "RO-17", "idempotencyKey": "r"}
    refused = (await paying.ask(REFUND, OFFICER, input=given))["recordFeeRefund"]
    assert refused == {"payment": None, "userErrors": [{"path": ["input", "number"], "code": "NOT_FOUND"}]}
    done = (await paying.ask(REFUND, officer, input=given))["recordFeeRefund"]["payment"]
    assert (done["state"], done["refund"]["reference"]) == ("REFUNDED", "RO-17")
    assert done["refund"]["cause"] == "SECOND_PAYMENT"


async def test_another_amount_is_settled_by_finance_and_begun_anew_by_the_citizen(paying: Paying):
    application = await paying.world.submit("ES03")
    said = await paying.start(application)
    await paying.pays(said)
    number = said["payment"]["number"]
    await paying.treasury.act("book_other_amount", {"reference": reference_of(number), "paise": 4900})
    await paying.rounds()
    hers = await paying.start(application, key="again")
    assert (hers["payment"]["number"], hers["redirect"]) == (number, None)
    assert hers["payment"]["stateLabel"].startswith("₹49.00 came in place of ₹50.00")
    officer = await finance(paying.world)
    (case,) = (await paying.ask(CASES, officer))["financeCases"]["nodes"]
    payment = case["feePayment"]
    assert (case["kind"], payment["number"], payment["takenAmount"], payment["amount"]) == (
        "AMOUNT_DIFFERS",
        number,
        4900,
        5000,
    )
    assert payment["receipt"]["grn"].startswith("UKGRN")
    paying.clock.advance(MINUTES)
    given = {"caseId": case["id"], "idempotencyKey": "1"}
    assert (await paying.ask(TAKE, officer, input=given))["takeFinanceCase"]["case"]["state"] == "TAKEN"
    words = {**given, "note": "The bank booked 49 rupees."}
    kept = (await paying.ask(SETTLE, officer, input={**words, "outcome": "WRITTEN_OFF"}))["settleFinanceCase"]
    assert kept == {"case": None, "userErrors": [{"path": ["input", "caseId"], "code": "STEP_NOT_ALLOWED"}]}
    done = (await paying.ask(SETTLE, officer, input={**words, "outcome": "REFUNDED"}))["settleFinanceCase"]["case"]
    assert done["feePayment"] == {"number": number, "state": "REFUND_REQUESTED"}
    again = await paying.start(application, key="anew")
    assert again["payment"]["number"] != number
    assert again["redirect"] is not None
    seen = (await paying.ask(SEEN, CITIZEN, number=application.number))["application"]
    assert [one["refund"] and one["refund"]["cause"] for one in seen["feePayments"]] == [None, "OTHER_AMOUNT"]
    refund = {"number": number, "refundReference": "RO-18", "idempotencyKey": "r"}
    noted = (await paying.ask(REFUND, officer, input=refund))["recordFeeRefund"]["payment"]
    assert noted["state"] == "REFUNDED"


async def test_the_office_sees_the_payments_of_its_cases_and_a_stranger_none(paying: Paying):
    application = await paying.world.submit("ES03")
    await paying.start(application)
    seen = (await paying.ask(SEEN, OFFICER, number=application.number))["application"]
    assert [one["state"] for one in seen["feePayments"]] == ["REDIRECTED"]
    assert (await paying.ask(SEEN, NEIGHBOUR, number=application.number))["application"] is None


async def test_a_free_service_has_nothing_of_this(paying: Paying):
    application = await paying.world.submit("ES09")
    seen = (await paying.ask(SEEN, CITIZEN, number=application.number))["application"]
    assert (seen["feeDue"], seen["feePayments"]) == (None, [])
    assert (await paying.start(application))["userErrors"][0]["code"] == "FEE_NOT_DUE"
