"""The daily reconciliation of fees: our orders, the source's word, the scroll; one case for each difference."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from actions.applications.respond import Withdraw, withdraw_application
from actions.fees.reconciled import log_reconciled
from actions.fees.scrolls import compare, compare_due, compare_wallet, take_scroll
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeOrder, FeeRules, FeeState
from domain.kernel import IST, ist_date
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, CaseStep, DifferenceKind
from store.database import audit
from store.fees import fee_scrolls
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
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


async def open_cases(tills: Tills) -> list[tuple[DifferenceKind, str]]:
    async with tills.env.store.read_transaction() as tx:
        asked = CaseFilter(states=finance_cases.OPEN_STATES)
        return [(one.kind, one.about) for one in await finance_cases.cases(None, asked).page(tx, limit=50)]


def pass_to(tills: Tills, day: date, hour: time) -> None:
    tills.world.clock.advance(datetime.combine(day, hour, IST) - tills.world.clock.now())


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
    async with tills.env.store.read_transaction() as tx:
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


@pytest.mark.parametrize("kind", ["signature", "foreign", "partial", "html"])
async def test_a_spoilt_answer_of_csc_compares_nothing_and_a_later_one_does(tills: Tills, kind: str):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.comes_back(order, await tills.pays(order))
    tills.world.clock.advance(DAY)
    tills.csc.faults.set([{"kind": kind}])
    before = await tills.order(order)
    assert await compare_wallet(tills.env) == 0
    assert await tills.order(order) == before
    tills.csc.faults.clear()
    assert await compare_wallet(tills.env) == 1


@pytest.mark.parametrize("kind", ["signature", "partial", "html"])
async def test_a_spoilt_scroll_is_refused_whole_and_a_later_one_applies(tills: Tills, kind: str):
    order, day = await paid(tills), today(tills)
    pass_to(tills, day + DAY, time(7))
    tills.treasury.faults.set([{"kind": kind}])
    assert await compare_due(tills.env) == 0
    async with tills.env.store.read_transaction() as tx:
        assert await fee_scrolls.scroll_lines(tx, day) == []
    refused = [] if kind == "html" else [(DifferenceKind.FILE_REFUSED, f"day:TREASURY_SCROLL/{day}")]
    assert await open_cases(tills) == refused, "a page of a treasury in repair is no scroll"
    tills.treasury.faults.clear()
    assert await compare_due(tills.env) == 1
    assert (await tills.order(order)).scrolled_on == day
    assert await open_cases(tills) == []


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


async def test_a_second_receipt_for_one_order_is_a_second_payment(tills: Tills):
    order, day = await paid(tills), today(tills)
    more = {"reference": order.reference, "paise": 5000}
    await tills.treasury.act("add_unknown_to_scroll", more)
    await tills.treasury.act("add_unknown_to_scroll", {**more, "day": (day + DAY).isoformat()})
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert (await tills.order(order)).scrolled_on == day
    assert await tills.cases() == [DifferenceKind.SECOND_PAYMENT]
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert await tills.cases() == [DifferenceKind.SECOND_PAYMENT]


async def test_a_payment_in_the_scroll_for_a_case_that_was_closed_is_to_be_given_back(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await paid_by_another(tills)  # so that there is something to reconcile
    await withdraw_application(tills.env, tills.world.asha, Withdraw(order.application_id, "withdraw"))
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert await tills.cases() == [DifferenceKind.REFUND_DUE]


async def paid_by_another(tills: Tills) -> None:
    mine = await tills.world.submit(tills.world.sunil, "ES22", idempotency_key="s")
    order = await tills.started(mine, tills.world.sunil, key="s")
    await tills.comes_back(order, await tills.pays(order))


async def test_a_scroll_that_does_not_come_has_a_case_from_noon_until_it_is_compared(tills: Tills):
    order, day = await paid(tills), today(tills)
    missing = (DifferenceKind.FILE_MISSING, f"day:TREASURY_SCROLL/{day}")
    await tills.treasury.act("withhold_scroll", {"day": day.isoformat()})
    pass_to(tills, day + DAY, time(11, 59))
    await compare_due(tills.env)
    assert await open_cases(tills) == []
    tills.world.clock.advance(timedelta(minutes=1))
    await compare_due(tills.env)
    assert await open_cases(tills) == [missing]
    tills.world.clock.advance(3 * DAY)
    assert await compare_due(tills.env) == 3
    assert await open_cases(tills) == [missing], "its payments are not said to be in no scroll"
    await tills.treasury.act("withhold_scroll", {"day": day.isoformat(), "given": True})
    assert await compare_due(tills.env) == 1
    assert await open_cases(tills) == []
    assert (await tills.order(order)).scrolled_on == day
    assert await settled(tills) == [(CaseOutcome.CORRECTED_AT_PARTNER, CaseStep.SETTLE)]


async def settled(tills: Tills) -> list[tuple[CaseOutcome | None, CaseStep]]:
    """How each settled case ended, and the last line of its history."""
    async with tills.env.store.read_transaction() as tx:
        found = await finance_cases.cases(None, CaseFilter(states=(CaseState.SETTLED,))).page(tx, limit=50)
        told = await finance_cases.history(tx, [one.id for one in found])
    return [(one.outcome, told[one.id][-1].step) for one in found]


async def test_a_day_without_banks_owes_no_scroll_and_one_that_comes_is_compared(tills: Tills):
    tills.world.clock.advance(4 * DAY)  # the fourth Saturday of November
    order, day = await paid(tills), today(tills)
    await tills.treasury.act("withhold_scroll", {"day": day.isoformat()})
    tills.world.clock.advance(5 * DAY)
    await compare_due(tills.env)
    assert await open_cases(tills) == [(DifferenceKind.NOT_IN_SCROLL, f"fee:{order.id}")]
    await tills.treasury.act("withhold_scroll", {"day": day.isoformat(), "given": True})
    assert await compare_due(tills.env) == 1
    assert (await tills.order(order)).scrolled_on == day
    assert await open_cases(tills) == []
    assert await settled(tills) == [(CaseOutcome.CORRECTED_AT_PARTNER, CaseStep.SETTLE)]


async def test_what_is_paid_on_a_day_without_banks_is_awaited_in_the_next_scroll_that_is_made(tills: Tills):
    tills.world.clock.advance(4 * DAY)  # the fourth Saturday of November
    order, day = await paid(tills), today(tills)
    await tills.treasury.act("withhold_scroll", {"day": day.isoformat()})
    for days, kinds in ((2, []), (1, []), (1, [(DifferenceKind.NOT_IN_SCROLL, f"fee:{order.id}")])):
        tills.world.clock.advance(days * DAY)
        await compare_due(tills.env)
        assert await open_cases(tills) == kinds


async def test_an_outage_of_weeks_is_made_up_for_from_the_oldest_day(tills: Tills):
    order, day = await paid(tills), today(tills)
    tills.world.clock.advance(40 * DAY)
    assert await compare_due(tills.env) == 40
    assert (await tills.order(order)).scrolled_on == day
    assert await open_cases(tills) == []
    assert await compare_due(tills.env) == 0


async def test_an_old_day_is_asked_for_once_an_hour(tills: Tills):
    await paid(tills)
    await tills.treasury.act("withhold_scroll", {"day": today(tills).isoformat()})
    tills.world.clock.advance(20 * DAY)
    await compare_due(tills.env)
    asked = len(tills.treasury.ledger.entries())
    await compare_due(tills.env)
    assert len(tills.treasury.ledger.entries()) == asked
    tills.world.clock.advance(timedelta(hours=1))
    await compare_due(tills.env)
    assert len(tills.treasury.ledger.entries()) == asked + 1


async def test_a_day_on_which_csc_does_not_answer_has_a_case_until_it_does(tills: Tills):
    order, day = await tills.started(await tills.submitted(), tills.world.operator), today(tills)
    await tills.comes_back(order, await tills.pays(order))
    tills.world.clock.advance(DAY)
    tills.csc.faults.set([{"kind": "status", "params": {"status": 503}}])
    assert await compare_wallet(tills.env) == 0
    assert await open_cases(tills) == [(DifferenceKind.FILE_MISSING, f"day:CSC_WALLET/{day}")]
    tills.csc.faults.clear()
    tills.world.clock.advance(timedelta(hours=1))
    assert await compare_wallet(tills.env) == 1
    assert await open_cases(tills) == []
