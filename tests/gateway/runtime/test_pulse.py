"""The beat of a process: switches within two seconds, health told, and outages remembered."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from actions.kernel import Environment
from domain.applications.holidays import Holiday, HolidayKind
from domain.kernel import Bilingual, Source
from domain.platform.alarms import Event, JobOutcome
from domain.platform.process_reports import BreakerReport, JobReport
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState
from gateway.runtime import heartbeat as beats
from gateway.runtime.heartbeat import Heartbeat, refresh_calendar, refresh_switches, run_heartbeat
from gateway.runtime.leadership import Leadership
from gateway.runtime.process_health import ProcessHealth
from gateway.worker.runner import Job
from integrations.calling.breakers import LONGEST_OPEN_SECONDS, Breakers, BreakerState
from integrations.calling.errors import Unavailable
from store.catalogue import calendar
from store.database import Board, StoreUnavailable
from store.platform import alarms, switches
from tests.support.databases import NOW
from tests.support.sign_in import environment

OFF = Switch(SwitchKind.SYSTEM, "UMANG", SwitchState.OFF, "r", "CLI:root", NOW)


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


@pytest.fixture
def vitals(store_clock, tmp_path) -> ProcessHealth:
    return ProcessHealth("gateway@one", store_clock, tmp_path)


class Away:
    """A store that does not answer."""

    async def carry_out(self, work):
        raise StoreUnavailable("gone")

    @asynccontextmanager
    async def read_transaction(self):
        raise StoreUnavailable("gone")
        yield

    async def read(self, work):
        raise StoreUnavailable("gone")


async def set_switch(env: Environment, switch: Switch) -> None:
    async with env.store.write_transaction() as tx:
        await switches.save(tx, switch)


async def test_a_process_says_at_once_which_change_of_the_switches_it_follows(env, vitals):
    pulse = Heartbeat(env, Switchboard(), vitals)
    await set_switch(env, OFF)

    await pulse.look_for_changes()

    async with env.store.read_transaction() as tx:
        assert [facts.switches for facts in await alarms.reported_facts(tx)] == [1]


async def test_a_change_is_taken_over_once(env):
    board = Switchboard()
    assert not await refresh_switches(board, env.store)
    await set_switch(env, OFF)

    assert await refresh_switches(board, env.store)
    assert not await refresh_switches(board, env.store)
    assert board.system(Source.UMANG, NOW) is SwitchState.OFF


async def test_while_nothing_changes_a_look_for_changes_is_one_query(env, vitals):
    pulse = Heartbeat(env, Switchboard(), vitals)
    await pulse.look_for_changes()
    seen: list[str] = []
    reader = env.store._reader.sync_engine
    event.listen(reader, "before_cursor_execute", lambda *told: seen.append(told[2]))

    await pulse.look_for_changes()

    assert [statement.split()[0] for statement in seen if statement != "BEGIN"] == ["SELECT"]


async def test_each_look_for_changes_lets_the_process_keep_the_catalogue_for_a_second(env, vitals, store_clock):
    pulse = Heartbeat(env, Switchboard(), vitals)
    before = env.store.kept.version(Board.CATALOGUE)

    await pulse.look_for_changes()
    after = env.store.kept.version(Board.CATALOGUE)
    store_clock.advance(timedelta(seconds=1.01))

    assert (before, after, env.store.kept.version(Board.CATALOGUE)) == (None, 0, None)


async def test_the_last_known_switches_hold_while_the_store_is_away(env, vitals):
    board = Switchboard([OFF], 1)
    with pytest.raises(StoreUnavailable):
        await Heartbeat(replace(env, store=Away()), board, vitals).look_for_changes()

    assert board.system(Source.UMANG, NOW) is SwitchState.OFF


async def test_a_running_pulse_obeys_a_change_without_a_restart(env, vitals, monkeypatch):
    monkeypatch.setattr(beats, "CHANGE_SECONDS", 0.01)
    board = Switchboard()
    async with run_heartbeat(Heartbeat(env, board, vitals)), asyncio.timeout(5):
        await set_switch(env, OFF)
        while board.system(Source.UMANG, NOW) is SwitchState.ON:
            await asyncio.sleep(0.01)
        await set_switch(env, replace(OFF, state=SwitchState.ON))
        while board.system(Source.UMANG, NOW) is SwitchState.OFF:
            await asyncio.sleep(0.01)


async def test_a_beat_that_fails_does_not_end_the_pulse(env, vitals, monkeypatch):
    monkeypatch.setattr(beats, "BEAT_SECONDS", 0.01)
    beat = Heartbeat(replace(env, store=Away()), Switchboard(), vitals)
    done = asyncio.Event()

    async def more() -> None:
        done.set()
        raise LookupError

    async with run_heartbeat(beat, (0.01, more)), asyncio.timeout(5):
        await done.wait()


def hear(vitals: ProcessHealth, outcome: str) -> None:
    vitals.call_observer(None)(Source.DBT_FINANCE, "dbt_finance.PS", outcome, 0.1)


def test_a_breaker_that_nobody_asked_again_counts_no_more_once_the_system_answers(vitals, store_clock):
    vitals.breaker_changed(Source.DBT_FINANCE, "session", BreakerState.OPEN)
    hear(vitals, "failed")
    store_clock.advance(timedelta(seconds=60))
    hear(vitals, "answered")
    counted = vitals.facts().not_closed
    store_clock.advance(timedelta(seconds=LONGEST_OPEN_SECONDS - 60))

    assert counted == {"DBT_FINANCE": 60.0}
    assert vitals.facts().not_closed == {}


def test_a_breaker_counts_while_no_call_of_its_system_is_answered(vitals, store_clock):
    hear(vitals, "answered")
    store_clock.advance(timedelta(seconds=1))
    vitals.breaker_changed(Source.DBT_FINANCE, "session", BreakerState.OPEN)
    store_clock.advance(timedelta(seconds=LONGEST_OPEN_SECONDS))

    assert vitals.facts().not_closed == {"DBT_FINANCE": LONGEST_OPEN_SECONDS}


def test_a_breaker_counts_where_a_call_of_its_system_failed_since(vitals, store_clock):
    vitals.breaker_changed(Source.DBT_FINANCE, "session", BreakerState.OPEN)
    store_clock.advance(timedelta(seconds=LONGEST_OPEN_SECONDS))
    hear(vitals, "answered")
    store_clock.advance(timedelta(seconds=1))
    hear(vitals, "failed")

    assert vitals.facts().not_closed == {"DBT_FINANCE": LONGEST_OPEN_SECONDS + 1}


async def test_a_process_tells_of_its_breakers_integrity_and_sign_ins(env, vitals, store_clock):
    heard = []
    observe = vitals.call_observer(lambda *told: heard.append(told))
    observe(Source.DIGILOCKER, "digilocker.file", "integrity", 0.0)
    observe(Source.DIGILOCKER, "digilocker.file", "answered", 0.1)
    observe(Source.API_SETU, "apisetu.certificate", "not_let_in", 0.0)
    vitals.breaker_changed(Source.UMANG, "", BreakerState.OPEN)
    vitals.breaker_changed(Source.CSC, "", BreakerState.OPEN)
    store_clock.advance(timedelta(seconds=20))
    vitals.breaker_changed(Source.UMANG, "", BreakerState.HALF_OPEN)
    vitals.breaker_changed(Source.CSC, "", BreakerState.CLOSED)
    vitals.sign_in_failed()
    await Heartbeat(env, Switchboard(), vitals).beat()

    async with env.store.read_transaction() as tx:
        [facts] = await alarms.reported_facts(tx)
    assert facts.not_closed == {"UMANG": 20.0}
    assert facts.integrity == {"DIGILOCKER": Event(1, 20.0)}
    assert facts.not_let_in == {"API_SETU": Event(1, 20.0)}
    assert (facts.sign_in_failures, facts.process) == (1, "gateway@one")
    assert facts.free_bytes > 0
    assert len(heard) == 3


async def test_only_a_worker_tells_when_it_last_ran_the_legal_clock(vitals, store_clock):
    assert vitals.facts().sweep is None
    vitals.note_sweep()
    store_clock.advance(timedelta(minutes=3))

    assert vitals.facts().sweep == 180.0


async def test_failed_sign_ins_are_forgotten_after_five_minutes(vitals, store_clock):
    vitals.sign_in_failed()
    store_clock.advance(timedelta(minutes=5, seconds=1))

    assert vitals.facts().sign_in_failures == 0


async def test_a_clock_that_steps_is_told_and_one_that_runs_is_not(vitals, store_clock):
    vitals.read_clock()
    store_clock.advance(timedelta(hours=1))
    vitals.read_clock()
    assert vitals.facts().clock_step is None

    store_clock.set(store_clock.now() + timedelta(days=1))
    vitals.read_clock()
    assert vitals.facts().clock_step == Event(86_400.0, 0.0)


async def test_a_store_that_was_away_for_long_is_an_alarm_at_once_and_is_told_afterwards(env, vitals, store_clock):
    ill = Heartbeat(replace(env, store=Away()), Switchboard(), vitals)
    for _ in range(4):
        with pytest.raises(StoreUnavailable):
            await ill.beat()
        store_clock.advance(timedelta(seconds=10))
    assert (ill.alarms, vitals.store_is_away) == (1, True)

    well = Heartbeat(env, Switchboard(), vitals)
    await well.beat()

    assert (well.alarms, vitals.facts().store_away) == (0, Event(40.0, 0.0))


async def test_a_poll_of_the_switches_says_whether_the_store_answers(env, vitals, store_clock):
    store_clock.advance(timedelta(seconds=10))
    with pytest.raises(StoreUnavailable):
        await Heartbeat(replace(env, store=Away()), Switchboard(), vitals).look_for_changes()
    away = vitals.store_answers
    await Heartbeat(env, Switchboard(), vitals).look_for_changes()

    assert (away, vitals.store_answers) == (False, True)


async def test_a_calendar_that_is_imported_elsewhere_is_shown_without_a_restart(env):
    new_year = date(2027, 1, 1)
    holiday = Holiday(new_year, Bilingual(None, "New Year"), HolidayKind.ADDED, None, "an order", verified=True)
    assert not await refresh_calendar(env)
    async with env.store.write_transaction() as tx:
        await calendar.save_calendar(tx, "UK-later", [holiday])

    assert await refresh_calendar(env)
    assert not await refresh_calendar(env)
    assert env.work_calendar.version == "UK-later"
    assert not env.work_calendar.is_working(new_year)
    copy = replace(env, public_url="http://another.test")
    assert copy.work_calendar.version == "UK-later"


async def test_a_process_notes_once_that_a_list_of_holidays_is_in_doubt(env, vitals):
    day = Holiday(date(2026, 1, 26), Bilingual(None, "Republic Day"), HolidayKind.GENERAL, None, None, verified=False)
    pulse = Heartbeat(env, Switchboard(), vitals)

    with capture_logs() as logs:
        await pulse.look_for_changes()
        async with env.store.write_transaction() as tx:
            await calendar.save_calendar(tx, "UK-unverified", [day])
        await pulse.look_for_changes()
        await pulse.look_for_changes()

    told = [(line["year"], line["list"]) for line in logs if line["event"] == "holidays_in_doubt"]
    assert told == [(2026, "UNVERIFIED")]


async def test_a_process_reports_since_when_a_breaker_is_open_and_when_it_tries_again(vitals, store_clock):
    breakers = Breakers(store_clock, observer=vitals.breaker_changed)
    vitals.watch_breakers(breakers)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await breakers.call(Source.UMANG, "push", fail)
    store_clock.advance(timedelta(seconds=5))
    opened = vitals.facts().breakers
    store_clock.advance(timedelta(seconds=20))

    assert opened == {"UMANG": BreakerReport(1, 5.0, 10.0)}
    assert vitals.facts().breakers == {"UMANG": BreakerReport(1, 25.0, None)}


async def fail() -> None:
    raise Unavailable(Source.UMANG, "HTTP_503")


async def test_a_process_reports_of_each_job_when_it_was_done_how_late_it_is_and_whether_it_leads(
    env, vitals, store_clock
):
    led = Leadership(env, "legal-clock", 30.0)
    vitals.watch_jobs([Job("never", 60.0, fail), Job("legal_clock", 10.0, fail, lead=led)])
    store_clock.advance(timedelta(seconds=50))
    vitals.job_ended("legal_clock", JobOutcome.DONE)
    store_clock.advance(timedelta(seconds=30))

    assert vitals.facts().job_reports == {
        "never": JobReport(None, 20.0, None),
        "legal_clock": JobReport(30.0, 20.0, leads=False),
    }


def test_a_process_reports_its_release(vitals):
    assert vitals.facts().release == version("apuni-sarkar-gateway")
