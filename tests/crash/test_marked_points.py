"""kill -9 at each marked point, for each kind of write, on both databases (docs/reliability.md section 5.3, C1)."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.applications.submit import submit_application
from actions.catalogue.calendar_import import import_calendar
from domain.applications.lifecycle import Status
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from store.applications import applications
from store.applications.application_rows import applications_table
from store.catalogue import calendar
from store.database import crash_points
from store.platform import outbox
from tests.support.actions import FREE, FakeRenderer, World, request_for
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.prepared import Prepared, apart
from tests.support.worlds import let_go, wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

READY_SECONDS = 3.0
ROWS = [
    {
        "date": "2027-08-15",
        "name_hi": "स्वतंत्रता दिवस",
        "name_en": "Independence Day",
        "kind": "fixed",
        "source": "",
        "verified": "no",
    }
]

Work = Callable[[World, Prepared], Awaitable[Any]]


async def submit(world: World, made: Prepared) -> Any:
    return (await submit_application(world.env, world.sunil, request_for(FREE, idempotency_key="marked")))[0].number


async def pay(world: World, made: Prepared) -> Any:
    case = made.cases["unpaid"]
    async with world.env.store.read_transaction() as tx:
        held = await applications.get(tx, case)
    fee = RecordFee(case, "R-77", held.fee_paise or 0, "marked")
    return (await record_fee(world.env, world.tehsildar, fee))[0].status


async def decide(world: World, made: Prepared) -> Any:
    approve = Decide(made.cases["open"], Verdict.APPROVE, "marked")
    return (await decide_application(world.env, world.employment, approve))[0].status


async def withdraw(world: World, made: Prepared) -> Any:
    return (await withdraw_application(world.env, world.asha, Withdraw(made.cases["open"], "marked")))[0].status


async def read_file(world: World, made: Prepared) -> Any:
    return (await import_calendar(world.env.store, ROWS, dry_run=False)).version


async def deliver(world: World, made: Prepared) -> Any:
    await let_go(world)  # leases of the dead
    return await Deliveries(world.env, handlers(FakeRenderer()), asyncio.Event()).deliver_due()


KINDS: dict[str, Work] = {
    "submit": submit, "pay": pay, "decide": decide, "withdraw": withdraw, "file": read_file, "outbox": deliver,
}  # fmt: skip
COMMITS = (crash_points.BEFORE_COMMIT, crash_points.AFTER_COMMIT)
CELLS = [
    (kind, point) for kind in rounds((), ci=("submit", "pay", "file"), full=tuple(KINDS)[:-1]) for point in COMMITS
]
CELLS += [("outbox", point) for point in (crash_points.CLAIMED, crash_points.SENT, crash_points.RECORDED)]
CELLS += [("outbox", f"{point}:{times}") for point in COMMITS for times in rounds((), ci=(2, 4), full=(2, 3, 4, 5))]
"""The first transaction of the outbox is the test's own, the second claims, the others do and note."""


async def dies(tell, made, url, folder, keyrings, kind, point) -> None:
    async with made.opened(url, folder, keyrings) as world:
        tell("opened")
        crash_points.arm(point)
        await KINDS[kind](world, made)
        tell("survived")


async def comes_back(made, url, folder, keyrings, kind) -> None:
    begun = time.monotonic()
    async with made.opened(url, folder, keyrings) as world:
        assert time.monotonic() - begun < READY_SECONDS
        assert await wrong(world.env) == []
        first = await KINDS[kind](world, made)
        assert await KINDS[kind](world, made) == (first if kind != "outbox" else 0)
        assert await wrong(world.env) == []
        await _once(world, made, kind)


async def _once(world: World, made: Prepared, kind: str) -> None:
    """Whatever was repeated happened once."""
    async with world.env.store.read_transaction() as tx:
        waiting = (await outbox.counts(tx)).pending
        many = (await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one()
        held = await applications.by_ids(tx, list(made.cases.values()))
        holidays = await calendar.latest_version(tx)
    assert many == len(made.cases) + (kind == "submit")
    assert world.dbt.times() == ([1] if kind == "outbox" else [])
    assert holidays is not None
    if kind == "outbox":
        assert waiting == 0
        assert held[made.cases["pension"]].status is Status.DELIVERED


@pytest.mark.parametrize(("kind", "point"), CELLS)
def test_a_process_that_dies_at_a_marked_point_leaves_all_or_nothing(bench, url, tmp_path, store_keyrings, kind, point):
    code, told = apart(dies, bench.made, url, tmp_path, store_keyrings, kind, point)
    assert (code, told) == (-signal.SIGKILL, ["opened"])
    run_apart(comes_back, bench.made, url, tmp_path, store_keyrings, kind)
