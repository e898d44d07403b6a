"""What operators are shown of each process, its breakers and its jobs, from what processes report of themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """The breakers of one system that were not closed: how many, and since how many seconds the first of them.

    `open_seconds` is when the first call goes through again; None where all are half open and try one call at a time.
    """

    groups: int
    seconds: float
    open_seconds: float | None


@dataclass(frozen=True, slots=True)
class JobReport:
    """How a job of a worker goes: seconds since it was last done, None before, and how late it is by its interval.

    `leads` is whether the worker leads, for a job that one worker does; None for one that each worker does.
    """

    done: float | None
    late: float
    leads: bool | None = None


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """The last report of a process: who it is, when it reported, and what it said of breakers and jobs."""

    process_id: str
    label: str
    at: datetime
    alive: bool
    release: str
    knows: str
    switches: int
    breakers: Mapping[str, BreakerReport] = field(default_factory=dict)
    jobs: Mapping[str, JobReport] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    """By job, how many failures in a row count since it was last done."""

    @property
    def name(self) -> str:
        """Its kind and machine with the end of its key: two of one machine are told apart."""
        return f"{self.label} {self.process_id[-6:]}"

    def ago(self, seconds: float) -> datetime:
        """The instant so many seconds before the report, to the second: the same whoever reads it."""
        return (self.at - timedelta(seconds=seconds)).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as all living workers report it."""

    name: str
    done_at: datetime | None
    late_seconds: int
    led_by: tuple[str, ...]
    failures: int


def job_states(reports: Iterable[ProcessReport]) -> list[JobState]:
    """The jobs of the living workers by name. Of a job that one worker leads its leader counts, else the best."""
    found: dict[str, list[tuple[ProcessReport, JobReport]]] = {}
    for report in reports:
        for name, job in report.jobs.items() if report.alive else ():
            found.setdefault(name, []).append((report, job))
    return [_state(name, found[name]) for name in sorted(found)]


def _state(name: str, told: list[tuple[ProcessReport, JobReport]]) -> JobState:
    led = [(report, job) for report, job in told if job.leads]
    counted = led or told
    done = [report.ago(job.done) for report, job in counted if job.done is not None]
    return JobState(
        name,
        max(done, default=None),
        round(min(job.late for _, job in counted)),
        tuple(sorted(report.name for report, _ in led)),
        max(report.failures.get(name, 0) for report, _ in told),
    )
