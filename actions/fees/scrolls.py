"""Reconciles fees daily, three ways: our orders, the provider's status of each, and the treasury's scroll.

Every difference opens one case for a finance officer; nothing is marked paid by a scroll alone.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial

import structlog

from actions.fees.fee_cases import ABOUT, differ
from actions.fees.fee_enquiries import ask, settle
from actions.kernel import Environment, UnitOfWork
from actions.reconciliation import expected_files
from actions.reconciliation.finance_cases import open_case, resolve_automatically
from domain.fees.fees import PAID, FeeNews, FeeOrder, FeeRoute, FeeState, ReportedState, ScrollLine
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import IST, SYSTEM, ist_date
from domain.payments.expected_files import ASKED_BACK, ExpectedFile, FileSource, about_of
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind, FinanceDifference
from integrations.calling.errors import Garbled, RemoteError
from store.database import AlreadyThere, Transaction, audit, crash_points
from store.fees import fee_orders, fee_scrolls

READY_AT = time(6, 0)
SCROLL, WALLET = FileSource.TREASURY_SCROLL, FileSource.CSC_WALLET
CAME_GOOD = "A correct scroll of the day came and was compared."
SCROLLED_LATE = "A scroll that came later holds the payment, with the same amount."
_log = structlog.get_logger(__name__)


async def compare_due(env: Environment) -> int:
    """Fetch every scroll that is there by now and compare it; returns how many were compared. Any worker may run it.

    The oldest day that is missing comes first, as far back as `ASKED_BACK`, so that an outage of weeks is made up for.
    """
    compared, days = 0, await _days_due(env)
    for day in days:
        if await take_scroll(env, day.day):
            crash_points.reach(crash_points.SCROLL_KEPT)
            await compare(env, day.day)
            compared += 1
        else:
            await expected_files.note_asked(env, SCROLL, day.day)
    if compared > 1:
        _log.info("fee_scrolls_made_up_for", compared=compared, days=len(days), oldest=days[0].day.isoformat())
    await expected_files.report_missing_files(env, SCROLL)
    return compared


async def take_scroll(env: Environment, day: date) -> bool:
    """Fetch and keep the scroll of a day, whole or not at all; False where it is not there, or cannot be read.

    A scroll of the day with other content than the one that is kept opens a case and is not applied.
    """
    if env.partners.treasury is None:
        return False
    try:
        found = await env.partners.treasury.scroll(day)
    except Garbled as error:
        # Not whole, or not signed by the treasury: nothing of it counts, and the next one that comes may be good.
        refused = FinanceDifference(DifferenceKind.FILE_REFUSED, _scroll_reference(day), found=error.code)
        await _case(env, refused)
        _log.warning("fee_scroll_refused", day=day.isoformat(), code=error.code)
        return False
    except RemoteError as error:
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
            await open_case(UnitOfWork(env, tx, SYSTEM), FinanceDifference(DifferenceKind.FILE_NAME_REUSED, about))
            return False
        return True

    return await env.store.carry_out(work)


async def compare(env: Environment, day: date) -> None:
    """Compare the kept scroll of a day with our orders and the source. Doing it again finds the same and no more."""
    async with env.store.read_transaction() as tx:
        lines = await fee_scrolls.scroll_lines(tx, day)
        known = await fee_orders.by_references(tx, {line.reference for line in lines})
    by_reference: dict[str, list[ScrollLine]] = defaultdict(list)
    for line in lines:
        by_reference[line.reference].append(line)
    for reference, of_order in by_reference.items():
        await _compare_one(env, known.get(reference), of_order)
    await _look_for_missing(env, day)
    crash_points.reach(crash_points.SCROLL_COMPARED)
    await env.store.carry_out(lambda tx: _finish(UnitOfWork(env, tx, SYSTEM), day, lines))


async def compare_wallet(env: Environment) -> int:
    """Ask CSC about each wallet payment of the days before that was not compared yet; returns how many agreed.

    A day of which CSC answers on every payment is compared; of one that is left over a case tells after its hour.
    """
    waiting = await _unscrolled_orders(env, ist_date(env.clock.now()), FeeRoute.CSC_WALLET)
    await expected_files.enter_days(env, WALLET, FeeRoute.CSC_WALLET)
    agreed, unanswered = 0, set[date]()
    for order in waiting:
        news = await _ask_source(env, order)
        day = ist_date(order.receipt.paid_at) if order.receipt else ist_date(env.clock.now())
        if news is None:
            unanswered.add(day)
        elif await _agrees(env, order, news):
            await _mark_scrolled(env, order, day)
            agreed += 1
    await _wallet_days(env, unanswered)
    return agreed


async def _wallet_days(env: Environment, unanswered: Collection[date]) -> None:
    for one in await expected_files.open_days(env, WALLET):
        if one.day not in unanswered:
            await env.store.carry_out(partial(_wallet_day, env, one.day))
    await expected_files.report_missing_files(env, WALLET)


async def _wallet_day(env: Environment, day: date, tx: Transaction) -> None:
    await expected_files.note_compared(UnitOfWork(env, tx, SYSTEM), WALLET, day)


async def _compare_one(env: Environment, order: FeeOrder | None, lines: Sequence[ScrollLine]) -> None:
    """What one challan of the scroll says, against our order and the source."""
    total = sum(line.amount_paise for line in lines)
    if order is None or order.route is not FeeRoute.TREASURY:
        await _case(env, FinanceDifference(DifferenceKind.UNKNOWN_IN_SCROLL, f"scroll:{lines[0].grn}", "0", str(total)))
        return
    if order.state not in PAID:
        news = await _ask_source(env, order)
        if news is None:
            return  # asked again with the next scroll, or by the rounds of the order
        order = await settle(env, order.id, news)
    if order.receipt is None or not (order.state in PAID or order.holds_other_amount):
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, order.state.value, FeeState.SUCCESS.value)
        return
    await _compare_paid(env, order, order.receipt.grn, lines)


async def _compare_paid(env: Environment, order: FeeOrder, grn: str, lines: Sequence[ScrollLine]) -> None:
    """What the scroll says of an order that money was taken for with a receipt, be it another amount."""
    total = sum(line.amount_paise for line in lines)
    mine = sum(line.amount_paise for line in lines if line.grn == grn)
    if total > mine and (mine or order.scrolled_on):
        # Another receipt for the same order beside ours: she, or her bank, paid once more.
        await _differ(env, order, DifferenceKind.SECOND_PAYMENT, str(order.held_paise), str(total - mine))
    elif not mine:
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, grn, lines[0].grn)
    if mine and mine != order.held_paise:
        await _differ(env, order, DifferenceKind.AMOUNT_DIFFERS, str(order.held_paise), str(mine))
    elif mine:
        await _mark_scrolled(env, order, lines[0].scrolled_on)


async def _look_for_missing(env: Environment, day: date) -> None:
    """Payments of earlier days that are in no scroll, though the source still says that they were paid."""
    missing = await _unscrolled_orders(env, day, FeeRoute.TREASURY)
    # What was paid on a day, or on the day before one, whose scroll is missing may be in that one.
    owed = [one for one in await expected_files.missing_days(env, SCROLL) if one != day]
    doubtful = {*owed, *(one - timedelta(days=1) for one in owed)}
    for order in missing:
        if order.receipt is None or _may_follow(env, paid := ist_date(order.receipt.paid_at), day) or paid in doubtful:
            continue
        news = await _ask_source(env, order)
        if news is not None and await _agrees(env, order, news):
            await _differ(env, order, DifferenceKind.NOT_IN_SCROLL, str(order.held_paise), "0")


async def _unscrolled_orders(env: Environment, day: date, route: FeeRoute) -> list[FeeOrder]:
    """What was paid before a day and is in no book, as far back as a day's file is asked for."""
    begins = datetime.combine(day, time(), IST)
    async with env.store.read_transaction() as tx:
        return await fee_orders.unscrolled_orders(tx, route, paid_since=begins - ASKED_BACK, paid_before=begins)


def _may_follow(env: Environment, paid: date, day: date) -> bool:
    """Whether what was paid on a day without banks may be in a scroll behind that of `day`: in the next one made."""
    works = expected_files.is_bank_day(env, paid)
    return not works and day <= expected_files.bank_days_beside(env, paid)[1]


async def _agrees(env: Environment, order: FeeOrder, news: FeeNews) -> bool:
    """Whether the source says what we do of a paid order; opens the case where it does not."""
    # What the wallet's status says of a payment that went back is explained nowhere: our own state is the truth there.
    asked_back = news.state is ReportedState.REFUNDED and order.state is not FeeState.SUCCESS
    gone_back = asked_back or order.state is FeeState.REFUNDED
    if gone_back or (news.state is ReportedState.SUCCESS and news.amount_paise == order.held_paise):
        return True
    if news.state is ReportedState.SUCCESS:
        found, kind = str(news.amount_paise), DifferenceKind.AMOUNT_DIFFERS
        await _differ(env, order, kind, str(order.held_paise), found)
    else:
        await _differ(env, order, DifferenceKind.STATUS_DIFFERS, order.state.value, news.state.value)
    return False


async def _ask_source(env: Environment, order: FeeOrder) -> FeeNews | None:
    try:
        return await ask(env, order)
    except RemoteError as error:
        _log.info("fee_enquiry_unanswered", route=order.route.value, code=error.code)
        return None


async def _mark_scrolled(env: Environment, order: FeeOrder, day: date) -> None:
    """Note that a day's book has the order as we have it; a case that said it was in none closes itself."""

    async def work(tx: Transaction) -> None:
        await fee_orders.mark_scrolled(tx, [order.id], day)
        kind, good = DifferenceKind.NOT_IN_SCROLL, CaseOutcome.CORRECTED_AT_PARTNER
        await resolve_automatically(UnitOfWork(env, tx, SYSTEM), kind, f"{ABOUT}{order.id}", good, SCROLLED_LATE)

    await env.store.carry_out(work)


async def _differ(env: Environment, order: FeeOrder, kind: DifferenceKind, expected: str, found: str) -> None:
    async def work(tx: Transaction) -> None:
        await differ(UnitOfWork(env, tx, SYSTEM), order, kind, expected=expected, found=found)

    await env.store.carry_out(work)


async def _case(env: Environment, difference: FinanceDifference) -> None:
    async def work(tx: Transaction) -> None:
        await open_case(UnitOfWork(env, tx, SYSTEM), difference)

    await env.store.carry_out(work)


def _scroll_reference(day: date) -> str:
    return about_of(SCROLL, day)


async def _finish(acting: UnitOfWork, day: date, lines: Sequence[ScrollLine]) -> None:
    if not await fee_scrolls.mark_compared(acting.tx, day):
        return
    await expected_files.note_compared(acting, SCROLL, day)
    good = CaseOutcome.CORRECTED_AT_PARTNER
    await resolve_automatically(acting, DifferenceKind.FILE_REFUSED, _scroll_reference(day), good, CAME_GOOD)
    detail = {"lines": len(lines), "paise": sum(line.amount_paise for line in lines)}
    who, kind, purpose = acting.subject.label, ObjectKind.FEE_ORDER.value, Purpose.COLLECT_FEE.value
    await audit.record(acting.tx, who, "fee.scroll_compared", kind, day.isoformat(), purpose, **detail)


async def _days_due(env: Environment) -> list[ExpectedFile]:
    """The days of the book that were not compared and whose scroll may be there, the oldest first."""
    if env.partners.treasury is None:
        return []
    now = env.clock.now().astimezone(IST)
    await expected_files.enter_days(env, SCROLL, FeeRoute.TREASURY)
    last = now.date() - timedelta(days=1 if now.time() >= READY_AT else 2)
    return [one for one in await expected_files.open_days(env, SCROLL) if one.day <= last and one.is_asked_for(now)]
