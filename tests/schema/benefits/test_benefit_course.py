"""A benefit in the graph: plan, timeline with reasons, stops with advice, orders by the right people, fresh money."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from actions.benefits.benefits import provenance_by_files
from actions.benefits.payment_status import apply_status
from actions.kernel import UnitOfWork
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.kernel import SYSTEM, Language, PersonKind, Posting, Role, Subject, TypeCode, ist_date
from domain.payments.files import Direction, FileState, LedgerFile
from schema.kernel import node_id
from store.benefits import benefits, sanction_course
from store.catalogue import catalogue
from store.payments import payment_files
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER
from tests.support.state import LAW

FINANCE = Subject(
    frozenset({Role.FINANCE_OFFICER}),
    PersonKind.OFFICER,
    "01930000-0000-7000-8000-00000000f001",
    (Posting(Role.FINANCE_OFFICER, None, "49", None),),
)
OF_APPLICATION = """
query ($id: ID!) { application(by: {id: $id}) { benefit {
  id number state stateLabel maskedAccount nextPaymentOn arrears endedOn reviewDueOn
  plan(first: 3) { periodFrom periodTo amount }
  lifeCertificate { neededOn givenOn overdue }
  stops { kind ground groundLabel whatToDo fromOn liftedAt }
  recoveries { number amount outstanding ground state }
  approvals { number kind amount approved }
  instalments { sequence status statusLabel asOf kind rail hold deducted reissueOf bankReferenceLast4
    reason { code text action }
    events { status statusLabel at heardAt rail bankReferenceLast4 reason { code action } } } } } }
"""
SCHEMES = """
query ($filter: SchemeFilter) { schemes(filter: $filter) {
  code name rail terms lifeCertificate annualReview eligibility verification timeLimitDays isDbt } }
"""


async def pension(world):
    """A granted pension, as the citizen sees it."""
    application = await world.approve(await world.submit("ES90"))
    return application, (await seen(world, application))["id"]


async def seen(world, application, subject=CITIZEN, language=Language.EN):
    opaque = application_id(application)
    answer = await world.ask(OF_APPLICATION, subject, language=language, id=opaque)
    assert answer["errors"] == []
    return answer["data"]["application"]["benefit"]


def application_id(application):
    return node_id(TypeCode.APPLICATION, application.id)


async def do(world, name, subject, **given):
    """Run a mutation on a benefit; gives its payload."""
    kind = f"{name[0].upper()}{name[1:]}Input!"
    query = (
        f"mutation ($input: {kind}) {{ {name}(input: $input) {{ benefit {{ state }} userErrors {{ code path }} }} }}"
    )
    answer = await world.ask(query, subject, input=given)
    assert answer["errors"] == []
    return answer["data"][name]


async def sanctioned(tx, application):
    """The sanction of an application, and its latest instalment."""
    held = (await benefits.sanction_of_applications(tx, [application.id]))[application.id]
    return held, (await benefits.instalments(tx, [held.id]))[held.id][-1]


async def by_files(tx, application):
    """The latest instalment of an application, which goes through PFMS from here on."""
    _, latest = await sanctioned(tx, application)
    table = benefits.instalments_table
    await tx.connection.execute(update(table).where(table.c.id == latest.id).values(rail="PFMS"))
    return latest


async def at_once(world, application):
    """Make of the benefit of an application a grant that is paid once."""
    async with world.environment.store.write_transaction() as tx:
        held, _ = await sanctioned(tx, application)
        table = benefits.sanctions_table
        await tx.connection.execute(update(table).where(table.c.id == held.id).values(period="one-time"))


async def tell(world, application, status, **more):
    env = world.environment
    async with env.store.write_transaction() as tx:
        _, latest = await sanctioned(tx, application)
        said = PaymentNews(status, env.clock.now(), rail=Rail.IFMS, **more)
        assert await apply_status(UnitOfWork(env, tx, SYSTEM), latest.id, said)


async def test_the_plan_the_next_payment_and_what_is_asked_of_her_are_shown(world):
    application, _ = await pension(world)
    told = await seen(world, application)
    assert (told["state"], told["stateLabel"]) == ("ACTIVE", "Payments are made")
    assert told["nextPaymentOn"] == "2026-12-24"
    assert [one["periodFrom"] for one in told["plan"]] == ["2026-12-24", "2027-01-24", "2027-02-24"]
    assert told["plan"][0] == {"periodFrom": "2026-12-24", "periodTo": "2027-01-23", "amount": 150_000}
    assert told["instalments"][0]["rail"] == "IFMS"
    assert told["arrears"] == 0


async def test_a_grant_is_paid_out_once_its_money_has_arrived_and_a_pension_never(world):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.CREDITED, source_ref="scroll")
    assert (await seen(world, application))["stateLabel"] == "Payments are made"
    await at_once(world, application)
    labels = [
        (await seen(world, application, language=language))["stateLabel"] for language in (Language.EN, Language.HI)
    ]
    assert labels == ["All of it has been paid out", "पूरी राशि का भुगतान हो चुका है"]
    await tell(world, application, PaymentStatus.RETURNED, return_code="96")
    assert (await seen(world, application))["stateLabel"] == "Payments are made"


async def test_the_timeline_tells_when_each_step_was_and_the_reason_in_both_languages(world):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.CREDITED, utr_last4="9876", source_ref="scroll")
    await tell(world, application, PaymentStatus.RETURNED, return_code="96")
    (one,) = (await seen(world, application))["instalments"]
    assert [event["status"] for event in one["events"]] == ["SANCTIONED", "CREDITED", "RETURNED"]
    assert one["bankReferenceLast4"] == "9876"
    assert one["reason"]["code"] == "96"
    assert "branch" in one["reason"]["action"]
    assert one["asOf"] == one["events"][-1]["heardAt"]
    (hindi,) = (await seen(world, application, language=Language.HI))["instalments"]
    assert "आधार" in hindi["reason"]["action"]


async def test_an_officer_suspends_and_resumes_and_the_citizen_sees_why_and_what_to_do(world):
    application, benefit = await pension(world)
    suspended = await do(
        world, "suspendBenefit", OFFICER, benefitId=benefit, ground="ENQUIRY_PENDING", idempotencyKey="s"
    )
    assert suspended == {"benefit": {"state": "SUSPENDED"}, "userErrors": []}
    told = await seen(world, application)
    (stop,) = told["stops"]
    assert (stop["kind"], stop["groundLabel"]) == ("SUSPENSION", "An enquiry is under way.")
    assert "office" in stop["whatToDo"]
    assert (told["nextPaymentOn"], told["instalments"][0]["hold"]) == (None, "STOPPED")
    assert len(told["plan"]) == 3
    hindi = await seen(world, application, language=Language.HI)
    assert (hindi["stateLabel"], hindi["stops"][0]["groundLabel"]) == ("निलंबित", "जाँच चल रही है।")
    again = await do(world, "suspendBenefit", OFFICER, benefitId=benefit, ground="COURT_ORDER", idempotencyKey="s2")
    assert again["userErrors"] == [{"code": "STEP_NOT_ALLOWED", "path": ["input", "benefitId"]}]
    resumed = await do(
        world,
        "resumeBenefit",
        OFFICER,
        benefitId=benefit,
        ground="ENQUIRY_CLEARED",
        arrears=True,
        idempotencyKey="r",
    )
    assert resumed["benefit"] == {"state": "ACTIVE"}


@pytest.mark.parametrize(
    ("language", "held", "notice"),
    [
        (Language.EN, "without paying for that time", "Periods that began while it was stopped are not paid."),
        (Language.HI, "भुगतान किए बिना", "भुगतान नहीं होगा।"),
    ],
)
async def test_the_citizen_sees_what_is_never_paid_since_a_suspension_was_lifted_without_arrears(
    world, language, held, notice
):
    application, benefit = await pension(world)
    await do(world, "suspendBenefit", OFFICER, benefitId=benefit, ground="OWN_REQUEST", idempotencyKey="s")
    async with world.environment.store.write_transaction() as tx:  # as if it had been ordered when a month began
        table = sanction_course.sanction_stops_table
        moved = {"from_on": ist_date(tx.clock.now()) - timedelta(days=1)}
        await tx.connection.execute(update(table).values(moved))
        moved = {"period_from": moved["from_on"]}
        await tx.connection.execute(update(benefits.instalments_table).values(moved))
    await do(
        world, "resumeBenefit", OFFICER, benefitId=benefit, ground="OWN_REQUEST", arrears=False, idempotencyKey="r"
    )
    query = """query ($id: ID!) { application(by: {id: $id}) { benefit { state stops { fromOn unpaidUntilOn }
        instalments { hold holdLabel stoppedBy { ground groundLabel unpaidUntilOn } } } }
        viewer { ... on Citizen { notifications(first: 5) { nodes { kind text } } } } }"""
    answer = await world.ask(query, CITIZEN, language=language, id=application_id(application))
    told = answer["data"]["application"]["benefit"]
    yesterday = (ist_date(world.environment.clock.now()) - timedelta(days=1)).isoformat()
    ((stop,), (one,)) = told["stops"], told["instalments"]
    assert (told["state"], stop["unpaidUntilOn"]) == ("ACTIVE", yesterday)
    assert (one["hold"], one["stoppedBy"]["ground"], one["stoppedBy"]["unpaidUntilOn"]) == (
        "STOPPED",
        "OWN_REQUEST",
        yesterday,
    )
    assert held in one["holdLabel"]
    texts = [each["text"] for each in answer["data"]["viewer"]["notifications"]["nodes"]]
    assert any(text.endswith(notice) for text in texts), texts


@pytest.mark.parametrize("subject", [NEIGHBOUR, CITIZEN, FINANCE, STRANGE_OFFICER])
async def test_others_are_told_that_there_is_no_such_benefit(world, subject):
    _, benefit = await pension(world)
    given = {"benefitId": benefit, "ground": "COURT_ORDER", "idempotencyKey": "s"}
    query = "mutation ($input: SuspendBenefitInput!) { suspendBenefit(input: $input) { userErrors { code } } }"
    answer = await world.ask(query, subject, input=given)
    told = [error["extensions"]["code"] for error in answer["errors"]]
    refused = [error["code"] for error in (answer["data"]["suspendBenefit"] or {"userErrors": []})["userErrors"]]
    assert told + refused == ["NOT_FOUND"]


async def test_a_finance_officer_reissues_what_came_back_and_orders_money_back(world):
    application, benefit = await pension(world)
    early = await do(world, "reissuePayment", FINANCE, benefitId=benefit, sequence=1, idempotencyKey="k0")
    assert [error["code"] for error in early["userErrors"]] == ["STEP_NOT_ALLOWED"]
    await tell(world, application, PaymentStatus.RETURNED, return_code="54")
    done = await do(world, "reissuePayment", FINANCE, benefitId=benefit, sequence=1, idempotencyKey="k")
    assert done["userErrors"] == []
    await tell(world, application, PaymentStatus.CREDITED)
    await do(
        world,
        "orderRecovery",
        FINANCE,
        benefitId=benefit,
        amount=50_000,
        ground="WRONG_AMOUNT",
        way="CHALLAN",
        idempotencyKey="o",
    )
    told = await seen(world, application)
    first, second = told["instalments"]
    assert (first["status"], second["status"], second["kind"]) == ("REISSUED", "CREDITED", "REISSUE")
    assert second["reissueOf"] == 1
    assert told["recoveries"] == [
        {"number": 1, "amount": 50_000, "outstanding": 50_000, "ground": "WRONG_AMOUNT", "state": "OPEN"}
    ]


async def test_a_payment_is_said_to_be_paid_again_only_once_its_reissue_was_sent(world):
    application, benefit = await pension(world)
    await tell(world, application, PaymentStatus.INSTRUCTED)
    await tell(world, application, PaymentStatus.RETURNED, return_code="54")
    await do(world, "reissuePayment", FINANCE, benefitId=benefit, sequence=1, idempotencyKey="k")
    before = (await seen(world, application))["instalments"][0]
    await tell(world, application, PaymentStatus.INSTRUCTED)
    after = (await seen(world, application))["instalments"][0]

    assert (before["status"], before["statusLabel"]) == ("REISSUED", "To be paid again")
    assert (after["status"], after["statusLabel"]) == ("REISSUED", "Paid again")
    assert after["events"][-1]["statusLabel"] == "To be paid again"


async def test_a_corrected_account_shows_its_last_digits_only(world):
    application, benefit = await pension(world)
    await tell(world, application, PaymentStatus.BENEFICIARY_REJECTED, return_code="02")
    done = await do(
        world,
        "correctPaymentAccount",
        CITIZEN,
        benefitId=benefit,
        accountNumber="400000000777",
        ifsc="DEMO0000002",
        idempotencyKey="a",
    )
    assert done["userErrors"] == []
    told = await seen(world, application)
    assert told["maskedAccount"] == "XXXX0777"
    assert told["instalments"][0]["status"] == "BENEFICIARY_PENDING"
    assert "400000000777" not in str(told)


async def test_a_payment_by_files_shows_as_of_the_last_file_and_is_never_said_to_be_heard_now(world):
    application, _ = await pension(world)
    env = world.environment
    async with env.store.write_transaction() as tx:
        first = await by_files(tx, application)
        said = PaymentNews(PaymentStatus.AT_BANK, env.clock.now() - timedelta(days=2), rail=Rail.PFMS)
        assert await apply_status(UnitOfWork(env, tx, SYSTEM), first.id, said)
    query = """{ viewer { ... on Citizen { benefits { complete provenance { source state asOf }
        nodes { status asOf instalments { status sourceHeard asOf statusAt } } } } } }"""
    answer = await world.ask(query, CITIZEN)
    told = answer["data"]["viewer"]["benefits"]
    (one,) = told["nodes"][0]["instalments"]
    assert (one["status"], one["sourceHeard"]) == ("AT_BANK", False)
    assert one["asOf"] > one["statusAt"]
    assert [(one["source"], one["state"]) for one in told["provenance"]] == [("STORE", "LIVE"), ("PFMS", "STALE")]
    await a_file_came(world, "one")
    told = (await world.ask(query, CITIZEN))["data"]["viewer"]["benefits"]
    assert told["provenance"][1]["state"] == "CACHED"
    assert told["provenance"][1]["asOf"] == told["provenance"][0]["asOf"]


async def test_where_nothing_can_change_any_more_the_word_of_pfms_is_old_and_not_stale(world):
    application, _ = await pension(world)
    env = world.environment
    async with env.store.write_transaction() as tx:
        held, first = await sanctioned(tx, application)
        table = benefits.instalments_table
        long_ago = env.clock.now() - timedelta(days=20)
        for status, state in ((PaymentStatus.CREDITED, "CACHED"), (PaymentStatus.INSTRUCTED, "STALE")):
            values = {"rail": "PFMS", "status": status.value, "status_at": long_ago}
            await tx.connection.execute(update(table).where(table.c.id == first.id).values(values))
            now = (await benefits.instalments(tx, [held.id]))[held.id]
            ((source, told, as_of),) = provenance_by_files(env, now, None)
            assert (source.value, told.value, as_of) == ("PFMS", state, long_ago)


async def a_file_came(world, name):
    """A file of PFMS that was applied just now."""
    async with world.environment.store.write_transaction() as tx:
        now, key = world.environment.clock.now(), world.environment.ids.key()
        file = LedgerFile(key, Direction.IN, "bank-status", name, name, 1, FileState.APPLIED, now)
        await payment_files.note_file(tx, file)


@pytest.mark.parametrize(("language", "words"), [("HI", "मद में राशि कम है"), ("EN", "holds too little")])
async def test_what_holds_a_payment_back_is_told_in_words(world, language, words):
    application, _ = await pension(world)
    async with world.environment.store.write_transaction() as tx:
        held, _ = await sanctioned(tx, application)
        table = benefits.instalments_table
        await tx.connection.execute(update(table).where(table.c.sanction_id == held.id).values(hold="BUDGET"))
    query = f"""{{ viewer {{ ... on Citizen {{ benefits {{ nodes {{ instalments {{
        hold holdLabel(language: {language}) }} }} }} }} }} }}"""
    told = (await world.ask(query, CITIZEN))["data"]["viewer"]["benefits"]["nodes"][0]["instalments"][0]
    assert told["hold"] == "BUDGET"
    assert words in told["holdLabel"]


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
@pytest.mark.parametrize(
    ("status", "given", "code", "words"),
    [
        (PaymentStatus.RETURNED, None, "UNKNOWN", ("कारण स्पष्ट नहीं", "without a clear cause")),
        (PaymentStatus.RETURNED, "51", "51", ("केवाईसी", "KYC")),
        (PaymentStatus.BENEFICIARY_REJECTED, None, "DECLINED", ("स्वीकार नहीं किया", "did not take the account")),
        (PaymentStatus.BENEFICIARY_REJECTED, "DBE0016", "DBE0016", ("ऐसा कोई खाता नहीं", "no such account")),
        (PaymentStatus.BENEFICIARY_PENDING, None, None, None),
        (PaymentStatus.INSTRUCTED, None, None, None),
        (PaymentStatus.AT_BANK, None, None, None),
        (PaymentStatus.CREDITED, None, None, None),
    ],
)
async def test_every_state_is_told_in_words_with_a_reason_and_what_to_do_where_it_has_one(
    world, status, given, code, words, language
):
    application, _ = await pension(world)
    env = world.environment
    async with env.store.write_transaction() as tx:
        first = await by_files(tx, application)
        await apply_status(
            UnitOfWork(env, tx, SYSTEM),
            first.id,
            PaymentNews(status, env.clock.now(), return_code=given, rail=Rail.PFMS),
        )
    (one,) = (await seen(world, application, language=language))["instalments"]
    assert one["status"] == status.value
    assert one["statusLabel"]
    if code is None:
        assert one["reason"] is None
    else:
        assert one["reason"]["code"] == code
        assert words[language is Language.EN] in one["reason"]["text"]
        assert one["reason"]["action"]


async def test_schemes_are_listed_by_filter_in_both_languages(world):
    answer = await world.ask(SCHEMES, CITIZEN, filter={"search": "old age"})
    assert [one["code"] for one in answer["data"]["schemes"]] == ["old-age"]
    nothing = await world.ask(SCHEMES, CITIZEN, filter={"rail": "PFMS", "period": "weekly"})
    assert nothing["data"]["schemes"] == []


async def test_a_scheme_names_the_service_that_grants_it_whichever_of_the_two_says_so(world):
    async with world.environment.store.write_transaction() as tx:
        [scheme] = [one for one in (await catalogue.schemes(tx)).values() if one.code == "old-age"]
        await catalogue.upsert_schemes(tx, [replace(scheme, service_code=None)])
    answer = await world.ask("{ schemes { code service { code } } }", CITIZEN)
    assert {"code": "old-age", "service": {"code": "ES90"}} in answer["data"]["schemes"]


async def test_what_waits_for_a_second_approval_is_listed_for_those_who_may_give_it(world):
    strict = replace(
        world.environment, rules=replace(world.environment.rules, law=LAW.with_values({"second_approval_paise": 1_000}))
    )
    world = replace(world, environment=strict)
    _, benefit = await pension(world)
    query = "{ waitingApprovals { benefit { id state } approval { number kind amount } } }"
    answer = await world.ask(query, FINANCE)
    assert answer["data"]["waitingApprovals"] == [
        {
            "benefit": {"id": benefit, "state": "AWAITING_APPROVAL"},
            "approval": {"number": 1, "kind": "SANCTION", "amount": 150_000},
        }
    ]
    decided = await do(
        world, "decidePaymentApproval", FINANCE, benefitId=benefit, number=1, approve=True, idempotencyKey="d"
    )
    assert decided["benefit"] == {"state": "ACTIVE"}
    assert (await world.ask(query, FINANCE))["data"]["waitingApprovals"] == []
    refused = await world.ask(query, OFFICER)
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["NOT_FOUND"]
