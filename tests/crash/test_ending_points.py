"""kill -9 while beneficiaries leave PFMS: each is deleted once, and paid nothing more, with no repair by hand (C1)."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from store.benefits.benefits import sanctions_table
from store.database import Keyrings, crash_points
from store.payments.payment_tables import beneficiaries_table, registration_lines_table
from tests.crash.test_payment_points import live, opened
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.payments import Paying
from tests.support.prepared import Prepared, apart
from tests.support.sown import Bench, Sown, sow
from tests.support.worlds import wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

MANY, LAST_DAY = 3, date(2026, 11, 30)
COMMITTED = 20
"""How many transactions it takes where nobody dies."""
COMMITS = (crash_points.BEFORE_COMMIT, crash_points.AFTER_COMMIT)
_SOME = (f"{crash_points.PAYMENT_SENT}:1", f"{crash_points.BEFORE_COMMIT}:3")
_ALL = (
    *(f"{point}:1" for point in crash_points.PAYMENTS),
    *(f"{point}:{times}" for point in COMMITS for times in range(1, COMMITTED + 1)),
)
POINTS = rounds((), ci=_SOME, full=_ALL)


async def paid(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> None:
    """Everybody was paid, and her sanction is over."""
    async with opened(made, url, folder, keyrings) as paying:
        await paying.sanctioned(MANY)
        await live(paying)
        async with paying.env.store.write_transaction() as tx:
            await tx.connection.execute(update(sanctions_table).values(ended_on=LAST_DAY))


@pytest.fixture(scope="module")
def sown(bench: Bench, tmp_path_factory: pytest.TempPathFactory, store_keyrings: Keyrings) -> Sown:
    """Those who were paid, on each database, made once."""
    return sow(bench, tmp_path_factory.mktemp("sown"), store_keyrings, paid)


async def leave(paying: Paying) -> None:
    """What the worker does when ten days and more have gone by."""
    for _ in range(2):
        await paying.round(now=True)
        paying.pfms.pass_time(seconds=1)


async def dies(
    tell: Callable[[str], None], made: Prepared, url: str, folder: Path, keyrings: Keyrings, point: str
) -> None:
    async with opened(made, url, folder, keyrings) as paying:
        paying.pfms.pass_time(days=14)
        tell("opened")
        crash_points.arm(point)
        await leave(paying)
        tell("survived")


async def comes_back(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> None:
    async with opened(made, url, folder, keyrings) as paying:
        paying.pfms.pass_time(days=14, hours=1)
        assert await wrong(paying.env) == []
        await leave(paying)
        await leave(paying)
        assert await wrong(paying.env) == []
        async with paying.env.store.read_transaction() as tx:
            table = registration_lines_table.c
            lines = (await tx.connection.execute(select(table.purpose, table.state, table.beneficiary_id))).all()
            states = (await tx.connection.execute(select(beneficiaries_table.c.state))).scalars().all()
        assert Counter(states) == {"DELETED": MANY}
        deleted = Counter(line.beneficiary_id for line in lines if line.purpose == "D" and line.state == "DELETED")
        assert sorted(deleted.values()) == [1] * MANY
        there = paying.pfms.sandbox.actions["beneficiaries"]({})["beneficiaries"]
        assert {row["state"] for row in there} == {"DLTD"}
        assert len(paying.pfms.orders()) == MANY
        assert await paying.cases() == []


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_while_beneficiaries_leave_has_each_deleted_once(
    bench, sown_url, tmp_path, store_keyrings, point
):
    code, told = apart(dies, bench.made, sown_url, tmp_path, store_keyrings, point)
    assert (code, told) == (-signal.SIGKILL, ["opened"])
    run_apart(comes_back, bench.made, sown_url, tmp_path, store_keyrings)
