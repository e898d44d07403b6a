"""The receipts of an operation: one write, before the answer leaves and before an outside system is asked."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from actions.kernel import of_citizen, one_operation, read_at_sources
from actions.kernel.operations import write_receipts
from domain.identity.policy import ObjectKind
from domain.kernel import Source
from integrations.calling.calls import outside_call
from store.database import StoreError
from store.identity import accesses, people
from store.identity.accesses import AccessReceipt
from tests.support.actions import World
from tests.support.plans import statements_of


async def receipts(world: World) -> list[AccessReceipt]:
    async with world.env.store.read_transaction() as tx:
        return await accesses.of_citizen(tx, world.asha.person_id or "", 20)


async def read(world: World, *sources: Source, kind: ObjectKind = ObjectKind.CERTIFICATE) -> None:
    await read_at_sources(world.env, world.asha, of_citizen(world.asha.person_id or "", kind), sources)


async def test_the_receipts_of_one_operation_are_one_write(world: World):
    with statements_of(world.env.store) as seen:
        async with one_operation():
            await read(world, Source.DIGILOCKER, Source.API_SETU)
            await read(world, Source.UMANG, kind=ObjectKind.DOCUMENT)
            assert seen == []

    assert len(seen) == 1
    assert {one.source for one in await receipts(world)} == {"DIGILOCKER", "API_SETU", "UMANG"}


async def test_a_receipt_is_kept_before_an_outside_system_is_asked(world: World):
    async with one_operation():
        await read(world, Source.DIGILOCKER)
        async with outside_call():
            assert [one.source for one in await receipts(world)] == ["DIGILOCKER"]

    assert len(await receipts(world)) == 1


async def test_calls_that_are_made_at_once_wait_for_one_write(world: World):
    async def ask(source: Source) -> None:
        await read(world, source)
        async with outside_call():
            assert source.value in {one.source for one in await receipts(world)}

    with statements_of(world.env.store) as seen:
        async with one_operation():
            await asyncio.gather(ask(Source.DIGILOCKER), ask(Source.API_SETU), ask(Source.UMANG))

    assert len([one for one in seen if one.startswith("INSERT")]) == 1


@pytest.mark.parametrize("error", [asyncio.CancelledError, TimeoutError, LookupError])
async def test_what_fails_or_is_cancelled_after_a_read_leaves_its_receipts(world: World, error: type[BaseException]):
    async def fail() -> None:
        async with one_operation():
            await read(world, Source.DIGILOCKER)
            raise error

    with pytest.raises(error):
        await fail()

    assert len(await receipts(world)) == 1


async def test_no_call_is_made_and_nothing_answered_where_no_receipt_can_be_kept(world: World):
    called: list[Source] = []

    async def operation() -> None:
        async with one_operation():
            await read(world, Source.DIGILOCKER)
            await break_receipts(world)
            with suppress(StoreError):
                async with outside_call():
                    called.append(Source.DIGILOCKER)

    with pytest.raises(StoreError):
        await operation()

    assert called == []


async def break_receipts(world: World) -> None:
    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE data_accesses RENAME TO gone"))


async def test_a_task_that_outlives_its_operation_leaves_its_receipts_itself_and_reads_anew(world: World):
    answered = asyncio.Event()

    async def read_later() -> int:
        await answered.wait()
        await read(world, Source.DIGILOCKER)
        with statements_of(world.env.store) as seen:
            for _ in range(2):
                async with world.env.store.read_transaction() as tx:
                    await people.citizens(tx, [world.asha.person_id or ""])
        return len(seen)

    async with one_operation():
        later = asyncio.create_task(read_later())
    answered.set()

    assert await later == 2
    assert len(await receipts(world)) == 1


async def test_what_was_read_is_read_anew_after_an_outside_system_was_asked(world: World):
    async def find() -> None:
        async with world.env.store.read_transaction() as tx:
            await people.citizens(tx, [world.asha.person_id or ""])

    async with one_operation():
        await find()
        with statements_of(world.env.store) as seen:
            await find()
            async with outside_call():
                assert seen == []
            await find()

    assert len(seen) == 1


async def operate(world: World, source: Source) -> None:
    async with one_operation():
        await read(world, source)


SOURCES = (Source.DIGILOCKER, Source.API_SETU, Source.UMANG, Source.DBT_FINANCE)


async def test_operations_that_end_while_receipts_are_written_have_theirs_written_together(world: World):
    with statements_of(world.env.store) as seen:
        await asyncio.gather(*(operate(world, source) for source in SOURCES))

    assert len([one for one in seen if one.startswith("INSERT")]) == 1
    assert {one.source for one in await receipts(world)} == {source.value for source in SOURCES}


async def test_no_operation_ends_before_its_own_receipts_are_kept(world: World):
    async def operate_and_look(source: Source) -> bool:
        await operate(world, source)
        return source.value in {one.source for one in await receipts(world)}

    assert await asyncio.gather(*map(operate_and_look, SOURCES)) == [True] * len(SOURCES)


async def test_a_receipt_that_cannot_be_kept_fails_its_operation_alone(world: World):
    async with one_operation():
        await read(world, Source.DIGILOCKER)
    broken: Any = replace((await receipts(world))[0], subject=None)

    ended = await asyncio.gather(
        *(operate(world, source) for source in SOURCES), write_receipts(world.env, [broken]), return_exceptions=True
    )

    assert [isinstance(error, StoreError) for error in ended] == [False] * len(SOURCES) + [True]
    assert {one.source for one in await receipts(world)} == {source.value for source in SOURCES}


async def test_who_is_cancelled_while_receipts_are_written_leaves_those_of_others_and_its_own(world: World):
    running = [asyncio.create_task(operate(world, source)) for source in SOURCES]
    await asyncio.sleep(0)
    running[1].cancel()

    ended = await asyncio.gather(*running, return_exceptions=True)

    assert [type(error) for error in ended if error is not None] == [asyncio.CancelledError]
    assert {one.source for one in await receipts(world)} >= {source.value for source in SOURCES} - {"API_SETU"}
