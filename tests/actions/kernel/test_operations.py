"""The receipts of an operation: one write, before the answer leaves and before an outside system is asked."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from actions.kernel import of_citizen, one_operation, read_at_sources
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
