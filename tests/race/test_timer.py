"""The legal clock's timer against those who act in the same moment, on both databases.

Source: docs/reliability.md section 5.4, R5.
"""

import asyncio
from datetime import timedelta

from actions.appeals.appeals import AppealVerdict, DecideAppeal, decide_appeal
from actions.appeals.legal_sweep import Swept, sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from domain.appeals.appeals import OPEN, AppealLevel, AppealOrigin, AppealState
from domain.applications.applications import RejectionGround
from domain.applications.deadline import breaches_at
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems
from tests.support.actions import FREE
from tests.support.bounds import rounds
from tests.support.law import appeals_of, authorities, present
from tests.support.twins import Twins
from tests.support.worlds import deliver_all, wrong

ROUNDS = rounds(2, ci=6, full=150)
ALLOWED = {ErrorCode.CONFLICT, ErrorCode.TRANSITION_NOT_ALLOWED}


def the_officer_does(twins: Twins, case_id: str, number: int):
    """What happens to the application in the moment of the timer: approved, refused or taken back."""
    world = twins.world
    if number % 3 == 2:
        return withdraw_application(twins.one, world.asha, Withdraw(case_id, f"back-{number}"))
    verdict = (Verdict.APPROVE, Verdict.REJECT)[number % 3]
    ground = RejectionGround.FACTS_NOT_CONFIRMED if verdict is Verdict.REJECT else None
    reason = "No." if ground else None
    return decide_application(
        twins.one, world.registrar, Decide(case_id, verdict, f"decide-{number}", ground=ground, reason=reason)
    )


async def test_a_timer_that_fires_while_a_decision_commits_files_at_most_one_appeal(twins: Twins):
    world = twins.world
    await authorities(world)
    for number in range(ROUNDS):
        case = await world.in_scrutiny(world.asha, FREE, world.registrar, idempotency_key=f"case-{number}")
        assert case.due_at is not None
        world.clock.set(max(breaches_at(case.due_at), world.clock.now()))
        ended = await asyncio.gather(
            the_officer_does(twins, case.id, number), sweep(twins.other), sweep(twins.one), return_exceptions=True
        )

        strange = [end for end in ended if isinstance(end, BaseException) and not isinstance(end, Problems)]
        assert strange == []
        assert all(end.code in ALLOWED for end in ended if isinstance(end, Problems))
        filed = await appeals_of(twins.one, case.id)
        assert len(filed) <= 1
        after = await present(twins.one, case.id)
        for appeal in filed:
            assert (appeal.level, appeal.origin) == (AppealLevel.FIRST, AppealOrigin.AUTO)
            if after.status is Status.WITHDRAWN:
                assert appeal.state not in OPEN
        await sweep(twins.other)  # the next round finds nothing to file a second time
        assert len(await appeals_of(twins.one, case.id)) <= 1
        await deliver_all(world)
        world.clock.advance(timedelta(minutes=1))
    assert await wrong(twins.one) == []


async def test_rounds_of_many_workers_at_once_file_each_breach_once(twins: Twins):
    world = twins.world
    await authorities(world)
    cases = [
        await world.in_scrutiny(citizen, FREE, world.registrar, idempotency_key=f"many-{number}")
        for number, citizen in enumerate((world.asha, world.sunil))
    ]
    world.clock.set(max(breaches_at(case.due_at) for case in cases if case.due_at))
    swept = await asyncio.gather(*(sweep(env) for env in (twins.one, twins.other) * 4))

    assert sum(each.filed for each in swept) == len(cases)
    for case in cases:
        assert len(await appeals_of(twins.one, case.id)) == 1
    assert await wrong(twins.one) == []


async def test_an_order_in_the_moment_of_the_lapse_comes_before_it_or_is_refused(twins: Twins):
    world = twins.world
    courts = await authorities(world)
    for number in range(ROUNDS):
        case = await world.in_scrutiny(world.asha, FREE, world.registrar, idempotency_key=f"case-{number}")
        assert case.due_at is not None
        world.clock.set(max(breaches_at(case.due_at), world.clock.now()))
        await sweep(twins.one)
        (appeal,) = await appeals_of(twins.one, case.id)
        assert appeal.decide_by is not None
        world.clock.set(breaches_at(appeal.decide_by))
        order = DecideAppeal(appeal.id, AppealVerdict.DISMISS, "Reasons.", f"order-{number}")
        ended = await asyncio.gather(
            decide_appeal(twins.one, courts.bdo, order), *(sweep(env) for env in (twins.other, twins.one) * 2),
            return_exceptions=True,
        )  # fmt: skip

        refused, swept = ended[0], ended[1:]
        assert not any(isinstance(end, BaseException) for end in swept), swept
        raised = sum(end.raised for end in swept if isinstance(end, Swept))
        first, *above = await appeals_of(twins.one, case.id)
        if isinstance(refused, Problems):
            assert refused.code in ALLOWED
            assert (first.state, [one.level for one in above]) == (AppealState.LAPSED, [AppealLevel.SECOND])
        else:
            assert not isinstance(refused, BaseException), refused
            assert (first.state, above) == (AppealState.DISMISSED, [])
        assert (raised, first.version) == (len(above), 2)
        await withdraw_application(twins.one, world.asha, Withdraw(case.id, f"back-{number}"))
        await deliver_all(world)
        world.clock.advance(timedelta(minutes=1))
    assert await wrong(twins.one) == []
