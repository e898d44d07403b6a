"""Two officers grant from one head of account at once: its last rupees are promised to one of them (both databases)."""

import asyncio

from actions.applications.decide import Decide, Verdict, decide_application
from actions.benefits.budget import settle_budgets
from domain.applications.applications import Application
from domain.benefits.benefits import BudgetState, SanctionState
from store.benefits import benefits, sanction_course
from tests.support.actions import PENSION, papers
from tests.support.bounds import rounds
from tests.support.twins import Twins
from tests.support.worlds import PENSION_PAPERS, deliver_all, link_and_offer, wrong

HEAD, PAISE = "2235-60-102-03-00-42", 150_000
ROUNDS = rounds(3, ci=15, full=500)


async def cases(twins: Twins, number: int) -> list[Application]:
    world, found = twins.world, []
    for citizen in (world.asha, world.sunil):
        await link_and_offer(world, citizen, PENSION_PAPERS)
        key = f"case-{number}"
        found.append(
            await world.in_scrutiny(
                citizen, PENSION, world.welfare, documents=papers(*PENSION_PAPERS), idempotency_key=key
            )
        )
    return found


async def promised(twins: Twins) -> int:
    async with twins.one.store.read_transaction() as tx:
        return await sanction_course.held_on_head(tx, HEAD, twins.one.clock.now())


async def test_of_two_sanctions_at_once_one_gets_the_last_of_a_budget_and_the_other_waits(twins: Twins):
    world = twins.world
    for number in range(ROUNDS):
        one, two = await cases(twins, number)
        before = await promised(twins)
        world.dbt.budget_paise = before + 2 * PAISE - 1
        await asyncio.gather(
            decide_application(twins.one, world.welfare, Decide(one.id, Verdict.APPROVE, f"one-{number}")),
            decide_application(twins.other, world.welfare, Decide(two.id, Verdict.APPROVE, f"two-{number}")),
            settle_budgets(twins.other),
        )
        async with twins.one.store.read_transaction() as tx:
            made = (await benefits.sanction_of_applications(tx, [one.id, two.id])).values()
        assert sorted((each.state, each.budget) for each in made) == [
            (SanctionState.ACTIVE, BudgetState.ENOUGH),
            (SanctionState.BUDGET_WAIT, BudgetState.TOO_LITTLE),
        ]
        assert await promised(twins) == before + PAISE
        world.dbt.budget_paise = 10**12
        await settle_budgets(twins.one)
        assert await promised(twins) == before + 2 * PAISE
        await deliver_all(world)  # out of the way of the next round
    assert await wrong(twins.one) == []
