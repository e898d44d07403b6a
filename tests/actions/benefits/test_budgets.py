"""The budget before an order: set aside once, waited for where too little is left, let go when the order is out."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from actions.benefits.budget import settle_budgets
from actions.benefits.instalments import release_due
from actions.benefits.orders import SuspendBenefit, suspend_benefit
from actions.benefits.payment_status import apply_status, apply_statuses
from actions.benefits.sanction import send_instruction
from actions.kernel import UnitOfWork
from domain.applications.lifecycle import Status
from domain.benefits.benefits import Hold, Instalment, PaymentNews, PaymentStatus, Rail, Sanction, SanctionState
from domain.benefits.sanction_course import StopGround
from domain.kernel import SYSTEM, Source
from integrations.calling.errors import Unavailable
from integrations.dbt_finance import Declined
from store.applications import applications
from store.benefits import benefits, sanction_course
from store.platform import outbox
from tests.support.actions import PENSION, World, papers
from tests.support.worlds import PENSION_PAPERS, link_and_offer, wrong

HEAD = "2235-60-102-03-00-42"


async def sanctioned(world: World) -> Sanction:
    """A sanction that was made while the treasury was silent: nothing is set aside for it yet."""
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    case = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    world.dbt.failure = None
    world.dbt.asked_heads.clear()
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanction_of_applications(tx, [case.id]))[case.id]


async def made(world: World, sanction: Sanction) -> list[Instalment]:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.instalments(tx, [sanction.id]))[sanction.id]


async def state_of(world: World, sanction: Sanction) -> SanctionState:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanctions(tx, [sanction.id]))[sanction.id].state


async def held(world: World) -> int:
    async with world.env.store.read_transaction() as tx:
        return await sanction_course.held_on_head(tx, HEAD, world.clock.now())


def by_files(world: World) -> World:
    """The same world with PFMS connected: pensions go by files."""
    partners = replace(world.env.partners, pfms=cast("Any", object()))
    world.env = replace(world.env, partners=partners)
    return world


async def test_the_head_of_the_scheme_is_asked_and_what_went_out_is_let_go(world: World):
    sanction = await sanctioned(world)
    (first,) = await made(world, sanction)
    await send_instruction(world.env, first.id)
    assert world.dbt.asked_heads == [HEAD]
    assert [one.head_of_account for one in world.dbt.instructed] == [HEAD]
    world.clock.advance(timedelta(seconds=1))
    assert await held(world) == 0


async def test_with_too_little_left_it_waits_shows_so_and_is_paid_once_when_there_is_enough(world: World):
    sanction = await sanctioned(world)
    (first,) = await made(world, sanction)
    world.dbt.budget_paise = first.amount_paise - 1
    await send_instruction(world.env, first.id)
    assert world.dbt.instructed == []
    assert await state_of(world, sanction) is SanctionState.BUDGET_WAIT
    assert [one.hold for one in await made(world, sanction)] == [Hold.BUDGET]
    async with world.env.store.write_transaction() as tx:
        application = await applications.get(tx, sanction.application_id or "")
        assert application is not None
        assert application.status is Status.BENEFIT_SANCTIONED
        for message in await outbox.claim(tx, "test", 20, 60):
            await outbox.mark_delivered(tx, message.id, world.clock.now())
    assert await wrong(world.env) == []
    assert await settle_budgets(world.env) == 0
    world.clock.advance(timedelta(days=40))
    assert await release_due(world.env) == 0
    world.dbt.budget_paise = first.amount_paise
    assert await settle_budgets(world.env) == 1
    assert await settle_budgets(world.env) == 0
    assert await held(world) == first.amount_paise
    async with world.env.store.write_transaction() as tx:
        again = [one for one in await outbox.claim(tx, "test", 20, 60) if one.topic == "dbt.instruct"]
    assert [one.payload["instalment_id"] for one in again] == [first.id]
    for _ in range(2):
        await send_instruction(world.env, first.id)
    assert [one.bill_number for one in world.dbt.instructed] == [first.bill_number]
    assert await state_of(world, sanction) is SanctionState.ACTIVE
    assert await release_due(world.env) == 1


async def test_the_treasury_has_the_last_word(world: World, monkeypatch: pytest.MonkeyPatch):
    sanction = await sanctioned(world)
    (first,) = await made(world, sanction)

    async def refuse(_: object) -> None:
        raise Declined("INSUFFICIENT_FUND", "Insufficient fund.")

    monkeypatch.setattr(world.dbt, "instruct", refuse)
    await send_instruction(world.env, first.id)
    assert await state_of(world, sanction) is SanctionState.BUDGET_WAIT
    world.clock.advance(timedelta(seconds=1))
    assert await held(world) == 0


async def test_where_the_treasury_cannot_be_asked_nothing_is_marked_and_nothing_sent(world: World):
    sanction = await sanctioned(world)
    (first,) = await made(world, sanction)
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    with pytest.raises(Unavailable):
        await send_instruction(world.env, first.id)
    assert await state_of(world, sanction) is SanctionState.ACTIVE
    assert world.dbt.instructed == []


async def test_what_goes_by_files_waits_for_its_budget_without_a_message_and_keeps_its_rail(world: World):
    by_files(world)
    sanction = await sanctioned(world)
    (first,) = await made(world, sanction)
    assert (first.rail, first.hold) == (Rail.PFMS, Hold.BUDGET)
    async with world.env.store.write_transaction() as tx:
        assert [one for one in await outbox.claim(tx, "test", 20, 60) if one.topic == "dbt.instruct"] == []
    assert await settle_budgets(world.env) == 1
    (ready,) = await made(world, sanction)
    assert (ready.hold, ready.rail) == (None, Rail.PFMS)
    await send_instruction(world.env, first.id)
    assert world.dbt.instructed == []
    async with world.env.store.write_transaction() as tx:
        heard = PaymentNews(PaymentStatus.INSTRUCTED, world.clock.now(), "batch", rail=Rail.PFMS)
        assert await apply_status(UnitOfWork(world.env, tx, SYSTEM), first.id, heard)
        application = await applications.get(tx, sanction.application_id or "")
        assert application is not None
        assert application.status is Status.DELIVERED
    world.clock.advance(timedelta(seconds=1))
    assert await held(world) == 0


async def test_rounds_at_once_set_one_balance_aside_once(world: World):
    by_files(world)
    sanction = await sanctioned(world)
    world.clock.advance(timedelta(days=100))
    await release_due(world.env)
    payments = await made(world, sanction)
    assert len(payments) == 4
    world.dbt.budget_paise = 2 * payments[0].amount_paise
    await asyncio.gather(*(settle_budgets(world.env) for _ in range(4)))
    assert await held(world) == 2 * payments[0].amount_paise
    assert sorted(one.hold or "" for one in await made(world, sanction)) == ["", "", Hold.BUDGET, Hold.BUDGET]


async def test_a_stop_lets_the_budget_of_what_was_not_sent_go(world: World):
    by_files(world)
    sanction = await sanctioned(world)
    await settle_budgets(world.env)
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(sanction.id, StopGround.COURT_ORDER, "s"))
    world.clock.advance(timedelta(seconds=1))
    assert await held(world) == 0
    assert await settle_budgets(world.env) == 0


async def test_the_setting_overrides_the_rail_of_the_catalogue(world: World):
    by_files(world)
    world.env = replace(world.env, rules=replace(world.env.rules, rails={"uk-old-age-pension": Rail.IFMS}))
    (first,) = await made(world, await sanctioned(world))
    assert first.rail is Rail.IFMS


async def test_rows_of_a_file_are_heard_once_however_often_and_in_whatever_order_they_come(world: World):
    sanction = await sanctioned(world)
    world.clock.advance(timedelta(days=70))
    await release_due(world.env)
    ids = [one.id for one in await made(world, sanction)]
    now = world.clock.now()
    credited = [(one, PaymentNews(PaymentStatus.CREDITED, now, utr_last4="1234")) for one in ids]
    late = [(one, PaymentNews(PaymentStatus.INSTRUCTED, now)) for one in ids]
    async with world.env.store.write_transaction() as tx:
        acting = UnitOfWork(world.env, tx, SYSTEM)
        assert await apply_statuses(acting, [*credited, *late, *credited]) == set(ids)
        assert await apply_statuses(acting, credited) == set()
        events = await benefits.payment_events(tx, ids)
    assert all([one.status for one in found] == ["SANCTIONED", "CREDITED"] for found in events.values())
    assert {found[-1].utr_last4 for found in events.values()} == {"1234"}
