"""The simulation of docs/scale.md against queueing theory and against the page that it writes."""

import asyncio
import random  # noqa: TID251 - arrivals are drawn from a seed

import pytest

from benchmarks.scale.__main__ import PAGE, short_tables, written
from benchmarks.scale.backlog import drained
from benchmarks.scale.virtual_time import Servers, run


@pytest.mark.long
def test_the_page_has_the_tables_that_the_simulation_makes() -> None:
    page = PAGE.read_text(encoding="utf-8")

    anew = page
    for name, lines in short_tables():
        anew = written(anew, name, lines)

    assert anew == page


def test_one_server_makes_wait_as_long_as_pollaczek_and_khinchin_say_of_equal_services() -> None:
    """M/D/1: at half of what it can do, half a service on average."""
    service, arrivals, waits = 0.01, random.Random(1), []

    async def one(server: Servers) -> None:
        began = asyncio.get_running_loop().time()
        await server.use(service)
        waits.append(asyncio.get_running_loop().time() - began - service)

    async def many() -> None:
        server, tasks = Servers(1), []
        for _ in range(20_000):
            await asyncio.sleep(arrivals.expovariate(0.5 / service))
            tasks.append(asyncio.ensure_future(one(server)))
        await asyncio.gather(*tasks)

    run(many())

    assert sum(waits) / len(waits) == pytest.approx(service / 2, rel=0.05)


def test_what_waited_while_a_provider_was_away_goes_at_its_rate_afterwards() -> None:
    assert drained(1000, 100, 20, away=(0, 50)).seconds == 100
    assert drained(1000, 1, 10, away=(20, 50)).seconds == 130
