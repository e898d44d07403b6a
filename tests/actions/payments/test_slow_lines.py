"""A file for PFMS that takes longer than a worker's claim on it, over real sockets: it arrives once, by one worker."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from actions.payments.payment_batches import SEND, batch_now
from actions.payments.registrations import enrol
from domain.payments.files import BatchState, Transport
from gateway.worker import deliveries
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import HANDLERS
from integrations.dbt_finance.pfms import rest, sftp_exchange
from integrations.dbt_finance.pfms.exchange import LARGEST_FILE, SLOWEST, for_size
from store.database import database_now
from store.platform import outbox
from tests.support.payments import Paying

CLAIM, BEATS = 3.0, 4
"""Seconds of a claim here, and beats (three in a claim) that the file is held up: longer than a claim."""
HELD = {
    Transport.SFTP: {"kind": "latency", "route": "/sftp/write", "calls": [1]},
    Transport.REST: {"kind": "latency", "route": "/v1/files/out/*", "calls": [2]},
}
"""PFMS is slow to take the file: in the middle of it over SFTP; over REST to answer, after it was looked for."""


@pytest.fixture(params=Transport)
def way(request: pytest.FixtureRequest) -> Transport:
    """Both ways promise the same."""
    return Transport(request.param)


class Line:
    """Holds what goes over it where PFMS was told to be slow, until it is let go."""

    def __init__(self) -> None:
        self.held, self.let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        del seconds
        self.held.set()
        await self.let_go.wait()


@pytest.fixture
async def line(paying: Paying, way: Transport, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A batch waits to be sent, and its file will be held up."""
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", CLAIM)
    monkeypatch.setattr(deliveries, "PATIENCE_SECONDS", 0.01)
    await paying.validated(1)
    await batch_now(paying.env)
    made = Line()
    monkeypatch.setattr(paying.clock, "sleep", made)
    paying.pfms.faults(HELD[way])
    return made


def a_worker(paying: Paying) -> Deliveries:
    return Deliveries(paying.env, {SEND: HANDLERS[SEND]}, asyncio.Event())


async def once(paying: Paying) -> None:
    """Whether there is one file, whole, and one order."""
    (batch,) = await paying.batches()
    assert batch.state == BatchState.SENT
    sealed = await paying.sealed(batch.id)
    assert paying.archive("payment-request", "out") == {batch.file_name: sealed}
    paying.pfms.faults()
    paying.pfms.pick_up()
    assert len(paying.pfms.orders()) == 1


@pytest.mark.long
@pytest.mark.integration
async def test_a_file_that_outlasts_the_claim_arrives_once_by_the_worker_that_began_it(
    paying: Paying, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, beats = outbox.extend_claim, asyncio.Semaphore(0)

    async def counted(*given: Any) -> bool:
        held = await hold(*given)
        beats.release()
        return held

    monkeypatch.setattr(outbox, "extend_claim", counted)
    one, other = a_worker(paying), a_worker(paying)
    assert await one.deliver_due() == 1
    await line.held.wait()
    for _ in range(BEATS):
        await beats.acquire()
    assert await other.deliver_due() == 0
    line.let_go.set()
    await asyncio.gather(*one._aside)
    await once(paying)


@pytest.mark.integration
async def test_a_file_of_a_worker_that_died_half_way_is_sent_whole_by_another(
    paying: Paying, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", 600.0)  # however busy the machine, it has not ended by itself
    one, heir = a_worker(paying), a_worker(paying)
    await one.deliver_due()
    await line.held.wait()
    [task] = one._aside
    task.cancel()  # as kill -9: nothing is noted, nothing renewed, and the line is gone
    await asyncio.wait([task])
    line.let_go.set()
    assert await heir.deliver_due() == 0, "the claim of the dead one holds for its seconds"
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(outbox.outbox_table).values(lease_until=await database_now(tx)))
    assert await heir.deliver_due() == 1
    await asyncio.gather(*heir._aside)
    await once(paying)


@pytest.mark.integration
async def test_a_file_is_not_taken_up_before_the_one_ahead_of_it_is_there(paying: Paying, line: Line) -> None:
    await paying.sanctioned(1, first=2)
    await enrol(paying.env)
    await batch_now(paying.env)
    one = a_worker(paying)
    assert await one.deliver_due() == 1
    await line.held.wait()
    waits = (await paying.batches("BENEFICIARY"))[-1]
    assert (waits.state, waits.started_at) == (BatchState.BUILT, None), "not signed, not noted as tried, no time spent"
    line.let_go.set()
    await asyncio.gather(*one._aside)
    assert await one.deliver_due() == 1
    await asyncio.gather(*one._aside)
    assert (await paying.batches("BENEFICIARY"))[-1].state == BatchState.SENT
    await once(paying)


@pytest.mark.parametrize("policy", [sftp_exchange.SEND, rest.SEND, sftp_exchange.FETCH, rest.FETCH])
def test_a_file_has_the_time_of_its_size_and_the_largest_less_than_its_topic(policy: Any) -> None:
    assert for_size(policy, 0) == policy
    large = for_size(policy, 2_400_000)
    assert (large.attempt - policy.attempt, large.total - policy.total) == (1_200, 1_200)
    assert for_size(policy, LARGEST_FILE).total < deliveries.LONGEST["pfms.send"]
    assert SLOWEST * 8 * 4 == 64_000, "four senders share 64 kbit/s"
