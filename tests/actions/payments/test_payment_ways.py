"""The way of a file to PFMS is kept with it: whatever the settings say later, it is asked for and sent by no other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import update

from actions.kernel import Environment
from actions.payments.partner import pfms
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import batch_now
from actions.payments.sealing import content_of
from actions.payments.sending import send_batch
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchState, Transport
from gateway.worker.payment_rounds import PaymentRounds
from integrations.calling.errors import NotAsked, Unavailable
from store.payments import payment_batches
from store.payments.payment_tables import batches_table
from tests.support.noting import Noting
from tests.support.payments import Paying

pytestmark = pytest.mark.integration


@pytest.fixture(params=Transport)
def way(request: pytest.FixtureRequest) -> Transport:
    """The way that is left for the other one."""
    return Transport(request.param)


@dataclass
class Ways:
    """One house before the settings were changed, after that, and after that without the way of before."""

    before: Environment
    after: Environment
    without: Environment
    old: Noting
    new: Noting


@pytest.fixture
async def ways(paying: Paying, way: Transport) -> AsyncIterator[Ways]:
    """Both ways over real sockets, to the same PFMS."""
    async with paying.pfms.by(way.other) as other:
        first = pfms(paying.env)
        old, new = Noting(first.exchange), Noting(other)
        before = replace(first, exchange=old, way=way)
        changed = replace(before, exchange=new, way=way.other, former=old)
        houses = [
            replace(paying.env, partners=replace(paying.env.partners, pfms=each))
            for each in (before, changed, replace(changed, former=None))
        ]
        yield Ways(*houses, old, new)


async def tried(paying: Paying, ways: Ways, loses: str) -> Any:
    """A batch that was tried before the settings were changed, and lost."""
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    ways.old.loses = loses
    with pytest.raises(Unavailable):
        await send_batch(ways.before, batch.id)
    ways.old.loses = None
    ways.old.asked.clear()
    return batch


async def credited_once(paying: Paying, ways: Ways) -> None:
    """Whether the money arrives with one order, by what the house knows after the change."""
    paying.pfms.pick_up()
    while await fetch_answers(ways.after):
        pass
    (line,) = await paying.lines()
    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.findings() == []


@pytest.mark.parametrize(("loses", "asked"), [("file", ["sent", "send"]), ("answer", ["sent"])])
async def test_a_file_that_was_tried_goes_on_by_its_own_way(
    paying: Paying, ways: Ways, way: Transport, loses: str, asked: list[str]
) -> None:
    batch = await tried(paying, ways, loses)
    await send_batch(ways.after, batch.id)
    assert (ways.old.asked, ways.new.asked) == (asked, [])
    (after,) = await paying.batches()
    assert (after.state, after.way) == (BatchState.SENT, way)
    await credited_once(paying, ways)


@pytest.mark.parametrize("loses", ["file", "answer"])
async def test_a_file_whose_way_is_not_connected_waits_with_a_case_and_goes_by_no_other(
    paying: Paying, ways: Ways, way: Transport, loses: str
) -> None:
    batch = await tried(paying, ways, loses)
    for _ in range(2):
        with pytest.raises(NotAsked, match="way_not_connected"):
            await send_batch(ways.without, batch.id)
    assert (ways.old.asked, ways.new.asked) == ([], [])
    assert await paying.cases() == [("FILE_REFUSED", f"file:{batch.file_name}")]
    (waiting,) = await paying.batches()
    assert (waiting.state, waiting.way) == (BatchState.SEALED, way)
    assert await batch_now(ways.without) == 0, "its payment goes in no other batch"

    await send_batch(ways.after, batch.id)
    assert ways.new.asked == []
    await credited_once(paying, ways)


async def test_a_file_that_was_signed_and_never_tried_goes_by_the_present_way(
    paying: Paying, ways: Ways, way: Transport
) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    (made,) = await paying.batches()
    async with paying.env.store.read_transaction() as tx:
        batch = await payment_batches.batch(tx, made.id)
    assert batch is not None
    assert await content_of(ways.before, pfms(ways.before), batch)
    await send_batch(ways.without, made.id)
    (after,) = await paying.batches()
    assert (after.state, after.way) == (BatchState.SENT, way.other)
    assert (ways.old.asked, ways.new.asked) == ([], ["send"])
    await credited_once(paying, ways)


async def test_of_what_an_old_release_tried_every_way_is_asked_before_it_goes_again(paying: Paying, ways: Ways) -> None:
    batch = await tried(paying, ways, "answer")
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(batches_table).values(way=None))
    await send_batch(ways.after, batch.id)
    assert (ways.old.asked, ways.new.asked) == (["sent"], ["sent"])
    await credited_once(paying, ways)


async def test_files_under_way_whose_way_is_gone_are_told_at_the_start_of_a_worker(paying: Paying, ways: Ways) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await send_batch(ways.before, batch.id)
    assert await PaymentRounds(ways.after, asyncio.Event()).round()
    assert await paying.cases() == []
    for _ in range(2):
        assert await PaymentRounds(ways.without, asyncio.Event()).round()
    assert await paying.cases() == [("FILE_REFUSED", f"file:{batch.file_name}")]


async def test_a_way_of_before_that_does_not_answer_stops_no_answers_of_the_present_one(
    paying: Paying, ways: Ways
) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await send_batch(ways.before, batch.id)
    ways.old.loses = "all"
    await credited_once(paying, ways)
