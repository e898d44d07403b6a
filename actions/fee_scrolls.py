"""The daily reconciliation of fees, three ways: our orders, the source's word on each, and the treasury's scroll.

Every difference opens one case for a finance officer; nothing is marked paid by a scroll alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import structlog

from actions.acting import Acting
from actions.environment import Environment
from actions.fee_cases import differ
from actions.fee_enquiries import ask, settle
from actions.finance_cases import open_case
from domain.clock import IST, ist_date
from domain.fees import PAID, FeeNews, FeeOrder, FeeRoute, FeeState, HeardState, ScrollLine
from domain.finance_cases import DifferenceKind, FinanceDifference
from domain.people import SYSTEM
from domain.policy import ObjectKind, Purpose
from integrations.errors import IntegrationError
from store import audit, crash_points, fee_orders, fee_scrolls
from store.engine import Transaction
from store.errors import AlreadyThere

LOOKED_BACK = timedelta(days=10)
"""Scrolls come on the next working day at six; one that comes later than this is fetched by hand."""
READY_AT = time(6, 0)
_log = structlog.get_logger(__name__)


async def compare_due(env: Environment) -> int:
    """Fetch every scroll that is there by now and compare it; tells how many were compared. Any worker may run it."""
    compared = 0
    for day in await _days_due(env):
        if await take_scroll(env, day):
            await compare(env, day)
            compared += 1
    return compared


async def take_scroll(env: Environment, day: date) -> bool:
    """Fetch and keep the scroll of a day, whole or not at all; False where it is not there, or cannot be read.

    A scroll of the day with other content than the one that is kept opens a case and is not applied.
    """
    if env.partners.treasury is None:
        return False
    try:
        found = await env.partners.treasury.scroll(day)
    except IntegrationError as error:
        _log.info("fee_scroll_not_taken", day=day.isoformat(), code=error.code)
        return False
    if found is None:
        return False
    name, content, lines = found

    async def work(tx: Transaction) -> bool:
        try:
            await fee_scrolls.add_scroll(tx, name, day, content, lines)
        except AlreadyThere:
            about = f"file:{name}"
            await open_case(Acting(env, tx, SYSTEM), FinanceDifference(DifferenceKind.FILE_NAME_REUSED, about))
            return False
        return True

    return await env.store.carry_out(work)


async def compare(env: Environment, day: date) -> None:
    """Compare the kept scroll of a day with our orders and the source. Doing it again finds the same and no more."""
    async with env.store.reading() as tx:
        lines = await fee_scrolls.scroll_lines(tx, day)
        known = await fee_orders.by_references(tx, {line.reference for line in lines})
    by_reference: dict[str, list[ScrollLine]] = defaultdict(list)
    for line in lines:
        by_reference[line.reference].append(line)
    for reference, of_order in by_reference.items():
        await _compare_one(env, known.get(reference), of_order)
    await _look_for_missing(env, day)
    crash_points.reach(crash_points.FEE_HEARD)
    await env.store.carry_out(lambda tx: _finish(Acting(env, tx, SYSTEM), day, lines))


async def compare_wallet(env: Environment) -> int:
    """Ask CSC about each wallet payment of the days before that was not compared yet; tells how many agreed."""
    today = datetime.combine(ist_date(env.clock.now()), time(), IST)
    async with env.store.reading() as tx:
        waiting = await fee_orders.unscrolled(tx, today, FeeRoute.CSC_WALLET)
    agreed = 0
    for order in waiting:
        news = await _asked(env, order)
        if news is not None and await _agrees(env, order, news):
            day = ist_date(order.receipt.paid_at) if order.receipt else ist_date(env.clock.now())
            await _scrolled(env, order, day)
            agreed += 1
    return agreed


async def _compare_one(env: Environment, order: FeeOrder | None, lines: Sequence[ScrollLine]) -> None:
    """What one challan of the scroll says, against our order and the source."""
    total = sum(line.amount_paise for line in lines)
    if order is None or order.route is not FeeRoute.TREASURY:
        await _case(env, FinanceDifference(DifferenceKind.UNKNOWN_IN_SCROLL, f"scroll:{lines[0].grn}", "0", str(total)))
        return
    if order.state not in PAID:
        news = await _asked(env, order)
        if news is None:
            return  # asked again with the next scroll, or by the rounds of the order
        order = await settle(env, order.id, news)
    if order.state not in PAID or order.receipt is None:
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, order.state.value, FeeState.SUCCESS.value)
    elif total != order.total_paise:
        await _differ(env, order, DifferenceKind.AMOUNT_DIFFERS, str(order.total_paise), str(total))
    elif {line.grn for line in lines} != {order.receipt.grn}:
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, order.receipt.grn, lines[0].grn)
    else:
        await _scrolled(env, order, lines[0].scrolled_on)


async def _look_for_missing(env: Environment, day: date) -> None:
    """Payments of the days before that no scroll told of, though the source still says that they were paid."""
    begins = datetime.combine(day, time(), IST)
    async with env.store.reading() as tx:
        missing = await fee_orders.unscrolled(tx, begins, FeeRoute.TREASURY)
    for order in missing:
        news = await _asked(env, order)
        if news is not None and await _agrees(env, order, news):
            await _differ(env, order, DifferenceKind.NOT_IN_SCROLL, str(order.total_paise), "0")


async def _agrees(env: Environment, order: FeeOrder, news: FeeNews) -> bool:
    """Whether the source says what we do of a paid order; opens the case where it does not."""
    gone_back = news.state is HeardState.REFUNDED and order.state is not FeeState.SUCCESS
    if gone_back or (news.state is HeardState.SUCCESS and news.amount_paise == order.total_paise):
        return True
    if news.state is HeardState.SUCCESS:
        found, kind = str(news.amount_paise), DifferenceKind.AMOUNT_DIFFERS
        await _differ(env, order, kind, str(order.total_paise), found)
    else:
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, order.state.value, news.state.value)
    return False


async def _asked(env: Environment, order: FeeOrder) -> FeeNews | None:
    try:
        return await ask(env, order)
    except IntegrationError as error:
        _log.info("fee_enquiry_unanswered", route=order.route.value, code=error.code)
        return None


async def _scrolled(env: Environment, order: FeeOrder, day: date) -> None:
    await env.store.carry_out(lambda tx: fee_orders.mark_scrolled(tx, [order.id], day))


async def _differ(env: Environment, order: FeeOrder, kind: DifferenceKind, expected: str, found: str) -> None:
    async def work(tx: Transaction) -> None:
        await differ(Acting(env, tx, SYSTEM), order, kind, expected=expected, found=found)

    await env.store.carry_out(work)


async def _case(env: Environment, difference: FinanceDifference) -> None:
    async def work(tx: Transaction) -> None:
        await open_case(Acting(env, tx, SYSTEM), difference)

    await env.store.carry_out(work)


async def _finish(acting: Acting, day: date, lines: Sequence[ScrollLine]) -> None:
    if not await fee_scrolls.mark_compared(acting.tx, day):
        return
    detail = {"lines": len(lines), "paise": sum(line.amount_paise for line in lines)}
    who, kind, purpose = acting.subject.label, ObjectKind.FEE_ORDER.value, Purpose.COLLECT_FEE.value
    await audit.append(acting.tx, audit.AuditLine(who, "fee.scroll_compared", kind, day.isoformat(), purpose, detail))


async def _days_due(env: Environment) -> list[date]:
    """The days of the last ten whose scroll should be there and was not compared yet, if anything was ever paid."""
    now = env.clock.now().astimezone(IST)
    last = now.date() - timedelta(days=1 if now.time() >= READY_AT else 2)
    async with env.store.reading() as tx:
        since = await fee_orders.first_paid(tx, FeeRoute.TREASURY)
        done = await fee_scrolls.compared_days(tx, last - LOOKED_BACK)
    if since is None or env.partners.treasury is None:
        return []
    first = max(ist_date(since), last - LOOKED_BACK)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day not in done]
