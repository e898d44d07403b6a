"""The gateway tells of systems that only workers ask, from the workers' reports in the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.kernel import Environment
from domain.kernel import Source, SourceState
from domain.platform.event_receivers import EventOwner, EventReceiver, ReceiverState
from domain.platform.source_reports import LastHeard, last_heard
from gateway.runtime.process_health import ProcessHealth
from gateway.runtime.source_reports import SourceReports
from integrations.calling.monitor import SourceMonitor
from store.platform import alarms, event_receivers
from tests.support.sign_in import environment

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


@pytest.fixture
def env(store, store_keyrings, store_clock) -> Environment:
    return environment(store, store_keyrings, store_clock, [])


async def reported(env: Environment, process: str, vitals: ProcessHealth) -> None:
    async with env.store.write_transaction() as tx:
        await alarms.save_facts(tx, process, vitals.facts())


def status(monitor: SourceMonitor, source: Source):
    [found] = [one for one in monitor.statuses() if one.source is source]
    return found


async def test_what_a_worker_heard_of_e_taal_and_pfms_is_seen_in_the_gateway(env, store_clock, tmp_path):
    vitals, own = ProcessHealth("worker@one", store_clock, tmp_path), SourceMonitor(Source)
    observe = vitals.call_observer(None)
    observe(Source.E_TAAL, "etaal.push", "answered", 0.1)
    at = store_clock.now()
    store_clock.advance(timedelta(seconds=5))
    observe(Source.PFMS, "pfms.sftp_list", "failed", 30.0)
    store_clock.advance(timedelta(seconds=7))
    await reported(env, "p1", vitals)
    assert [status(own, one).state for one in (Source.E_TAAL, Source.PFMS)] == [None, None]

    await SourceReports(env, own).look()

    assert (status(own, Source.E_TAAL).state, status(own, Source.E_TAAL).last_success_at) == (SourceState.LIVE, at)
    pfms = status(own, Source.PFMS)
    assert (pfms.state, pfms.last_failure_at) == (SourceState.DOWN, at + timedelta(seconds=5))
    assert status(own, Source.UMANG).state is None


async def test_of_several_processes_the_latest_word_counts(env, store_clock, tmp_path):
    first, second = (ProcessHealth(f"worker@{name}", store_clock, tmp_path) for name in ("one", "two"))
    monitor = SourceMonitor(Source)
    first.call_observer(None)(Source.PFMS, "pfms.sftp_list", "failed", 1.0)
    await reported(env, "p1", first)
    store_clock.advance(timedelta(minutes=1))
    second.call_observer(None)(Source.PFMS, "pfms.sftp_list", "answered", 1.0)
    await reported(env, "p2", second)

    await SourceReports(env, monitor).look()

    assert status(monitor, Source.PFMS).state is SourceState.LIVE
    assert status(monitor, Source.PFMS).last_failure_at == store_clock.now() - timedelta(minutes=1)


async def test_what_the_gateway_asks_itself_it_judges_itself(env, store_clock, tmp_path):
    vitals, monitor = ProcessHealth("worker@one", store_clock, tmp_path), SourceMonitor(Source)
    vitals.call_observer(None)(Source.UMANG, "umang.getrationcard", "failed", 1.0)
    await reported(env, "p1", vitals)
    monitor.record_success(Source.UMANG, "umang.getrationcard", store_clock.now(), 0.1)

    await SourceReports(env, monitor).look()

    assert status(monitor, Source.UMANG).state is SourceState.LIVE


async def test_each_system_of_a_source_is_told_apart(env, store_clock, tmp_path):
    vitals, monitor = ProcessHealth("worker@one", store_clock, tmp_path), SourceMonitor(Source)
    observe = vitals.call_observer(None)
    observe(Source.DEPARTMENTS, "connector.transport.licence", "failed", 1.0)
    observe(Source.DEPARTMENTS, "connector.land.khata", "answered", 0.1)
    await reported(env, "p1", vitals)

    await SourceReports(env, monitor).look()

    states = [monitor.status_of(Source.DEPARTMENTS, name).state for name in ("transport", "land", "forest", "")]
    assert states == [SourceState.DOWN, SourceState.LIVE, None, None]


@pytest.mark.parametrize(
    ("confirmed_at", "state", "there"),
    [(None, "PROPOSED", False), (NOW, "REFUSED", False), (NOW, "ACTIVE", True), (NOW, "OFF", True)],
)
async def test_receivers_of_events_are_a_source_once_one_was_confirmed(env, confirmed_at, state, there):
    given = {"owner": EventOwner.UMANG, "department": None, "url": "https://umang.example/hook", "kinds": ()}
    times = {"secret_made_at": NOW, "proposed_at": NOW, "confirmed_at": confirmed_at}
    receiver = EventReceiver(
        id="r1", **given, **times, state=ReceiverState(state), secret="whsec_", proposed_by="state"
    )
    async with env.store.write_transaction() as tx:
        await event_receivers.add(tx, receiver)
    monitor = SourceMonitor([Source.DIGILOCKER])

    await SourceReports(env, monitor).look()

    assert status(monitor, Source.EVENT_RECEIVERS).configured is there


async def test_a_report_of_an_older_release_says_nothing_of_systems(env, store_clock, tmp_path):
    vitals = ProcessHealth("worker@one", store_clock, tmp_path)
    facts = replace(vitals.facts(), last_heard={"A_NEW_ONE": LastHeard(1.0)})
    async with env.store.write_transaction() as tx:
        await alarms.save_facts(tx, "newer", facts)
        await alarms.save_facts(tx, "older", vitals.facts())
    monitor = SourceMonitor(Source)

    await SourceReports(env, monitor).look()

    assert [one.source for one in monitor.statuses() if one.state is not None] == []


def test_ages_of_reports_are_added_and_what_never_happened_stays_so():
    report = type("Report", (), {"last_heard": {"PFMS": LastHeard(3.0, None)}, "age": 4.0})

    assert last_heard([report]) == {"PFMS": LastHeard(7.0, None)}
