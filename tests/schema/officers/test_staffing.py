"""Posting officers in the graph: transfers, leaves, vacancies, and who may see and do it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from actions.appeals.legal_sweep import sweep
from actions.officers.batches import propose_batch
from domain.kernel import Bilingual, Language, Officer, PersonKind, Posting, Role, Subject, TypeCode
from schema.kernel import node_id
from store.identity import people
from tests.support.graph import CITIZEN, OFFICER, STRANGE_OFFICER, World
from tests.support.staffing import enter_administrators, on_duty

ADMIN_ID, BINA_ID = "01930000-0000-7000-8000-000000000021", "01930000-0000-7000-8000-000000000022"
ADMIN = Subject(
    frozenset({Role.DEPARTMENT_ADMIN}),
    PersonKind.OFFICER,
    ADMIN_ID,
    tuple(Posting(Role.DEPARTMENT_ADMIN, slug) for slug in ("revenue-department", "social-welfare")),
)
SECOND_ADMIN = replace(ADMIN, person_id="01930000-0000-7000-8000-000000000023")
OTHER_ADMIN = replace(ADMIN, postings=(Posting(Role.DEPARTMENT_ADMIN, "forest-department"),))
MOVED = "moved { cases appeals } } userErrors { code path message } submission { state replayed }"
TRANSFER = f"""mutation ($input: TransferOfficerInput!) {{ transferOfficer(input: $input) {{
  transfer {{ id waits officerId vacant left {{ role department {{ slug }} }} taken {{ level }} {MOVED} }} }}"""
RECORD = f"""mutation ($input: RecordLeaveInput!) {{ recordLeave(input: $input) {{
  record {{ leave {{ id state stateLabel officer {{ name }} substitute {{ name }} begunAt }} {MOVED} }} }}"""
CONFIRM = f"""mutation ($input: ConfirmTransferInput!) {{ confirmTransfer(input: $input) {{
  transfer {{ id waits officerId vacant left {{ role department {{ slug }} }} taken {{ level }} {MOVED} }} }}"""
WAITING = """query { waitingOrders {
  transfers { id waits orderedAt officer { name } successor { name } orderedBy { name } }
  leaves { state substitute { name } } } }"""
CANCEL = f"""mutation ($input: CancelLeaveInput!) {{ cancelLeave(input: $input) {{
  record {{ leave {{ state cancelledAt endedAt }} {MOVED} }} }}"""
STAFF = """query ($filter: StaffFilterInput, $first: Int, $after: String, $last: Int, $before: String) {
  officers(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { id name jurisdictions { role } leaves(first: 5) { nodes { state fromOn } } }
    pageInfo { hasNextPage endCursor } } }"""
VACANCIES = """query ($filter: StaffFilterInput) { vacancies(filter: $filter, first: 10) {
  totalCount nodes { since post { role level department { slug } district { code } tehsil { code } }
  formerOfficer { name } cover { name } } } }"""
OWN = "query { viewer { ... on Officer { leaves(first: 5) { totalCount nodes { id state untilOn } } } } }"


def officer_id(key: str | None) -> str:
    return node_id(TypeCode.OFFICER, key or "")


@pytest.fixture
async def office(world: World) -> World:
    """The world with an administrator, and a colleague without a post of the departments."""
    title = Bilingual("तहसीलदार", "Tehsildar")
    async with world.environment.store.write_transaction() as tx:
        for key, name, postings in (
            (ADMIN_ID, "admin", ADMIN.postings),
            (BINA_ID, "bina", (Posting(Role.OFFICER, "forest-department"),)),
        ):
            officer = Officer(key, Bilingual(None, name.title()), title, f"{name}@officer.example", postings)
            await people.add_officer(tx, officer)
    await enter_administrators(world.environment, "head", "second-head")
    return world


async def do(world: World, document: str, subject: Subject = ADMIN, language: Language = Language.EN, **given):
    answer = await world.ask(document, subject, language, input={"idempotencyKey": "k", **given})
    assert answer["errors"] == []
    ((_, payload),) = answer["data"].items()
    return payload


async def transfer(office: World, **given):
    """A transfer that one administrator orders and another one confirms."""
    ordered = await do(office, TRANSFER, **given)
    assert ordered["transfer"]["waits"], ordered
    said = {"transferId": ordered["transfer"]["id"], "confirm": True}
    return await do(office, CONFIRM, SECOND_ADMIN, **said, idempotencyKey=f"confirm-{ordered['transfer']['id']}")


async def test_the_rows_of_all_batches_are_counted_and_read_at_once(office: World):
    whole = replace(ADMIN, roles=frozenset({Role.ADMIN}), postings=(Posting(Role.ADMIN),))
    for number in range(2):
        rows = [{"change": "RETIRE", "email": f"{name}@officer.example"} for name in ("admin", "bina")[number:]]
        await propose_batch(office.environment, whole, rows, f"{number}.csv")

    with office.statements() as statements:
        answer = await office.ask("{ staffBatches(first: 5) { nodes { waiting firstRows { email } } } }", whole)

    listed = answer["data"]["staffBatches"]["nodes"]
    assert [(one["waiting"], len(one["firstRows"])) for one in listed] == [(2, 2), (1, 1)]
    assert len([one for one in statements if "staff_rows" in one]) == 2


GAPS = "{ stateGaps { department { slug } level places placeNames services answeredBy { name } } }"


async def test_an_administrator_sees_the_gaps_of_her_departments_with_places_by_name(office: World):
    welfare = replace(ADMIN, postings=(Posting(Role.DEPARTMENT_ADMIN, "social-welfare"),))

    listed = (await office.ask(GAPS, welfare))["data"]["stateGaps"]

    assert {one["department"]["slug"] for one in listed} == {"social-welfare"}
    [second] = [one for one in listed if one["level"] == "SECOND_APPELLATE"]
    assert (second["places"], second["placeNames"]) == (["45", "49"], "Almora, Dehradun")
    assert second["answeredBy"] is None


async def test_an_officer_does_not_see_the_gaps_of_the_state(office: World):
    answer = await office.ask(GAPS, OFFICER)

    assert answer["data"] == {"stateGaps": None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_orders_that_wait_are_listed_with_who_ordered_them(office: World):
    ordered = await do(office, TRANSFER, officerId=officer_id(OFFICER.person_id), successorId=officer_id(BINA_ID))
    listed = (await office.ask(WAITING, SECOND_ADMIN))["data"]["waitingOrders"]
    assert listed["leaves"] == []
    [one] = listed["transfers"]
    assert (one["id"], one["waits"]) == (ordered["transfer"]["id"], True)
    assert [one[name] for name in ("officer", "successor", "orderedBy")] == [
        {"name": "Anita"},
        {"name": "Bina"},
        {"name": "Admin"},
    ]
    refused = await do(office, CONFIRM, transferId=one["id"], confirm=True)
    assert [error["code"] for error in refused["userErrors"]] == ["SECOND_OFFICER_NEEDED"]


async def test_a_transfer_moves_posts_and_cases_once_for_one_key(office: World):
    await office.submit()
    given = {"officerId": officer_id(OFFICER.person_id), "successorId": officer_id(BINA_ID)}
    done = await transfer(office, **given)
    assert (done["userErrors"], done["transfer"]["vacant"]) == ([], False)
    assert done["transfer"]["moved"] == {"cases": 1, "appeals": 0}
    assert {"role": "OFFICER", "department": {"slug": "revenue-department"}} in done["transfer"]["left"]
    again = await do(office, TRANSFER, **given)
    assert not again["transfer"]["waits"]
    assert (again["transfer"], again["submission"]["replayed"]) == (done["transfer"], True)


async def test_a_change_of_posts_is_told_to_leaver_taker_and_head_with_its_dates_and_to_nobody_else(office: World):
    await transfer(office, officerId=officer_id(OFFICER.person_id), successorId=officer_id(BINA_ID))
    query = """{ viewer { ... on Officer { postChanges { at orderedAt confirmedAt text posts { role }
      officer { name } taker { name } } } } }"""

    told = {}
    for key in (OFFICER.person_id, BINA_ID, ADMIN_ID, STRANGE_OFFICER.person_id):
        answer = await office.ask(query, replace(OFFICER, person_id=key))
        assert answer["errors"] == []
        told[key] = answer["data"]["viewer"]["postChanges"]

    now = office.environment.clock.now()
    dates = dict.fromkeys(("at", "orderedAt", "confirmedAt"), now.replace(microsecond=now.microsecond // 1000 * 1000))
    [left], [taken], [headed] = (told[key] for key in (OFFICER.person_id, BINA_ID, ADMIN_ID))
    assert [one["text"] for one in (left, taken, headed)] == [
        "Your posts have changed.",
        "You have taken over posts.",
        "Posts that you administer have changed hands.",
    ]
    assert {name: datetime.fromisoformat(left[name]) for name in dates} == dates
    assert (left["officer"], left["taker"]) == ({"name": "Anita"}, {"name": "Bina"})
    assert told[STRANGE_OFFICER.person_id] == []


async def test_a_vacant_post_is_listed_for_its_department_until_it_is_filled(office: World):
    gone = await transfer(office, officerId=officer_id(OFFICER.person_id), coverId=officer_id(BINA_ID))
    assert gone["transfer"]["vacant"]
    listed = (await office.ask(VACANCIES, ADMIN, filter={"department": "revenue-department"}))["data"]["vacancies"]
    (vacancy,) = listed["nodes"]
    assert vacancy["post"]["department"] == {"slug": "revenue-department"}
    assert (vacancy["formerOfficer"], vacancy["cover"]) == ({"name": "Anita"}, {"name": "Bina"})
    for wanted in ({"department": "forest-department"}, {"district": "45"}):
        assert (await office.ask(VACANCIES, ADMIN, filter=wanted))["data"]["vacancies"]["totalCount"] == 0
    post = vacancy["post"]
    posting = {
        "role": post["role"],
        "level": post["level"],
        "department": post["department"]["slug"],
        "district": post["district"] and post["district"]["code"],
        "tehsil": post["tehsil"] and post["tehsil"]["code"],
    }
    filled = await transfer(office, officerId=officer_id(OFFICER.person_id), postings=[posting], idempotencyKey="f")
    assert filled["userErrors"] == []
    after = (await office.ask(VACANCIES, ADMIN, filter={"department": "revenue-department"}))["data"]["vacancies"]
    assert after["totalCount"] == listed["totalCount"] - 1


async def test_a_leave_is_recorded_ahead_seen_by_the_officer_and_cancelled(office: World, store_clock):
    await office.submit()
    given = {"officerId": officer_id(OFFICER.person_id), "substituteId": officer_id(BINA_ID)}
    done = await do(office, RECORD, **given, fromOn="2026-11-26", untilOn="2026-11-28")
    record = done["record"]
    assert (record["leave"]["state"], record["leave"]["stateLabel"], record["moved"]["cases"]) == (
        "PLANNED",
        "Planned",
        0,
    )
    own = (await office.ask(OWN, OFFICER))["data"]["viewer"]["leaves"]
    assert own["nodes"] == [{"id": record["leave"]["id"], "state": "PLANNED", "untilOn": "2026-11-28"}]
    store_clock.advance(timedelta(days=2))
    await sweep(office.environment)
    again = await do(office, RECORD, **given, fromOn="2026-11-26", untilOn="2026-11-28")
    assert (again["record"]["leave"]["state"], again["record"]["moved"]["cases"]) == ("RUNNING", 1)
    node = "query ($id: ID!) { node(id: $id) { ... on Leave { state stateLabel(language: HI) } } }"
    for asker, shown in ((ADMIN, True), (OFFICER, True), (STRANGE_OFFICER, False), (CITIZEN, False)):
        found = (await office.ask(node, asker, id=record["leave"]["id"]))["data"]["node"]
        assert found == ({"state": "RUNNING", "stateLabel": "अवकाश पर"} if shown else None)
    back = await do(office, CANCEL, leaveId=record["leave"]["id"])
    assert (back["record"]["leave"]["state"], back["record"]["leave"]["endedAt"]) == (
        "CANCELLED",
        back["record"]["leave"]["cancelledAt"],
    )


async def test_the_citizen_sees_that_a_stand_in_read_her_case(office: World):
    case = await office.submit()
    given = {"officerId": officer_id(OFFICER.person_id), "substituteId": officer_id(BINA_ID)}
    await do(office, RECORD, **given, fromOn="2026-11-24", untilOn="2026-11-28")
    bina = await on_duty(office.environment, replace(OFFICER, person_id=BINA_ID))
    look = "query ($number: String!) { application(by: {number: $number}) { status applicant { name } } }"
    shown = (await office.ask(look, bina, number=case.number))["data"]["application"]
    assert shown == {"status": "IN_SCRUTINY", "applicant": {"name": "Asha Negi"}}
    seen = "{ viewer { ... on Citizen { dataAccesses(first: 9) { role objectKind purpose purposeLabel } } } }"
    receipts = (await office.ask(seen, CITIZEN))["data"]["viewer"]["dataAccesses"]
    hers = {(one["objectKind"], one["purpose"]) for one in receipts if one["role"] == "OFFICER"}
    assert hers == {("APPLICATION", "COVER_COLLEAGUE"), ("CITIZEN", "COVER_COLLEAGUE")}


async def test_a_wrong_leave_names_field_and_remedy_in_the_asked_language(office: World):
    given = {"officerId": officer_id(OFFICER.person_id), "fromOn": "2026-11-30", "untilOn": "2026-11-29"}
    refused = await do(office, RECORD, language=Language.HI, **given)
    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("DATE_NOT_ALLOWED", ["input", "untilOn"])
    assert refused["submission"]["state"] == "REJECTED"
    await do(office, RECORD, **{**given, "untilOn": "2026-12-05"}, idempotencyKey="one")
    twice = await do(office, RECORD, language=Language.HI, **{**given, "untilOn": "2026-12-01"}, idempotencyKey="two")
    assert (twice["userErrors"][0]["code"], twice["record"]) == ("LEAVE_OVERLAPS", None)
    assert "अवकाश" in twice["userErrors"][0]["message"]


async def test_the_officers_of_a_department_are_listed_page_by_page(office: World):
    first = (await office.ask(STAFF, ADMIN, first=1))["data"]["officers"]
    total = first["totalCount"]
    seen, page = [], first
    while True:
        seen += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = (await office.ask(STAFF, ADMIN, first=1, after=page["pageInfo"]["endCursor"]))["data"]["officers"]
    assert len(set(seen)) == len(seen) == total
    assert officer_id(OFFICER.person_id) in seen
    assert officer_id(BINA_ID) not in seen
    backwards = (await office.ask(STAFF, ADMIN, last=100))["data"]["officers"]
    assert [node["id"] for node in backwards["nodes"]] == seen


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, OTHER_ADMIN], ids=["citizen", "officer", "other-admin"])
async def test_nobody_else_posts_officers_or_sees_who_is_away(office: World, subject: Subject):
    await do(office, RECORD, officerId=officer_id(OFFICER.person_id), fromOn="2026-11-30", untilOn="2026-12-02")
    for document, given in (
        (TRANSFER, {"officerId": officer_id(OFFICER.person_id)}),
        (RECORD, {"officerId": officer_id(OFFICER.person_id), "fromOn": "2027-01-01", "untilOn": "2027-01-02"}),
    ):
        answer = await office.ask(document, subject, input={"idempotencyKey": "x", **given})
        codes = [error["extensions"]["code"] for error in answer["errors"]]
        for payload in (answer["data"] or {}).values():
            codes += [error["code"] for error in (payload or {}).get("userErrors", [])]
        assert codes == ["NOT_FOUND"]
    listed = await office.ask(STAFF, subject, first=10)
    shown = (listed["data"] or {}).get("officers")
    assert shown is None or all(
        node["id"] != officer_id(OFFICER.person_id) and not node["leaves"]["nodes"] for node in shown["nodes"]
    )
