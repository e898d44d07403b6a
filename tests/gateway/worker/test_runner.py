"""The guard of each of the worker's jobs: one that fails is counted, raises an alarm, and is run again."""

import asyncio
import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import structlog

from actions.kernel import Environment
from actions.platform.alarms import tell
from domain.platform.alarms import COUNTED_SECONDS, RULES, AlarmCode, AlarmState, JobOutcome, JobRuns
from gateway.runtime.alarms import AlarmWatch
from gateway.runtime.logs import configure_logging
from gateway.runtime.process_health import ProcessHealth
from gateway.worker import runner
from gateway.worker.runner import Job, Runner
from store.database import StoreUnavailable, WritesStopped
from tests.support.sign_in import environment

PRIVATE = "Asha Negi 9800000001"
SOON = 0.001
NEVER = 3600.0


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


@pytest.fixture
def vitals(store_clock, tmp_path) -> ProcessHealth:
    return ProcessHealth("worker@one", store_clock, tmp_path)


@pytest.fixture(autouse=True)
def soon(monkeypatch) -> None:
    monkeypatch.setattr(runner, "AFTER_FAILURE_SECONDS", SOON)


@pytest.fixture
def log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines of the real log."""
    root, text = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    configure_logging(text, for_good=False)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


class Work:
    """A job that ends as told, one ending for each run and the last for ever; `enough` is set after so many runs."""

    def __init__(self, *endings: BaseException | None, enough: int = 3) -> None:
        self._endings = list(endings) or [None]
        self._left = enough
        self.runs = 0
        self.enough = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs >= self._left:
            self.enough.set()
        ending = self._endings.pop(0) if len(self._endings) > 1 else self._endings[0]
        if ending is not None:
            raise ending


class Held:
    """A job that is at it until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.done = 0

    async def __call__(self) -> None:
        self.begun.set()
        await self.let_go.wait()
        self.done += 1


async def until(jobs: Sequence[Job], vitals: ProcessHealth, *events: asyncio.Event) -> None:
    """Run the jobs until everything was seen, then stop them."""
    stopping = asyncio.Event()
    running = asyncio.create_task(Runner(jobs, stopping, vitals.job_ended).run())
    await asyncio.wait_for(asyncio.gather(*(each.wait() for each in events)), 10)
    stopping.set()
    await asyncio.wait_for(running, 10)


async def test_a_job_that_raises_leaves_all_others_running_and_is_run_again(vitals):
    bad, good = Work(ValueError(PRIVATE)), Work()

    await until([Job("bad", SOON, bad), Job("good", SOON, good)], vitals, bad.enough, good.enough)

    assert bad.runs >= 3
    assert good.runs >= 3


async def test_every_run_is_counted_by_job_and_outcome(vitals):
    work = Work(ValueError(), StoreUnavailable(), WritesStopped(), None, enough=4)

    await until([Job("one", NEVER, Work()), Job("two", SOON, work)], vitals, work.enough)

    jobs = vitals.facts().jobs
    assert jobs["one"] == JobRuns({"done": 1}, 0)
    assert jobs["two"].failures == 0
    counted = Counter(jobs["two"].runs)
    assert counted.pop("done") >= 1
    assert counted == {"failed": 1, "store_unavailable": 1, "writes_stopped": 1}


async def test_the_log_has_the_job_and_the_kind_and_place_of_the_error_and_nothing_of_its_text(vitals, log):
    bad = Work(ValueError(PRIVATE))

    await until([Job("bad", SOON, bad)], vitals, bad.enough)

    failed = [line for line in log() if line["event"] == "job_failed"]
    assert {(line["job"], line["exception"], line["level"]) for line in failed} == {("bad", "ValueError", "error")}
    assert all("test_runner.py" in line["where"][-1] for line in failed)
    assert PRIVATE.split(maxsplit=1)[0] not in json.dumps(log())


async def test_a_store_that_is_away_is_told_as_such(vitals, log):
    work = Work(StoreUnavailable("the database does not answer"), None, enough=2)

    await until([Job("one", SOON, work)], vitals, work.enough)

    [line] = [line for line in log() if line["event"] == "store_unavailable"]
    assert (line["job"], line["kind"]) == ("one", "StoreUnavailable")


async def test_repeated_failure_raises_an_alarm_about_the_job_and_success_clears_it(env, vitals, store_clock):
    watch, changes = AlarmWatch(env, notify=False), []
    for outcome in [JobOutcome.FAILED] * 4 + [JobOutcome.DONE]:
        vitals.job_ended("release_instalments", outcome)
        vitals.job_ended("seal_ledger", JobOutcome.DONE)
        await tell(env, "w1", vitals.facts())  # as at each beat of the worker
        changes.append([(one.code, one.about, one.state) for one in await watch.look()])
        store_clock.advance(timedelta(seconds=COUNTED_SECONDS))

    raised = (AlarmCode.JOB_FAILING, "release_instalments", AlarmState.RAISED)
    cleared = (AlarmCode.JOB_FAILING, "release_instalments", AlarmState.CLEARED)
    assert changes == [[], [], [raised], [], [cleared]]


async def test_a_job_that_runs_often_is_no_alarm_for_failing_a_moment(vitals):
    for _ in range(50):
        vitals.job_ended("deliver_outbox", JobOutcome.FAILED)

    failing = vitals.facts().jobs["deliver_outbox"]
    assert failing.runs == {"failed": 50}
    assert failing.failures == 1 < RULES[AlarmCode.JOB_FAILING].threshold


async def test_what_the_stop_of_writes_holds_back_neither_fails_nor_mends_the_job(vitals, store_clock):
    seen = []
    for outcome in (JobOutcome.WRITES_STOPPED, JobOutcome.FAILED, JobOutcome.WRITES_STOPPED):
        vitals.job_ended("close_counts", outcome)
        store_clock.advance(timedelta(minutes=1))
        seen.append(vitals.facts().jobs["close_counts"].failures)

    assert seen == [0, 1, 1]


async def test_a_stop_finishes_what_runs_and_begins_nothing_more(vitals):
    held, waiting, stopping = Held(), Work(), asyncio.Event()
    jobs = [Job("held", SOON, held), Job("waiting", SOON, waiting)]
    running = asyncio.create_task(Runner(jobs, stopping, vitals.job_ended, at_once=1).run())
    await held.begun.wait()

    stopping.set()
    await asyncio.sleep(0)
    assert not running.done()
    held.let_go.set()
    await asyncio.wait_for(running, 10)

    assert (held.done, waiting.runs) == (1, 0)


@pytest.mark.parametrize("ending", [None, ValueError(PRIVATE), StoreUnavailable()])
async def test_at_the_end_each_job_is_closed_whatever_becomes_of_the_others(vitals, ending):
    bad, good, closed = Work(), Work(), Work(enough=1)
    jobs = [Job("bad", SOON, bad, Work(ending)), Job("good", SOON, good, closed)]

    await until(jobs, vitals, bad.enough, good.enough)

    assert closed.runs == 1


async def test_cancellation_ends_the_worker_and_the_job_that_runs(vitals):
    held = Held()
    running = asyncio.create_task(Runner([Job("held", SOON, held)], asyncio.Event(), vitals.job_ended).run())
    await held.begun.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)

    assert held.done == 0
    assert vitals.facts().jobs == {}


async def test_a_cancellation_of_the_jobs_own_ends_nothing(vitals):
    work = Work(asyncio.CancelledError(), None)

    await until([Job("one", SOON, work)], vitals, work.enough)

    assert vitals.facts().jobs["one"].runs["failed"] == 1


async def test_no_more_jobs_than_may_be_are_at_work_at_once(vitals):
    at_work, most, ran = 0, 0, asyncio.Semaphore(0)

    async def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        ran.release()

    stopping, jobs = asyncio.Event(), [Job(f"job-{number}", NEVER, work) for number in range(9)]
    running = asyncio.create_task(Runner(jobs, stopping, vitals.job_ended, at_once=2).run())
    for _ in jobs:
        await asyncio.wait_for(ran.acquire(), 10)
    stopping.set()
    await asyncio.wait_for(running, 10)

    assert most == 2


def test_two_jobs_of_one_name_are_refused(vitals):
    with pytest.raises(ValueError, match="twice"):
        Runner([Job("one", SOON, Work()), Job("one", SOON, Work())], asyncio.Event(), vitals.job_ended)
