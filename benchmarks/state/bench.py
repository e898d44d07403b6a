"""What a state's whole register costs: 23,000 officers, 9,365 centres and 170,000 citizens in one store.

    SCALE=1 python -m benchmarks.state.bench [postgresql address]

All of them are synthetic and lie in a store of its own, SQLite in a folder that is deleted afterwards, or the empty
PostgreSQL that is named.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from statistics import quantiles

import structlog

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import submit_application
from actions.catalogue.catalogue_import import import_catalogue
from actions.statistics.dashboard import dashboard_of
from benchmarks.store.store_under_test import StoreUnderTest, open_store
from domain.applications.applications import Application
from domain.catalogue.catalogue import Tehsil
from domain.catalogue.centres import Centre, CentreKind
from domain.kernel import Bilingual, Citizen, Language, Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from domain.kernel.ids import uuid7
from store.catalogue import catalogue, centres
from store.database import migrate
from store.identity import people
from tests.support.actions import FREE, catalogue_rows, request_for

SCALE = float(os.environ.get("SCALE", "1"))
OFFICERS, CENTRES, CITIZENS = (round(many * SCALE) for many in (23_000, 9_365, 170_000))
CHUNK = 5_000
TIMES = 200
"""How often each act is measured."""

_LEVELS = list(OfficerLevel)


def _officer(number: int, departments: list[str], tehsils: list[Tehsil]) -> Officer:
    """Each tehsil, then each level, then each department in turn: the first one has its officers at any SCALE."""
    offices, at = number // len(tehsils), tehsils[number % len(tehsils)]
    department = departments[offices // len(_LEVELS) % len(departments)]
    level = _LEVELS[offices % len(_LEVELS)]
    posting = Posting(Role.OFFICER, department, at.district, at.code, level)
    title = Bilingual("अधिकारी", "Officer")
    return Officer(uuid7(1, number), Bilingual(None, f"S {number}"), title, f"s{number}@o.example", (posting,))


def _centre(number: int, at: Tehsil) -> Centre:
    return Centre(f"{number:012d}", CentreKind.CSC, Bilingual(None, f"Centre {number}"), at.district, at.code, True)


def _citizen(number: int, at: Tehsil, tested: StoreUnderTest) -> Citizen:
    return Citizen(
        id=uuid7(2, number),
        name=Bilingual("कृत्रिम", f"Synthetic {number}"),
        born_on=date(1980, 1, 1),
        gender="F",
        mobile=f"9{number:09d}",
        district=at.district,
        tehsil=at.code,
        language=Language.HI,
        created_at=tested.clock.now(),
    )


def _chunks(many: int) -> list[range]:
    return [range(start, min(start + CHUNK, many)) for start in range(0, many, CHUNK)]


async def load(tested: StoreUnderTest) -> None:
    """Enter everybody, some thousands a transaction."""
    store = tested.store
    async with store.read_transaction() as tx:
        places = [
            one for district in await catalogue.districts(tx) for one in await catalogue.tehsils(tx, district.code)
        ]
        services = await catalogue.all_services(tx)
    services.sort(key=lambda one: one.code != FREE)
    departments = list(dict.fromkeys(one.department for one in services if one.department))
    for numbers in _chunks(OFFICERS):
        async with store.write_transaction() as tx:
            await people.add_officers(tx, [_officer(number, departments, places) for number in numbers])
    for numbers in _chunks(CENTRES):
        async with store.write_transaction() as tx:
            await centres.save_centres(tx, [_centre(number, places[number % len(places)]) for number in numbers])
    for numbers in _chunks(CITIZENS):
        made = [_citizen(number, places[number % len(places)], tested) for number in numbers]
        async with store.write_transaction() as tx:
            await people.add_citizens(tx, made)


async def measure(name: str, act: Callable[[int], Awaitable[object]]) -> None:
    """Print the median and the 99th percentile of an act, in milliseconds."""
    taken = []
    for number in range(TIMES):
        began = time.perf_counter()
        await act(number)
        taken.append((time.perf_counter() - began) * 1000)
    percentiles = quantiles(taken, n=100)
    print(f"| {name} | {percentiles[49]:.1f} | {percentiles[98]:.1f} |", flush=True)


async def run(url: str, folder: Path) -> None:
    """Load a store and measure what people do in it."""
    await migrate(url)
    async with open_store(url, folder) as tested:
        env = tested.env
        await import_catalogue(env, catalogue_rows())
        began = time.perf_counter()
        await load(tested)
        print(f"loaded in {time.perf_counter() - began:.0f} s", flush=True)

        def citizen(number: int) -> Subject:
            return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, uuid7(2, number * (CITIZENS // TIMES)))

        cases: dict[int, Application] = {}

        async def submits(number: int) -> None:
            request = request_for(FREE, idempotency_key=f"state-{number}")
            cases[number] = (await submit_application(env, citizen(number), request))[0]

        async def decides(number: int) -> None:
            case = cases[number]
            async with tested.store.read_transaction() as tx:
                [officer] = (await people.officers(tx, [case.officer_id or ""])).values()
            subject = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
            await decide_application(env, subject, Decide(case.id, Verdict.APPROVE, f"decide-{number}"))

        async def finds_officer(number: int) -> None:
            async with tested.store.read_transaction() as tx:
                assert await people.officer_by_email(tx, f"s{number * (OFFICERS // TIMES)}@o.example")

        print("| act | median ms | p99 ms |\n| --- | --- | --- |")
        await measure("a citizen hands in; the case goes to its officer", submits)
        await measure("the officer decides", decides)
        await measure(
            "a citizen's first page", lambda n: dashboard_of(env, citizen(n), uuid7(2, n * (CITIZENS // TIMES)))
        )
        await measure("an officer is found by the address", finds_officer)


def main() -> None:
    """Run on SQLite, or on the PostgreSQL that is named."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(run(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder / 'state.db'}", folder))


if __name__ == "__main__":
    main()
