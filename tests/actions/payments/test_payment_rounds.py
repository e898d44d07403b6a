"""The worker's rounds of payment files: one worker at a time, and PFMS may be away."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actions.payments.payment_batches import SEND
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import Transport
from gateway.worker import payment_rounds
from gateway.worker.deliveries import Deliveries
from gateway.worker.payment_rounds import LEASE, LEASE_SECONDS, PaymentRounds
from gateway.worker.topics import HANDLERS
from store.database import leases
from tests.support.payments import Paying, pfms_changed

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("way", Transport)
async def test_rounds_and_the_outbox_alone_bring_a_payment_to_its_credit(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    rounds = PaymentRounds(paying.env, asyncio.Event())
    worker = Deliveries(paying.env, {SEND: HANDLERS[SEND]}, asyncio.Event())
    assert await rounds.round()
    assert await worker.deliver_due() >= 1
    paying.pfms.pick_up()
    assert await rounds.round()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]


async def test_a_round_leaves_what_another_worker_does(paying: Paying) -> None:
    await paying.sanctioned(1)
    async with paying.env.store.write_transaction() as tx:
        lease = await leases.acquire(tx, LEASE, "another", LEASE_SECONDS)
    assert lease is not None
    rounds = PaymentRounds(paying.env, asyncio.Event())
    assert not await rounds.round()
    async with paying.env.store.write_transaction() as tx:
        await leases.release(tx, lease)
    assert await rounds.round()
    assert len(await paying.batches("BENEFICIARY")) == 1


@pytest.mark.long
async def test_the_lead_is_kept_while_a_round_outlasts_it(paying: Paying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_rounds, "LEASE_SECONDS", 3.0)
    renew, renewed, let_go = leases.renew, asyncio.Semaphore(0), asyncio.Event()

    async def counted(*given: Any) -> Any:
        held = await renew(*given)
        renewed.release()
        return held

    class Slow:
        async def list_incoming(self) -> list[Any]:
            await let_go.wait()
            return []

    monkeypatch.setattr(leases, "renew", counted)
    slow: Any = Slow()
    env = pfms_changed(paying.env, exchange=slow)
    going = asyncio.create_task(PaymentRounds(env, asyncio.Event()).round())
    for _ in range(4):  # three in the time of a lease
        await renewed.acquire()
    other = PaymentRounds(paying.env, asyncio.Event())
    assert not await other.round()
    let_go.set()
    assert await going
    assert await other.round()


async def test_batches_are_made_while_pfms_is_away(paying: Paying) -> None:
    await paying.sanctioned(1)
    (service,) = paying.pfms.sandbox.services
    await service.stop()
    assert await PaymentRounds(paying.env, asyncio.Event()).round()
    assert len(await paying.batches("BENEFICIARY")) == 1


async def test_nothing_is_done_where_pfms_is_not_connected(paying: Paying) -> None:
    await paying.sanctioned(1)
    alone = replace(paying.env, partners=replace(paying.env.partners, pfms=None))
    assert not await PaymentRounds(alone, asyncio.Event()).round()
