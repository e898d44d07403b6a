"""Hourly enquiries: a credit at the treasury reaches the store, the count and the citizen by itself."""

from datetime import datetime, timedelta

import pytest

from actions.benefits.payment_enquiries import AFTER_CREDIT, EVERY_HOUR, PUT_OFF, ask_due, next_enquiry
from actions.benefits.sanction import send_instruction
from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source, ist_date
from domain.reconciliation.finance_cases import DifferenceKind, FinanceCase
from integrations.calling.errors import Garbled, Unavailable
from integrations.dbt_finance import BillEnquiry, PaymentState
from store.benefits import benefits
from store.etaal import ledger, ledger_seal
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.actions.benefits.test_sanction import first_instalment, sanctioned
from tests.support.actions import World
from tests.support.stored import enquiry_of

HOUR = timedelta(hours=1, seconds=1)


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases: what is kept of an order decides what is sent and asked next."""
    return peopled


async def instructed(world: World) -> str:
    """A payment whose order is at the treasury."""
    _, sanction = await sanctioned(world)
    instalment_id = await first_instalment(world, sanction)
    await send_instruction(world.env, instalment_id)
    return instalment_id


async def told(world: World, instalment_id: str, status: PaymentStatus, **more: object) -> str:
    """Let the treasury say where the payment stands now; gives its bill."""
    async with world.env.store.read_transaction() as tx:
        one = await benefits.instalment(tx, instalment_id)
    assert one is not None
    paise = int(str(more.pop("paise", one.amount_paise)))
    utr, strangers = more.pop("utr", None), more.pop("strangers", ())
    state = PaymentState(status, world.clock.now(), **more)  # type: ignore[arg-type]
    world.dbt.enquiries[one.bill_number] = BillEnquiry(state, paise, utr, strangers)  # type: ignore[arg-type]
    return one.bill_number


async def status_of(world: World, instalment_id: str) -> PaymentStatus:
    async with world.env.store.read_transaction() as tx:
        one = await benefits.instalment(tx, instalment_id)
    assert one is not None
    return one.status


async def cases_of(world: World) -> list[FinanceCase]:
    async with world.env.store.read_transaction() as tx:
        return await finance_cases.cases(None, CaseFilter()).page(tx, limit=50)


async def test_nothing_is_asked_before_an_hour_has_passed(world: World):
    await instructed(world)
    assert (await ask_due(world.env)).asked == 0
    world.clock.advance(HOUR)
    assert (await ask_due(world.env)).asked == 1


async def test_a_credit_reaches_the_store_the_count_and_is_told_once(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.CREDITED, utr="SBIN000000000001", utr_last4="0001")
    assert (await ask_due(world.env)).changed == 1
    world.clock.advance(AFTER_CREDIT + HOUR)
    assert (await ask_due(world.env)).changed == 0
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        counts = await ledger.counts_on(tx, ist_date(world.clock.now() - AFTER_CREDIT - HOUR))
        events = (await benefits.payment_events(tx, [instalment_id]))[instalment_id]
    assert await status_of(world, instalment_id) is PaymentStatus.CREDITED
    assert [(one.status, one.utr_last4) for one in events][-1] == (PaymentStatus.CREDITED, "0001")
    assert [one.count for one in counts if one.service_code == "uk-old-age-pension"] == [1]
    assert await cases_of(world) == []


async def test_a_bill_that_was_credited_under_two_references_is_a_second_payment(world: World):
    instalment_id = await instructed(world)
    for utr in ("SBIN000000000001", "SBIN000000000001", "SBIN000000000002"):
        world.clock.advance(AFTER_CREDIT + HOUR)
        await told(world, instalment_id, PaymentStatus.CREDITED, utr=utr, utr_last4=utr[-4:])
        await ask_due(world.env)
    found = [(one.kind, one.about, one.times_found) for one in await cases_of(world)]
    assert found == [(DifferenceKind.SECOND_PAYMENT, f"instalment:{instalment_id}", 1)]


async def test_a_credit_that_comes_back_within_ten_days_is_returned_with_its_code(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.CREDITED)
    await ask_due(world.env)
    world.clock.advance(timedelta(days=3))
    await told(world, instalment_id, PaymentStatus.RETURNED, return_code="01")
    assert (await ask_due(world.env)).changed == 1
    assert await status_of(world, instalment_id) is PaymentStatus.RETURNED
    world.clock.advance(timedelta(days=30))
    assert (await ask_due(world.env)).asked == 0


async def test_a_credit_that_comes_back_to_the_treasury_later_is_returned_too(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.CREDITED)
    await ask_due(world.env)
    for days in (2, 12):
        world.clock.advance(timedelta(days=days))
        await ask_due(world.env)
    await told(world, instalment_id, PaymentStatus.RETURNED, return_code="01")
    world.clock.advance(timedelta(days=8))
    await ask_due(world.env)
    assert await status_of(world, instalment_id) is PaymentStatus.RETURNED
    assert await cases_of(world) == []


async def test_a_bill_that_waits_for_approval_is_asked_for_without_a_case(world: World):
    instalment_id = await instructed(world)
    for _ in range(3):
        world.clock.advance(HOUR)
        await ask_due(world.env)
    assert await status_of(world, instalment_id) is PaymentStatus.INSTRUCTED
    assert await cases_of(world) == []


async def test_another_amount_and_a_payment_that_is_not_ours_open_cases(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.AT_BANK, paise=100_000, strangers=("UKE-other",))
    assert (await ask_due(world.env)).changed == 0
    found = {(one.kind, one.expected, one.found) for one in await cases_of(world)}
    assert (DifferenceKind.AMOUNT_DIFFERS, "150000", "100000") in found
    assert {kind for kind, _, _ in found} == {DifferenceKind.AMOUNT_DIFFERS, DifferenceKind.UNKNOWN_IN_SCROLL}


@pytest.mark.parametrize("failure", [Unavailable(Source.DBT_FINANCE, "down"), Garbled(Source.DBT_FINANCE, "odd")])
async def test_one_that_is_not_answered_is_put_off_and_asked_again(world: World, failure: Unavailable | Garbled):
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    world.dbt.failure = failure
    done = await ask_due(world.env)
    assert (done.asked, done.unanswered) == (1, 1)
    assert (await ask_due(world.env)).asked == 0
    world.dbt.failure = None
    world.clock.advance(PUT_OFF + timedelta(seconds=1))
    await told(world, instalment_id, PaymentStatus.AT_BANK)
    assert (await ask_due(world.env)).changed == 1
    async with world.env.store.read_transaction() as tx:
        row = await enquiry_of(tx, instalment_id)
    assert row is not None
    assert (row.failures, row.asks, row.heard_status) == (0, 1, "AT_BANK")


@pytest.mark.parametrize(
    ("status", "days", "after"),
    [
        (None, 0, EVERY_HOUR),
        (PaymentStatus.AT_BANK, 30, EVERY_HOUR),
        (PaymentStatus.CREDITED, 10, AFTER_CREDIT),
        (PaymentStatus.CREDITED, 11, timedelta(days=7)),
        (PaymentStatus.CREDITED, 90, timedelta(days=7)),
        (PaymentStatus.CREDITED, 91, None),
        (PaymentStatus.RETURNED, 0, None),
    ],
)
def test_what_is_not_final_is_asked_hourly_and_a_credit_ever_more_rarely(
    status: PaymentStatus | None, days: int, after: timedelta | None, clock_now: datetime
):
    asked = next_enquiry(status, clock_now - timedelta(days=days), clock_now)
    assert asked == (clock_now + after if after is not None else None)


@pytest.fixture
def clock_now(store_clock: object) -> datetime:
    return store_clock.now()  # type: ignore[attr-defined,no-any-return]
