from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from domain.kernel import ManualClock
from domain.platform.alarms import Alarm, AlarmCode, AlarmState, Event, JobRuns, ProcessFacts
from domain.platform.process_reports import BreakerReport, JobReport
from domain.platform.source_reports import LastHeard
from store.database import AuditLine, Store, audit
from store.platform import alarms
from tests.support.databases import NOW

FACTS = ProcessFacts(
    "gateway@one",
    {"UMANG": 4.5},
    {"DIGILOCKER": Event(2, 7.0)},
    3,
    10**12,
    Event(40.0, 1.0),
    None,
    jobs={"settle_budgets": JobRuns({"done": 7, "failed": 2}, 2)},
)
LINE = AuditLine("SYSTEM", "test", "THING", "1", None)


async def append(store: Store) -> None:
    async with store.write_transaction() as tx:
        await audit.append(tx, LINE)


async def unsealed_since(store: Store):
    async with store.read_transaction() as tx:
        return await audit.unsealed_since(tx)


async def test_what_a_process_tells_replaces_what_it_told_before_and_has_its_age(
    store: Store, store_clock: ManualClock
) -> None:
    async with store.write_transaction() as tx:
        await alarms.save_facts(tx, "p1", FACTS)
        await alarms.save_facts(tx, "p1", FACTS)
    store_clock.advance(timedelta(seconds=5))
    async with store.read_transaction() as tx:
        [told] = await alarms.reported_facts(tx)
    assert told.age == 5
    assert (told.not_closed, told.integrity, told.store_away) == (FACTS.not_closed, FACTS.integrity, FACTS.store_away)
    assert told.jobs == FACTS.jobs
    assert (told.free_bytes, told.clock_step, told.sign_in_failures) == (10**12, None, 3)


async def test_what_was_heard_of_systems_is_kept_under_the_name_that_the_release_before_reads(store: Store) -> None:
    facts = replace(FACTS, last_heard={"PFMS": LastHeard(3.0, None)})
    async with store.write_transaction() as tx:
        await alarms.save_facts(tx, "p1", facts)
        kept = (await tx.connection.execute(select(alarms.health_facts_table.c.facts))).scalar_one()
        [told] = await alarms.reported_facts(tx)
    assert (kept["heard"], told.last_heard) == ({"PFMS": {"success": 3.0, "failure": None}}, facts.last_heard)


async def test_a_report_keeps_breakers_jobs_and_release_beside_what_the_release_before_reads(store: Store) -> None:
    told = replace(
        FACTS,
        release="1.0",
        breakers={"PFMS": BreakerReport(1, 3.0, None)},
        job_reports={"settle_budgets": JobReport(2.0, 0.0, leads=True)},
    )
    async with store.write_transaction() as tx:
        await alarms.save_facts(tx, "p1", told)
        kept = (await tx.connection.execute(select(alarms.health_facts_table.c.facts))).scalar_one()
        [(report, facts)] = await alarms.process_reports(tx)

    assert kept["jobs"] == {"settle_budgets": {"runs": {"done": 7, "failed": 2}, "failures": 2}}
    assert (report.release, report.breakers, report.jobs) == ("1.0", told.breakers, told.job_reports)
    assert (report.label, report.alive, facts.last_heard) == ("gateway@one", True, told.last_heard)


async def test_facts_of_processes_that_ended_long_ago_are_deleted(store: Store, store_clock: ManualClock) -> None:
    async with store.write_transaction() as tx:
        await alarms.save_facts(tx, "old", FACTS)
    store_clock.advance(alarms.FORGOTTEN_AFTER + timedelta(seconds=1))
    async with store.write_transaction() as tx:
        await alarms.save_facts(tx, "new", FACTS)
        await alarms.forget_old_facts(tx)
        assert len(await alarms.reported_facts(tx)) == 1


async def test_an_alarm_is_kept_once_and_only_those_that_hold_are_counted(store: Store) -> None:
    raised = Alarm(AlarmCode.BREAKER_OPEN, "UMANG", AlarmState.RAISED, 312.5, NOW, None, 1)
    cleared = Alarm(AlarmCode.BREAKER_OPEN, "CSC", AlarmState.CLEARED, 301.0, NOW, NOW, 2)
    async with store.write_transaction() as tx:
        for alarm in (raised, cleared, raised):
            await alarms.save(tx, alarm)
    async with store.read_transaction() as tx:
        assert await alarms.all_alarms(tx) == {
            (AlarmCode.BREAKER_OPEN, "CSC"): cleared,
            (AlarmCode.BREAKER_OPEN, "UMANG"): raised,
        }
        assert await alarms.counts(tx) == {AlarmCode.BREAKER_OPEN: 1}


async def test_lines_wait_for_the_sealer_since_they_were_written_or_since_the_last_seal(
    store: Store, store_clock: ManualClock
) -> None:
    assert await unsealed_since(store) is None
    await append(store)
    assert await unsealed_since(store) == NOW
    store_clock.advance(timedelta(hours=1))
    await audit.seal(store)
    assert await unsealed_since(store) is None
    store_clock.set(NOW)
    await append(store)  # a line of the past, as seeding writes them
    assert await unsealed_since(store) == NOW + timedelta(hours=1)
