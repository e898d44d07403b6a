"""What a citizen reads of what is hers: messages, appeals, files, and the case behind a grievance or feedback."""

from dataclasses import replace
from typing import Any

import pytest

from actions.appeals.appeals import FileAppeal, file_appeal
from actions.applications.decide import Decide, Verdict, decide_application
from actions.feedback.feedback import GiveFeedback, give_feedback
from actions.feedback.grievances import RaiseGrievance, raise_grievance
from domain.applications.applications import Application, RejectionGround
from domain.feedback.grievances import GrievanceCategory
from domain.kernel import TypeCode, to_global_id
from tests.support.files import hand_in
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, OFFICER, World

NOTIFICATIONS = """query ($first: Int, $after: String, $last: Int, $before: String, $unread: Boolean! = false) {
  viewer { ... on Citizen {
    notifications(first: $first, after: $after, last: $last, before: $before, unreadOnly: $unread) {
      totalCount pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
      nodes { id kind text needsAction readAt application { number } appeal { number } visit { id } suggestion { id } }
    } } } }"""
MARK = """mutation ($ids: [ID!]) { markNotificationsRead(input: {notificationIds: $ids, idempotencyKey: "k"}) {
  marked userErrors { code path } } }"""


async def rejected(world: World) -> Application:
    case = await world.submit()
    request = Decide(case.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Above the limit.")
    return (await decide_application(world.environment, OFFICER, request))[0]


async def told(world: World, subject=CITIZEN, **variables: Any) -> dict[str, Any]:
    answer = await world.ask(NOTIFICATIONS, subject, **({"first": 10} | variables))
    assert answer["errors"] == [], answer
    return answer["data"]["viewer"]["notifications"]


async def test_in_staging_a_message_says_first_that_it_is_a_specimen(world: World):
    case = await rejected(world)
    rules = replace(world.environment.rules, specimen=True)

    newest = (await told(replace(world, environment=replace(world.environment, rules=rules))))["nodes"][0]

    assert newest["text"].startswith(f"SPECIMEN: Application {case.number[:4]} ")


async def test_her_messages_are_read_both_ways_and_marked(world: World):
    case = await rejected(world)
    second = await world.submit("ES90")
    await decide_application(world.environment, OFFICER, Decide(second.id, Verdict.APPROVE, "yes"))
    page = await told(world)
    assert page["totalCount"] == 4
    assert {node["kind"] for node in page["nodes"]} == {"REJECTED", "APPROVED", "APPLICATION_ACKNOWLEDGED"}
    refusal = next(node for node in page["nodes"] if node["kind"] == "REJECTED")
    assert (refusal["needsAction"], refusal["application"]["number"]) == (True, case.number)
    assert refusal["text"].startswith(f"Application {case.number[:4]} ")
    ids = [node["id"] for node in page["nodes"]]
    one = await told(world, first=1)
    rest = await told(world, first=3, after=one["pageInfo"]["endCursor"])
    last = await told(world, first=None, last=1)
    before = await told(world, first=None, last=3, before=last["pageInfo"]["startCursor"])
    assert [node["id"] for node in one["nodes"] + rest["nodes"]] == ids
    assert [node["id"] for node in before["nodes"] + last["nodes"]] == ids
    assert (last["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasPreviousPage"]) == (True, False)
    marked = await world.ask(MARK, CITIZEN, ids=[refusal["id"]])
    assert marked["data"]["markNotificationsRead"] == {"marked": 1, "userErrors": []}
    assert refusal["id"] not in {node["id"] for node in (await told(world, unread=True))["nodes"]}


ALL = MARK.replace("[ID!])", "[ID!] = null)")


@pytest.mark.parametrize(("query", "marked"), [(MARK, 0), (MARK.replace("notificationIds", "ids"), 0), (ALL, 2)])
async def test_no_message_is_marked_where_the_list_of_them_is_empty_and_all_where_there_is_none(
    world: World, query: str, marked: int
):
    await rejected(world)
    ids = {} if query is ALL else {"ids": []}

    answer = await world.ask(query, CITIZEN, **ids)

    assert answer["data"]["markNotificationsRead"]["marked"] == marked


async def test_nobody_else_reads_or_finds_a_message_of_hers(world: World):
    await rejected(world)
    node = (await told(world))["nodes"][0]
    for stranger in (NEIGHBOUR, OFFICER):
        answer = await world.ask("query ($id: ID!) { node(id: $id) { id } }", stranger, id=node["id"])
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert (await told(world, NEIGHBOUR))["totalCount"] == 0
    through = "query ($id: ID!) { node(id: $id) { ... on Citizen { notifications(first: 1) { totalCount } } } }"
    answer = await world.ask(through, OFFICER, id=to_global_id(TypeCode.CITIZEN, ASHA))
    assert "NOT_FOUND" in {error["extensions"]["code"] for error in answer["errors"]}
    refused = await world.ask(MARK, OFFICER, ids=[node["id"]])
    assert refused["data"]["markNotificationsRead"]["userErrors"] == [{"code": "NOT_FOUND", "path": ["input"]}]


async def test_her_appeals_are_listed_with_her_choice_about_automatic_ones(world: World):
    case = await rejected(world)
    appeal, _ = await file_appeal(world.environment, CITIZEN, FileAppeal(case.id, "I am eligible.", "a"))
    query = """{ viewer { ... on Citizen { autoAppeal
      appeals(last: 5) { totalCount nodes { number application { number } } } } } }"""
    answer = await world.ask(query, CITIZEN)
    assert answer["data"]["viewer"] == {
        "autoAppeal": True,
        "appeals": {"totalCount": 1, "nodes": [{"number": appeal.number, "application": {"number": case.number}}]},
    }
    none = await world.ask(query, NEIGHBOUR)
    assert none["data"]["viewer"]["appeals"]["totalCount"] == 0


async def test_grievance_and_feedback_lead_to_their_application(world: World):
    case = await rejected(world)
    await raise_grievance(world.environment, CITIZEN, RaiseGrievance(case.id, GrievanceCategory.DELAY, "Slow.", "g"))
    await give_feedback(world.environment, CITIZEN, GiveFeedback(case.id, 2, "Slow.", "f"))
    query = """query ($number: String!) {
      viewer { ... on Citizen { grievances(last: 1) { nodes { application { number } } } } }
      application(by: {number: $number}) { feedback { application { number } } } }"""
    answer = await world.ask(query, CITIZEN, number=case.number)
    assert answer["errors"] == []
    number = {"application": {"number": case.number}}
    assert answer["data"]["viewer"]["grievances"]["nodes"] == [number]
    assert answer["data"]["application"]["feedback"] == number


@pytest.mark.parametrize(("subject", "found"), [(CITIZEN, True), (NEIGHBOUR, False), (OFFICER, False)])
async def test_a_link_to_a_file_is_for_its_owner(world: World, subject, found: bool):
    kept = await hand_in(world.environment, CITIZEN)
    query = "query ($sha256: String!) { file(sha256: $sha256) { url mediaType bytes } }"
    answer = await world.ask(query, subject, sha256=kept.sha256)
    assert answer["errors"] == []
    if not found:
        assert answer["data"]["file"] is None
        return
    file = answer["data"]["file"]
    assert file["url"].startswith(f"http://gateway.test/files/{kept.sha256}?")
    assert (file["mediaType"], file["bytes"]) == ("PDF", kept.size)
