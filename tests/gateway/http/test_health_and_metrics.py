"""Health, readiness and numbers."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import Source
from domain.platform.alarms import PRESENT_SECONDS, AlarmCode, JobRuns, ProcessFacts
from gateway.graphql.endpoint import OperationRecord
from gateway.http.health import health_routes
from gateway.http.metrics import Metrics
from gateway.runtime.process_health import ProcessHealth
from gateway.streams.streams import Dropped
from store.database import StoreUnavailable
from store.platform.outbox import OutboxCounts


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test")


async def test_a_process_is_live_before_it_is_ready_and_while_it_drains():
    app = Starlette(routes=health_routes())
    async with client_of(app) as client:
        starting = await client.get("/health/ready")
        app.state.ready = True
        ready = await client.get("/health/ready")
        app.state.ready = False
        draining = await client.get("/health/ready")
        live = await client.get("/health/live")

    assert [starting.status_code, ready.status_code, draining.status_code, live.status_code] == [503, 200, 503, 200]
    assert draining.headers["retry-after"] == "1"
    assert live.headers["cache-control"] == "no-store"


async def test_a_process_is_not_ready_once_it_had_no_answer_of_the_store_for_ten_seconds(store_clock, tmp_path):
    app, health = Starlette(routes=health_routes()), ProcessHealth("gateway@one", store_clock, tmp_path)
    app.state.ready, app.state.store_answers = True, lambda: health.store_answers
    seen = []
    async with client_of(app) as client:
        for seconds in (9.9, 0.1):
            store_clock.advance(timedelta(seconds=seconds))
            seen.append((await client.get("/health/ready")).status_code)
        live = await client.get("/health/live")
        health.store_read()
        seen.append((await client.get("/health/ready")).status_code)

    assert (seen, live.status_code) == ([200, 503, 200], 200)


class StoreAway:
    def read_transaction(self) -> Any:
        raise StoreUnavailable("gone")


async def scraped(metrics: Metrics) -> str:
    environment: Any = SimpleNamespace(store=StoreAway())
    async with client_of(Starlette(routes=metrics.routes(environment))) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200
    return response.text


async def test_open_streams_and_dropped_readers_are_shown():
    metrics, open_streams = Metrics(), 3
    metrics.watch_streams(lambda: open_streams)
    metrics.observe_dropped(Dropped.UNREAD)

    text = await scraped(metrics)

    assert "apuni_streams_open 3.0" in text
    assert 'apuni_streams_dropped_total{why="unread"} 1.0' in text
    assert 'apuni_streams_dropped_total{why="behind"} 0.0' in text


async def test_operations_are_counted_by_the_names_of_published_ones_only():
    metrics = Metrics(most_names=1)
    for name, trusted in (("MyApplications", True), ("Evil9999410570581234", False), ("OneTooMany", True)):
        metrics.observe_operation(OperationRecord(name, "query", 200, 0.02, (), trusted=trusted))

    text = await scraped(metrics)

    assert 'apuni_graphql_operations_total{name="MyApplications",operation="query",status="200"} 1.0' in text
    assert 'apuni_graphql_operations_total{name="other",operation="query",status="200"} 2.0' in text
    assert 'apuni_graphql_operation_seconds_count{name="MyApplications"} 1.0' in text
    assert "Evil" not in text
    assert "OneTooMany" not in text


async def test_errors_and_calls_are_counted():
    metrics = Metrics()
    metrics.observe_operation(OperationRecord(None, "none", 400, 0.001, ("BAD_INPUT", "BAD_INPUT")))
    metrics.observe_call(Source.DIGILOCKER, "issued_documents", "failed", 3.0)

    text = await scraped(metrics)

    assert 'apuni_graphql_errors_total{code="BAD_INPUT"} 2.0' in text
    assert 'apuni_source_calls_total{call="issued_documents",outcome="failed",source="DIGILOCKER"} 1.0' in text


async def test_the_outbox_shows_its_oldest_message_and_stays_where_the_store_is_away():
    metrics = Metrics()
    metrics.observe_outbox(OutboxCounts(pending=3, dead=1, oldest_seconds=42.0))

    text = await scraped(metrics)

    assert "apuni_outbox_oldest_seconds 42.0" in text
    assert 'apuni_outbox_messages{state="dead"} 1.0' in text


async def test_an_alarm_of_the_process_itself_is_exported_though_the_store_keeps_none():
    metrics = Metrics()
    metrics.watch_alarms(lambda: {AlarmCode.DISK_LOW})

    assert 'apuni_alarm{code="DISK_LOW"} 1.0' in await scraped(metrics)


async def test_alarms_are_exported_by_code_and_a_store_that_is_away_is_one():
    metrics = Metrics()
    metrics.observe_alarms({AlarmCode.BREAKER_OPEN: 2})

    text = await scraped(metrics)

    assert 'apuni_alarm{code="BREAKER_OPEN"} 2.0' in text
    assert 'apuni_alarm{code="DISK_LOW"} 0.0' in text
    assert 'apuni_alarm{code="STORE_UNAVAILABLE"} 1.0' in text


def worker(age: float, **jobs: JobRuns) -> ProcessFacts:
    return ProcessFacts("worker@one", {}, {}, 0, 10**12, None, None, sweep=1.0, jobs=jobs, age=age)


async def test_the_runs_of_the_workers_jobs_are_shown_by_outcome_while_the_worker_is_heard():
    metrics = Metrics()
    ended = worker(PRESENT_SECONDS + 1, seal_ledger=JobRuns({"done": 1000}, 0))
    twice = [worker(5, seal_ledger=JobRuns({"done": 7}, 0), settle_budgets=JobRuns({"failed": 2}, 2))] * 2
    for _ in range(2):
        metrics.observe_jobs([ended, *twice])

    text = await scraped(metrics)

    runs = sorted(line for line in text.splitlines() if line.startswith("apuni_worker_job_runs"))
    assert runs == [
        'apuni_worker_job_runs_total{job="seal_ledger",outcome="done",process="worker@one"} 14.0',
        'apuni_worker_job_runs_total{job="settle_budgets",outcome="failed",process="worker@one"} 4.0',
    ]


@pytest.mark.parametrize("operation", ["query", "mutation"])
async def test_times_are_kept_for_each_kind_of_operation(operation: str):
    metrics = Metrics()
    metrics.observe_operation(OperationRecord(None, operation, 200, 0.3, ()))

    assert f'apuni_graphql_seconds_bucket{{le="0.5",operation="{operation}"}} 1.0' in await scraped(metrics)
