"""What published operations ask for, counted: statements, writes, transactions and calls to outside systems.

The gateway runs in this process over a copy of the demo's store as it was at first, beside the demo's sandboxes. SQLite
itself tells of each statement, and the context of the request tells whose it is, so that what the process does besides
is not counted.
"""

import contextvars
import csv
import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import aiosqlite
import httpx
from sqlalchemy import Pool, event, select

from actions.kernel import Environment
from domain.kernel import PersonKind, Role, Subject
from gateway.app import create_app
from gateway.settings.settings import Settings
from store.applications import application_rows
from store.identity import people
from store.identity.identities import locker_grants_table
from tests.support.crashing import GRANT_SERVICE, filled_in
from tests.support.gateway_process import a_token
from tests.support.operations import operation
from tests.support.running import Running

FILE = Path(__file__).parents[1] / "budgets" / "operations.csv"
OFFICER = "officer-dehradun-sadar@officer.example"
TURNS = 5
"""How often each is asked when it is warm; the least counts, since what is kept may have become old meanwhile."""

SLACK = 3
"""By so many a number may be over its budget: what lies on an officer's desk differs from one start of the demo to
another, and by a statement or two what is looked up for it."""

CITIZENS = """
accounts appeals applications assistances benefits catalogue certificates choices consents dashboard data_accesses
department_documents devices documents fee_payments grievances hearings home labels notifications notified_services
ration_card record_claims schemes service_levels settings sources suggestions sync
"""
OFFICERS = """
appeals care clearances dashboards delay_reasons desk devices hearings leaves own_suggestions queue record_claims
rosters statistics sync
"""


@dataclass(frozen=True, slots=True, order=True)
class Counts:
    """What one operation asked for."""

    statements: int = 0
    writes: int = 0
    transactions: int = 0
    calls: int = 0

    def text(self) -> str:
        """The numbers with their names."""
        return ", ".join(f"{many} {name}" for name, many in asdict(self).items())


@dataclass(frozen=True, slots=True)
class Named:
    """One operation of the list. `variables` gives those of each turn from 0, of which the first is not counted."""

    name: str
    who: PersonKind | None
    """Who asks; None is another citizen at each turn, who has not done it before."""

    variables: Callable[["Gateway", int], Mapping[str, Any]] = lambda _gateway, _turn: {}


def named_operations() -> Iterator[Named]:
    """The list, fifty of operations/: most screens that citizens and officers open, and what is written most."""
    for name in CITIZENS.split():
        yield Named(f"citizen_app/{name}", PersonKind.CITIZEN)
    for name in OFFICERS.split():
        yield Named(f"officer_app/{name}", PersonKind.OFFICER)
    yield Named("citizen_app/application_detail", PersonKind.CITIZEN, lambda asked, _: {"by": {"number": asked.own}})
    yield Named("citizen_app/service_page", PersonKind.CITIZEN, lambda *_: {"by": {"code": "ES09"}})
    yield Named("citizen_app/service_form", PersonKind.CITIZEN, lambda *_: {"code": "ES09"})
    yield Named("officer_app/case", PersonKind.OFFICER, lambda asked, _: {"by": {"number": asked.waiting}})
    draft = {"serviceCode": "ES09", "district": "49", "tehsil": "304"}
    yield Named("citizen_app/save_draft", None, lambda _, turn: {"input": {**draft, "idempotencyKey": f"draft-{turn}"}})
    yield Named(
        "citizen_app/submit_application", None, lambda _, turn: {"input": filled_in(GRANT_SERVICE, f"submit-{turn}")}
    )


@dataclass
class Gateway:
    """The gateway of this process. `own` is the number of a citizen's application, `waiting` that of a case."""

    client: httpx.AsyncClient
    tokens: Mapping[PersonKind | int, str]
    """By kind of person, and of further citizens by turn."""

    own: str = ""
    waiting: str = ""

    async def ask(self, document: str, who: PersonKind | int, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer; raises AssertionError where there is an error in it."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        given = await self.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        answer: dict[str, Any] = given.json()
        assert "errors" not in answer, answer["errors"]
        refused = [each["userErrors"] for each in answer["data"].values() if "userErrors" in (each or ())]
        assert not any(refused), refused
        return answer

    async def counted(self, named: Named) -> Counts:
        """What the operation asks for once it is warm."""
        document = operation(named.name)
        await self.ask(document, named.who or 0, named.variables(self, 0))
        turns = [await self._counted_once(document, named, turn) for turn in range(1, TURNS + 1)]
        return min(turns)

    async def _counted_once(self, document: str, named: Named, turn: int) -> Counts:
        texts: list[str] = []
        token = _HEARD.set(texts)
        try:
            answer = await self.ask(document, named.who or turn, named.variables(self, turn))
        finally:
            _HEARD.reset(token)
        words = [text.lstrip().partition(" ")[0].upper() for text in texts]
        writes = sum(word in ("INSERT", "UPDATE", "DELETE", "REPLACE") for word in words)
        reads = sum(word in ("SELECT", "WITH") for word in words)
        calls = sum(each["calls"] for each in answer["extensions"]["cost"].get("upstream", ()))
        return Counts(reads + writes, writes, words.count("BEGIN"), calls)


_HEARD: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("heard", default=None)


def _hear(text: str) -> None:
    heard = _HEARD.get()
    if heard is not None:
        heard.append(text)


@contextmanager
def hearing_of_statements() -> Iterator[None]:
    """While this lasts, connections to SQLite that are made tell of their statements, in the context that sent them."""
    connections: Any = aiosqlite.Connection
    inside = connections._execute

    def with_context(self: Any, work: Any, *arguments: Any, **options: Any) -> Any:
        return inside(self, functools.partial(contextvars.copy_context().run, work), *arguments, **options)

    def listen(connection: Any, _record: Any) -> None:
        if hasattr(connection, "run_async"):
            connection.run_async(lambda driver: driver.set_trace_callback(_hear))

    events: Any = event
    events.listen(Pool, "connect", listen)
    connections._execute = with_context
    try:
        yield
    finally:
        connections._execute = inside
        events.remove(Pool, "connect", listen)


@asynccontextmanager
async def gateway_over(demo: Running) -> AsyncIterator[Gateway]:
    """A gateway in this process over the demo's store as it was at first."""
    settings = Settings.model_validate(
        {"home": demo.at_first, "port": int(demo.url.rpartition(":")[2]), "clock": "sandbox", "log_level": "warning"}
    )
    with hearing_of_statements():
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            tokens = await _tokens(app.state.environment)
            line = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=line, base_url=demo.url, timeout=60) as client:
                gateway = Gateway(client, tokens)
                own = "{ viewer { ... on Citizen { applications(first: 1) { nodes { number } } } } }"
                waiting = "{ viewer { ... on Officer { queue(first: 1) { nodes { number } } } } }"
                gateway.own = await _number(gateway, own, PersonKind.CITIZEN, "applications")
                gateway.waiting = await _number(gateway, waiting, PersonKind.OFFICER, "queue")
                yield gateway


async def _number(gateway: Gateway, query: str, who: PersonKind, field: str) -> str:
    answer = await gateway.ask(query, who, {})
    return str(answer["data"]["viewer"][field]["nodes"][0]["number"])


async def _tokens(env: Environment) -> dict[PersonKind | int, str]:
    """Of the citizen who signed in when the demo began, whose locker is linked, of an officer, and of applicants."""
    applications = application_rows.applications_table.c
    applied = select(applications.citizen_id).where(applications.service_code.in_(["ES09", GRANT_SERVICE]))
    others = select(people.citizens_table.c.citizen_id).where(people.citizens_table.c.citizen_id.not_in(applied))
    async with env.store.read_transaction() as tx:
        citizen = (await tx.connection.execute(select(locker_grants_table.c.citizen_id))).scalars().first()
        officer = await people.officer_by_email(tx, OFFICER)
        applicants = list((await tx.connection.execute(others.limit(TURNS + 1))).scalars())
    assert citizen is not None
    assert officer is not None
    desk = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
    persons: dict[PersonKind | int, Subject] = {PersonKind.CITIZEN: _citizen(citizen), PersonKind.OFFICER: desk}
    persons |= {turn: _citizen(one) for turn, one in enumerate(applicants)}
    return {who: await a_token(env, person) for who, person in persons.items()}


def _citizen(person_id: str) -> Subject:
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, person_id)


def read_budgets() -> dict[str, Counts]:
    """What each operation may ask for, as committed."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["operation"]: Counts(**{one.name: int(row[one.name]) for one in fields(Counts)}) for row in rows}


def write_budgets(counts: Mapping[str, Counts]) -> None:
    """Keep what was counted as the budget."""
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["operation", *(one.name for one in fields(Counts))])
        writer.writerows([name, *asdict(counted).values()] for name, counted in sorted(counts.items()))


def grown(counted: Mapping[str, Counts], budgets: Mapping[str, Counts]) -> list[str]:
    """A line for each operation that asks for more than it may, or has no budget."""
    lines = []
    for name, now in counted.items():
        may = budgets.get(name)
        if may is None:
            lines.append(f"{name} has no budget: {now.text()}")
        elif any(each > most + SLACK for each, most in zip(asdict(now).values(), asdict(may).values(), strict=True)):
            lines.append(f"{name} grew: {now.text()}; it may ask for {may.text()}")
    return lines
