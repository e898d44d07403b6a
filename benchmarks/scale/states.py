"""The arithmetic of docs/scale.md: from people to requests, rows, messages and machines."""

from dataclasses import dataclass
from math import ceil

from benchmarks.scale.cell import Cell
from benchmarks.scale.costs import OPERATIONS, OWN

APPLICATIONS_A_YEAR = 6_200_000 / 12_000_000
"""Of one person. The portal's 6.2 million are those of several years, so this is two or three times what is known."""

DAYS, BUSIEST_HOUR = 300, 0.12
"""Working days of a year, and the part of a day's requests that come in its busiest hour (assumptions)."""

HOURS = (
    0.006, 0.004, 0.003, 0.003, 0.004, 0.008, 0.015, 0.03, 0.045, 0.07, 0.11, 0.12, 0.105, 0.065, 0.07, 0.08, 0.075,
    0.055, 0.04, 0.03, 0.025, 0.017, 0.012, 0.008,
)  # fmt: skip
"""The part of a day's requests by the hour in India from midnight, as offices and centres are open (an assumption)."""

MILLIONS_2011 = (
    199.81, 112.37, 104.10, 91.28, 72.63, 72.15, 68.55, 61.10, 60.44, 49.39, 41.97, 35.19, 33.41, 32.99, 31.21, 27.74,
    25.55, 25.35, 16.79, 12.27, 10.09, 6.86, 3.67, 2.97, 2.86, 1.98, 1.46, 1.38, 1.25, 1.10, 1.06, 0.61, 0.59, 0.38,
    0.27, 0.06,
)  # fmt: skip
"""People of the 28 states and 8 union territories, Census of India 2011, Andhra Pradesh and Telangana, and Jammu and
Kashmir and Ladakh, divided as today."""

INDIA = 1_400_000_000
RESULTS_SHARE, RESULTS_READS, RESULTS_BURST = 0.02, 3, 3.0
"""Of all people on the day of results: who asks within one hour, how often, and how much more in its first minutes."""

PENSIONS = 1 / 12
"""Payments of a pension day for each person: a million in a state of twelve million."""

FULL = 0.5
"""How busy processes may be in the first minutes of results, so that a third of the machines may be lost."""

PROCESSES_A_MACHINE, CORES_A_MACHINE = 6, 16
BYTES_OF_CASE, BYTES_OF_AUDIT = 7_042, 14_737 - 7_042
"""Bytes of an application in PostgreSQL without audit lines, and what those add (benchmarks/store/README.md)."""


@dataclass(frozen=True)
class Demand:
    """What so many people ask of a cell. Rates are for a second."""

    people: int

    @property
    def applications_a_year(self) -> float:
        """All that are handed in."""
        return self.people * APPLICATIONS_A_YEAR

    @property
    def applications(self) -> float:
        """In the busiest hour of a working day."""
        return self.applications_a_year / DAYS * BUSIEST_HOUR / 3600

    @property
    def operations(self) -> float:
        """Operations of the graph in the busiest hour."""
        return self.applications * sum(one.each_application for one in OPERATIONS)

    @property
    def results(self) -> float:
        """Reads in the first minutes after results of an examination."""
        return self.people * RESULTS_SHARE * RESULTS_READS / 3600 * RESULTS_BURST

    @property
    def payments(self) -> float:
        """Payments, and as many messages, of a pension day."""
        return self.people * PENSIONS

    @property
    def bytes_a_year(self) -> float:
        """Of PostgreSQL's primary, with indexes and audit lines; papers lie in the object store."""
        return self.applications_a_year * (BYTES_OF_CASE + BYTES_OF_AUDIT)


def cell_of(people: int) -> Cell:
    """The machines that a cell needs: three at least, and a database beside them."""
    demand = Demand(people)
    machines = max(3, ceil(demand.results * OWN.process / 1000 / FULL / PROCESSES_A_MACHINE))
    database = max(4, ceil(demand.results * OWN.database / 1000 / FULL / 4) * 4)
    return Cell(f"{people / 1e6:,.1f}", people, machines, machines * PROCESSES_A_MACHINE, database)


def cells_of_india() -> list[Cell]:
    """A cell for each state, as many people in all as INDIA."""
    times = INDIA / sum(MILLIONS_2011)
    return [cell_of(round(many * times)) for many in MILLIONS_2011]
