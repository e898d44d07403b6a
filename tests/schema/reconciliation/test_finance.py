"""The finance officer's graph: cases in her places are taken and settled with a second officer; money is added up."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from actions.benefits.payment_status import apply_status
from actions.kernel import UnitOfWork
from actions.reconciliation.finance_cases import open_case
from actions.reconciliation.finance_totals import make_statements, rebuild_totals
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.kernel import ANONYMOUS, SYSTEM, Language, PersonKind, Posting, Role, Subject
from domain.payments.files import BatchKind, BatchState, EnrolmentState, Group, PaymentFileBatch, SignerEnrolment
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from gateway.pages.downloads import figures_csv
from gateway.pages.downloads.figures_csv import figures_routes
from store.benefits import benefits
from store.certificates import signing_certificates
from store.database import audit
from store.payments import payment_batches
from store.reconciliation import finance_cases, reconciliation
from tests.schema.appeals.test_commission import enter
from tests.schema.test_query import pay
from tests.support.graph import CITIZEN, OFFICER
from tests.support.state import LAW

CASES = """query($filter: FinanceCaseFilter, $after: String) { financeCases(first: 1, after: $after, filter: $filter) {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { id kind kindLabel(language: HI) suggestedCauseLabel state expected found critical amount version
    district { code } takenBy { name } } } }"""
CASE = "query($id: String!) { financeCase(caseId: $id) { case { state } history { step stepLabel note outcome } } }"
STEP = "case { state outcome version takenBy { name } } userErrors { code path } submission { replayed }"
TAKE = f"mutation($input: TakeFinanceCaseInput!) {{ takeFinanceCase(input: $input) {{ {STEP} }} }}"
NOTE = f"mutation($input: NoteFinanceCaseInput!) {{ noteFinanceCase(input: $input) {{ {STEP} }} }}"
SETTLE = f"mutation($input: SettleFinanceCaseInput!) {{ settleFinanceCase(input: $input) {{ {STEP} }} }}"
ANSWER = f"mutation($input: AnswerFinanceCaseInput!) {{ answerFinanceCase(input: $input) {{ {STEP} }} }}"
QUEUE = """query($queue: PaymentQueue!) { paymentQueue(first: 5, queue: $queue) { totalCount
  nodes { number sequence paymentRef amount status rail returnCode returnReason(language: EN) districtCode } } }"""
TOTALS = """query { paymentTotals { month schemeCode districtCode rail asOf
  instructed { count amount } credited { count amount } inFlight { count } returned { count } waiting { count } } }"""
STATEMENT = """query($month: Date!) { monthStatement(month: $month) { schemeCode districtCode balances
  opening { count } instructed { count amount } credited { amount } returned { amount } closing { count amount } } }"""
RUNS = "query { reconciliationRuns(first: 5) { totalCount nodes { rail day state rowsCompared problem endedAt } } }"
BATCHES = "query { paymentBatches(first: 5) { totalCount nodes { messageRef state amount } } }"
SIGNERS = "query { paymentSigners { fingerprint state heardAt codes signsNow keyHeld fileCount expiresAt } }"
SIGNED = "query { paymentBatches(first: 5) { nodes { kind state deletionCount signedBy } } }"
REPORTS = "query($month: Date!) { bharatReports(month: $month) { schemeCode revision values { name value } } }"
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000299", ())


@pytest.fixture
async def finance(world):
    return await enter(world, 11, "Finance", Posting(Role.FINANCE_OFFICER, "social-welfare", "49"))


@pytest.fixture
async def colleague(world):
    return await enter(world, 12, "Colleague", Posting(Role.FINANCE_OFFICER, "social-welfare", None))


@pytest.fixture
async def far(world):
    return await enter(world, 13, "Far", Posting(Role.FINANCE_OFFICER, "social-welfare", "45"))


@pytest.fixture
async def paid(world):
    """A pension whose first payment is at DBT finance."""
    await pay(world)
    async with world.environment.store.read_transaction() as tx:
        (sanction,) = await benefits.sanctions_of_citizen(tx, CITIZEN.person_id)
        return (await benefits.instalments(tx, [sanction.id]))[sanction.id][0].id


async def told(world, instalment_id, status, code=None):
    """Let DBT finance tell where the payment stands now."""
    async with world.environment.store.write_transaction() as tx:
        news = PaymentNews(status, world.environment.clock.now(), return_code=code)
        assert await apply_status(UnitOfWork(world.environment, tx, SYSTEM), instalment_id, news)


async def found(world, kind=DifferenceKind.AMOUNT_DIFFERS, **changes):
    given = {"about": f"{kind}", "department": "social-welfare", "district": "49", "amount_paise": 150_000, **changes}
    async with world.environment.store.write_transaction() as tx:
        return await open_case(UnitOfWork(world.environment, tx, SYSTEM), FinanceDifference(kind, **given))


async def did(world, subject, document, case_id, **values):
    given = {"caseId": case_id, "idempotencyKey": f"{document[:24]}{values}{subject.person_id}", **values}
    answer = await world.ask(document, subject, input=given)
    assert answer["errors"] == [], answer
    return next(iter(answer["data"].values()))


async def test_cases_are_listed_page_by_page_in_her_places_with_words_in_hindi(world, finance, far):
    first = await found(world, expected="150000", found="100000")
    await found(world, DifferenceKind.TOO_LONG_IN_FLIGHT)
    await found(world, DifferenceKind.UTR_TWICE, district=None, department=None)
    page = (await world.ask(CASES, finance))["data"]["financeCases"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, True)
    rest = await world.ask(CASES, finance, after=page["pageInfo"]["endCursor"])
    (case,) = rest["data"]["financeCases"]["nodes"]
    assert (case["id"], case["kindLabel"], case["expected"]) == (first, "राशि अलग है", "150000")
    assert (case["critical"], case["district"]["code"], case["takenBy"]) == (True, "49", None)
    assert (await world.ask(CASES, far))["data"]["financeCases"]["totalCount"] == 0
    assert (await world.ask(CASES, AUDITOR))["data"]["financeCases"]["totalCount"] == 3
    narrow = {"kinds": ["TOO_LONG_IN_FLIGHT"], "critical": False}
    assert (await world.ask(CASES, finance, filter=narrow))["data"]["financeCases"]["totalCount"] == 1


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER])
async def test_others_are_told_that_there_is_nothing(world, subject):
    case_id = await found(world)
    for document, given in (
        (CASES, {}),
        (CASE, {"id": case_id}),
        (QUEUE, {"queue": "WAITING"}),
        (TOTALS, {}),
        (RUNS, {}),
        (BATCHES, {}),
        (STATEMENT, {"month": "2026-11-01"}),
        (REPORTS, {"month": "2026-11-01"}),
    ):
        answer = await world.ask(document, subject, **given)
        assert next(iter(answer["data"].values())) is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]


async def test_a_small_case_is_taken_and_settled_by_one_officer_once(world, finance, far):
    case_id = await found(world)
    refused = await did(world, far, TAKE, case_id)
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    early = await did(world, finance, SETTLE, case_id, outcome="CORRECTED_AT_PARTNER", note="The bank corrected it.")
    assert [error["code"] for error in early["userErrors"]] == ["STEP_NOT_ALLOWED"]
    taken = await did(world, finance, TAKE, case_id, expectedVersion=1)
    assert (taken["case"]["state"], taken["case"]["version"]) == ("TAKEN", 2)
    late = await did(world, finance, NOTE, case_id, note="Rang the bank.", expectedVersion=1)
    assert [error["code"] for error in late["userErrors"]] == ["CONFLICT"]
    await did(world, finance, NOTE, case_id, note="Rang the bank about 9999 4105 7058.")
    empty = await did(world, finance, NOTE, case_id, note="  ")
    assert [error["code"] for error in empty["userErrors"]] == ["REASON_REQUIRED"]
    for replayed in (False, True):
        done = await did(world, finance, SETTLE, case_id, outcome="CORRECTED_AT_PARTNER", note="Paid in full now.")
        assert (done["case"]["state"], done["submission"]["replayed"]) == ("SETTLED", replayed)
    record = (await world.ask(CASE, finance, Language.HI, id=case_id))["data"]["financeCase"]
    assert [one["step"] for one in record["history"]] == ["OPEN", "TAKE", "NOTE", "SETTLE"]
    assert [one["note"] for one in record["history"]][2] == "Rang the bank about XXXX XXXX 7058."
    assert record["history"][3]["stepLabel"] == "निपटाया गया"


async def test_a_large_amount_or_money_given_up_needs_a_second_officer(world, finance, colleague):
    case_id = await found(world, DifferenceKind.SECOND_PAYMENT, amount_paise=1_000_001)
    await did(world, finance, TAKE, case_id)
    proposed = await did(world, finance, SETTLE, case_id, outcome="RECOVERED", note="Challan 77 of 26 November.")
    assert (proposed["case"]["state"], proposed["case"]["outcome"]) == ("PROPOSED", "RECOVERED")
    own = await did(world, finance, ANSWER, case_id, accept=True)
    assert [error["code"] for error in own["userErrors"]] == ["SECOND_OFFICER_NEEDED"]
    back = await did(world, colleague, ANSWER, case_id, accept=False, note="The challan is of another case.")
    assert (back["case"]["state"], back["case"]["outcome"]) == ("TAKEN", None)
    await did(world, finance, SETTLE, case_id, outcome="WRITTEN_OFF", note="The bank is in liquidation.")
    done = await did(world, colleague, ANSWER, case_id, accept=True)
    assert (done["case"]["state"], done["case"]["outcome"]) == ("SETTLED", "WRITTEN_OFF")
    again = await did(world, colleague, ANSWER, case_id, accept=True, expectedVersion=7)
    assert again["userErrors"]
    assert await found(world, DifferenceKind.SECOND_PAYMENT, amount_paise=1_000_001) == case_id


async def test_from_which_amount_a_second_officer_must_agree_is_a_setting(world, finance):
    law = LAW.with_values({"case_second_officer_paise": 99})
    stricter = replace(world, environment=replace(world.environment, rules=replace(world.environment.rules, law=law)))
    case_id = await found(stricter, DifferenceKind.SECOND_PAYMENT, amount_paise=100)
    await did(stricter, finance, TAKE, case_id)
    proposed = await did(stricter, finance, SETTLE, case_id, outcome="RECOVERED", note="Challan 77 of 26 November.")
    assert proposed["case"]["state"] == "PROPOSED"


async def test_after_a_correction_the_same_difference_opens_a_new_case(world, finance):
    case_id = await found(world)
    await did(world, finance, TAKE, case_id)
    await did(world, finance, SETTLE, case_id, outcome="CORRECTED_AT_PARTNER", note="Corrected.")
    assert await found(world) != case_id


async def test_an_auditor_reads_and_changes_nothing(world):
    case_id = await found(world)
    assert (await world.ask(CASE, AUDITOR, id=case_id))["data"]["financeCase"]["case"]["state"] == "OPEN"
    answer = await world.ask(TAKE, AUDITOR, input={"caseId": case_id, "idempotencyKey": "take"})
    assert answer["data"]["takeFinanceCase"]["userErrors"][0]["code"] == "NOT_FOUND"


async def test_steps_are_in_the_audit_log(world, finance):
    case_id = await found(world)
    await did(world, finance, TAKE, case_id)
    async with world.environment.store.read_transaction() as tx:
        table = audit.audit_lines_table
        rows = (await tx.connection.execute(table.select().where(table.c.object_id == case_id))).all()
    assert [row.action for row in rows] == ["finance_case.opened", "finance_case.take"]


async def test_the_notes_of_a_case_are_sealed_at_rest(world, finance):
    case_id = await found(world)
    await did(world, finance, TAKE, case_id)
    await did(world, finance, NOTE, case_id, note="A private word.")
    async with world.environment.store.read_transaction() as tx:
        rows = (await tx.connection.execute(finance_cases.events_table.select())).all()
    assert all(b"private" not in (row.note or b"") for row in rows)


async def test_payments_wait_in_queues_and_a_returned_one_says_why(world, finance, far, paid):
    listed = (await world.ask(QUEUE, finance, queue="IN_FLIGHT"))["data"]["paymentQueue"]
    assert (listed["totalCount"], listed["nodes"][0]["amount"]) == (1, 150_000)
    assert (await world.ask(QUEUE, far, queue="IN_FLIGHT"))["data"]["paymentQueue"]["totalCount"] == 0
    await told(world, paid, PaymentStatus.RETURNED, "53")
    (line,) = (await world.ask(QUEUE, finance, queue="RETURNED"))["data"]["paymentQueue"]["nodes"]
    assert (line["returnCode"], line["status"]) == ("53", "RETURNED")
    assert "inoperative" in line["returnReason"]


async def test_totals_and_the_months_statement_agree_with_the_instalments(world, finance, far, paid, store_clock):
    await told(world, paid, PaymentStatus.CREDITED)
    assert await rebuild_totals(world.environment) == []
    (total,) = (await world.ask(TOTALS, finance))["data"]["paymentTotals"]
    assert total["credited"] == total["instructed"] == {"count": 1, "amount": 150_000}
    assert (await world.ask(TOTALS, far))["data"]["paymentTotals"] == []
    store_clock.advance(timedelta(days=10))
    assert await make_statements(world.environment) is True
    assert await make_statements(world.environment) is False
    (line,) = (await world.ask(STATEMENT, finance, month="2026-11-15"))["data"]["monthStatement"]
    assert (line["instructed"], line["credited"], line["balances"]) == (
        {"count": 1, "amount": 150_000},
        {"amount": 150_000},
        True,
    )


async def test_runs_are_shown_with_their_progress(world, finance):
    async with world.environment.store.write_transaction() as tx:
        run = await reconciliation.begin(tx, "run-1", Rail.PFMS, date(2026, 11, 23))
        await reconciliation.note_problem(tx, run.id, "STATEMENT_MISSING")
    (shown,) = (await world.ask(RUNS, finance))["data"]["reconciliationRuns"]["nodes"]
    assert (shown["rail"], shown["state"], shown["problem"]) == ("PFMS", "READING", "STATEMENT_MISSING")
    assert (await world.ask(BATCHES, finance))["data"]["paymentBatches"] == {"totalCount": 0, "nodes": []}
    assert (await world.ask(REPORTS, finance, month="2026-11-01"))["data"]["bharatReports"] == []


async def test_finance_officers_see_which_certificate_signs_and_what_pfms_says_of_it(world, finance):
    declined = SignerEnrolment("ab" * 32, EnrolmentState.REJECTED, codes=("DBE0003",), source="0905DSCENRACK.xml")
    async with world.environment.store.write_transaction() as tx:
        await signing_certificates.record_answer(tx, declined, world.environment.clock.now())
    (shown,) = (await world.ask(SIGNERS, finance))["data"]["paymentSigners"]
    assert (shown["fingerprint"], shown["state"], shown["codes"]) == ("ab" * 32, "REJECTED", ["DBE0003"])
    assert (shown["keyHeld"], shown["signsNow"], shown["fileCount"], shown["expiresAt"]) == (False, False, 0, None)
    assert (await world.ask(SIGNERS, OFFICER))["data"]["paymentSigners"] is None


async def test_a_batch_says_how_many_it_deletes_and_who_signed_it(world, finance):
    batch = PaymentFileBatch(
        id="batch-1",
        kind=BatchKind.BENEFICIARY,
        message_id="0905DBTBENREQ241120261",
        batch_id="2411260001",
        file_name="0905DBTBENREQ241120261.xml",
        group=Group("uk-old-age-pension", "UKDD0001"),
        pfms_scheme="UKOAP",
        agency_name="DSWO Dehradun",
        lines=1,
        total_paise=0,
        state=BatchState.BUILT,
        created_at=world.environment.clock.now(),
        executes_on=date(2026, 11, 24),
    )
    async with world.environment.store.write_transaction() as tx:
        await payment_batches.add(tx, batch)
        await payment_batches.seal(tx, batch.id, b"<file/>", "cd" * 32)
    (shown,) = (await world.ask(SIGNED, finance))["data"]["paymentBatches"]["nodes"]
    assert shown == {"kind": "BENEFICIARY", "state": "SEALED", "deletionCount": 0, "signedBy": "cd" * 32}


async def test_a_case_of_an_instalment_knows_its_scheme_and_place(world, finance, paid):
    async with world.environment.store.read_transaction() as tx:
        one = await benefits.instalment(tx, paid)
    assert one is not None
    await found(world, about=f"instalment:{paid}", department=None, district=None, amount_paise=None)
    (case,) = (await world.ask(CASES, finance))["data"]["financeCases"]["nodes"]
    assert (case["amount"], case["district"]["code"]) == (one.amount_paise, "49")


async def test_a_case_leads_to_the_payment_that_it_is_about_and_one_of_a_file_to_none(world, finance, paid):
    await told(world, paid, PaymentStatus.RETURNED, code="53")
    await found(world, about=f"instalment:{paid}", department=None, district=None, amount_paise=None)
    await found(world, about="file:a.xml")
    asked = """{ financeCases(first: 5) { nodes { about payment {
        number sequence paymentRef amount status rail returnCode } } } }"""
    cases = (await world.ask(asked, finance))["data"]["financeCases"]["nodes"]
    (of_file, none), (_, payment) = sorted((case["about"], case["payment"]) for case in cases)
    queued = """{ paymentQueue(first: 5, queue: RETURNED) { nodes {
        number sequence paymentRef amount status rail returnCode } } }"""
    (line,) = (await world.ask(queued, finance))["data"]["paymentQueue"]["nodes"]
    assert (of_file, none) == ("file:a.xml", None)
    assert payment == line
    assert payment["returnCode"] == "53"


async def test_the_csv_of_a_month_holds_what_the_graph_shows_and_sums_in_rupees(
    world, finance, far, paid, store_clock, monkeypatch
):
    await told(world, paid, PaymentStatus.CREDITED)
    store_clock.advance(timedelta(days=10))
    await make_statements(world.environment)
    app = Starlette(routes=figures_routes(world.environment))
    tokens = {"finance": finance, "far": far, "citizen": CITIZEN}

    async def reader(_env, request):
        return tokens.get(request.headers.get("x-who"), ANONYMOUS)

    monkeypatch.setattr(figures_csv, "reader_of", reader)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
        known = "?month=2026-11"
        path = f"/finance/statement.csv{known}&language=en&bom=0"
        answers = {who: await client.get(path, headers={"x-who": who}) for who in (*tokens, "nobody")}
        wrong = [
            await client.get(f"/finance/statement.csv{query}", headers={"x-who": "finance"})
            for query in ("", "?month=2026-12", f"{known}&scheme=nope", f"{known}&district=0", f"{known}&x=1")
        ]
    assert [answers[who].status_code for who in ("citizen", "nobody")] == [404, 401]
    assert {answer.status_code for answer in wrong} == {400}
    named = [answer.json()["errors"][0]["extensions"]["parameter"] for answer in wrong]
    assert named == ["month", "month", "scheme", "district", "x"]
    head, line, total = csv.reader(io.StringIO(answers["finance"].text))
    row = dict(zip(head, line, strict=True))
    assert (row["Scheme code"], row["Sent for payment, ₹"], row["Credited, ₹"], row["Balances"]) == (
        "old-age",
        "1500.00",
        "1500.00",
        "Yes",
    )
    assert dict(zip(head, total, strict=True))["Credited, ₹"] == "1500.00"
    assert len(list(csv.reader(io.StringIO(answers["far"].text)))) == 2
