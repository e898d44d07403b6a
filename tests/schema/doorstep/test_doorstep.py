"""Doorstep visits in the graph: the code for the citizen, the round for the agent."""

import pytest

from actions.applications.submit import SubmitApplication, submit_application
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Channel, DeliveryMode
from domain.doorstep import DoorstepAgent
from domain.kernel import Bilingual, Operator, PersonKind, Role, Subject, TypeCode
from schema.kernel import node_id
from store import doorstep
from store.identity import people
from tests.support.actions import FakeRenderer
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, PAPERS, STRANGE_OFFICER

AGENT = Subject(frozenset({Role.DOORSTEP_AGENT}), PersonKind.OPERATOR, "01930000-0000-7000-8000-0000000000c1")
SLOTS = """query($id: ID!) { doorstepSlots(applicationId: $id) { on window label startsAt endsAt } }"""
BOOK = """mutation($input: BookDoorstepVisitInput!) { bookDoorstepVisit(input: $input) {
  visit { id state stateLabel slot { on } agent { name } fee { amount } otp version } userErrors { path code } } }"""
OUT = """mutation($input: DoorstepVisitInput!) { setOutOnVisit(input: $input) {
  visit { id state otp } userErrors { path code } } }"""
OVER = """mutation($input: HandOverDoorstepVisitInput!) { handOverVisit(input: $input) {
  visit { state proof otp } userErrors { path code message } } }"""
CASE = """query($id: ID!) { application(by: {id: $id}) { status
  doorstepVisit { otp otpExpiresAt possibleAgents { id name } }
  doorstepVisits { state } } }"""
ROUND = """{ viewer { ... on Operator { isDoorstepAgent doorstepVisits(first: 5) {
  nodes { id number recipientName address state district { code } slot { label } } totalCount } } } }"""


@pytest.fixture
async def case(world):
    """A certificate of Asha that waits to be brought to her door, and an agent."""
    env = world.environment
    request = SubmitApplication(
        "ES09", "49", "304", Channel.WEB, DeliveryMode.DOORSTEP, {"village": "Raipur", "purpose": "school"}, PAPERS, "k"
    )
    application = (await submit_application(env, CITIZEN, request))[0]
    await world.approve(application)
    await issue_certificate(env, application.id, FakeRenderer())
    agent = Operator(AGENT.person_id, Bilingual("मोहन", "Mohan"), "CSC-9", Bilingual(None, "Door"), "49", None)
    async with env.store.write_transaction() as tx:
        await people.add_operator(tx, agent)
        await doorstep.add_agent(tx, DoorstepAgent(agent.id, "49", None))
    return node_id(TypeCode.APPLICATION, application.id)


async def booked(world, case):
    slot = (await world.ask(SLOTS, CITIZEN, id=case))["data"]["doorstepSlots"][0]
    given = {
        "applicationId": case,
        "slot": {"on": slot["on"], "window": slot["window"]},
        "idempotencyKey": "b",
    }
    done = (await world.ask(BOOK, CITIZEN, input=given))["data"]["bookDoorstepVisit"]
    assert done["userErrors"] == []
    return done["visit"]


async def test_a_certificate_is_brought_to_the_door(world, case):
    visit = await booked(world, case)
    assert (visit["stateLabel"], visit["agent"], visit["otp"]) == ("Scheduled", {"name": "Mohan"}, None)
    out = (await world.ask(OUT, AGENT, input={"visitId": visit["id"], "idempotencyKey": "o"}))["data"]["setOutOnVisit"]
    assert out["visit"] == {"id": visit["id"], "state": "OUT", "otp": None}
    code = (await world.ask(CASE, CITIZEN, id=case))["data"]["application"]["doorstepVisit"]["otp"]
    given = {"visitId": visit["id"], "otp": code, "idempotencyKey": "h"}
    over = (await world.ask(OVER, AGENT, input=given))["data"]["handOverVisit"]
    assert over == {"visit": {"state": "HANDED_OVER", "proof": "OTP", "otp": None}, "userErrors": []}
    after = (await world.ask(CASE, CITIZEN, id=case))["data"]["application"]
    assert after == {"status": "DELIVERED", "doorstepVisit": None, "doorstepVisits": [{"state": "HANDED_OVER"}]}


async def test_the_code_is_shown_to_the_citizen_only(world, case):
    visit = await booked(world, case)
    await world.ask(OUT, AGENT, input={"visitId": visit["id"], "idempotencyKey": "o"})
    seen = (await world.ask(CASE, CITIZEN, id=case))["data"]["application"]["doorstepVisit"]
    assert len(seen["otp"]) == 6
    assert seen["possibleAgents"] == []
    office = (await world.ask(CASE, OFFICER, id=case))["data"]["application"]["doorstepVisit"]
    assert (office["otp"], office["otpExpiresAt"]) == (None, None)
    assert [one["name"] for one in office["possibleAgents"]] == ["Mohan"]
    node = "query($id: ID!) { node(id: $id) { ... on DoorstepVisit { otp state } } }"
    assert (await world.ask(node, AGENT, id=visit["id"]))["data"]["node"] == {"otp": None, "state": "OUT"}
    for stranger in (NEIGHBOUR, STRANGE_OFFICER):
        assert (await world.ask(node, stranger, id=visit["id"]))["data"]["node"] is None


async def test_a_wrong_code_says_how_many_tries_are_left(world, case):
    visit = await booked(world, case)
    await world.ask(OUT, AGENT, input={"visitId": visit["id"], "idempotencyKey": "o"})
    given = {"visitId": visit["id"], "otp": "12345", "idempotencyKey": "h"}
    (error,) = (await world.ask(OVER, AGENT, input=given))["data"]["handOverVisit"]["userErrors"]
    assert error == {
        "path": ["input", "otp"],
        "code": "OTP_WRONG",
        "message": "The code is not correct. Tries left: 4.",
    }


async def test_an_agent_sees_her_round_and_not_the_case(world, case):
    await booked(world, case)
    viewer = (await world.ask(ROUND, AGENT))["data"]["viewer"]
    (errand,) = viewer["doorstepVisits"]["nodes"]
    assert viewer["isDoorstepAgent"] is True
    assert (errand["recipientName"], errand["address"], errand["district"]) == ("Asha Negi", "Raipur", {"code": "49"})
    assert (await world.ask(CASE, AGENT, id=case))["data"]["application"] is None
    other = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "op1")
    empty = (await world.ask(ROUND, other))["data"]["viewer"]
    assert empty == {"isDoorstepAgent": False, "doorstepVisits": {"nodes": [], "totalCount": 0}}
    accesses = "{ viewer { ... on Citizen { dataAccesses(first: 20) { role purpose objectKind } } } }"
    told = (await world.ask(accesses, CITIZEN))["data"]["viewer"]["dataAccesses"]
    assert {"role": "DOORSTEP_AGENT", "purpose": "DELIVER", "objectKind": "VISIT"} in told


@pytest.mark.parametrize("subject", [NEIGHBOUR, STRANGE_OFFICER, AGENT])
async def test_others_book_nothing(world, case, subject):
    answer = await world.ask(SLOTS, subject, id=case)
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    given = {"applicationId": case, "slot": {"on": "2026-11-25", "window": "MORNING"}, "idempotencyKey": "b"}
    done = (await world.ask(BOOK, subject, input=given))["data"]["bookDoorstepVisit"]
    assert done["userErrors"] == [{"path": ["input", "applicationId"], "code": "NOT_FOUND"}]
