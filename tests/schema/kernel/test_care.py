"""Citizen care in the graph: the first page, tracking, feedback, grievances, suggestions, and who sees what."""

from dataclasses import replace

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from domain.kernel import (
    ANONYMOUS,
    Bilingual,
    Language,
    NumberKind,
    Officer,
    PersonKind,
    Posting,
    Role,
    Subject,
    TypeCode,
    make_number,
)
from schema.kernel import node_id
from store.identity import people
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER

TRACK = """query($number: String!, $factor: SecondFactorInput!) {
  trackApplication(by: {number: $number, secondFactor: $factor}) {
    number shownNumber status statusLabel service department dueAt submittedAt stages { move after label at } } }"""
DASHBOARD = """{ viewer { ... on Citizen { dashboard {
  counts { status count label } waitingForMe { openQueries { number } feesPending { number fee { amount } } }
  nextDeadlines { number deadline { dueAt } } latest { number service { name } } } } } }"""
COMPLAIN = """mutation($input: RaiseGrievanceInput!) { raiseGrievance(input: $input) {
  grievance { id number shownNumber state stateLabel categoryLabel dueAt overdue version text replies { text } }
  userErrors { path code message action } submission { state acknowledgement replayed } } }"""
REPLY = """mutation($input: ReplyToGrievanceInput!) { replyToGrievance(input: $input) {
  grievance { state replies { text officer { name } } } userErrors { path code } } }"""
RATE = """mutation($input: GiveFeedbackInput!) { giveFeedback(input: $input) {
  feedback { rating text editableUntil } userErrors { path code message } } }"""
SUGGEST = """mutation($input: MakeSuggestionInput!) { makeSuggestion(input: $input) {
  suggestion { id text state service { code } officer { name } } userErrors { path code } } }"""
OFFICE = """{ viewer { ... on Officer { grievances(first: 5) { nodes { id text state } totalCount }
  suggestions(first: 5) { nodes { text } totalCount } feedback(first: 5) { nodes { rating text } totalCount }
  ownSuggestions(first: 5) { nodes { text } } } } }"""
OWN = """{ viewer { ... on Citizen { grievances(first: 1) { nodes { number replies { text } } totalCount
  pageInfo { hasNextPage endCursor } } suggestions(first: 5) { nodes { text reply state } } } } }"""


def app_id(application):
    return node_id(TypeCode.APPLICATION, application.id)


async def complain(world, application, subject=CITIZEN, **changes):
    given = {"applicationId": app_id(application), "category": "DELAY", "text": "No answer.", "idempotencyKey": "g"}
    answer = await world.ask(COMPLAIN, subject, input={**given, **changes})
    assert answer["errors"] == []
    return answer["data"]["raiseGrievance"]


async def administrator(world, department="revenue-department"):
    posting = Posting(Role.DEPARTMENT_ADMIN, department)
    title = Bilingual(None, "Admin")
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, Officer("adm1", title, title, "admin@officer.example", (posting,)))
    return Subject(frozenset({Role.DEPARTMENT_ADMIN}), PersonKind.OFFICER, "adm1", (posting,))


async def test_tracking_shows_stages_to_anybody_with_the_second_factor(world):
    application = await world.submit()
    factor = {"mobileLast4": "0001"}
    found = (await world.ask(TRACK, ANONYMOUS, number=application.number, factor=factor))["data"]["trackApplication"]
    assert found["status"] == "IN_SCRUTINY"
    assert found["service"] == "Income Certificate"
    assert found["department"] == "Revenue-Department"
    assert [stage["move"] for stage in found["stages"]] == ["SUBMIT", "BEGIN_SCRUTINY"]
    hindi = await world.ask(TRACK, ANONYMOUS, Language.HI, number=application.number, factor={"bornOn": "1984-03-14"})
    assert hindi["data"]["trackApplication"]["service"] == "आय प्रमाण पत्र"
    assert "Negi" not in str(found)


async def test_absent_and_wrong_are_null_without_an_error(world):
    application = await world.submit()
    absent = make_number(NumberKind.APPLICATION, 2026, "1234567890")
    for number in (application.number, absent):
        answer = await world.ask(TRACK, ANONYMOUS, number=number, factor={"mobileLast4": "9999"})
        assert answer["data"] == {"trackApplication": None}
        assert answer["errors"] == []


async def test_too_many_wrong_tries_are_rate_limited_with_a_time(world):
    application = await world.submit()
    asked = {"number": application.number, "factor": {"mobileLast4": "9999"}}
    for _ in range(10):
        await world.ask(TRACK, ANONYMOUS, **asked)
    (error,) = (await world.ask(TRACK, ANONYMOUS, **asked))["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAfterSeconds"] == 3600
    assert error["extensions"]["retryable"] is True


async def test_exactly_one_second_factor_is_given(world):
    for factor in ({}, {"mobileLast4": "0001", "bornOn": "1984-03-14"}):
        answer = await world.ask(TRACK, ANONYMOUS, number="1", factor=factor)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_the_first_page_has_counts_and_what_waits(world):
    await world.submit()
    pending = await world.submit("ES03")
    page = (await world.ask(DASHBOARD, CITIZEN))["data"]["viewer"]["dashboard"]
    assert {(one["status"], one["count"]) for one in page["counts"]} == {("IN_SCRUTINY", 1), ("FEE_PENDING", 1)}
    assert page["waitingForMe"] == {
        "openQueries": [],
        "feesPending": [{"number": pending.number, "fee": {"amount": 4000}}],
    }
    assert len(page["nextDeadlines"]) == 1
    assert len(page["latest"]) == 2


async def test_the_first_page_costs_few_statements_however_much_it_shows(world):
    await world.submit()
    with world.statements() as one:
        await world.ask(DASHBOARD, CITIZEN)
    await world.submit("ES03")
    with world.statements() as two:
        await world.ask(DASHBOARD, CITIZEN)
    assert len(two) == len(one) <= 8


async def test_a_grievance_is_raised_answered_and_seen_with_its_reply(world):
    application = await world.submit()
    done = await complain(world, application)
    assert done["submission"]["acknowledgement"] == done["grievance"]["number"]
    assert done["grievance"]["number"][0] == "6"
    assert (done["grievance"]["stateLabel"], done["grievance"]["overdue"]) == ("Open", False)
    listed = (await world.ask(OFFICE, OFFICER))["data"]["viewer"]
    assert [one["id"] for one in listed["grievances"]["nodes"]] == [done["grievance"]["id"]]
    reply = {"grievanceId": done["grievance"]["id"], "text": "This week.", "idempotencyKey": "r"}
    answered = (await world.ask(REPLY, OFFICER, input=reply))["data"]["replyToGrievance"]
    assert answered["grievance"] == {
        "state": "ANSWERED",
        "replies": [{"text": "This week.", "officer": {"name": "Anita"}}],
    }
    own = (await world.ask(OWN, CITIZEN))["data"]["viewer"]["grievances"]
    assert own["nodes"][0]["replies"] == [{"text": "This week."}]


@pytest.mark.parametrize("subject", [NEIGHBOUR, STRANGE_OFFICER], ids=["neighbour", "officer of elsewhere"])
async def test_a_grievance_is_hidden_from_others(world, subject):
    application = await world.submit()
    made = (await complain(world, application))["grievance"]["id"]
    answer = await world.ask("query($id: ID!) { node(id: $id) { id } }", subject, id=made)
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    reply = {"grievanceId": made, "text": "No.", "idempotencyKey": "r"}
    refused = (await world.ask(REPLY, subject, input=reply))["data"]["replyToGrievance"]
    assert refused["userErrors"] == [{"path": ["input", "grievanceId"], "code": "NOT_FOUND"}]
    other = await complain(world, application, subject)
    assert other["userErrors"][0]["code"] == "NOT_FOUND"
    assert (await world.ask(OFFICE, STRANGE_OFFICER))["data"]["viewer"]["grievances"]["nodes"] == []


async def test_pages_of_grievances_follow_one_another(world):
    application = await world.submit()
    for place, category in enumerate(("DELAY", "CONDUCT", "OTHER")):
        await complain(world, application, category=category, idempotencyKey=str(place))
    query = """query($after: String) { viewer { ... on Citizen { grievances(first: 2, after: $after) {
      nodes { number } totalCount pageInfo { hasNextPage endCursor } } } } }"""
    first = (await world.ask(query, CITIZEN))["data"]["viewer"]["grievances"]
    assert (len(first["nodes"]), first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, 3, True)
    after = first["pageInfo"]["endCursor"]
    second = (await world.ask(query, CITIZEN, after=after))["data"]["viewer"]["grievances"]
    assert len(second["nodes"]) == 1
    assert second["pageInfo"]["hasNextPage"] is False


async def test_feedback_comes_after_the_decision_and_its_average_goes_to_auditors(world):
    application = await world.submit()
    given = {"applicationId": app_id(application), "rating": 4, "text": "Good.", "idempotencyKey": "f"}
    early = (await world.ask(RATE, CITIZEN, Language.HI, input=given))["data"]["giveFeedback"]
    assert early["userErrors"][0]["code"] == "FEEDBACK_TOO_EARLY"
    assert "निर्णय" in early["userErrors"][0]["message"]
    await decide_application(world.environment, OFFICER, Decide(application.id, Verdict.APPROVE, "d"))
    done = (await world.ask(RATE, CITIZEN, input={**given, "idempotencyKey": "f2"}))["data"]["giveFeedback"]
    assert (done["userErrors"], done["feedback"]["rating"]) == ([], 4)
    levels = "{ serviceLevels(days: 30) { ratings averageHundredths officer { name } service { code } } }"
    auditor = replace(OFFICER, roles=frozenset({Role.AUDITOR}), postings=(Posting(Role.AUDITOR),))
    assert (await world.ask(levels, auditor))["data"]["serviceLevels"] == [
        {"ratings": 1, "averageHundredths": 400, "officer": {"name": "Anita"}, "service": {"code": "ES09"}}
    ]
    assert (await world.ask(levels, CITIZEN))["data"]["serviceLevels"] == []
    admin = await administrator(world)
    office = (await world.ask(OFFICE, admin))["data"]["viewer"]
    assert office["feedback"] == {"nodes": [{"rating": 4, "text": "Good."}], "totalCount": 1}
    assert (await world.ask(OFFICE, OFFICER))["data"]["viewer"]["feedback"]["nodes"] == []


async def test_suggestions_of_citizens_and_officers(world):
    given = {"serviceCode": "ES09", "text": "By SMS too.", "idempotencyKey": "s"}
    made = (await world.ask(SUGGEST, CITIZEN, input=given))["data"]["makeSuggestion"]
    assert made["suggestion"]["officer"] is None
    own = (await world.ask(SUGGEST, OFFICER, input=given))["data"]["makeSuggestion"]
    assert own["suggestion"]["officer"] == {"name": "Anita"}
    office = (await world.ask(OFFICE, OFFICER))["data"]["viewer"]
    assert office["ownSuggestions"]["nodes"] == [{"text": "By SMS too."}]
    assert office["suggestions"]["nodes"] == []
    admin = await administrator(world)
    assert (await world.ask(OFFICE, admin))["data"]["viewer"]["suggestions"]["totalCount"] == 2
    reply = """mutation($input: ReplyToSuggestionInput!) { replyToSuggestion(input: $input) {
      suggestion { reply stateLabel repliedBy { name } } userErrors { code } } }"""
    given = {"suggestionId": made["suggestion"]["id"], "state": "ACCEPTED", "text": "Yes.", "idempotencyKey": "r"}
    assert (await world.ask(reply, CITIZEN, input=given))["data"]["replyToSuggestion"]["userErrors"] == [
        {"code": "NOT_FOUND"}
    ]
    done = (await world.ask(reply, admin, input=given))["data"]["replyToSuggestion"]
    assert done["suggestion"] == {"reply": "Yes.", "stateLabel": "Accepted", "repliedBy": {"name": "Admin"}}
    mine = (await world.ask(OWN, CITIZEN))["data"]["viewer"]["suggestions"]["nodes"]
    assert mine == [{"text": "By SMS too.", "reply": "Yes.", "state": "ACCEPTED"}]


@pytest.mark.parametrize("document", [COMPLAIN, RATE, SUGGEST])
async def test_nothing_is_written_without_signing_in(world, document):
    application = await world.submit()
    given = {
        COMPLAIN: {"applicationId": app_id(application), "category": "DELAY", "text": "x", "idempotencyKey": "k"},
        RATE: {"applicationId": app_id(application), "rating": 3, "idempotencyKey": "k"},
        SUGGEST: {"serviceCode": "ES09", "text": "x", "idempotencyKey": "k"},
    }[document]
    answer = await world.ask(document, ANONYMOUS, input=given)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
