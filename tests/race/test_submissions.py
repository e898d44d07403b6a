"""The same submission twice at once, under one key and under two, from one process and from two."""

import asyncio
from dataclasses import replace

from sqlalchemy import func, select

from actions.applications.respond import Withdraw, withdraw_application
from actions.applications.submit import submit_application
from actions.catalogue.form_import import import_forms
from domain.applications.applications import Channel
from domain.kernel import ErrorCode, Problems
from store.applications.application_rows import applications_table
from tests.support.actions import FREE, request_for
from tests.support.bounds import rounds
from tests.support.forms import own_forms
from tests.support.state import form_files
from tests.support.twins import Twins
from tests.support.worlds import wrong

PARALLEL = 50
ROUNDS = rounds(1, ci=2, full=20)
COUNTERS = rounds(2, ci=10, full=200)


async def how_many(twins: Twins) -> int:
    async with twins.one.store.read_transaction() as tx:
        return int((await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one())


async def test_fifty_calls_with_one_key_have_one_effect_and_equal_answers(twins: Twins):
    world = twins.world
    for number in range(ROUNDS):
        request = request_for(FREE, idempotency_key=f"one-{number}")
        before = await how_many(twins)
        ended = await asyncio.gather(
            *(
                submit_application(twins.one if place % 2 else twins.other, world.asha, request)
                for place in range(PARALLEL)
            ),
            return_exceptions=True,
        )

        answers = [end for end in ended if isinstance(end, tuple)]
        refused = [end for end in ended if not isinstance(end, tuple)]
        assert await how_many(twins) == before + 1
        assert all(application == answers[0][0] for application, _ in answers)
        assert sum(not replayed for _, replayed in answers) == 1
        assert all(isinstance(end, Problems) and end.code is ErrorCode.IN_PROGRESS for end in refused)
        await _take_back(twins, answers[0][0].id, number)
    assert await wrong(twins.one) == []


async def test_the_same_application_from_the_app_and_from_a_counter_is_one(twins: Twins):
    world = twins.world
    for number in range(COUNTERS):
        app = request_for(FREE, idempotency_key=f"app-{number}")
        counter = replace(app, channel=Channel.CSC, idempotency_key=f"counter-{number}")
        ended = await asyncio.gather(
            submit_application(twins.one, world.asha, app),
            submit_application(twins.other, world.operator, counter),
            return_exceptions=True,
        )

        [won] = [end[0] for end in ended if isinstance(end, tuple)]
        [lost] = [end for end in ended if isinstance(end, Problems)]
        assert lost.code is ErrorCode.ALREADY_APPLIED
        assert lost.problems[0].params == {"number": won.number}
        await _take_back(twins, won.id, number)


async def test_a_child_registered_twice_at_once_is_one_application_and_two_children_are_two(twins: Twins):
    assert not (await import_forms(twins.one.store, form_files())).refused
    child = own_forms()["birth-certificate"].example
    for number in range(COUNTERS):
        forms = [child, child, {**child, "child_name": "Anvi Negi"}]
        requests = [request_for(FREE, form=form, idempotency_key=f"{number}-{n}") for n, form in enumerate(forms)]
        ended = await asyncio.gather(
            *(
                submit_application(twins.one if place % 2 else twins.other, twins.world.asha, request)
                for place, request in enumerate(requests)
            ),
            return_exceptions=True,
        )

        taken = [end[0] for end in ended if isinstance(end, tuple)]
        [refused] = [end for end in ended if isinstance(end, Problems)]
        assert refused.code is ErrorCode.ALREADY_APPLIED
        assert sorted(one.form["child_name"] for one in taken) == ["Ananya Negi", "Anvi Negi"]
        for one in taken:
            await withdraw_application(twins.one, twins.world.asha, Withdraw(one.id, f"back-{one.id}"))


async def _take_back(twins: Twins, application_id: str, number: int) -> None:
    await withdraw_application(twins.one, twins.world.asha, Withdraw(application_id, f"back-{number}"))
