"""Periods that were once decided not to be paid: they stay so under whatever stops come after, and others do not."""

from datetime import date, timedelta

import pytest

from actions.benefits.instalments import release_due
from actions.benefits.orders import (
    CompleteReview,
    EndBenefit,
    ResumeBenefit,
    SuspendBenefit,
    TakeLifeCertificate,
    complete_review,
    end_benefit,
    resume_benefit,
    suspend_benefit,
    take_life_certificate,
)
from domain.benefits.benefits import Hold, Sanction, SanctionState
from domain.benefits.sanction_course import LifeProof, ResumeGround, StopGround
from domain.kernel import ist_date
from store.benefits import benefits
from tests.support.actions import World
from tests.support.pensions import made
from tests.support.worlds import wrong

_GRANTED = date(2026, 11, 24)


@pytest.fixture
def world(peopled: World) -> World:
    """On each database."""
    return peopled


def on(world: World, day: date) -> None:
    world.clock.advance(timedelta(days=(day - ist_date(world.clock.now())).days))


async def suspended(world: World, sanction: Sanction, key: str, from_on: date | None = None) -> None:
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(sanction.id, StopGround.COURT_ORDER, key, from_on))


async def resumed(world: World, sanction: Sanction, key: str, *, arrears: bool) -> None:
    request = ResumeBenefit(sanction.id, ResumeGround.COURT_ORDER, arrears=arrears, idempotency_key=key)
    await resume_benefit(world.env, world.welfare, request)


async def certified(world: World, sanction: Sanction) -> None:
    given = TakeLifeCertificate(sanction.id, ist_date(world.clock.now()), LifeProof.IN_PERSON, "l")
    await take_life_certificate(world.env, world.welfare, given)


async def begun_since(world: World, sanction: Sanction, day: date) -> list[date]:
    """The first days of the periods that were paid for, from a day on."""
    return [one.period_from for one in await made(world, sanction) if one.period_from >= day]


async def next_due(world: World, sanction: Sanction) -> date | None:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanctions(tx, [sanction.id]))[sanction.id].next_due_on


async def test_what_was_kept_back_and_not_paid_is_not_brought_back_by_a_later_suspension_from_before_it(
    world: World, pension: Sanction
):
    await suspended(world, pension, "s1")
    on(world, date(2027, 3, 4))
    await resumed(world, pension, "r1", arrears=False)
    await suspended(world, pension, "s2", _GRANTED)
    on(world, date(2027, 4, 4))
    await resumed(world, pension, "r2", arrears=True)
    assert [one.hold for one in await made(world, pension)] == [Hold.STOPPED]
    # What fell due under the second suspension alone is its arrears, the months of the first one are not.
    assert await release_due(world.env) == 1
    assert await begun_since(world, pension, _GRANTED) == [_GRANTED, date(2027, 3, 24)]
    assert await wrong(world.env) == []


async def test_without_arrears_only_the_periods_of_the_suspension_stay_unpaid(world: World, pension: Sanction):
    on(world, date(2028, 1, 4))
    await release_due(world.env)  # no certificate since November: 24 December is kept back for that alone
    on(world, date(2028, 2, 4))
    await suspended(world, pension, "s")
    on(world, date(2028, 5, 4))
    await resumed(world, pension, "r", arrears=False)
    await certified(world, pension)
    await release_due(world.env)
    assert await begun_since(world, pension, date(2027, 12, 1)) == [date(2027, 12, 24), date(2028, 1, 24)]
    on(world, date(2028, 5, 24))
    await complete_review(world.env, world.welfare, CompleteReview(pension.id, "v"))
    await release_due(world.env)
    assert await begun_since(world, pension, date(2028, 2, 1)) == [date(2028, 5, 24)]
    assert await wrong(world.env) == []


async def test_a_certificate_brings_nothing_back_that_a_suspension_left_unpaid(world: World, pension: Sanction):
    on(world, date(2028, 1, 4))
    await release_due(world.env)
    await suspended(world, pension, "s", date(2027, 11, 24))
    on(world, date(2028, 3, 4))
    await resumed(world, pension, "r", arrears=False)
    assert [one.hold for one in await made(world, pension)][-1] is Hold.STOPPED
    await certified(world, pension)
    await release_due(world.env)
    assert await next_due(world, pension) == date(2028, 3, 24)
    payments = await made(world, pension)
    assert (payments[-1].period_from, payments[-1].hold) == (date(2027, 11, 24), Hold.STOPPED)


async def test_a_suspension_from_a_later_day_leaves_unpaid_what_begins_from_that_day_on(
    world: World, pension: Sanction
):
    await suspended(world, pension, "s", date(2027, 1, 1))
    on(world, date(2027, 3, 4))
    await resumed(world, pension, "r", arrears=False)
    await release_due(world.env)
    assert await begun_since(world, pension, _GRANTED) == [_GRANTED, date(2026, 12, 24)]
    assert await next_due(world, pension) == date(2027, 3, 24)


@pytest.mark.parametrize("granted_for_a_year", [False, True])
async def test_what_was_missed_under_a_suspension_is_not_paid_by_an_end(
    world: World, pension: Sanction, granted_for_a_year: bool
):
    if granted_for_a_year:
        async with world.env.store.write_transaction() as tx:  # as a scholarship
            await benefits.change_sanction(tx, pension.id, ended_on=date(2027, 11, 23))
    await suspended(world, pension, "s", date(2027, 1, 1))
    on(world, date(2027, 3, 4))
    await end_benefit(
        world.env, world.welfare, EndBenefit(pension.id, StopGround.NO_LONGER_ELIGIBLE, date(2027, 3, 3), "e")
    )
    await release_due(world.env)
    # The period before the suspension began is hers, also where nobody got to pay it before the end.
    assert await begun_since(world, pension, _GRANTED) == [_GRANTED, date(2026, 12, 24)]
    assert await next_due(world, pension) is None
    assert await release_due(world.env) == 0
    async with world.env.store.read_transaction() as tx:
        assert (await benefits.sanctions(tx, [pension.id]))[pension.id].state is SanctionState.ENDED
    assert await wrong(world.env) == []


async def test_an_end_that_is_told_after_the_granted_year_pays_nothing_beyond_it(world: World, pension: Sanction):
    async with world.env.store.write_transaction() as tx:  # as a scholarship
        await benefits.change_sanction(tx, pension.id, ended_on=date(2027, 1, 23))
    on(world, date(2027, 4, 4))
    await release_due(world.env)
    assert await begun_since(world, pension, _GRANTED) == [_GRANTED, date(2026, 12, 24)]
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, date(2027, 4, 2), "e"))
    assert await release_due(world.env) == 0
    assert await begun_since(world, pension, _GRANTED) == [_GRANTED, date(2026, 12, 24)]
    async with world.env.store.read_transaction() as tx:
        ended = (await benefits.sanctions(tx, [pension.id]))[pension.id]
    assert (ended.state, ended.ended_on) == (SanctionState.ENDED, date(2027, 1, 23))
    assert await wrong(world.env) == []
