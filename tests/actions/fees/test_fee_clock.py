"""The legal clock of a service with a fee starts on the day of the payment, whenever the payment is heard of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from actions.appeals.legal_sweep import sweep
from actions.applications.respond import RecordFee, record_fee
from domain.applications.applications import Application, heard_late_at
from domain.applications.deadline import breaches_at, end_of_day
from domain.fees.fees import FeeState
from domain.kernel import IST, ErrorCode, ist_date, ist_midnight
from store.applications import timeline
from store.catalogue import catalogue
from tests.support.actions import ORDER, World
from tests.support.fees import Tills, open_tills
from tests.support.law import appeals_of, authorities
from tests.support.refusals import refusal

PAID = datetime.combine(date(2026, 11, 30), time(12), tzinfo=IST)
"""A Monday."""


@pytest.fixture
def tills(peopled: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(peopled, tmp_path / "tills") as tills:
        yield tills


async def three_days(world: World) -> None:
    """The limit of the service with a fee is three working days."""
    async with world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, ORDER)
        assert service is not None
        await catalogue.upsert_services(tx, [replace(service, limit_days=3, rts_notified=True)])


async def heard_late(tills: Tills) -> Application:
    """An application whose fee is paid on a Monday and heard of on the Friday."""
    tills.world.clock.set(PAID)
    await three_days(tills.world)
    order = await tills.started(await tills.submitted())
    posted = await tills.pays(order)
    tills.treasury.faults.set([{"kind": "status", "params": {"status": 503}}])
    await tills.comes_back(order, posted)
    for _ in range(7):
        tills.world.clock.advance(timedelta(hours=12))
        await tills.rounds()
    assert (await tills.order(order)).state is FeeState.REDIRECTED
    tills.treasury.faults.clear()
    tills.world.clock.advance(timedelta(hours=12))
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS
    return await tills.application(order)


async def test_the_clock_starts_on_the_day_of_the_payment_that_is_heard_of_days_later(tills: Tills):
    application = await heard_late(tills)
    assert application.clock_started_at is not None
    assert ist_date(application.clock_started_at) == ist_date(PAID)
    assert application.due_at == end_of_day(date(2026, 12, 3))


async def test_it_is_told_when_a_payment_was_heard_of_late_and_not_when_it_was_heard_of_that_day(tills: Tills):
    application = await heard_late(tills)
    async with tills.env.store.read_transaction() as tx:
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
    assert heard_late_at(application, steps) == tills.world.clock.now()
    at_once = [replace(one, at=PAID) for one in steps]
    assert heard_late_at(application, at_once) is None


async def test_the_appeal_of_a_payment_heard_of_late_bears_the_instant_of_the_breach(tills: Tills):
    await authorities(tills.world)
    application = await heard_late(tills)
    await sweep(tills.env)
    (appeal,) = await appeals_of(tills.env, application.id)
    assert appeal.received_at == breaches_at(end_of_day(date(2026, 12, 3))) == ist_midnight(date(2026, 12, 4))


async def test_a_fee_entered_later_starts_the_clock_on_the_day_on_which_it_was_paid(peopled: World):
    world = peopled
    world.clock.set(PAID)
    await three_days(world)
    application = await world.submit(world.asha, ORDER)
    world.clock.advance(timedelta(days=3))
    fee = RecordFee(application.id, "CH-7", 4000, "fee", paid_on=date(2026, 12, 1))
    paid, _ = await record_fee(world.env, world.operator, fee)
    assert paid.clock_started_at == ist_midnight(date(2026, 12, 1))
    assert paid.due_at == end_of_day(date(2026, 12, 4))


async def test_a_fee_paid_on_the_day_of_the_submission_starts_the_clock_with_the_submission(peopled: World):
    world = peopled
    world.clock.set(PAID)
    application = await world.submit(world.asha, ORDER)
    world.clock.advance(timedelta(days=1))
    fee = RecordFee(application.id, "CH-7", 4000, "fee", paid_on=ist_date(PAID))
    assert (await record_fee(world.env, world.operator, fee))[0].clock_started_at == application.submitted_at


@pytest.mark.parametrize("day", [date(2026, 11, 29), date(2026, 12, 2)])
async def test_a_day_before_the_submission_or_to_come_is_no_day_of_a_payment(peopled: World, day: date):
    world = peopled
    world.clock.set(PAID)
    application = await world.submit(world.asha, ORDER)
    world.clock.advance(timedelta(days=1))
    fee = RecordFee(application.id, "CH-7", 4000, "fee", paid_on=day)
    assert await refusal(record_fee(world.env, world.operator, fee)) is ErrorCode.DATE_NOT_ALLOWED
    again = replace(fee, paid_on=None)
    assert (await record_fee(world.env, world.operator, again))[0].clock_started_at == world.clock.now()
