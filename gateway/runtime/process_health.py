"""Health of a process: breakers, integrity failures, sign-ins, clock, disk, store, jobs."""

import shutil
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from domain.kernel import Clock, Source
from domain.platform.alarms import COUNTED_SECONDS, RULES, AlarmCode, Event, JobOutcome, JobRuns, ProcessFacts
from domain.platform.process_reports import BreakerReport, JobReport
from domain.platform.source_reports import LastHeard
from integrations.calling.breakers import LONGEST_OPEN_SECONDS, Breakers, BreakerState
from integrations.calling.monitor import CallObserver
from store.database.revisions import HEAD

SIGN_IN_SECONDS = 300.0
READY_SECONDS = 10.0
"""For so long a process without an answer of its store still counts as ready."""

LEAST_AWAY = RULES[AlarmCode.STORE_UNAVAILABLE].threshold
LEAST_STEP = RULES[AlarmCode.CLOCK_STEPPED].threshold


class WatchedJob(Protocol):
    """A job whose reports say how late it is (gateway/worker/runner.py)."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def every(self) -> float:
        """Seconds from the beginning of one run to that of the next."""

    @property
    def leads(self) -> bool | None:
        """Whether this worker leads where one worker does it; None where each does."""


@dataclass
class _Job:
    """The runs of one job. `failed_at` is when a failure last counted, on the monotonic clock, `done_at` a success."""

    runs: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    failed_at: float | None = None
    done_at: float | None = None


class ProcessHealth:
    """Counts and times of one process. `label` is its kind and machine; nothing here is about a person."""

    def __init__(self, label: str, clock: Clock, home: Path, *, counts_alone: bool = False) -> None:
        """`counts_alone` for a gateway that shares its counters of rates with no other process."""
        self.label = label
        self._clock = clock
        self._home = home
        self._not_closed: dict[tuple[Source, str], tuple[float, float]] = {}
        self._integrity: dict[Source, tuple[int, float]] = {}
        self._not_let_in: dict[Source, tuple[int, float]] = {}
        self._heard_at: dict[tuple[str, str], float] = {}
        self._sign_in_failures: deque[float] = deque(maxlen=10_000)
        self._last_reading: tuple[float, float] | None = None
        self._step: tuple[float, float] | None = None
        self._swept: float | None = None
        self._away_since: float | None = None
        self._away: tuple[float, float] | None = None
        self._read_at = self._started = clock.monotonic()
        self._counts_alone = counts_alone
        self._disk_refusals: tuple[int, float] | None = None
        self._jobs: dict[str, _Job] = {}
        self._release = version("apuni-sarkar-gateway")
        self._watched: tuple[WatchedJob, ...] = ()
        self._watched_since = self._started
        self._breakers: Breakers | None = None

    def watch_breakers(self, breakers: Breakers) -> None:
        """Report when each system is tried again too."""
        self._breakers = breakers

    def watch_jobs(self, jobs: Iterable[WatchedJob]) -> None:
        """Report of these jobs, which begin now, also before they ended once."""
        self._watched, self._watched_since = tuple(jobs), self._clock.monotonic()

    def call_observer(self, other: CallObserver | None) -> CallObserver:
        """The observer of every remote call: counts what needs attention, and calls the other observer too."""

        def observe(source: Source, policy: str, outcome: str, seconds: float) -> None:
            if outcome == "integrity":
                self.integrity_failed(source)
            elif outcome == "not_let_in":
                self.not_let_in(source)
            elif outcome in ("answered", "failed"):
                self._heard_at[_name_of(source, policy), outcome] = self._clock.monotonic()
            if other is not None:
                other(source, policy, outcome, seconds)

        return observe

    def breaker_changed(self, source: Source, group: str, state: BreakerState) -> None:
        """A breaker opened, half opened or closed."""
        if state is BreakerState.CLOSED:
            self._not_closed.pop((source, group), None)
        else:
            now = self._clock.monotonic()
            since, _ = self._not_closed.get((source, group), (now, now))
            self._not_closed[source, group] = since, now

    def integrity_failed(self, source: Source) -> None:
        """An answer's signature, HMAC or owner was wrong."""
        self._count(self._integrity, source)

    def not_let_in(self, source: Source) -> None:
        """The system said that our own key, subscription or configuration is wrong."""
        self._count(self._not_let_in, source)

    def _count(self, counted: dict[Source, tuple[int, float]], source: Source) -> None:
        counted[source] = (counted.get(source, (0, 0.0))[0] + 1, self._clock.monotonic())

    def sign_in_failed(self) -> None:
        """A sign-in ended in an error."""
        self._sign_in_failures.append(self._clock.monotonic())

    def store_answered(self) -> None:
        """The store took a write."""
        if self._away_since is not None and (seconds := self._clock.monotonic() - self._away_since) >= LEAST_AWAY:
            self._away = (seconds, self._clock.monotonic())
        self._away_since = None

    def store_failed(self) -> None:
        """The store did not take a write."""
        if self._away_since is None:
            self._away_since = self._clock.monotonic()

    def store_read(self) -> None:
        """The store answered a read."""
        self._read_at = self._clock.monotonic()

    @property
    def store_answers(self) -> bool:
        """Whether the store answered a read within the last READY_SECONDS, or the process is that young."""
        return self._clock.monotonic() - self._read_at < READY_SECONDS

    def disk_refused(self) -> None:
        """The disk of the store refused a write."""
        count = self._disk_refusals[0] if self._disk_refusals else 0
        self._disk_refusals = (count + 1, self._clock.monotonic())

    def note_sweep(self) -> None:
        """A round of the legal clock came to its end, or its worker starts."""
        self._swept = self._clock.monotonic()

    def job_ended(self, name: str, outcome: JobOutcome) -> None:
        """A run of a worker's job came to its end."""
        job = self._jobs.setdefault(name, _Job())
        job.runs[outcome.value] += 1
        now = self._clock.monotonic()
        if outcome is JobOutcome.DONE:
            job.failures, job.failed_at, job.done_at = 0, None, now
        elif outcome is JobOutcome.WRITES_STOPPED:
            return
        elif job.failed_at is None or now - job.failed_at >= COUNTED_SECONDS:
            job.failures, job.failed_at = job.failures + 1, now

    @property
    def store_is_away(self) -> bool:
        """Whether the store has taken no write for so long that it is an alarm."""
        return self._away_since is not None and self._clock.monotonic() - self._away_since >= LEAST_AWAY

    def own_alarms(self) -> dict[AlarmCode, float]:
        """The alarms of the store that this process knows to hold, also while none can be kept there, with values."""
        now, holding = self._clock.monotonic(), {}
        if self._away_since is not None and self.store_is_away:
            holding[AlarmCode.STORE_UNAVAILABLE] = now - self._away_since
        if self._disk_refusals and now - self._disk_refusals[1] <= RULES[AlarmCode.DISK_LOW].remembered:
            holding[AlarmCode.DISK_LOW] = 0.0  # bytes, as nothing more was taken
        return holding

    def read_clock(self) -> None:
        """Compare the wall clock with the monotonic clock; called at every heartbeat."""
        wall, steady = self._clock.now().timestamp(), self._clock.monotonic()
        if self._last_reading is not None:
            jump = abs((wall - self._last_reading[0]) - (steady - self._last_reading[1]))
            if jump >= LEAST_STEP:
                self._step = (jump, steady)
        self._last_reading = (wall, steady)

    def facts(self) -> ProcessFacts:
        """The current health report of this process."""
        now = self._clock.monotonic()
        not_closed: dict[str, float] = {}
        for (source, _), (since, changed) in self._not_closed.items():
            if not self._answers_again(source, changed):
                not_closed[source.value] = max(not_closed.get(source.value, 0.0), now - since)
        return ProcessFacts(
            process=self.label,
            not_closed=not_closed,
            integrity=_events(self._integrity, now),
            sign_in_failures=sum(now - at <= SIGN_IN_SECONDS for at in self._sign_in_failures),
            free_bytes=shutil.disk_usage(self._home).free,
            store_away=self._event(self._away),
            clock_step=self._event(self._step),
            disk_refusals=self._event(self._disk_refusals),
            counts_alone=now - self._started if self._counts_alone else None,
            sweep=None if self._swept is None else now - self._swept,
            not_let_in=_events(self._not_let_in, now),
            knows=HEAD,
            last_heard={name: self._last_heard(name, now) for name, _ in self._heard_at},
            jobs={name: JobRuns(dict(job.runs), job.failures) for name, job in self._jobs.items()},
            release=self._release,
            breakers={source: self._breaker_report(Source(source), now) for source in not_closed},
            job_reports={one.name: self._job_report(one, now) for one in self._watched},
        )

    def _answers_again(self, source: Source, changed: float) -> bool:
        """Whether a breaker is left that nobody asked after its open time, while the system only answered since.

        Calls of its group may be rare, such as one for a session each day: until then it would stand for an outage.
        """
        answered, failed = (self._heard_at.get((source.value, outcome)) for outcome in ("answered", "failed"))
        over = self._clock.monotonic() - changed >= LONGEST_OPEN_SECONDS
        return over and answered is not None and answered > max(changed, failed or 0.0)

    def _breaker_report(self, source: Source, now: float) -> BreakerReport:
        groups = {group: since for (name, group), (since, _) in self._not_closed.items() if name is source}
        waits = [self._breakers.open_seconds(source, group) for group in groups] if self._breakers else []
        return BreakerReport(len(groups), now - min(groups.values()), min(filter(None, waits), default=None))

    def _job_report(self, job: WatchedJob, now: float) -> JobReport:
        done_at = self._jobs[job.name].done_at if job.name in self._jobs else None
        late = now - (self._watched_since if done_at is None else done_at) - job.every
        return JobReport(None if done_at is None else now - done_at, max(late, 0.0), job.leads)

    def _last_heard(self, name: str, now: float) -> LastHeard:
        answered, failed = (self._heard_at.get((name, outcome)) for outcome in ("answered", "failed"))
        return LastHeard(None if answered is None else now - answered, None if failed is None else now - failed)

    def _event(self, happened: tuple[float, float] | None) -> Event | None:
        return None if happened is None else Event(happened[0], self._clock.monotonic() - happened[1])


def _name_of(source: Source, policy: str) -> str:
    """The name of a source in a report, and of one of its systems that joined by a file, as policies name it."""
    group, _, rest = policy.partition(".")
    return f"{source.value}/{rest.partition('.')[0]}" if group == "connector" else source.value


def _events(counted: dict[Source, tuple[int, float]], now: float) -> dict[str, Event]:
    return {source.value: Event(count, now - at) for source, (count, at) in counted.items()}
