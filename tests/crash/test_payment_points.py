"""kill -9 at each step of a payment file: PFMS holds one order for each payment, with no repair by hand (C1)."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.payments.registrations import enrol
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import Transport
from store.benefits.benefits import instalments_table
from store.database import Keyrings, crash_points
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.payments import Paying, with_pfms
from tests.support.prepared import Prepared, apart
from tests.support.sown import Bench, Sown, sow
from tests.support.worlds import wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

MANY, COMMITTED = 3, 43
"""How many payments, and how many transactions two batch times take where nobody dies."""
COMMITS = (crash_points.BEFORE_COMMIT, crash_points.AFTER_COMMIT)
POINTS = [f"{point}:{times}" for point in crash_points.PAYMENTS for times in rounds((), ci=(2,), full=(1, 2))]
POINTS += [
    f"{point}:{times}" for point in COMMITS for times in rounds((), ci=(9, 23), full=tuple(range(1, COMMITTED + 1)))
]
"""The first batch registers the beneficiaries, the second pays them."""
SENDING = (crash_points.PAYMENT_SEALED, crash_points.PAYMENT_SENT, crash_points.PAYMENT_NOTED)
"""Where the settings are changed before the worker comes back: the file is signed, sent, and noted as sent."""


@asynccontextmanager
async def opened(
    made: Prepared,
    url: str,
    folder: Path,
    keyrings: Keyrings,
    way: Transport = Transport.SFTP,
    *,
    former: bool = False,
) -> AsyncIterator[Paying]:
    async with (
        made.opened(url, folder, keyrings) as world,
        with_pfms(world, folder, way, former=former) as paying,
    ):
        yield paying


async def live(paying: Paying) -> None:
    """What the worker does in two batch times."""
    await enrol(paying.env)
    for _ in range(3):
        await paying.round(now=True)
        paying.pfms.pass_time(seconds=1)


async def sanctioned(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> None:
    async with opened(made, url, folder, keyrings) as paying:
        await paying.sanctioned(MANY)


@pytest.fixture(scope="module")
def sown(bench: Bench, tmp_path_factory: pytest.TempPathFactory, store_keyrings: Keyrings) -> Sown:
    """The sanctions on each database, made once."""
    return sow(bench, tmp_path_factory.mktemp("sown"), store_keyrings, sanctioned)


async def dies(
    tell: Callable[[str], None],
    made: Prepared,
    url: str,
    folder: Path,
    keyrings: Keyrings,
    point: str,
    way: Transport = Transport.SFTP,
) -> None:
    async with opened(made, url, folder, keyrings, way) as paying:
        tell("opened")
        crash_points.arm(point)
        await live(paying)
        tell("survived")


async def comes_back(
    made: Prepared,
    url: str,
    folder: Path,
    keyrings: Keyrings,
    way: Transport = Transport.SFTP,
    *,
    former: bool = False,
) -> None:
    async with opened(made, url, folder, keyrings, way, former=former) as paying:
        assert await wrong(paying.env) == []
        await live(paying)
        await live(paying)
        assert await wrong(paying.env) == []
        orders = Counter(order["end_to_end_id"] for order in paying.pfms.orders())
        assert set(orders.values()) == {1}
        assert len(orders) == MANY
        assert await _statuses(paying) == {PaymentStatus.CREDITED: MANY}
        assert await paying.cases() == []


async def _statuses(paying: Paying) -> dict[str, int]:
    async with paying.env.store.read_transaction() as tx:
        statement = select(instalments_table.c.status).where(instalments_table.c.rail == "PFMS")
        found: Any = (await tx.connection.execute(statement)).scalars().all()
    return dict(Counter(found))


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_at_a_step_of_a_payment_file_leaves_one_order_each(
    bench, sown_url, tmp_path, store_keyrings, point
):
    code, told = apart(dies, bench.made, sown_url, tmp_path, store_keyrings, point)
    assert (code, told) == (-signal.SIGKILL, ["opened"])
    run_apart(comes_back, bench.made, sown_url, tmp_path, store_keyrings)


@pytest.mark.parametrize("way", Transport)
@pytest.mark.parametrize("point", [f"{point}:2" for point in SENDING])
def test_a_worker_that_dies_and_comes_back_with_the_other_way_leaves_one_order_each(
    bench, sown_url, tmp_path, store_keyrings, point, way
):
    code, told = apart(dies, bench.made, sown_url, tmp_path, store_keyrings, point, way)
    assert (code, told) == (-signal.SIGKILL, ["opened"])
    back = partial(comes_back, former=True)
    run_apart(back, bench.made, sown_url, tmp_path, store_keyrings, way.other)
