"""The console in the graph: outbox, processes, systems and jobs from the store, and what operators do about them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.kernel import ANONYMOUS, PersonKind, Role, Source, Subject
from domain.platform.alarms import JobRuns, ProcessFacts
from domain.platform.process_reports import BreakerReport, JobReport
from domain.platform.source_reports import LastHeard
from store.platform import alarms, outbox, outbox_desk
from tests.support.graph import CITIZEN, NOW, OFFICER
from tests.support.stored import audit_lines_of

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin-1")
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor-1")
KEY = "01a20c3f-3abb-711a-95a2-2bfee4ee0ffe"
SECRET = "asha@example.org"

MESSAGES = """query ($condition: OutboxMessageCondition! = DEAD, $topic: String, $first: Int! = 50, $after: String) {
  operationsStatus {
    outboxTopics { topic waiting retrying dead parked oldestAt }
    outboxMessages(first: $first, after: $after, condition: $condition, topic: $topic) {
      totalCount nodes { number topic condition attempts errorCode summary } pageInfo { hasNextPage endCursor } } } }"""
STATE = """{ operationsStatus {
  systems { name switched answeredAt failedAt breakers { process groups sinceAt nextTryAt } }
  processes { name alive reportedAt release schemaRevision }
  jobs { name doneAt lateSeconds ledBy failures }
  versions { schemaRevision catalogue calendar switches texts textsOn } incidents { id titleEn endedAt } } }"""
RETRY = """mutation ($input: RetryOutboxMessagesInput!) { retryOutboxMessages(input: $input) {
  messages userErrors { path code } } }"""
REPORT = """mutation ($input: ReportIncidentInput!) { reportIncident(input: $input) {
  incident { id source titleEn endedAt } userErrors { path code } } }"""
TEXTS = {
    f"{name}{language}": f"{name} {language}" for name in ("title", "text", "meanwhile") for language in ("Hi", "En")
}
WORKER = ProcessFacts(
    "worker@one",
    {},
    {},
    0,
    10**12,
    None,
    None,
    sweep=0.0,
    release="0.9.0",
    knows="1033",
    jobs={"legal_clock": JobRuns({"failed": 2}, 2)},
    job_reports={"legal_clock": JobReport(100.0, 90.0, leads=True), "seal_ledger": JobReport(None, 4.0)},
    breakers={"UMANG": BreakerReport(2, 60.0, 15.0)},
    last_heard={"UMANG": LastHeard(90.0, 30.0)},
)


async def letters(world, topic: str, *conditions: str, **payload: str) -> list[int]:
    """Messages of a topic that stand so; their numbers."""
    numbers = []
    for condition in conditions:
        async with world.environment.store.write_transaction() as tx:
            await outbox.add(tx, topic, f"{topic}-{condition}-{len(numbers)}", payload)
        async with world.environment.store.write_transaction() as tx:
            [message] = await outbox.claim(tx, "w", 1, 30) if condition != "PARKED" else [None]
            [last] = (await outbox_desk.search(tx, outbox_desk.OutboxFilter(), 1, backward=True))[-1:]
            numbers.append(last.id)
            if message is None:
                await outbox_desk.park(tx, last.id)
            else:
                await outbox.record_failure(tx, message.id, NOW, "HTTP_503", final=condition == "DEAD")
    return numbers


async def read(world, subject=ADMIN, document=MESSAGES, **variables):
    return with_instants((await world.ask(document, subject, **variables))["data"]["operationsStatus"])


def with_instants(answer):
    """The same with each instant as one, without the zone that it is written in."""
    if isinstance(answer, dict):
        return {
            name: datetime.fromisoformat(value) if name.endswith("At") and value else with_instants(value)
            for name, value in answer.items()
        }
    return [with_instants(one) for one in answer] if isinstance(answer, list) else answer


async def retry(world, subject=ADMIN, key="k1", **given):
    given = {"reason": "The partner is back.", "idempotencyKey": key, **given}
    return await world.ask(RETRY, subject, input=given)


async def test_the_outbox_is_told_by_topic_and_condition(world):
    await letters(world, "locker.push", "DEAD", "DEAD", "RETRYING", "PARKED")
    await letters(world, "dbt.instruct", "DEAD")

    topics = {one["topic"]: one for one in (await read(world, AUDITOR))["outboxTopics"]}

    assert {name: (one["dead"], one["retrying"], one["parked"], one["waiting"]) for name, one in topics.items()} == {
        "dbt.instruct": (1, 0, 0, 0),
        "locker.push": (2, 1, 1, 0),
    }
    assert topics["locker.push"]["oldestAt"] is not None
    assert topics["dbt.instruct"]["oldestAt"] is None


async def test_a_message_is_shown_without_the_personal_data_that_it_carries(world):
    await letters(world, "code.send", "DEAD", address=SECRET, citizen_id=KEY)

    [message] = (await read(world))["outboxMessages"]["nodes"]

    assert message["summary"] == f"address: (hidden); citizen_id: {KEY}"
    assert (message["condition"], message["errorCode"], message["attempts"]) == ("DEAD", "HTTP_503", 1)


async def test_messages_come_in_pages_one_after_the_other(world):
    numbers = await letters(world, "locker.push", "DEAD", "DEAD", "DEAD")

    first = (await read(world, first=2))["outboxMessages"]
    second = (await read(world, first=2, after=first["pageInfo"]["endCursor"]))["outboxMessages"]

    assert [one["number"] for one in first["nodes"] + second["nodes"]] == numbers
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
        3,
        True,
        False,
    )


async def test_a_dead_message_is_tried_again_once_for_a_key_and_audited_with_its_reason(world):
    [number] = await letters(world, "locker.push", "DEAD")

    once = (await retry(world, number=number))["data"]["retryOutboxMessages"]
    again = (await retry(world, number=number))["data"]["retryOutboxMessages"]

    assert once == again == {"messages": 1, "userErrors": []}
    assert (await read(world))["outboxMessages"]["nodes"] == []
    async with world.environment.store.read_transaction() as tx:
        [line] = await audit_lines_of(tx, "OUTBOX", str(number))
    assert (line.action, line.detail["reason"], line.actor_label) == (
        "outbox.retried",
        "The partner is back.",
        "OFFICER:admin-1",
    )


async def test_all_dead_messages_of_a_topic_are_tried_again_but_not_the_parked_ones(world):
    await letters(world, "locker.push", "DEAD", "DEAD", "PARKED")
    await letters(world, "dbt.instruct", "DEAD")

    done = (await retry(world, topic="locker.push"))["data"]["retryOutboxMessages"]

    assert done["messages"] == 2
    topics = {one["topic"]: one for one in (await read(world))["outboxTopics"]}
    assert (topics["locker.push"]["waiting"], topics["locker.push"]["parked"]) == (2, 1)
    assert topics["dbt.instruct"]["dead"] == 1


async def test_a_message_that_a_worker_has_now_is_not_tried_a_second_time(world):
    async with world.environment.store.write_transaction() as tx:
        await outbox.add(tx, "dbt.instruct", "1", {})
        [message] = await outbox.claim(tx, "w", 1, 30)

    [error] = (await retry(world, number=message.id))["data"]["retryOutboxMessages"]["userErrors"]

    assert (error["path"], error["code"]) == (["input", "number"], "NOT_FOUND")


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"number": 1, "topic": "locker.push"}, "number", "BAD_INPUT"),
        ({}, "number", "BAD_INPUT"),
        ({"number": 1, "reason": " "}, "reason", "REASON_REQUIRED"),
        ({"number": 1, "reason": "x" * 301}, "reason", "BAD_INPUT"),
        ({"topic": "nothing"}, "topic", "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_its_field(world, given, path, code):
    [error] = (await retry(world, **given))["data"]["retryOutboxMessages"]["userErrors"]

    assert (error["path"], error["code"]) == (["input", path], code)


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, AUDITOR])
async def test_nobody_but_an_administrator_has_messages_tried_again(world, subject):
    [number] = await letters(world, "locker.push", "DEAD")

    answer = await retry(world, subject, number=number)

    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert [one["number"] for one in (await read(world))["outboxMessages"]["nodes"]] == [number]


@pytest.mark.parametrize(
    ("subject", "code"), [(CITIZEN, "NOT_FOUND"), (OFFICER, "NOT_FOUND"), (ANONYMOUS, "UNAUTHENTICATED")]
)
async def test_nobody_else_sees_the_state_of_the_gateway(world, subject, code):
    answer = await world.ask(MESSAGES, subject)

    assert answer["data"]["operationsStatus"] is None
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_processes_breakers_jobs_and_versions_are_those_of_the_store(world):
    silent = replace(
        WORKER, process="gateway@two", jobs={}, job_reports={}, breakers={"UMANG": BreakerReport(1, 1.0, None)}
    )
    async with world.environment.store.write_transaction() as tx:
        await alarms.save_facts(tx, "p-000001", silent)
    world.environment.clock.advance(timedelta(seconds=70))
    async with world.environment.store.write_transaction() as tx:
        await alarms.save_facts(tx, "p-000002", WORKER)

    told = await read(world, document=STATE)

    assert [(one["name"], one["alive"], one["release"]) for one in told["processes"]] == [
        ("gateway@two 000001", False, "0.9.0"),
        ("worker@one 000002", True, "0.9.0"),
    ]
    umang = next(one for one in told["systems"] if one["name"] == "UMANG")
    at = (NOW + timedelta(seconds=70)).replace(microsecond=0)
    assert umang["breakers"] == [
        {
            "process": "worker@one 000002",
            "groups": 2,
            "sinceAt": (at - timedelta(seconds=60)),
            "nextTryAt": (at + timedelta(seconds=15)),
        }
    ]
    assert (umang["answeredAt"], umang["failedAt"]) == (
        (at - timedelta(seconds=90)),
        (at - timedelta(seconds=30)),
    )
    assert Source.DIGILOCKER.value in {one["name"] for one in told["systems"]}
    assert told["jobs"] == [
        {
            "name": "legal_clock",
            "doneAt": (at - timedelta(seconds=100)),
            "lateSeconds": 90,
            "ledBy": ["worker@one 000002"],
            "failures": 2,
        },
        {"name": "seal_ledger", "doneAt": None, "lateSeconds": 4, "ledBy": [], "failures": 0},
    ]
    assert told["versions"]["schemaRevision"]


async def test_an_incident_is_reported_changed_and_ended(world):
    kept = {"source": "DIGILOCKER", **TEXTS}
    first = (await world.ask(REPORT, ADMIN, input={**kept, "idempotencyKey": "k1"}))["data"]["reportIncident"]
    change = {**kept, "titleEn": "Better", "incidentId": first["incident"]["id"], "ended": True, "idempotencyKey": "k2"}
    over = (await world.ask(REPORT, ADMIN, input=change))["data"]["reportIncident"]

    assert first["userErrors"] == over["userErrors"] == []
    assert (over["incident"]["titleEn"], over["incident"]["endedAt"] is not None) == ("Better", True)
    [listed] = (await read(world, AUDITOR, STATE))["incidents"]
    assert (listed["id"], listed["titleEn"]) == (first["incident"]["id"], "Better")


async def test_an_incident_without_a_text_is_refused_at_its_field(world):
    answer = await world.ask(REPORT, ADMIN, input={**TEXTS, "textHi": " ", "idempotencyKey": "k1"})

    assert answer["data"]["reportIncident"]["userErrors"] == [{"path": ["input", "textHi"], "code": "BAD_INPUT"}]


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, AUDITOR])
async def test_nobody_but_an_administrator_reports_an_incident(world, subject):
    answer = await world.ask(REPORT, subject, input={**TEXTS, "idempotencyKey": "k1"})

    assert answer["data"]["reportIncident"] is None
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
