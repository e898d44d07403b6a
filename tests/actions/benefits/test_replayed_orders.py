"""A key that an earlier release kept for an order goes on to stand for it."""

from actions.benefits.orders import SuspendBenefit, suspend_benefit
from actions.kernel import run_idempotently
from domain.benefits.sanction_course import StopGround
from store.benefits import sanction_course
from store.database import Transaction
from tests.support.actions import World
from tests.support.pensions import granted_pension


async def test_an_order_of_an_earlier_release_is_not_carried_out_again(world: World):
    sanction = await granted_pension(world)

    async def work(_: Transaction) -> dict[str, str]:
        return {"sanction": sanction.id}  # what releases until 0.2 wrote under the key

    body = {"sanction_id": sanction.id, "ground": "ENQUIRY_PENDING", "from_on": None}
    await run_idempotently(world.env, world.welfare, "suspendBenefit", key="k", body=body, work=work, for_ever=True)

    again, replayed = await suspend_benefit(
        world.env, world.welfare, SuspendBenefit(sanction.id, StopGround.ENQUIRY_PENDING, "k")
    )

    assert (again.id, replayed) == (sanction.id, True)
    async with world.env.store.read_transaction() as tx:
        assert await sanction_course.stops(tx, [sanction.id]) == {}
