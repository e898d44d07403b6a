"""One line of the table."""

from dataclasses import dataclass

from benchmarks.gateway.loading import Outcome


@dataclass(frozen=True)
class Measured:
    """What a row cost one server. `cpu` is milliseconds of all its processes for a good answer, `counts` are of one.

    `database` is milliseconds of PostgreSQL's processes for a good answer, 0 where they were not looked at.
    """

    server: str
    row: str
    store: str
    processes: int
    connections: int
    cpu: float
    rate: float
    p50: float
    p99: float
    rss: float
    refused: int
    wrong: int
    counts: dict[str, float]
    database: float = 0.0

    @classmethod
    def line_of_load(  # noqa: PLR0913, PLR0917 - the columns of a table
        cls,
        server: str,
        row: str,
        store: str,
        processes: int,
        connections: int,
        cpu_seconds: float,
        outcome: Outcome,
        rss: float,
        counts: dict[str, float],
    ) -> "Measured":
        """The line of a load."""
        good = max(outcome.good, 1)
        rate = outcome.good / outcome.seconds
        times = (outcome.p50, outcome.p99, rss, outcome.refused, outcome.wrong + outcome.broken, counts)
        return cls(server, row, store, processes, connections, cpu_seconds * 1000 / good, rate, *times)

    @property
    def per_cpu_second(self) -> float:
        """Good answers for a second of a processor."""
        return 1000 / self.cpu if self.cpu else 0.0

    def line(self) -> str:
        """For whoever waits."""
        counts = ", ".join(f"{value:g} {name}" for name, value in self.counts.items())
        return (
            f"{self.server} {self.row:12} {self.store:10} {self.processes} x {self.connections:2} connections: "
            f"{self.cpu:7.3f} ms CPU ({self.per_cpu_second:6.0f}/CPU-s) + {self.database:.3f} of PostgreSQL, "
            f"{self.rate:6.0f}/s, p50 {self.p50:6.1f}, "
            f"p99 {self.p99:6.1f} ms, {self.rss:4.0f} MiB, {self.refused} refused, {self.wrong} wrong; {counts}"
        )
