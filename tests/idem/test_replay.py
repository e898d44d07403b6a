"""One key, one effect: whatever is lost, repeated or restarted in between (docs/reliability.md section 5.5)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, record_fee
from actions.applications.submit import submit_application
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, ManualClock, Problems, Source, SystemIds
from integrations.calling.errors import Unavailable
from store.applications.application_rows import applications_table
from store.database import Store
from store.database.idempotency import KEPT_FOR
from tests.support.actions import FREE, INCOME, ORDER, PENSION, papers, request_for
from tests.support.bounds import rounds
from tests.support.databases import NOW, run_apart
from tests.support.papers import INCOME_PAPERS
from tests.support.twins import Twins
from tests.support.worlds import PENSION_PAPERS, a_world, deliver_all, let_go, link_and_offer, wrong

EXAMPLES = rounds(4, ci=25, full=200)


async def how_many(store: Store) -> int:
    async with store.read_transaction() as tx:
        return int((await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one())


async def refused_with(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


async def test_the_same_key_and_body_give_the_same_answer_also_after_a_restart(twins: Twins, peopled_url, store_cipher):
    asha, request = twins.world.asha, request_for(FREE)
    first, replayed = await submit_application(twins.one, asha, request)
    assert not replayed
    assert await submit_application(twins.one, asha, request) == (first, True)

    restarted = await Store.open(peopled_url, cipher=store_cipher, clock=twins.world.clock)
    assert await submit_application(replace(twins.one, store=restarted), asha, request) == (first, True)
    assert await how_many(restarted) == 1
    await restarted.close()


async def test_another_body_is_refused_and_another_caller_or_operation_is_another_key(twins: Twins):
    world, request = twins.world, request_for(FREE)
    await submit_application(twins.one, world.asha, request)

    other_body = replace(request, form={"father_name": "Somebody"})
    assert await refused_with(submit_application(twins.one, world.asha, other_body)) is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert not (await submit_application(twins.one, world.sunil, request))[1]
    case = await world.in_scrutiny(world.asha, ORDER, world.employment, idempotency_key="order")
    approve = Decide(case.id, Verdict.APPROVE, request.idempotency_key)
    assert not (await decide_application(twins.one, world.employment, approve))[1]
    assert await how_many(twins.one.store) == 3


@pytest.mark.parametrize(("key", "taken"), [("", False), ("k" * 256, False), ("k" * 255, True), ("क" * 255, True)])
async def test_a_key_has_1_to_255_characters(twins: Twins, key: str, taken: bool):
    request = request_for(FREE, idempotency_key=key)
    if taken:
        assert not (await submit_application(twins.one, twins.world.asha, request))[1]
    else:
        assert await refused_with(submit_application(twins.one, twins.world.asha, request)) is ErrorCode.BAD_INPUT
    assert await how_many(twins.one.store) == int(taken)


async def test_a_write_is_forgotten_after_seven_days_and_a_payment_never(twins: Twins):
    world = twins.world
    await link_and_offer(world, world.asha, INCOME_PAPERS)
    request = request_for(INCOME, documents=papers(*INCOME_PAPERS))
    case, _ = await submit_application(twins.one, world.asha, request)
    fee = RecordFee(case.id, "R-1", case.fee_paise or 0, "fee")
    paid, _ = await record_fee(twins.one, world.tehsildar, fee)
    assert paid.status is Status.IN_SCRUTINY

    world.clock.advance(KEPT_FOR + timedelta(days=400))

    assert (await record_fee(twins.one, world.tehsildar, fee))[1]
    other = replace(fee, receipt="R-2")
    assert await refused_with(record_fee(twins.one, world.tehsildar, other)) is ErrorCode.IDEMPOTENCY_KEY_REUSED
    # The submission's key is gone, but the application itself refuses a second one.
    assert await refused_with(submit_application(twins.one, world.asha, request)) is ErrorCode.ALREADY_APPLIED


async def test_after_a_failure_of_the_partner_the_same_payment_is_sent_once(twins: Twins):
    world = twins.world
    await link_and_offer(world, world.asha, PENSION_PAPERS)
    await world.approved(world.asha, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "HTTP_503")
    with pytest.raises(Unavailable):
        await deliver_all(world)
    world.dbt.failure = None
    await let_go(world)
    for _ in range(3):  # the worker dies after the partner has it
        await deliver_all(world, forgetting=True)

    assert len({sent.bill_number for sent in world.dbt.instructed}) == len(world.dbt.instructed) == 1
    await deliver_all(world)
    assert await wrong(twins.one) == []


STEPS = st.lists(st.sampled_from(["send", "send and lose the answer", "restart", "other body"]), min_size=1, max_size=8)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_order_of_sending_losing_and_restarting_makes_a_second_one(
    steps, migrated_sqlite, store_keyrings, store_cipher, tmp_path_factory
):
    run_apart(_play, steps, migrated_sqlite, store_keyrings, store_cipher, tmp_path_factory.mktemp("play"))


async def _play(steps, migrated, keyrings, cipher, folder) -> None:
    path = folder / "store.db"
    path.write_bytes(migrated.read_bytes())
    clock = ManualClock(NOW)
    store = await Store.open(f"sqlite:///{path}", cipher=cipher, clock=clock)
    numbers: set[str] = set()
    async with a_world(store, keyrings, clock, folder, ids=SystemIds(clock)) as world:
        env, request = world.env, request_for(FREE)
        for step in steps:
            if step == "restart":
                await env.store.close()
                env = replace(env, store=await Store.open(f"sqlite:///{path}", cipher=cipher, clock=clock))
            elif step == "other body":
                other = replace(request, tehsil=None)
                if numbers:
                    code = await refused_with(submit_application(env, world.asha, other))
                    assert code is ErrorCode.IDEMPOTENCY_KEY_REUSED
            elif step == "send":
                numbers.add((await submit_application(env, world.asha, request))[0].number)
            else:
                sending = asyncio.create_task(submit_application(env, world.asha, request))
                for _ in range(len(steps)):
                    await asyncio.sleep(0)
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        numbers.add((await submit_application(env, world.asha, request))[0].number)
        assert len(numbers) == 1
        assert await how_many(env.store) == 1
        assert await wrong(env) == []
        await env.store.close()
