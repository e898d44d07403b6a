"""What one operation asks: each row and each partner once, one write of receipts, and nothing held while it waits."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from actions.kernel import one_operation
from actions.kernel.operations import write_receipts
from domain.kernel import Bilingual, Sourced
from integrations.calling.calls import outside_call
from integrations.digilocker import IssuedDocument, LockerGrant
from schema.kernel import Context
from store.catalogue import catalogue
from store.database import StoreError, all_versions
from store.identity import accesses
from store.identity.accesses import AccessReceipt
from tests.support.graph import CITIZEN, World

README = """
{ viewer { ... on Citizen {
    applications(first: 5) { nodes { number status deadline { dueAt workingDaysLeft } service { name } } }
    certificates { nodes { uri name issuer } complete provenance { source state asOf } }
    benefits { nodes { scheme { name } amount status } complete provenance { source state asOf } }
    rationCard { scheme members { name } provenance { source state asOf } }
    linkedAccounts { provider linkedAt } } }
  services(first: 3) { totalCount nodes { code name } }
  sources { name state } }
"""
OWN = "{ viewer { ... on Citizen { name applications(first: 5) { nodes { number status } } } } }"
CERTIFICATES = "{ viewer { ... on Citizen { certificates { complete } } } }"


@dataclass
class SilentLocker:
    """Stands in for a DigiLocker that takes each question and never answers."""

    asked: int = 0
    silence: asyncio.Event = field(default_factory=asyncio.Event)

    async def issued_documents(self, grant: LockerGrant, *, anew: bool = False) -> Sourced[tuple[IssuedDocument, ...]]:
        """Nothing, ever."""
        async with outside_call():
            self.asked += 1
            await self.silence.wait()
        raise AssertionError("it never answers")


async def ask(world: World, query: str, context: Context | None = None) -> Any:
    async with one_operation():
        return await world.run(query, context or world.context(CITIZEN), {})


async def receipts(world: World) -> int:
    async with world.environment.store.read_transaction() as tx:
        return len(await accesses.of_citizen(tx, CITIZEN.person_id or "", 100))


def taken(world: World) -> int:
    """How many connections of the store are in use."""
    inner: Any = world.environment.store
    return int(inner._reader.pool.checkedout() + inner._writer.pool.checkedout())


async def test_nothing_of_the_store_is_held_while_fifty_operations_wait_for_a_silent_partner(each_world: World):
    world = each_world
    await world.submit()
    before = await receipts(world)
    locker: Any = SilentLocker()
    partners = replace(world.environment.partners, digilocker=locker)
    context = replace(world.context(CITIZEN), environment=replace(world.environment, partners=partners))
    with world.statements() as alone:
        expected = await ask(world, OWN)

    waiting = [asyncio.create_task(ask(world, CERTIFICATES, replace(context))) for _ in range(50)]
    async with asyncio.timeout(60):
        while locker.asked < 50:
            await asyncio.sleep(0)
    held = taken(world)
    with world.statements() as beside:
        answers = await asyncio.gather(*(ask(world, OWN) for _ in range(20)))

    assert held == 0
    assert answers == [expected] * 20
    assert len(beside) == 20 * len(alone)
    assert not any(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await receipts(world) - before == 50


async def test_the_query_of_the_readme_asks_for_each_row_once_and_writes_once(world: World):
    await world.submit()
    with world.statements() as seen:
        answer = await ask(world, README)

    assert answer["data"]["viewer"]["rationCard"] is not None
    read = [one for one in seen if one.startswith("SELECT")]
    assert len([one for one in read if "FROM citizens" in one]) == 1
    assert len([one for one in read if "FROM locker_grants" in one]) == 1
    assert len([one for one in read if "FROM department_documents" in one]) == 1
    assert len(seen) - len(read) == 1


async def test_what_is_kept_of_the_catalogue_is_no_statement_of_an_operation(each_world: World):
    world, store = each_world, each_world.environment.store
    query = "{ services(first: 10) { totalCount nodes { code name department { name } } } districts { name } }"
    store.kept.confirm(await store.read(all_versions), store.clock.monotonic())
    first = await ask(world, query)

    with world.statements() as seen:
        again = await ask(world, query)

    assert (again, list(seen)) == (first, [])


async def test_what_is_shown_of_the_catalogue_is_shown_anew_once_it_changed(each_world: World):
    world, store = each_world, each_world.environment.store
    query = '{ service(by: { code: "ES09" }) { name department { name } } services(first: 100) { nodes { name } } }'
    store.kept.confirm(await store.read(all_versions), store.clock.monotonic())
    await ask(world, query)
    async with store.write_transaction() as tx:
        service = (await catalogue.services_by_codes(tx, ["ES09"]))["ES09"]
        department = next(one for one in await catalogue.departments(tx) if one.slug == service.department)
        await catalogue.upsert_services(tx, [replace(service, name=Bilingual("नया", "New"))])
        await catalogue.upsert_departments(tx, [replace(department, name=Bilingual("विभाग", "Department"))])
    store.kept.confirm(await store.read(all_versions), store.clock.monotonic())

    again = (await ask(world, query))["data"]

    assert again["service"] == {"name": "New", "department": {"name": "Department"}}
    assert "New" in [one["name"] for one in again["services"]["nodes"]]


async def test_receipts_of_one_operation_are_one_statement_or_none(each_world: World):
    world, store = each_world, each_world.environment.store
    at = store.clock.now()
    hers = [AccessReceipt("s", "CITIZEN", CITIZEN.person_id or "", kind, None, "OWN", None, at) for kind in "abc"]
    before = await receipts(world)

    with world.statements() as seen:
        await write_receipts(world.environment, hers)
    with pytest.raises(StoreError):
        await write_receipts(world.environment, [*hers, replace(hers[0], citizen_id="nobody")])

    assert len(seen) == 1
    assert await receipts(world) - before == 3
