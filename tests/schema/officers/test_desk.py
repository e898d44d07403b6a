"""The officers' desk in the graph: queue, claims, second opinions, packs, reads with a purpose."""

from dataclasses import replace

import pytest

from domain.kernel import Bilingual, Language, Officer, PersonKind, Role, Subject, TypeCode
from schema.kernel import node_id
from store.catalogue import catalogue
from store.identity import people
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER, World

COLLEAGUE_ID = "01930000-0000-7000-8000-000000000009"
COLLEAGUE = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, COLLEAGUE_ID, OFFICER.postings)

QUEUE = """
query ($filter: QueueFilter, $sort: QueueSort! = DUE, $first: Int! = 10, $after: String) {
  viewer { ... on Officer {
    queue(first: $first, after: $after, filter: $filter, sort: $sort) {
      totalCount
      nodes {
        number withheld form { name } documents { key } applicant { name } timeline { sequence } decision { approved }
        claim { mine officer { name } } proposal { state verdict mine proposedBy { name } answerNote }
      }
      pageInfo { hasNextPage endCursor }
    }
    queueCounts(filter: $filter) {
      total claimedByMe proposals byStatus { status count } byDaysLeft { daysLeft count }
    }
    proposals(first: 10) { totalCount nodes { number } }
  } }
}
"""
RESULT = (
    "application { id status version claim { mine } proposal { state mine } } userErrors { code path message action }"
)
RESULTS = (
    "results { applicationId outcome application { status version } userErrors { code } } "
    "userErrors { code path } submission { state replayed }"
)


def opaque(application) -> str:
    return node_id(TypeCode.APPLICATION, application.id)


async def act(world: World, name: str, subject: Subject = OFFICER, language: Language = Language.EN, **given):
    kind = name[0].upper() + name[1:]
    fields = RESULTS if name.startswith("bulk") or name == "replayDecisions" else RESULT
    if name not in ("replayDecisions",):
        given = {"idempotencyKey": "k", **given}
    document = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {fields} }} }}"
    answer = await world.ask(document, subject, language, input=given)
    assert answer["errors"] == []
    return answer["data"][name]


async def queue(world: World, subject: Subject = OFFICER, **variables):
    answer = await world.ask(QUEUE, subject, **variables)
    assert answer["errors"] == []
    return answer["data"]["viewer"]


@pytest.fixture
async def desk(world: World) -> World:
    """The world with a colleague of the officer, and a pension that a second officer must confirm."""
    title = Bilingual("तहसीलदार", "Tehsildar")
    colleague = Officer(COLLEAGUE_ID, Bilingual(None, "Bina"), title, "bina@officer.example", OFFICER.postings)
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, colleague)
        pension = (await catalogue.services_by_codes(tx, ["ES90"]))["ES90"]
        await catalogue.upsert_services(tx, [replace(pension, needs_second_pair=True)])
    return world


async def test_a_queue_shows_a_colleague_s_case_without_what_is_personal(desk: World):
    application = await desk.submit()
    own = (await queue(desk))["queue"]["nodes"][0]
    theirs = (await queue(desk, COLLEAGUE))["queue"]["nodes"][0]
    # One of the two is the assigned officer.
    own, theirs = (own, theirs) if application.officer_id == OFFICER.person_id else (theirs, own)
    assert (own["withheld"], theirs["withheld"]) == (False, True)
    assert own["applicant"] == {"name": "Asha Negi"}
    assert own["form"]
    assert (theirs["applicant"], theirs["form"], theirs["documents"], theirs["timeline"]) == (None, [], [], [])


async def test_a_claimed_case_is_shown_as_claimed_and_filtered_by_it(desk: World):
    application, other = await desk.submit(), await desk.submit("ES90", NEIGHBOUR)
    done = await act(desk, "claimApplication", COLLEAGUE, applicationId=opaque(application))
    assert done["application"]["claim"] == {"mine": True}
    listed = (await queue(desk, filter={"claimedBy": "OTHERS"}))["queue"]
    assert [(row["number"], row["claim"]) for row in listed["nodes"]] == [
        (application.number, {"mine": False, "officer": {"name": "Bina"}})
    ]
    mine = await queue(desk, COLLEAGUE, filter={"claimedBy": "ME"})
    assert mine["queue"]["totalCount"] == 1
    assert (mine["queueCounts"]["total"], mine["queueCounts"]["claimedByMe"]) == (1, 1)
    number = (await queue(desk, filter={"number": f"{other.number[:4]} {other.number[4:9]}"}))["queue"]
    assert [row["number"] for row in number["nodes"]] == [other.number]
    refused = await act(
        desk, "decideApplication", language=Language.HI, applicationId=opaque(application), verdict="APPROVE"
    )
    assert [(one["code"], one["action"]) for one in refused["userErrors"]] == [("CASE_CLAIMED", "TAKE_OVER")]
    assert "दूसरे अधिकारी" in refused["userErrors"][0]["message"]
    released = await act(desk, "releaseApplication", COLLEAGUE, applicationId=opaque(application))
    assert released["application"]["claim"] is None


async def test_a_cursor_of_one_filter_is_refused_by_another(desk: World):
    for subject in (CITIZEN, NEIGHBOUR):
        await desk.submit("ES90", subject)
    page = (await queue(desk, first=1, sort="RECEIVED"))["queue"]
    assert page["pageInfo"]["hasNextPage"]
    after = page["pageInfo"]["endCursor"]
    rest = (await queue(desk, first=1, sort="RECEIVED", after=after))["queue"]
    assert rest["nodes"][0]["number"] != page["nodes"][0]["number"]
    for changed in ({"sort": "DUE"}, {"sort": "RECEIVED", "filter": {"overdue": True}}):
        answer = await desk.ask(QUEUE, OFFICER, first=1, after=after, **changed)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    answer = await desk.ask(QUEUE, OFFICER, filter={"number": "12a"})
    assert answer["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"


async def test_a_decision_waits_for_a_second_officer_and_is_seen_by_officers_only(desk: World):
    application = await desk.submit("ES90")
    proposed = await act(desk, "decideApplication", applicationId=opaque(application), verdict="APPROVE")
    assert proposed["userErrors"] == []
    assert proposed["application"]["status"] == "IN_SCRUTINY"
    assert proposed["application"]["proposal"] == {"state": "PROPOSED", "mine": True}
    assert (await queue(desk))["proposals"]["totalCount"] == 0
    waiting = await queue(desk, COLLEAGUE)
    assert waiting["proposals"]["nodes"] == [{"number": application.number}]
    assert waiting["queueCounts"]["proposals"] == 1
    assert not waiting["queue"]["nodes"][0]["withheld"]
    look = "query ($id: ID!) { application(by: {id: $id}) { status claim { mine } proposal { state } } }"
    hers = (await desk.ask(look, CITIZEN, id=opaque(application)))["data"]["application"]
    assert hers == {"status": "IN_SCRUTINY", "claim": None, "proposal": None}
    back = await act(desk, "sendBackDecision", COLLEAGUE, applicationId=opaque(application), reason="See the register.")
    assert back["application"]["proposal"] == {"state": "SENT_BACK", "mine": False}
    (row,) = (await queue(desk))["queue"]["nodes"]
    assert row["proposal"]["answerNote"] == "See the register."
    again = {"applicationId": opaque(application), "verdict": "APPROVE", "idempotencyKey": "k2"}
    await act(desk, "decideApplication", **again)
    own = await act(desk, "confirmDecision", applicationId=opaque(application))
    assert own["userErrors"][0]["code"] == "SECOND_OFFICER_NEEDED"
    done = await act(desk, "confirmDecision", COLLEAGUE, applicationId=opaque(application))
    assert done["application"]["status"] == "BENEFIT_SANCTIONED"


async def test_several_cases_are_acted_on_each_by_itself(desk: World):
    one, two = await desk.submit(), await desk.submit("ES90", NEIGHBOUR)
    claimed = await act(desk, "bulkClaim", applicationIds=[opaque(one), opaque(two)])
    assert [row["outcome"] for row in claimed["results"]] == ["DONE", "DONE"]
    items = [{"applicationId": opaque(one), "expectedVersion": 99}, {"applicationId": opaque(two)}]
    decided = await act(desk, "bulkDecide", items=items, verdict="SEND_FOR_VERIFICATION")
    assert [row["outcome"] for row in decided["results"]] == ["CONFLICT", "DONE"]
    assert decided["results"][0]["application"] == {"status": "IN_SCRUTINY", "version": one.version}
    assert decided["submission"] == {"state": "ACCEPTED", "replayed": False}
    nothing = await act(desk, "bulkClaim", applicationIds=[], idempotencyKey="k2")
    assert nothing["userErrors"] == [{"code": "BAD_INPUT", "path": ["input", "items"]}]
    assert nothing["submission"]["state"] == "REJECTED"


async def test_an_id_that_is_none_is_named_by_its_place_among_several(desk: World):
    application = await desk.submit()
    items = [{"applicationId": opaque(application)}, {"applicationId": "nobody"}]
    decided = await act(desk, "bulkDecide", items=items, verdict="APPROVE")
    claimed = await act(desk, "bulkClaim", applicationIds=[opaque(application), "nobody"])
    assert [one["path"] for one in decided["userErrors"]] == [["input", "items", "1", "applicationId"]]
    assert [one["path"] for one in claimed["userErrors"]] == [["input", "applicationIds", "1"]]
    assert (decided["results"], claimed["results"]) == ([], [])


async def test_a_case_is_forwarded_to_one_of_the_officers_that_are_offered(desk: World):
    application = await desk.submit()
    first, second = (OFFICER, COLLEAGUE) if application.officer_id == OFFICER.person_id else (COLLEAGUE, OFFICER)
    offered = "query ($id: ID!) { viewer { ... on Officer { forwardTargets(applicationId: $id) { id levels } } } }"
    (target,) = (await desk.ask(offered, first, id=opaque(application)))["data"]["viewer"]["forwardTargets"]
    assert target == {"id": node_id(TypeCode.OFFICER, second.person_id or ""), "levels": ["DESIGNATED"]}
    given = {"applicationIds": [opaque(application)], "officerId": target["id"], "reason": "On leave."}
    sent = await act(desk, "bulkForward", first, **given)
    assert sent["results"][0]["outcome"] == "DONE"
    stranger = node_id(TypeCode.OFFICER, STRANGE_OFFICER.person_id or "")
    refused = await act(
        desk, "forwardApplication", second, applicationId=opaque(application), officerId=stranger, reason="Why not."
    )
    assert (refused["userErrors"][0]["code"], refused["userErrors"][0]["action"]) == (
        "OFFICER_UNSUITABLE",
        "CHOOSE_OFFICER",
    )


async def test_a_pack_is_given_out_and_its_decisions_come_back(desk: World):
    application = await desk.submit()
    owner = OFFICER if application.officer_id == OFFICER.person_id else COLLEAGUE
    ask = 'query { viewer { ... on Officer { queuePack(day: "2026-11-24") { id day caseCount expiresAt signed } } } }'
    pack = (await desk.ask(ask, owner))["data"]["viewer"]["queuePack"]
    assert (pack["caseCount"], pack["expiresAt"]) == (1, "2026-11-25T23:59:59.000+05:30")
    decision = {
        "applicationId": opaque(application),
        "version": application.version,
        "key": "phone-1",
        "verdict": "APPROVE",
        "decidedAt": "2026-11-24T12:00:00+05:30",
    }
    given = {"packId": pack["id"], "pack": pack["signed"], "decisions": [decision]}
    done = await act(desk, "replayDecisions", owner, **given)
    assert [(row["outcome"], row["application"]["status"]) for row in done["results"]] == [("DONE", "APPROVED")]
    again = await act(desk, "replayDecisions", owner, **given)
    assert again["submission"]["replayed"] is True
    forged = await act(desk, "replayDecisions", owner, **{**given, "pack": pack["signed"][:-4] + "AAAA"})
    assert forged["userErrors"] == [{"code": "PACK_REFUSED", "path": ["input", "pack"]}]


LOOK = (
    "query ($by: ApplicationBy!, $purpose: ReadPurpose) "
    "{ application(by: $by, purpose: $purpose) { number applicant { name } } }"
)


async def test_a_colleague_s_case_is_read_with_a_purpose_that_the_citizen_sees(desk: World):
    application = await desk.submit()
    other = COLLEAGUE if application.officer_id == OFFICER.person_id else OFFICER
    names = (
        {"id": opaque(application)},
        {"number": application.number},
        {"acknowledgement": application.acknowledgement},
    )
    for by in names:
        refused = await desk.ask(LOOK, other, by=by)
        assert refused["data"]["application"] is None
        assert refused["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
        assert refused["errors"][0]["extensions"]["action"] == "STATE_PURPOSE"
        assert (await desk.ask(LOOK, CITIZEN, by=by))["data"]["application"]["number"] == application.number
        shown = (await desk.ask(LOOK, other, by=by, purpose="CITIZEN_REQUEST"))["data"]["application"]
        assert shown == {"number": application.number, "applicant": {"name": "Asha Negi"}}
    node = await desk.ask("query ($id: ID!) { node(id: $id) { id } }", other, id=opaque(application))
    assert node["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
    seen = "{ viewer { ... on Citizen { dataAccesses(first: 100) { objectKind purpose purposeLabel } } } }"
    receipts = (await desk.ask(seen, CITIZEN, Language.HI))["data"]["viewer"]["dataAccesses"]
    by_officers = {(one["objectKind"], one["purpose"]) for one in receipts if one["purpose"] != "APPLY"}
    assert by_officers == {
        ("APPLICATION", "CITIZEN_REQUEST"),
        ("CITIZEN", "CITIZEN_REQUEST"),
    }
    assert receipts[0]["purposeLabel"] == "नागरिक के अनुरोध पर"


async def test_an_acknowledgement_that_is_not_there_is_null_and_a_mistyped_one_is_told(desk: World):
    application = await desk.submit()
    assert (await desk.ask(LOOK, NEIGHBOUR, by={"acknowledgement": application.acknowledgement}))["data"] == {
        "application": None
    }
    answer = await desk.ask(LOOK, CITIZEN, by={"acknowledgement": application.number})
    assert answer["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"


@pytest.mark.parametrize("subject", [CITIZEN, STRANGE_OFFICER])
@pytest.mark.parametrize("name", ["claimApplication", "releaseApplication", "confirmDecision"])
async def test_the_desk_of_others_finds_nothing(desk: World, subject: Subject, name: str):
    application = await desk.submit()
    refused = await act(desk, name, subject, applicationId=opaque(application))
    assert refused["application"] is None
    assert refused["userErrors"][0]["code"] == "NOT_FOUND"


async def test_many_names_and_districts_cost_one_query_each(desk: World):
    one, two = await desk.submit(), await desk.submit("ES90")
    document = (
        "query ($a: String!, $b: String!) { one: application(by: {number: $a}) { number } "
        "two: application(by: {number: $b}) { number } districts { tehsils { name } } }"
    )
    with desk.statements() as seen:
        answer = await desk.ask(document, CITIZEN, a=one.number, b=two.number)
    assert (answer["data"]["one"]["number"], answer["data"]["two"]["number"]) == (one.number, two.number)
    assert sum("FROM tehsils" in statement for statement in seen) == 1
    assert sum("FROM applications" in statement for statement in seen) == 1


async def test_what_was_given_back_or_not_done_shows_nothing_personal(desk: World):
    application = await desk.submit()
    other = COLLEAGUE if application.officer_id == OFFICER.person_id else OFFICER
    given = {"applicationId": opaque(application), "idempotencyKey": "r"}
    release = "mutation ($input: ReleaseApplicationInput!) { releaseApplication(input: $input) { application { %s } } }"
    shown = "status withheld applicant { name } form { name }"
    answer = await desk.ask(release % shown, other, input=given)
    nothing = {"status": "IN_SCRUTINY", "withheld": True, "applicant": None, "form": []}
    assert answer["data"]["releaseApplication"]["application"] == nothing
    stale = {"items": [{"applicationId": opaque(application), "expectedVersion": 99}], "verdict": "APPROVE"}
    decide = "mutation ($input: BulkDecideInput!) { bulkDecide(input: $input) { results { application { %s } } } }"
    answer = await desk.ask(decide % shown, other, input={**stale, "idempotencyKey": "b"})
    assert answer["data"]["bulkDecide"]["results"] == [{"application": nothing}]
