"""What the Commission is told of the legal time of an appeal, and of one that has become void."""

from datetime import datetime

from actions.applications.respond import Withdraw, withdraw_application
from domain.appeals.appeals import AppealState
from domain.kernel import IST
from tests.support.actions import World
from tests.support.commission import Court, appeal_now, filed, post


async def test_the_filing_bears_the_instant_of_the_lapse(world: World, court: Court):
    appeal, _ = await filed(world, court)
    (case,) = court.cases()
    assert datetime.fromisoformat(case["appeal"]["filedAt"]) == appeal.received_at
    assert appeal.received_at.astimezone(IST).hour == 0
    assert case["appeal"]["paidOn"] is None


async def test_a_withdrawn_application_makes_its_appeal_void_with_the_reason(world: World, court: Court):
    appeal, _ = await filed(world, court)
    await withdraw_application(court.env, world.asha, Withdraw(appeal.application_id, "back"))
    await post(court)
    assert (await appeal_now(court, appeal.id)).state is AppealState.CLOSED
    (case,) = court.cases()
    told = {one["type"]: one["facts"] for one in case["events"]}
    assert told["VOIDED"] == {"reason": "WITHDRAWN"}
