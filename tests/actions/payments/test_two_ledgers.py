"""Of two random ledgers every difference is found once, and none is invented."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actions.payments.reconciliation import reconcile
from actions.reconciliation.expected_files import is_bank_day
from domain.benefits.benefits import Instalment, PaymentStatus, Rail, Sanction
from domain.benefits.bills import bill_number, end_to_end_id
from domain.kernel import NumberKind, make_number
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind
from domain.reconciliation.reconciliation import RunState, Side, statement_bounds
from store.benefits import benefits
from store.reconciliation import finance_cases, reconciliation
from store.reconciliation.finance_cases import CaseFilter
from store.reconciliation.reconciliation import StatementLine
from tests.support.actions import World
from tests.support.stored import record_payment_status

pytestmark = pytest.mark.integration

DAY = date(2026, 11, 23)
_EXAMPLE = count(1)

amounts = st.sampled_from([100, 150_000, 150_001])
ours = st.none() | st.tuples(amounts, st.sampled_from(list(PaymentStatus)))
theirs = st.none() | st.tuples(amounts, st.sampled_from(list(Side)))
ledgers = st.lists(st.tuples(ours, theirs), max_size=8)


@dataclass(frozen=True)
class Row:
    """A payment as both books hold it."""

    number: int
    ours: tuple[int, PaymentStatus] | None
    theirs: tuple[int, Side] | None


def expected(row: Row) -> DifferenceKind | None:
    """By a table of its own: what is wrong with one payment."""
    if row.ours is None:
        return DifferenceKind.UNKNOWN_IN_SCROLL if row.theirs else None
    amount, status = row.ours
    if row.theirs is None:
        heard_of = {PaymentStatus.AT_BANK, PaymentStatus.CREDITED, PaymentStatus.RETURNED}
        return DifferenceKind.NOT_IN_SCROLL if status in heard_of else None
    if row.theirs[0] != amount:
        return DifferenceKind.AMOUNT_DIFFERS
    flight = {PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK}
    agreeing = {
        Side.IN_FLIGHT: flight,
        Side.CREDITED: {PaymentStatus.CREDITED},
        Side.CAME_BACK: set(PaymentStatus) - flight - {PaymentStatus.CREDITED},
        Side.NOT_SENT: set(PaymentStatus) - flight - {PaymentStatus.CREDITED},
    }
    if status in agreeing[row.theirs[1]]:
        return None
    if status is PaymentStatus.REISSUED and row.theirs[1] is Side.CREDITED:
        return DifferenceKind.SECOND_PAYMENT
    paid_unseen = status is PaymentStatus.CREDITED and row.theirs[1] in {Side.IN_FLIGHT, Side.NOT_SENT}
    return DifferenceKind.NOT_IN_SCROLL if paid_unseen else DifferenceKind.STATUS_DIFFERS


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ledger=ledgers)
async def test_every_difference_of_two_ledgers_has_one_case_and_none_is_invented(
    peopled: World, ledger: list[tuple[tuple[int, PaymentStatus] | None, tuple[int, Side] | None]]
) -> None:
    world, example = peopled, next(_EXAMPLE)
    day = among_bank_days(world, DAY + timedelta(days=10 * example))
    world.clock.advance(statement_bounds(day)[1] + timedelta(hours=3) - world.clock.now())
    rows = [Row(example * 1_000 + place, *pair) for place, pair in enumerate(ledger)]
    names = {row.number: await entered(world, row, day) for row in rows}
    async with world.env.store.write_transaction() as tx:
        before = await reconciliation.begin(tx, f"before-{example}", Rail.PFMS, day - timedelta(days=1))
        await reconciliation.advance_run(tx, before, state=RunState.ENDED, place=None)
        run = await reconciliation.begin(tx, f"run-{example}", Rail.PFMS, day)
        await reconciliation.keep_rows(tx, run.id, [stated(row) for row in rows if row.theirs])
        await reconciliation.advance_run(tx, run, state=RunState.COMPARING, place=None)
    done = await reconcile(world.env, Rail.PFMS, day)
    assert await reconcile(world.env, Rail.PFMS, day) == done
    wanted = {names[row.number]: kind for row in rows if (kind := expected(row)) is not None}
    async with world.env.store.read_transaction() as tx:
        cases = await finance_cases.cases(None, CaseFilter()).page(tx, limit=500)
    mine = [case for case in cases if case.about in names.values()]
    assert {case.about: case.kind for case in mine} == wanted
    assert len(mine) == len(wanted) == done.differences
    assert all(case.times_found == 1 for case in mine)
    await credit_all(world, [name for name in names.values() if name.startswith(INSTALMENT)])


def among_bank_days(world: World, day: date) -> date:
    """The first day from one on at which banks work, as on the day before: what moves on another is awaited later."""
    while not all(is_bank_day(world.env, one) for one in (day - timedelta(days=1), day)):
        day += timedelta(days=1)
    return day


async def credit_all(world: World, about: list[str]) -> None:
    """So that none of this example is in flight when the next one is compared."""
    async with world.env.store.write_transaction() as tx:
        for name in about:
            key = name.removeprefix(INSTALMENT)
            await record_payment_status(tx, key, PaymentStatus.CREDITED, world.clock.now())


def payment(number: int) -> str:
    """The end-to-end id of a payment."""
    return end_to_end_id(make_number(NumberKind.PAYMENT, 2026, f"{number:010d}"), 1)


def stated(row: Row) -> StatementLine:
    assert row.theirs is not None
    paise, side = row.theirs
    return StatementLine("statement.xml", row.number, payment(row.number), None, paise, side.value)


async def entered(world: World, row: Row, day: date) -> str:
    """Put our side into the store; gives what a case of the payment is about."""
    if row.ours is None:
        return f"payment:{payment(row.number)}"
    amount, status = row.ours
    number = make_number(NumberKind.PAYMENT, 2026, f"{row.number:010d}")
    moved_at: datetime = statement_bounds(day - timedelta(days=1))[1] - timedelta(hours=6)
    who = world.asha.person_id or ""
    async with world.env.store.write_transaction() as tx:
        sanction = Sanction(
            id=world.env.ids.key(),
            number=number,
            application_id=None,
            citizen_id=who,
            scheme_code="uk-old-age-pension",
            department="social-welfare",
            district="49",
            amount_paise=amount,
            period=None,
            bank_account_last4=None,
            sanctioned_at=moved_at,
        )
        await benefits.add_sanction(tx, sanction)
        one = Instalment(
            id=world.env.ids.key(),
            sanction_id=sanction.id,
            citizen_id=who,
            sequence=1,
            period_from=day,
            period_to=day,
            amount_paise=amount,
            bill_number=bill_number(number, 1),
            end_to_end_id=payment(row.number),
            status=status,
            status_at=moved_at,
            rail=Rail.PFMS,
        )
        await benefits.add_instalments(tx, [one])
    return f"instalment:{one.id}"
