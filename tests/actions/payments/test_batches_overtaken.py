"""Batches that are overtaken on the way: by the end of their day, or by the end of a benefit that they pay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest

from actions.benefits.instalments import stop
from actions.benefits.recovery_orders import recover_overpaid
from actions.benefits.sanction_stops import add_stop
from actions.kernel import Environment, UnitOfWork
from actions.payments.partner import pfms
from actions.payments.payment_batches import batch_now
from actions.payments.releasing import Released, release_set_aside
from actions.payments.sealing import content_of
from actions.payments.sending import send_batch
from domain.benefits.benefits import PaymentStatus, Sanction
from domain.benefits.recoveries import RecoveryGround, RecoveryState
from domain.benefits.sanction_course import StopGround, StopKind
from domain.kernel import SYSTEM
from domain.payments.files import BatchState, LineState, Transport
from integrations.calling.errors import Unavailable
from integrations.dbt_finance.pfms.models import FileKind
from store.benefits import benefits, recoveries
from store.database import Transaction
from store.payments import payment_batches
from tests.support.noting import Noting
from tests.support.payments import LATE, Paying, pfms_changed

pytestmark = pytest.mark.integration
_NOBODY_LISTENS = 1
_DIED_ON = date(2026, 10, 20)
"""Before the period that the payment is for began."""


async def a_batch(paying: Paying) -> str:
    """A batch that is made and not sent."""
    await batch_now(paying.env)
    return str((await paying.batches())[-1].id)


async def behind(tx: Transaction, instalment_id: str) -> Sanction:
    """The sanction that an instalment pays."""
    paid = await benefits.instalment(tx, instalment_id)
    assert paid is not None
    return (await benefits.sanctions(tx, [paid.sanction_id]))[paid.sanction_id]


async def dies(paying: Paying, instalment_id: str) -> None:
    """The officer learns that the citizen died before the period of a payment began."""
    async with paying.env.store.write_transaction() as tx:
        sanction, acting = await behind(tx, instalment_id), UnitOfWork(paying.env, tx, SYSTEM)
        await stop(acting, sanction, _DIED_ON, StopGround.DEATH)
        await recover_overpaid(acting, sanction, StopGround.DEATH, _DIED_ON)


async def suspended(paying: Paying, instalment_id: str) -> None:
    """Nothing more is to be paid for now; a file that left is not called back by it."""
    async with paying.env.store.write_transaction() as tx:
        sanction, acting = await behind(tx, instalment_id), UnitOfWork(paying.env, tx, SYSTEM)
        await add_stop(acting, sanction, StopKind.SUSPENSION, StopGround.ENQUIRY_PENDING, _DIED_ON)


async def recovered(paying: Paying, instalment_id: str) -> list[tuple[int, RecoveryGround, RecoveryState]]:
    async with paying.env.store.read_transaction() as tx:
        sanction = await behind(tx, instalment_id)
        found = (await recoveries.of_sanctions(tx, [sanction.id])).get(sanction.id, [])
    return [(one.amount_paise, one.ground, one.state) for one in found]


async def test_a_sealed_file_that_was_never_tried_is_given_up_after_its_day(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    batch_id = await a_batch(paying)
    async with paying.env.store.read_transaction() as tx:
        kept = await payment_batches.batch(tx, batch_id)
    assert kept is not None
    assert await content_of(paying.env, pfms(paying.env), kept)
    await paying.next_day()
    await send_batch(paying.env, batch_id)
    (first,) = await paying.batches()
    assert (first.state, first.started_at) == (BatchState.ABANDONED, None)
    assert await paying.sealed(batch_id) is None
    await paying.round(now=True)
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1


@pytest.mark.parametrize("way", Transport)
async def test_a_file_that_reached_pfms_after_its_day_is_paid_in_the_next_batch_by_itself(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    batch_id = await a_batch(paying)
    away = pfms_changed(paying.env, exchange=Noting(pfms(paying.env).exchange, "file"))
    with pytest.raises(Unavailable):
        await send_batch(away, batch_id)
    await paying.next_day()
    await send_batch(paying.env, batch_id)
    paying.pfms.pick_up()
    await paying.answers()
    assert [each.state for each in await paying.batches()] == [BatchState.REJECTED]
    assert [line.state for line in await paying.lines()] == [LineState.RELEASED]
    await paying.round(now=True)
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.cases() == []
    assert await paying.findings() == []


async def test_a_file_that_pfms_comes_to_a_day_late_goes_in_the_next_batch_once(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    for _ in range(2):
        await a_batch(paying)
        await paying.send_due()
        await paying.next_day()
        paying.pfms.pick_up()
        await paying.answers()
    assert sorted(line.state for line in await paying.lines()) == [LineState.RELEASED, LineState.SET_ASIDE]
    second = max((await paying.batches()), key=lambda batch: batch.created_at)
    assert await paying.cases() == [("FILE_REFUSED", f"batch:{second.message_id}")]
    await paying.settle_cases()
    async with paying.env.store.write_transaction() as tx:
        assert await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), second.message_id) == Released(1)
    await paying.round(now=True)
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1


async def test_who_dies_before_the_file_is_signed_is_taken_out_of_it(paying: Paying) -> None:
    dead, alive = await paying.validated(2)
    await a_batch(paying)
    await dies(paying, dead)
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert (await paying.statuses([alive]), len(paying.pfms.orders())) == ([PaymentStatus.CREDITED], 1)
    assert await recovered(paying, dead) == []


@asynccontextmanager
async def unreachable(paying: Paying) -> AsyncIterator[Environment]:
    """PFMS takes no connections."""
    exchange = paying.pfms.exchange(port=_NOBODY_LISTENS)
    yield pfms_changed(paying.env, exchange=exchange)
    await exchange.aclose()


async def test_who_dies_while_pfms_cannot_be_reached_is_not_paid_and_the_others_are(paying: Paying) -> None:
    dead, alive = await paying.validated(2)
    batch_id = await a_batch(paying)
    async with unreachable(paying) as away:
        with pytest.raises(Unavailable):
            await send_batch(away, batch_id)
    await dies(paying, dead)

    await send_batch(paying.env, batch_id)
    await paying.round(now=True)

    first, second = await paying.batches()
    assert (first.state, first.started_at, second.lines) == (BatchState.ABANDONED, None, 1)
    assert await paying.statuses([alive]) == [PaymentStatus.CREDITED]
    assert [order["paise"] for order in paying.pfms.orders()] == [150_000]
    assert await recovered(paying, dead) == []
    assert await paying.findings() == []


async def test_a_file_that_could_not_be_sent_goes_as_it_is_where_nobody_was_stopped(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    batch_id = await a_batch(paying)
    async with unreachable(paying) as away:
        with pytest.raises(Unavailable):
            await send_batch(away, batch_id)
    sealed = await paying.sealed(batch_id)

    await send_batch(paying.env, batch_id)

    (batch,) = await paying.batches()
    assert paying.archive("payment-request", "out")[batch.file_name] == sealed
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]


async def test_a_file_that_may_have_arrived_goes_again_as_it_is_though_somebody_died(paying: Paying) -> None:
    dead, alive = await paying.validated(2)
    batch_id = await a_batch(paying)
    lossy = Noting(pfms(paying.env).exchange)
    lossy.loses = "answer"
    with pytest.raises(Unavailable):
        await send_batch(pfms_changed(paying.env, exchange=lossy), batch_id)
    await dies(paying, dead)

    await send_batch(paying.env, batch_id)

    (batch,) = await paying.batches()
    assert (batch.state, batch.lines) == (BatchState.SENT, 2)
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.statuses([dead, alive]) == [PaymentStatus.CREDITED] * 2
    assert await recovered(paying, dead) == [(150_000, RecoveryGround.PAID_AFTER_DEATH, RecoveryState.OPEN)]


async def test_a_file_that_pfms_holds_unknown_to_us_goes_on_though_somebody_died(paying: Paying) -> None:
    (dead,) = await paying.validated(1)
    batch_id = await a_batch(paying)
    async with unreachable(paying) as away:
        with pytest.raises(Unavailable):
            await send_batch(away, batch_id)
    (batch,) = await paying.batches()
    content = await paying.sealed(batch_id)
    await pfms(paying.env).exchange.send(FileKind.PAYMENTS, batch.file_name, content or b"")
    await dies(paying, dead)

    await send_batch(paying.env, batch_id)

    (batch,) = await paying.batches()
    assert batch.state == BatchState.SENT


async def test_who_dies_while_the_file_is_under_way_is_paid_and_it_is_ordered_back(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    await a_batch(paying)
    await paying.send_due()
    await dies(paying, one)
    assert await recovered(paying, one) == []
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert await recovered(paying, one) == [(150_000, RecoveryGround.PAID_AFTER_DEATH, RecoveryState.OPEN)]
    assert await paying.findings() == []


async def test_of_a_death_and_the_news_of_a_suspended_payment_at_once_each_sees_the_other(paying: Paying) -> None:
    several = await paying.validated(6)
    await a_batch(paying)
    await paying.send_due()
    for one in several:
        await suspended(paying, one)
    paying.pfms.pick_up()

    await asyncio.gather(paying.answers(), *(dies(paying, one) for one in several))

    assert await paying.statuses(several) == [PaymentStatus.CREDITED] * 6
    for one in several:
        assert await recovered(paying, one) == [(150_000, RecoveryGround.PAID_AFTER_DEATH, RecoveryState.OPEN)]


async def test_what_the_bank_sends_back_after_that_is_no_longer_owed(paying: Paying) -> None:
    (one,) = await paying.validated(1, LATE)
    await a_batch(paying)
    await paying.send_due()
    await dies(paying, one)
    paying.pfms.pick_up()
    await paying.answers()
    assert await recovered(paying, one) == [(150_000, RecoveryGround.PAID_AFTER_DEATH, RecoveryState.OPEN)]
    for _ in range(4):
        await paying.next_day()
        paying.pfms.pick_up()
        await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]
    assert await recovered(paying, one) == [(150_000, RecoveryGround.PAID_AFTER_DEATH, RecoveryState.RECOVERED)]
