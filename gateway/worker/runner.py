"""Runs a table of jobs, each at its own interval and with its own error handling, until stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from domain.platform.alarms import JobOutcome
from gateway.runtime.background import wait_for_event
from gateway.runtime.leadership import Leadership
from store.database import StoreUnavailable, WritesStopped

AFTER_FAILURE_SECONDS = 1.0
"""The least pause after a run that failed, so that a job that runs often does not fill the log."""

_OUTCOMES: Mapping[type[BaseException], JobOutcome] = {
    WritesStopped: JobOutcome.WRITES_STOPPED,
    StoreUnavailable: JobOutcome.STORE_UNAVAILABLE,
}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the worker. `every` is the seconds from the beginning of one run to that of the next.

    A run that takes longer is followed by the next at once. `close` is what is left to do when the worker stops.
    `lead` is what the worker must hold where one worker does the job.
    """

    name: str
    every: float
    run: Callable[[], Awaitable[object]]
    close: Callable[[], Awaitable[object]] | None = None
    lead: Leadership | None = None

    @property
    def leads(self) -> bool | None:
        """Whether this worker leads where one worker does it; None where each does."""
        return None if self.lead is None else self.lead.leads


class Runner:
    """Runs jobs concurrently, `at_once` at most. `ended` is called with the outcome of each run."""

    def __init__(
        self,
        jobs: Sequence[Job],
        stopping: asyncio.Event,
        ended: Callable[[str, JobOutcome], None],
        *,
        at_once: int | None = None,
    ) -> None:
        """Raises ValueError where two jobs have the same name: counts and alarms could not distinguish them."""
        if len({job.name for job in jobs}) < len(jobs):
            raise ValueError("the name of a job is there twice")
        self._jobs = jobs
        self._stopping = stopping
        self._ended = ended
        self._places = asyncio.Semaphore(at_once or len(jobs))

    async def run(self) -> None:
        """Work until stopped; what is under way is finished first."""
        async with asyncio.TaskGroup() as tasks:
            for job in self._jobs:
                tasks.create_task(self._repeat(job))

    async def _repeat(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            async with self._places:
                if self._stopping.is_set():
                    break
                begun = loop.time()
                outcome = await _run_safely(job.name, job.run)
            self._ended(job.name, outcome)
            done = outcome is JobOutcome.DONE
            pause = begun + job.every - loop.time() if done else max(job.every, AFTER_FAILURE_SECONDS)
            await wait_for_event(self._stopping, pause)
        if job.close is not None:
            await _run_safely(job.name, job.close)


async def _run_safely(job: str, work: Callable[[], Awaitable[object]]) -> JobOutcome:
    """Run it once and return the outcome. Only the cancellation of the worker itself goes through."""
    try:
        await work()
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        return _log_failure(job, error)
    except Exception as error:  # noqa: BLE001 - nothing of a job's failure may reach another job
        return _log_failure(job, error)
    return JobOutcome.DONE


def _log_failure(job: str, error: BaseException) -> JobOutcome:
    outcome = _OUTCOMES.get(type(error), JobOutcome.FAILED)
    if outcome is JobOutcome.FAILED:
        # of the error only its kind and place reach the log, never its text (gateway/runtime/logs.py)
        log.error("job_failed", job=job, exc_info=error)
    else:
        log.warning(outcome.value, job=job, kind=type(error).__name__)
    return outcome


def _is_being_cancelled() -> bool:
    """Whether the worker itself is to end, and not only what a job waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
