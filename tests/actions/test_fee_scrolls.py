"""The daily reconciliation of fees: our orders, the source's word, the scroll; one case for each difference."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from actions.fee_reconciled import log_reconciled
from actions.fee_scrolls import compare, compare_due, compare_wallet, take_scroll
from domain.clock import ist_date
from domain.fees import FeeOrder, FeeRules, FeeState
from domain.finance_cases import DifferenceKind
from domain.lifecycle import Status
from store import audit, fee_scrolls
from tests.support.actions import World
from tests.support.fees import Tills, open_tills

DAY = timedelta(days=1)


@pytest.fixture
def tills(world: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(world, tmp_path / "tills", FeeRules(1000, "Order 17 of 2026")) as tills:
        yield tills


async def paid(tills: Tills) -> FeeOrder:
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order))
    return await tills.order(order)


def today(tills: Tills) -> date:
    return ist_date(tills.world.clock.now())


async def test_what_agrees_three_ways_opens_no_case(tills: Tills):
    order, day = await paid(tills), today(tills)
    assert await compare_due(tills.env) == 0
    tills.world.clock.advance(DAY)
    assert await compare_due(tills.env) == 1
    assert (await tills.order(order)).scrolled_on == day
    assert await tills.cases() == []
    assert await compare_due(tills.env) == 0
    assert await audit.verify(tills.env.store)


async def test_comparing_again_finds_the_same_and_no_more(tills: Tills):
    await paid(tills)
    day = today(tills)
    await tills.treasury.act("add_unknown_to_scroll", {"paise": 700})
    tills.world.clock.advance(DAY)
    assert await take_scroll(tills.env, day)
    assert await take_scroll(tills.env, day)
    for _ in range(2):
        await compare(tills.env, day)
    async with tills.env.store.reading() as tx:
        lines = await fee_scrolls.scroll_lines(tx, day)
    assert [line.amount_paise for line in lines] == [4000, 1000, 700]
    assert await tills.cases() == [DifferenceKind.UNKNOWN_IN_SCROLL]


async def test_a_payment_that_no_scroll_tells_of_is_found_on_the_next_day(tills: Tills):
    order = await paid(tills)
    await tills.treasury.act("leave_out_of_scroll", {"reference": order.reference})
    tills.world.clock.advance(2 * DAY)
    assert await compare_due(tills.env) == 2
    assert await tills.cases() == [DifferenceKind.NOT_IN_SCROLL]
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert await tills.cases() == [DifferenceKind.NOT_IN_SCROLL]


async def test_a_payment_that_we_have_not_heard_of_is_heard_of_by_the_scroll(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    other = await tills.started(
        await tills.world.submit(tills.world.sunil, "ES22", idempotency_key="s"), tills.world.sunil, key="s"
    )
    await tills.comes_back(other, await tills.pays(other))  # so that there is something to reconcile
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert (await tills.order(order)).state is FeeState.SUCCESS
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    assert await tills.cases() == []


async def test_another_amount_in_the_scroll_opens_a_case(tills: Tills):
    order = await paid(tills)
    await tills.treasury.act("book_other_amount", {"reference": order.reference, "paise": 4500})
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert await tills.cases() == [DifferenceKind.AMOUNT_DIFFERS]
    assert (await tills.order(order)).scrolled_on is None


async def test_another_scroll_of_the_same_day_is_not_applied(tills: Tills):
    await paid(tills)
    day = today(tills)
    tills.world.clock.advance(DAY)
    assert await compare_due(tills.env) == 1
    await tills.treasury.act("add_unknown_to_scroll", {"paise": 700, "day": day.isoformat()})
    assert not await take_scroll(tills.env, day)
    assert await tills.cases() == [DifferenceKind.FILE_NAME_REUSED]


@pytest.mark.parametrize("kind", ["signature", "partial", "html"])
async def test_a_spoilt_scroll_is_refused_whole_and_a_later_one_applies(tills: Tills, kind: str):
    await paid(tills)
    tills.world.clock.advance(DAY)
    tills.treasury.faults.set([{"kind": kind}])
    assert await compare_due(tills.env) == 0
    tills.treasury.faults.clear()
    assert await compare_due(tills.env) == 1


async def test_a_wallet_payment_is_compared_and_told_of(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.comes_back(order, await tills.pays(order))
    await log_reconciled(tills.env, order.id)
    assert (await tills.csc.act("wallet_payment", {"reference": order.reference}))["reconciled"]
    assert await compare_wallet(tills.env) == 0
    tills.world.clock.advance(DAY)
    assert await compare_wallet(tills.env) == 1
    assert await compare_wallet(tills.env) == 0
    assert await tills.cases() == []


async def test_a_wallet_payment_of_another_amount_opens_a_case(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.comes_back(order, await tills.pays(order))
    await tills.csc.act("book_other_amount", {"reference": order.reference, "paise": 1})
    tills.world.clock.advance(DAY)
    assert await compare_wallet(tills.env) == 0
    assert await tills.cases() == [DifferenceKind.AMOUNT_DIFFERS]
