"""What the processes last heard of each outside system, from their reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LastHeard:
    """Seconds since a system last gave a usable answer, and since it last gave none; None where it never did."""

    success: float | None = None
    failure: float | None = None

    def older_by(self, seconds: float) -> "LastHeard":
        """The same as it is so many seconds later."""
        return LastHeard(*(None if since is None else since + seconds for since in (self.success, self.failure)))

    def with_later(self, other: "LastHeard") -> "LastHeard":
        """Of each of the two the later one."""
        pairs = (self.success, other.success), (self.failure, other.failure)
        return LastHeard(*(min((since for since in pair if since is not None), default=None) for pair in pairs))


class SourceReport(Protocol):
    """The part of a process's report that is about outside systems (domain/platform/alarms.py, ProcessFacts)."""

    @property
    def last_heard(self) -> Mapping[str, LastHeard]:
        """By system, as it was when the process reported."""

    @property
    def age(self) -> float:
        """Seconds since the report."""


def last_heard(reports: Iterable[SourceReport]) -> dict[str, LastHeard]:
    """The latest that any process heard of each system, also one that has ended since."""
    latest: dict[str, LastHeard] = {}
    for report in reports:
        for source, heard in report.last_heard.items():
            latest[source] = latest.get(source, LastHeard()).with_later(heard.older_by(report.age))
    return latest
