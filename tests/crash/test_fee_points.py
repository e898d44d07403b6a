"""kill -9 while a fee is paid: between hearing and noting, around every commit; it is paid once and nothing is lost."""

import os
import signal
from collections.abc import Awaitable, Callable

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_enquiries import ask_due
from actions.fees.fee_refunds import REFUND
from actions.fees.wallet_refunds import send_refund
from domain.applications.lifecycle import Move, Status
from domain.fees.fees import FeeOrder, FeeRoute, FeeState
from domain.kernel import Subject
from store.applications import applications, timeline
from store.database import crash_points
from store.fees import fee_orders
from store.platform import outbox
from tests.support.actions import World
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.fees import Tills, open_tills
from tests.support.prepared import Prepared, apart
from tests.support.worlds import wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

AFTER, BEFORE, HEARD = crash_points.AFTER_COMMIT, crash_points.BEFORE_COMMIT, crash_points.FEE_HEARD
AT_COUNTER = "R-77"
"""The receipt that the counter gives."""

COMMITS = {"pay": 9, "wallet": 9, "refund": 7}
"""How many transactions each takes where nobody dies."""
CELLS = [(kind, HEARD) for kind in COMMITS]
CELLS += [
    (kind, f"{point}:{times}")
    for kind in rounds((), ci=("pay",), full=tuple(COMMITS))
    for point in (BEFORE, AFTER)
    for times in rounds((), ci=(1, 3, 5), full=tuple(range(1, COMMITS[kind] + 1)))
]
"""Of a payment: the order, that it was handed over, that it is asked about, what was heard; then those of a refund."""


async def pay(tills: Tills, made: Prepared) -> FeeOrder:
    """She begins, pays, and is heard of; the same key and the same reference, however often it is run."""
    return await _paid(tills, made, tills.world.asha)


async def wallet(tills: Tills, made: Prepared) -> FeeOrder:
    return await _paid(tills, made, tills.world.operator)


async def refund(tills: Tills, made: Prepared) -> FeeOrder:
    """A counter takes the fee first: the wallet's payment goes back, once.

    Where the process died before the counter's fee was noted, the wallet's may be heard of first: then that one counts.
    """
    async with tills.env.store.read_transaction() as tx:
        case = await applications.get(tx, made.cases["unpaid"])
    assert case is not None
    operator = tills.world.operator
    if case.status is Status.FEE_PENDING:
        order = await tills.started(case, operator)
        if order.open:
            await tills.pays(order)
            fee = RecordFee(case.id, AT_COUNTER, case.fee_paise or 0, "counter")
            await record_fee(tills.env, tills.world.tehsildar, fee)
    async with tills.env.store.read_transaction() as tx:
        (order,) = (await fee_orders.of_applications(tx, [case.id]))[case.id]
    await _heard(tills)
    await send_refund(tills.env, order.id)
    return await tills.order(order)


async def _paid(tills: Tills, made: Prepared, subject: Subject) -> FeeOrder:
    async with tills.env.store.read_transaction() as tx:
        case = await applications.get(tx, made.cases["unpaid"])
        known = (await fee_orders.of_applications(tx, [made.cases["unpaid"]])).get(made.cases["unpaid"], [])
    assert case is not None
    order = known[0] if known else await tills.started(case, subject)
    if order.open:
        order = await tills.started(case, subject)
        await tills.pays(order)
    await _heard(tills)
    return await tills.order(order)


async def _heard(tills: Tills) -> None:
    for seconds in (120, 300):
        await tills.world.clock.sleep(seconds)
        await ask_due(tills.env)


KINDS: dict[str, Callable[[Tills, Prepared], Awaitable[FeeOrder]]] = {"pay": pay, "wallet": wallet, "refund": refund}


async def dies(tell, made, url, folder, keyrings, kind, point) -> None:
    async with made.opened(url, folder, keyrings) as world:
        with open_tills(world, folder / "tills") as tills:
            tell("opened")
            crash_points.arm(point)
            await KINDS[kind](tills, made)
            tell("survived")


async def comes_back(made, url, folder, keyrings, kind) -> None:
    async with made.opened(url, folder, keyrings) as world:
        with open_tills(world, folder / "tills") as tills:
            assert await wrong(world.env) == []
            first = await KINDS[kind](tills, made)
            assert (await KINDS[kind](tills, made)).state is first.state
            assert await wrong(world.env) == []
            await _once(world, tills, first, kind)


async def _once(world: World, tills: Tills, order: FeeOrder, kind: str) -> None:
    """One order, one payment, one step; what was to go back went once."""
    async with world.env.store.read_transaction() as tx:
        orders = (await fee_orders.of_applications(tx, [order.application_id]))[order.application_id]
        entries = (await timeline.timelines(tx, [order.application_id]))[order.application_id]
        messages = [row.topic for row in (await tx.connection.execute(outbox.outbox_table.select())).all()]
    assert len(orders) == 1
    assert [entry.move for entry in entries].count(Move.RECEIVE_FEE) == 1
    effects = [str(entry["effect"]) for entry in tills.csc.ledger.entries()]
    if kind == "refund" and (await tills.application(order)).fee_receipt == AT_COUNTER:
        assert order.state is FeeState.REFUNDED
        assert (effects.count("reversed"), messages.count(REFUND)) == (1, 1)
        return
    assert order.state is FeeState.SUCCESS
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    assert order.route is (FeeRoute.TREASURY if kind == "pay" else FeeRoute.CSC_WALLET)
    assert "reversed" not in effects


@pytest.mark.parametrize(("kind", "point"), CELLS)
def test_a_process_that_dies_while_a_fee_is_paid_leaves_it_paid_once(bench, url, tmp_path, store_keyrings, kind, point):
    code, told = apart(dies, bench.made, url, tmp_path, store_keyrings, kind, point)
    assert (code, told) == (-signal.SIGKILL, ["opened"])
    run_apart(comes_back, bench.made, url, tmp_path, store_keyrings, kind)
