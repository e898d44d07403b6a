"""Field reports with photographs, the progress of clearances, and unusual reads, in the graph."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from actions.appeals.legal_sweep import sweep
from actions.documents.file_links import open_file
from actions.platform.alarms import evaluate
from actions.uploads.uploads import take_in
from domain.kernel import Bilingual, Language, Officer, PersonKind, Posting, Role, Subject, TypeCode
from domain.officers.desk import DeskRules
from schema.kernel import node_id
from store.database.leases import acquire
from store.identity import people
from tests.support.files import JPEG, PNG
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER, World

COLLEAGUE = Subject(
    frozenset({Role.OFFICER}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000009", OFFICER.postings
)
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor", (Posting(Role.AUDITOR),))
SEND = """mutation ($input: DecideApplicationInput!) { decideApplication(input: $input) { userErrors { code } } }"""
REPORT = """mutation ($input: ReportVerificationInput!) { reportVerification(input: $input) {
  application { status } userErrors { code path } } }"""
SEEN = """query ($by: ApplicationBy!) { application(by: $by) { verification {
  text observedAt place { latitudeMicrodegrees longitudeMicrodegrees } tehsil { code }
  photos { sha256 mediaType address { url expiresAt } } } } }"""
ASK = """mutation ($input: AskClearanceInput!) { askClearance(input: $input) {
  application { clearanceProgress { asked awaited overdue nextDueAt } } userErrors { code path } } }"""
PROGRESS = """query ($filter: QueueFilter) { viewer { ... on Officer { queueCounts { clearanceOverdue }
  queue(first: 5, filter: $filter) { nodes { number escalation { kind label }
    clearances { overdue remindedAt escalatedAt escalatedTo { name } }
    clearanceProgress { asked granted refused lapsed awaited overdue nextDueAt } } } } } }"""
ALARMS = "{ alarms { code about state value unit } }"
LOOK = """query ($by: ApplicationBy!) { application(by: $by, purpose: SUPERVISE) { number } }"""
ACCESSES = "{ viewer { ... on Citizen { dataAccesses(first: 50) { role objectKind purpose } } } }"


def by(application) -> dict:
    return {"id": node_id(TypeCode.APPLICATION, application.id)}


async def test_a_field_report_shows_text_place_time_and_photographs_that_can_be_opened(world: World, store_clock):
    application, environment = await world.submit(), world.environment
    store_clock.advance(timedelta(hours=5))
    case = {"applicationId": by(application)["id"]}
    await world.ask(SEND, OFFICER, input={**case, "verdict": "SEND_FOR_VERIFICATION", "idempotencyKey": "s"})
    photos = [await take_in(environment, OFFICER, picture) for picture in (JPEG, PNG)]
    given = {
        **case,
        "text": "The house stands.",
        "photoIds": [photo.reference for photo in photos],
        "place": {"latitudeMicrodegrees": 30_316_500, "longitudeMicrodegrees": 78_032_200},
        "tehsil": "304",
        "observedAt": "2026-11-24T15:00:00+05:30",
        "idempotencyKey": "r",
    }
    wrong = (await world.ask(REPORT, OFFICER, input={**given, "photoIds": ["0" * 64], "idempotencyKey": "w"}))["data"]
    assert wrong["reportVerification"]["userErrors"] == [{"code": "UPLOAD_UNKNOWN", "path": ["input", "photoIds", "0"]}]
    for _ in range(2):
        done = (await world.ask(REPORT, OFFICER, input=given))["data"]["reportVerification"]
        assert (done["userErrors"], done["application"]) == ([], {"status": "IN_SCRUTINY"})
    for reader in (OFFICER, CITIZEN):
        (report,) = (await world.ask(SEEN, reader, by=by(application)))["data"]["application"]["verification"]
        assert (report["text"], report["tehsil"]) == ("The house stands.", {"code": "304"})
        assert report["place"] == {"latitudeMicrodegrees": 30_316_500, "longitudeMicrodegrees": 78_032_200}
        assert [photo["mediaType"] for photo in report["photos"]] == ["image/jpeg", "image/png"]
        link = urlsplit(report["photos"][0]["address"]["url"])
        parts = {name: values[0] for name, values in parse_qs(link.query).items()}
        found = await open_file(
            environment,
            report["photos"][0]["sha256"],
            upload_id=parts["upload"],
            until=parts["until"],
            signature=parts["signature"],
        )
        assert found is not None
        kept = sha256(found.content).hexdigest()
        assert (kept, link.path) == (photos[0].sha256, f"/files/{kept}")
    for stranger in (NEIGHBOUR, STRANGE_OFFICER):
        assert (await world.ask(SEEN, stranger, by=by(application)))["data"] == {"application": None}


async def test_an_overdue_clearance_is_in_the_officer_s_queue_and_its_progress_in_the_graph(world: World, store_clock):
    application = await world.submit()
    asked = {
        "applicationId": by(application)["id"],
        "departments": ["social-welfare"],
        "dueDates": [{"department": "social-welfare", "dueOn": "2026-11-26"}],
        "question": "Is she on the list?",
        "idempotencyKey": "a",
    }
    first = (await world.ask(ASK, OFFICER, input=asked))["data"]["askClearance"]["application"]["clearanceProgress"]
    assert first == {"asked": 1, "awaited": 1, "overdue": 0, "nextDueAt": "2026-11-26T23:59:59.000+05:30"}
    store_clock.advance(timedelta(days=3))
    await sweep(world.environment)
    shown = (await world.ask(PROGRESS, OFFICER, filter={"clearanceOverdue": True}))["data"]["viewer"]
    assert shown["queueCounts"] == {"clearanceOverdue": 1}
    (row,) = shown["queue"]["nodes"]
    assert row["escalation"] == {"kind": "CLEARANCE_OVERDUE", "label": "Another department's clearance is overdue"}
    assert (row["clearances"][0]["overdue"], row["clearances"][0]["escalatedAt"] is not None) == (True, True)
    assert row["clearanceProgress"] == {
        "asked": 1,
        "granted": 0,
        "refused": 0,
        "lapsed": 0,
        "awaited": 1,
        "overdue": 1,
        "nextDueAt": None,
    }


async def test_unusually_many_reads_are_in_the_list_of_alarms_and_the_citizen_sees_each_purpose(
    world: World, store_clock
):
    object.__setattr__(
        world,
        "environment",
        replace(world.environment, rules=replace(world.environment.rules, desk=DeskRules(outside_reads_an_hour=2))),
    )
    environment = world.environment
    title = Bilingual("तहसीलदार", "Tehsildar")
    async with environment.store.write_transaction() as tx:
        await people.add_officer(
            tx, Officer(COLLEAGUE.person_id or "", Bilingual(None, "Bina"), title, "b@x.example", OFFICER.postings)
        )
        lease = await acquire(tx, "alarms", "w1", 90)
    application = await world.submit()
    other = COLLEAGUE if application.officer_id == OFFICER.person_id else OFFICER

    async def look(times: int) -> list[dict]:
        for _ in range(times):
            answer = await world.ask(LOOK, other, by=by(application))
            assert answer["data"]["application"] == {"number": application.number}
        assert lease is not None
        await evaluate(environment, lease, session_key_made_at=store_clock.now(), notify=False)
        return (await world.ask(ALARMS, AUDITOR))["data"]["alarms"]

    assert await look(2) == []
    assert await look(1) == [
        {"code": "UNUSUAL_READS", "about": other.person_id, "state": "RAISED", "value": 3, "unit": "reads"}
    ]
    for stranger in (OFFICER, CITIZEN):
        assert (await world.ask(ALARMS, stranger))["data"] == {"alarms": None}
    seen = (await world.ask(ACCESSES, CITIZEN, Language.HI))["data"]["viewer"]["dataAccesses"]
    told = [one for one in seen if one["objectKind"] == "APPLICATION" and one["role"] == "OFFICER"]
    assert [one["purpose"] for one in told] == ["SUPERVISE"] * 3
    store_clock.advance(timedelta(hours=1, seconds=1))
    assert [one for one in await look(0) if one["code"] == "UNUSUAL_READS"] == []
