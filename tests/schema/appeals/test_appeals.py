"""Appeals, clearances and the deadline in the graph."""

from datetime import timedelta

import pytest

from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.applications.deadline import breaches_at, end_of_day
from domain.kernel import (
    Bilingual,
    Language,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Role,
    Subject,
    TypeCode,
    ist_date,
)
from schema.kernel import node_id
from schema.kernel.scalars import show_instant
from store.appeals import appeals
from store.identity import accesses, people
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER
from tests.support.holidays import take_over
from tests.support.operations import operation

FILE = operation("citizen_app/file_appeal")
ASK = """mutation($input: AskClearanceInput!) { askClearance(input: $input) {
  application { status clearances { id state department { slug } overdue } } userErrors { code path } } }"""
ANSWER = """mutation($input: AnswerClearanceInput!) { answerClearance(input: $input) {
  clearance { state answer } userErrors { code path } } }"""
REPORT = """mutation($input: ReportVerificationInput!) { reportVerification(input: $input) {
  application { status verification { text place { latitudeMicrodegrees } officer { name } } }
  userErrors { code } } }"""
HEAR = """mutation($input: RecordHearingInput!) { recordHearing(input: $input) {
  appeal { state version hearings { place } } userErrors { code } } }"""
ORDER = """mutation($input: DecideAppealInput!) { decideAppeal(input: $input) {
  appeal { state order { text directUntilOn officer { name } } events { move label } application { status deadline {
  dueAt basis } } } userErrors { code path } } }"""
DOCKET = """{ viewer { ... on Officer { appeals(first: 10) { totalCount nodes { number level
  penaltyProposal { delayDays amount confirmed } authority { name } application { number escalation { kind label } } } }
  clearances(first: 10) { nodes { question } } } } }"""
MEASURED = """{ viewer { ... on Officer { appeals(first: 10) { nodes { receivedAt handedOverAt lawfulDueOn
  penaltyProposal { delayDays } application { deadline { dueAt lawfulDueAt } } } } } } }"""
ONE = """query($by: AppealBy!) { appeal(by: $by) { number stateLabel(language: HI) penaltyProposal { amount } } }"""
DEADLINE = """query($by: ApplicationBy!) { application(by: $by) { appeals { level state } deadline {
  dueAt workingDaysLeft endedAt autoAppealAt basis } } }"""
OVERDUE = "{ overdue(first: 5) { totalCount nodes { number } } }"


async def enter(world, name, *postings):
    key = f"01930000-0000-7000-8000-0000000001{len(name):02d}"
    officer = Officer(
        key, Bilingual(None, name.title()), Bilingual("अधिकारी", "Officer"), f"{name}@x.example", postings
    )
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset(one.role for one in postings), PersonKind.OFFICER, key, postings)


@pytest.fixture
async def sdm(world):
    return await enter(
        world, "sdm", Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
    )


async def refused(world):
    application = await world.submit()
    request = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    return (await decide_application(world.environment, OFFICER, request))[0]


def opaque(application):
    return node_id(TypeCode.APPLICATION, application.id)


async def test_a_citizen_appeals_and_the_authority_hears_and_orders(world, sdm, store_clock):
    application = await refused(world)
    given = {"applicationId": opaque(application), "text": "I am eligible.", "idempotencyKey": "a"}
    done = (await world.ask(FILE, CITIZEN, input=given))["data"]["fileAppeal"]
    assert (done["userErrors"], done["appeal"]["level"], done["appeal"]["stateLabel"]) == ([], "FIRST", "Filed")
    docket = (await world.ask(DOCKET, sdm))["data"]["viewer"]["appeals"]
    assert [(one["number"], one["authority"]["name"]) for one in docket["nodes"]] == [(done["appeal"]["number"], "Sdm")]
    appeal = {"appealId": done["appeal"]["id"]}
    hearing = {**appeal, "at": "2026-12-01T11:00:00+05:30", "place": "Collectorate", "idempotencyKey": "h"}
    heard = (await world.ask(HEAR, sdm, input=hearing))["data"]["recordHearing"]["appeal"]
    assert (heard["state"], heard["hearings"]) == ("HEARING", [{"place": "Collectorate"}])
    until = (ist_date(store_clock.now()) + timedelta(days=9)).isoformat()
    order = {**appeal, "verdict": "DIRECT", "text": "Decide anew.", "directUntilOn": until, "idempotencyKey": "o"}
    decided = (await world.ask(ORDER, sdm, input=order))["data"]["decideAppeal"]["appeal"]
    assert (decided["state"], decided["order"]["officer"]["name"]) == ("DIRECTED", "Sdm")
    assert decided["application"]["status"] == "IN_SCRUTINY"
    assert decided["application"]["deadline"]["dueAt"] == f"{until}T23:59:59.000+05:30"
    assert [event["move"] for event in decided["events"]] == ["FILE", "FIX_HEARING", "DIRECT"]


async def test_others_see_nothing_of_an_appeal(world, sdm):
    application = await refused(world)
    given = {"applicationId": opaque(application), "text": "I am eligible.", "idempotencyKey": "a"}
    filed = (await world.ask(FILE, CITIZEN, input=given))["data"]["fileAppeal"]["appeal"]
    for asker in (NEIGHBOUR, STRANGE_OFFICER):
        for by in ({"id": filed["id"]}, {"number": filed["number"]}):
            assert (await world.ask(ONE, asker, by=by))["data"] == {"appeal": None}
    seen = await world.ask(ONE, CITIZEN, by={"number": filed["number"]})
    assert seen["data"]["appeal"] == {"number": filed["number"], "stateLabel": "दर्ज", "penaltyProposal": None}
    refusal = await world.ask(FILE, NEIGHBOUR, Language.HI, input={**given, "idempotencyKey": "b"})
    assert refusal["data"]["fileAppeal"]["userErrors"][0]["code"] == "NOT_FOUND"


async def test_a_breach_is_before_the_authority_with_an_advisory_penalty(world, sdm, store_clock):
    application = await world.submit()
    by = {"id": opaque(application)}
    running = (await world.ask(DEADLINE, CITIZEN, by=by))["data"]["application"]["deadline"]
    assert running["autoAppealAt"] == show_instant(breaches_at(application.due_at))
    store_clock.set(breaches_at(application.due_at) + timedelta(days=3))
    await sweep(world.environment)
    (one,) = (await world.ask(DOCKET, sdm))["data"]["viewer"]["appeals"]["nodes"]
    assert one["penaltyProposal"] == {"delayDays": 4, "amount": 100_000, "confirmed": False}
    assert one["application"]["escalation"]["kind"] == "OVERDUE"
    shown = (await world.ask(DEADLINE, CITIZEN, by=by))["data"]["application"]
    assert shown["appeals"] == [{"level": "FIRST", "state": "FILED"}]
    assert shown["deadline"]["workingDaysLeft"] < 0


async def test_an_appeal_says_since_when_its_authority_sees_it_and_what_the_newest_holidays_give_the_officer(
    world, sdm, store_clock
):
    application = await world.submit()
    breach = breaches_at(application.due_at)
    due = ist_date(application.due_at)
    store_clock.set(breach + timedelta(days=2))
    await take_over(world.environment, due, year=due.year)
    await sweep(world.environment)
    lawful = world.environment.rules.calendar.add_working_days(due, 1, "49")
    (one,) = (await world.ask(MEASURED, sdm))["data"]["viewer"]["appeals"]["nodes"]
    assert one["application"]["deadline"]["dueAt"] == show_instant(application.due_at)
    assert one["application"]["deadline"]["lawfulDueAt"] == show_instant(end_of_day(lawful))
    assert one["lawfulDueOn"] == lawful.isoformat()
    assert one["penaltyProposal"]["delayDays"] == (ist_date(store_clock.now()) - lawful).days
    assert (one["receivedAt"], one["handedOverAt"]) == (show_instant(breach), show_instant(store_clock.now()))


async def test_a_decided_case_keeps_its_date_and_has_no_days_left(world, store_clock):
    application = await refused(world)
    store_clock.advance(timedelta(days=60))
    shown = (await world.ask(DEADLINE, CITIZEN, by={"id": opaque(application)}))["data"]["application"]["deadline"]
    assert shown["dueAt"] == show_instant(application.due_at)
    assert (shown["workingDaysLeft"], shown["autoAppealAt"]) == (None, None)
    assert shown["endedAt"] is not None


async def test_the_commission_reviews_what_is_overdue_and_nobody_else(world, sdm, store_clock):
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    application = await world.submit()
    assert (await world.ask(OVERDUE, commission))["data"]["overdue"]["totalCount"] == 0
    store_clock.set(breaches_at(application.due_at))
    found = (await world.ask(OVERDUE, commission))["data"]["overdue"]
    assert found == {"totalCount": 1, "nodes": [{"number": application.number}]}
    for stranger in (sdm, OFFICER, CITIZEN):
        answer = await world.ask(OVERDUE, stranger)
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


PERSONAL = """number service { code } deadline { dueAt } district { code } form { name value } documents { key }
  timeline { after } decision { reason } certificate { number } applicant { name }"""
OVERDUE_PERSONAL = f"{{ overdue(first: 5) {{ nodes {{ {PERSONAL} }} }} }}"
CASE = f"""query($by: ApplicationBy!, $purpose: ReadPurpose) {{ application(by: $by, purpose: $purpose) {{
  {PERSONAL} }} }}"""


async def receipts_of(world, who):
    async with world.environment.store.read_transaction() as tx:
        held = await accesses.of_citizen(tx, CITIZEN.person_id, 50)
    return [(one.object_kind, one.purpose) for one in held if one.subject == who.label]


async def test_the_review_of_the_commission_shows_number_service_dates_and_office_alone(world, store_clock):
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    application = await world.submit()
    store_clock.set(breaches_at(application.due_at))

    (row,) = (await world.ask(OVERDUE_PERSONAL, commission))["data"]["overdue"]["nodes"]

    shown = {name: row.pop(name) for name in ("number", "service", "deadline", "district")}
    assert (shown["number"], all(shown.values())) == (application.number, True)
    assert not any(row.values())
    assert await receipts_of(world, commission) == []


async def test_the_commission_has_no_queue_of_applications(world):
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    await world.submit()

    answer = await world.ask("{ viewer { ... on Officer { queue(first: 5) { nodes { number } } } } }", commission)

    assert answer["data"]["viewer"]["queue"]["nodes"] == []


async def test_the_commission_reads_a_case_without_an_appeal_for_a_stated_inquiry_which_the_citizen_sees(world):
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    by = {"number": (await world.submit()).number}

    for purpose in (None, "SUPERVISE"):
        refused_ = await world.ask(CASE, commission, by=by, purpose=purpose)
        assert refused_["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
    assert await receipts_of(world, commission) == []
    read = (await world.ask(CASE, commission, by=by, purpose="INQUIRY"))["data"]["application"]

    assert all(read[name] for name in ("form", "documents", "timeline"))
    assert await receipts_of(world, commission) == [("APPLICATION", "INQUIRY")]


async def test_an_appeal_at_a_lower_level_opens_a_case_to_the_commission_as_little_as_none(world, store_clock):
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    application = await world.submit()
    store_clock.set(breaches_at(application.due_at))
    await sweep(world.environment)
    by = {"number": application.number}

    lower = await world.ask(CASE, commission, by=by)
    assert lower["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
    for _ in range(2):
        async with world.environment.store.read_transaction() as tx:
            held = (await appeals.of_applications(tx, [application.id]))[application.id]
        store_clock.set(held[-1].next_at)
        await sweep(world.environment)

    assert (await world.ask(CASE, commission, by=by))["data"]["application"]["form"]
    assert await receipts_of(world, commission) == [("APPLICATION", "HEAR_APPEAL")]


async def test_clearances_and_field_reports_go_through_the_graph(world):
    application = await world.submit()
    welfare = await enter(
        world, "welfare", Posting(Role.OFFICER, "social-welfare", "49", None, OfficerLevel.DESIGNATED)
    )
    given = {"applicationId": opaque(application), "departments": ["social-welfare"], "question": "Pensioner?"}
    asked = (await world.ask(ASK, OFFICER, input={**given, "idempotencyKey": "k"}))["data"]["askClearance"]
    (clearance,) = asked["application"]["clearances"]
    assert (asked["application"]["status"], clearance["state"]) == ("IN_VERIFICATION", "ASKED")
    waiting = (await world.ask(DOCKET, welfare))["data"]["viewer"]["clearances"]["nodes"]
    assert waiting == [{"question": "Pensioner?"}]
    answer = {"clearanceId": clearance["id"], "granted": True, "text": "Yes.", "idempotencyKey": "r"}
    answered = (await world.ask(ANSWER, welfare, input=answer))["data"]["answerClearance"]
    assert answered["clearance"] == {"state": "GRANTED", "answer": "Yes."}
    place = {"latitudeMicrodegrees": 30_316_500, "longitudeMicrodegrees": 78_032_200}
    report = {"applicationId": opaque(application), "text": "Seen.", "place": place, "idempotencyKey": "v"}
    reported = (await world.ask(REPORT, OFFICER, input=report))["data"]["reportVerification"]["application"]
    assert reported["status"] == "IN_SCRUTINY"
    assert reported["verification"][0]["place"] == {"latitudeMicrodegrees": 30_316_500}
