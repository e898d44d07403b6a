"""What citizens, officers and the state read: actions, and whole operations of the graph, as production asks them."""

import asyncio
import itertools
import statistics as maths
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from actions.catalogue.search import Wanted, find_services
from actions.etaal.counts import placed_counts, transaction_counts
from actions.feedback.tracking import track_application
from actions.kernel import Environment
from actions.officers.queue import queue_counts, queue_page
from actions.statistics.counts import Question
from actions.statistics.dashboard import dashboard_of
from actions.statistics.figures import statistics
from benchmarks.store.cases import NOW, Case, Population, citizen_id, mixed, mobile_of
from benchmarks.store.rows import number_of, officers_of
from domain.etaal.counting import DayCountCache
from domain.feedback.tracking import SecondFactor
from domain.kernel import Language, NumberKind, Officer, PersonKind, Role, Source, Subject, ist_date
from domain.officers.dashboards import Dimension
from domain.officers.desk import QueueFilter, QueueSort
from domain.statistics.figures import month_of, months_back
from gateway.graphql.documents import Documents
from gateway.settings.limits import Limits
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context
from schema.kernel.answers import execute_document
from store.statistics.overdue import overdue
from tests.support.operations import operation

SAMPLES, WARM, LONGEST = 300, 20, 20.0
"""Times that each is asked, before that unmeasured, and seconds after which asking ends."""

OFFICE = ("revenue-department", "49")
"""Whose queue is asked: the largest department in the district of the capital."""

PAGE = 10
FEW = 5
"""So many are overdue in a district of 10,000 applications already: a page is as long at every size."""
COMMISSION = Subject(frozenset({Role.COMMISSION}), PersonKind.OFFICER, "commission")


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of one read."""

    name: str
    median: float
    ninety_ninth: float
    cpu: float
    """Of this process, on average; PostgreSQL's is not in it."""
    samples: int


@dataclass(frozen=True)
class Asked:
    """Something that is asked again and again, of other people each time."""

    name: str
    ask: Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Asking:
    """Who asks of which store."""

    env: Environment
    graph: Any
    population: Population
    documents: Documents
    """Prepared once, as in the gateway."""

    @classmethod
    def of(cls, env: Environment, graph: Any, population: Population) -> "Asking":
        """Who asks a graph whose documents the edge prepares."""
        return cls(env, graph, population, Documents(graph, Limits()))

    @property
    def officer(self) -> Officer:
        """The officer of OFFICE."""
        for one in officers_of(self.population):
            if (one.postings[0].department, one.postings[0].district) == OFFICE:
                return one
        raise LookupError(OFFICE)

    def everything(self) -> Iterator[Asked]:
        """Every read."""
        env, officer, cases = self.env, self.officer, self._cases()
        desk = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
        yesterday = ist_date(NOW) - timedelta(days=1)

        def citizen() -> Subject:
            return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id(next(cases).citizen))

        async def first_page() -> Any:
            one = citizen()
            return await dashboard_of(env, one, one.person_id or "")

        async def queue() -> Any:
            return await queue_page(env, desk, officer, QueueFilter(), sort=QueueSort.DUE, place=None, limit=PAGE)

        async def tracked() -> Any:
            case = next(cases)
            factor = SecondFactor(mobile_last4=mobile_of(case.citizen)[-4:])
            number = number_of(NumberKind.APPLICATION, case)
            found = await track_application(env, number, factor, client=f"client-{case.number}")
            if found is None:
                raise LookupError(number)

        async def late(district: str | None, limit: int) -> Any:
            async with env.store.read_transaction() as tx:
                return await overdue(NOW, None, district).page(tx, limit=limit)

        async def counted(env: Environment) -> Any:
            return await placed_counts(env, await transaction_counts(env, COMMISSION, yesterday))

        yield Asked("citizen's first page, the action", first_page)
        yield Asked("citizen's first page, the operation", lambda: self.run("citizen_app/dashboard", citizen()))
        yield Asked("officer's queue by due date, the action", queue)
        yield Asked("officer's desk, the operation", lambda: self.run("officer_app/desk", desk, day=str(yesterday)))
        yield Asked("officer's queue, how many wait", lambda: queue_counts(env, desk, officer, QueueFilter()))
        yield Asked("tracking by number", tracked)
        yield Asked("statistics of a year by district", lambda: statistics(env, COMMISSION, a_year()))
        yield Asked("a day's e-Taal counts", lambda: counted(env))
        yield Asked(
            "a day's e-Taal counts, never read before",
            lambda: counted(replace(env, caches=replace(env.caches, days=DayCountCache()))),
        )
        yield Asked("overdue list", lambda: late(None, 20))
        yield Asked("overdue list of a district, the first five", lambda: late(OFFICE[1], FEW))
        yield Asked("catalogue search", lambda: find_services(env, Wanted(search="jati praman patra")))

    def _cases(self) -> Iterator[Case]:
        """Cases as if by chance, always in the same order."""
        for turn in itertools.count():
            yield self.population.case(mixed(turn, 9) % self.population.size)

    async def run(self, name: str, subject: Subject, **variables: Any) -> Any:
        """One operation of the apps, as the graph answers it; raises RuntimeError for an error in the answer."""
        monitor = SourceMonitor([Source.DIGILOCKER])
        context = Context("bench", subject, Language.HI, self.env, monitor, None)
        given, query = {"language": "HI", **variables}, operation(name)
        result = await execute_document(self.graph, self.documents.prepare(query).document, context, variables=given)
        if result.errors:
            raise RuntimeError(f"{name}: {result.errors[0]}")
        return result.data


def a_year() -> Question:
    """The last twelve months by district."""
    return Question(months_back(month_of(NOW.date()), 11), month_of(NOW.date()), group_by=(Dimension.DISTRICT,))


def all_months() -> Question:
    """Everything that was loaded, together."""
    return Question(date(2023, 9, 1), month_of(NOW.date()))


async def measure(asked: Asked) -> Measured:
    """Ask one after the other."""
    for _ in range(WARM):
        await asked.ask()
    spent: list[float] = []
    begun, cpu = time.perf_counter(), time.process_time()
    while len(spent) < SAMPLES and time.perf_counter() - begun < LONGEST:
        before = time.perf_counter()
        await asked.ask()
        spent.append((time.perf_counter() - before) * 1000)
        await asyncio.sleep(0)
    cuts = maths.quantiles(spent, n=100, method="inclusive")
    cpu = (time.process_time() - cpu) * 1000 / len(spent)
    return Measured(asked.name, maths.median(spent), cuts[98], cpu, len(spent))
