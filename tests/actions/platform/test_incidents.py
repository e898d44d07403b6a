"""Incidents are told by administrators alone, with an audit line; each look of the leader counts for a system's day."""

from dataclasses import replace

import pytest

from actions.platform.alarms import evaluate, tell
from actions.platform.incidents import end_incident, report_incident, status_history, systems_that_answer
from domain.kernel import PersonKind, Problems, Role, Subject
from domain.platform.alarms import ProcessFacts
from domain.platform.incidents import LONGEST_TITLE
from domain.platform.source_reports import LastHeard
from store.database.leases import acquire, release
from tests.support.actions import World
from tests.support.incidents import REPORT
from tests.support.stored import audit_lines_of

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin-1")
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor-1")
ANSWERED, FAILED = LastHeard(success=5.0, failure=60.0), LastHeard(success=60.0, failure=5.0)


def facts(process: str, age: float = 0.0, **heard: LastHeard) -> ProcessFacts:
    return ProcessFacts(process, {}, {}, 0, 10**12, None, None, last_heard=heard, age=age)


async def report_as_admin(world: World, key: str = "k1", **changes):
    return await report_incident(world.env, ADMIN, replace(REPORT, **changes), idempotency_key=key)


def test_a_system_answers_by_the_latest_that_any_process_heard():
    reports = [facts("one", DIGILOCKER=FAILED), facts("two", age=10.0, DIGILOCKER=LastHeard(success=1.0))]

    assert systems_that_answer(reports) == {"DIGILOCKER": False}
    assert systems_that_answer([facts("one", DIGILOCKER=ANSWERED)]) == {"DIGILOCKER": True}


def test_of_several_systems_of_one_source_all_must_answer():
    several = {"DEPARTMENT/one": ANSWERED, "DEPARTMENT/two": FAILED}

    assert systems_that_answer([facts("one", **several)]) == {"DEPARTMENT": False}


async def test_each_look_of_the_leader_counts_once_whatever_the_number_of_processes(world):
    async with world.env.store.write_transaction() as tx:
        lease = await acquire(tx, "alarms", "w1", 90)
    for process in ("one", "two"):
        await tell(world.env, process, facts(process, DIGILOCKER=ANSWERED))
    for _ in range(2):
        await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)

    [day] = (await status_history(world.env)).days["DIGILOCKER"]
    assert (day.good, day.bad) == (2, 0)


async def test_a_look_of_a_process_that_leads_no_more_does_not_count(world):
    async with world.env.store.write_transaction() as tx:
        lease = await acquire(tx, "alarms", "w1", 90)
        await release(tx, lease)
    async with world.env.store.write_transaction() as tx:
        await acquire(tx, "alarms", "w2", 90)
    await tell(world.env, "one", facts("one", DIGILOCKER=ANSWERED))
    await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)

    assert (await status_history(world.env)).days == {}


async def test_an_administrator_tells_changes_and_ends_an_incident(world):
    first, _ = await report_as_admin(world)
    changed, _ = await report_as_admin(world, "k2", incident_id=first.id, text_en="It is better.")
    ended, _ = await report_as_admin(world, "k3", incident_id=first.id, ended=True)

    assert (changed.id, changed.text.en, changed.began_at) == (first.id, "It is better.", first.began_at)
    assert ended.ended_at == world.clock.now()
    assert [one.id for one in (await status_history(world.env)).incidents] == [first.id]
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "INCIDENT", first.id)
    assert [line.action for line in lines] == ["incident.reported", "incident.changed", "incident.changed"]


async def test_the_same_key_tells_once(world):
    (first, _), (again, replayed) = await report_as_admin(world), await report_as_admin(world)

    assert (again.id, replayed) == (first.id, True)


@pytest.mark.parametrize(
    "subject",
    [AUDITOR, Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "citizen-1")],
    ids=["auditor", "citizen"],
)
async def test_nobody_else_tells_of_one(world, subject):
    with pytest.raises(Problems) as refused:
        await report_incident(world.env, subject, REPORT, idempotency_key="k1")

    assert [one.code.value for one in refused.value.problems] == ["NOT_FOUND"]
    assert (await status_history(world.env)).incidents == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"title_hi": " "}, ("input", "titleHi")),
        ({"title_en": "x" * (LONGEST_TITLE + 1)}, ("input", "titleEn")),
        ({"meanwhile_hi": ""}, ("input", "meanwhileHi")),
        ({"incident_id": "none"}, ("input", "incidentId")),
    ],
)
async def test_what_is_missing_or_too_long_is_told_at_its_field(world, changes, path):
    with pytest.raises(Problems) as refused:
        await report_as_admin(world, **changes)

    assert [one.path for one in refused.value.problems] == [path]


async def test_no_aadhaar_number_gets_onto_the_page(world):
    kept, _ = await report_as_admin(world, text_en="Asked by 9999 4105 7058\nyesterday")

    assert "4105" not in kept.text.en
    assert "\n" not in kept.text.en


async def test_an_incident_that_is_not_there_cannot_be_ended(world):
    with pytest.raises(Problems):
        await world.env.store.carry_out(lambda tx: end_incident(tx, "none", by="CLI:root"))
