"""What a process keeps of the catalogue: read once, and never believed after a change or without news of changes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.catalogue.catalogue import Department, District, Tehsil
from domain.catalogue.forms import Form
from domain.kernel import Bilingual, Needed
from gateway.runtime.heartbeat import CHANGE_SECONDS
from store.catalogue import calendar, catalogue, forms
from store.database import Store, Transaction, all_versions
from store.database.reading.kept_reads import HOLDS_SECONDS, Board, KeptReads
from store.identity import strengths
from tests.store.builders import scheme, service
from tests.support.plans import statements_of

SERVICE = service()
CODE = SERVICE.code
DEPARTMENT = Department("d1", "revenue-department", Bilingual(None, "Revenue"), 1, "a capture", verified=True)
DISTRICT = District("x1", "45", Bilingual(None, "Almora"), "Kumaon", "Almora", "a capture", verified=True)
TEHSIL = Tehsil("1", "45", Bilingual(None, "Almora"), "a capture", verified=True)
Work = Callable[[Transaction], Awaitable[Any]]


async def look(store: Store) -> None:
    asked_at = store.clock.monotonic()
    store.kept.confirm(await store.read(all_versions), asked_at)


async def named(store: Store, code: str = CODE) -> str | None:
    found = await store.read(lambda tx: catalogue.service(tx, code))
    return found.name.en if found else None


async def rename(store: Store, name: str) -> None:
    renamed = replace(SERVICE, name=Bilingual(None, name))
    await store.carry_out(lambda tx: catalogue.upsert_services(tx, [renamed]))


@pytest.fixture
async def here(store: Store) -> Store:
    await store.carry_out(lambda tx: catalogue.upsert_services(tx, [SERVICE]))
    await look(store)
    return store


@pytest.fixture
async def elsewhere(here: Store, store_cipher: Any) -> AsyncIterator[Store]:
    other = await Store.open(here.url, cipher=store_cipher, clock=here.clock)
    yield other
    await other.close()


READS: dict[str, Work] = {
    "services by code": lambda tx: catalogue.services_by_codes(tx, [CODE]),
    "services by id": lambda tx: catalogue.services_by_ids(tx, [SERVICE.id]),
    "a service by slug": lambda tx: catalogue.service_by_slug(tx, SERVICE.slug),
    "a service as filed": lambda tx: catalogue.service_as_filed(tx, CODE, 1),
    "a page of services": lambda tx: catalogue.services_page(tx, limit=10),
    "every service": catalogue.all_services,
    "services by the schemes that they grant": lambda tx: catalogue.services_by_schemes(tx, ["uk-old-age-pension"]),
    "the count of services": catalogue.count_services,
    "the stamp of the catalogue": catalogue.catalogue_stamp,
    "departments": catalogue.departments,
    "districts": catalogue.districts,
    "schemes": catalogue.schemes,
    "strengths": lambda tx: strengths.needed_by(tx, [CODE]),
    "the last calendar": calendar.latest_version,
}


@pytest.mark.parametrize("name", READS)
async def test_what_was_read_of_the_catalogue_is_not_asked_for_again(here, name):
    first = await here.read(READS[name])

    with statements_of(here) as seen:
        again = await here.read(READS[name])

    assert (again, seen) == (first, [])


async def test_nothing_is_kept_where_nobody_asks_for_changes(store):
    await store.carry_out(lambda tx: catalogue.upsert_services(tx, [SERVICE]))
    await named(store)

    with statements_of(store) as seen:
        await named(store)

    assert len(seen) == 1
    assert len(store.kept) == 0


async def test_a_change_of_this_process_shows_at_once(here):
    before = await named(here)

    await rename(here, "Renamed")

    assert (before, await named(here)) == (SERVICE.name.en, "Renamed")


async def test_a_change_of_another_process_shows_with_the_next_look(here, elsewhere, store_clock):
    before = await named(here)
    await rename(elsewhere, "Renamed")

    store_clock.advance(timedelta(seconds=CHANGE_SECONDS))
    await look(here)

    assert (before, await named(here)) == (SERVICE.name.en, "Renamed")
    assert 2 * CHANGE_SECONDS <= HOLDS_SECONDS <= 1


async def test_the_rows_are_read_where_the_last_look_is_older_than_a_second(here, elsewhere, store_clock):
    await named(here)
    await rename(elsewhere, "Renamed")

    store_clock.advance(timedelta(seconds=HOLDS_SECONDS + 0.01))

    assert await named(here) == "Renamed"


async def test_what_was_read_before_a_change_of_this_process_is_not_kept_after_it(here, elsewhere):
    async with here.read_transaction() as tx:
        await catalogue.departments(tx)  # the moment that it sees has come
        await rename(here, "Renamed")
        await catalogue.service(tx, CODE)

    assert await named(here) == "Renamed"


async def test_what_was_read_before_a_change_elsewhere_was_learned_of_is_not_kept_after_it(here, elsewhere):
    async with here.read_transaction() as tx:
        await catalogue.departments(tx)
        await rename(elsewhere, "Renamed")
        await look(elsewhere)
        here.kept.confirm(await elsewhere.read(all_versions), here.clock.monotonic())
        await catalogue.service(tx, CODE)

    assert await named(here) == "Renamed"


async def test_what_is_not_there_is_not_kept(here, elsewhere):
    await named(here, "LOCAL-NEW")
    new = replace(SERVICE, id="svc-new", code="LOCAL-NEW", slug="local-new")
    await elsewhere.carry_out(lambda tx: catalogue.upsert_services(tx, [new]))

    assert await named(here, "LOCAL-NEW") == SERVICE.name.en


async def test_a_writer_sees_the_rows_themselves(here, elsewhere):
    await named(here)
    await rename(elsewhere, "Renamed")

    async with here.write_transaction() as tx:
        found = await catalogue.service(tx, CODE)

    assert found is not None
    assert found.name.en == "Renamed"


async def test_a_writer_asks_for_the_version_once_and_takes_the_rest_from_what_is_kept(here):
    for read in READS.values():
        await here.read(read)

    with statements_of(here) as seen:
        async with here.write_transaction() as tx:
            for read in READS.values():
                await read(tx)

    assert len(seen) == 1


async def test_what_a_writer_reads_of_the_catalogue_is_kept_for_the_next_one(here):
    await here.carry_out(lambda tx: catalogue.service(tx, CODE))

    with statements_of(here) as seen:
        await here.carry_out(lambda tx: catalogue.service(tx, CODE))

    assert len(seen) == 1


async def test_a_writer_asks_for_no_version_where_nothing_is_kept(store):
    await store.carry_out(lambda tx: catalogue.upsert_services(tx, [SERVICE]))

    with statements_of(store) as seen:
        await store.carry_out(lambda tx: catalogue.service(tx, CODE))

    assert len(seen) == 1
    assert len(store.kept) == 0


async def test_a_writer_sees_what_it_changed_itself(here):
    await named(here)

    async with here.write_transaction() as tx:
        await catalogue.service(tx, CODE)
        await catalogue.upsert_services(tx, [replace(SERVICE, open=not SERVICE.open)])
        found = await catalogue.service(tx, CODE)

    assert found is not None
    assert found.open is not SERVICE.open


async def test_what_a_writer_changed_and_gave_up_is_not_kept(here):
    async def work(tx: Transaction) -> None:
        await catalogue.upsert_services(tx, [replace(SERVICE, name=Bilingual(None, "Renamed"))])
        await catalogue.service(tx, CODE)
        raise LookupError

    with pytest.raises(LookupError):
        await here.carry_out(work)

    assert await named(here) == SERVICE.name.en


@pytest.mark.integration
@pytest.mark.parametrize("store_url", ["postgres"], indirect=True, ids=["postgres, since SQLite has one writer"])
async def test_what_a_writer_read_before_a_change_of_another_process_is_not_kept_after_it(here, elsewhere):
    async with here.write_transaction() as tx:
        await catalogue.service(tx, CODE)
        await rename(elsewhere, "Renamed")
        await look(here)

    assert await named(here) == "Renamed"


FORM = Form("income", "0" * 64, (), "LOCAL", True, "a capture", Bilingual(None, "Income"), None, (), (), {}, {})


WRITES: dict[str, Work] = {
    "services": lambda tx: catalogue.upsert_services(tx, [replace(SERVICE, open=not SERVICE.open)]),
    "departments": lambda tx: catalogue.upsert_departments(tx, [DEPARTMENT]),
    "districts": lambda tx: catalogue.upsert_districts(tx, [DISTRICT]),
    "tehsils": lambda tx: catalogue.upsert_tehsils(tx, [TEHSIL]),
    "schemes": lambda tx: catalogue.upsert_schemes(tx, [scheme()]),
    "strengths": lambda tx: strengths.replace_all(tx, {CODE: Needed()}),
    "forms": lambda tx: forms.assign(tx, FORM, []),
    "forms that are withdrawn": lambda tx: forms.withdraw(tx, [CODE]),
    "the calendar": lambda tx: calendar.save_calendar(tx, "2027", []),
}


@pytest.mark.parametrize("name", WRITES)
async def test_each_write_of_the_catalogue_raises_its_version(here, name):
    before = (await here.read(all_versions))[Board.CATALOGUE]

    await here.carry_out(WRITES[name])

    assert (await here.read(all_versions))[Board.CATALOGUE] > before


async def test_a_change_that_is_rolled_back_raises_nothing(here):
    before = await here.read(all_versions)

    async def work(tx: Transaction) -> None:
        await catalogue.upsert_departments(tx, [DEPARTMENT])
        raise LookupError

    with pytest.raises(LookupError):
        await here.carry_out(work)

    assert await here.read(all_versions) == before


def test_what_was_not_used_for_longest_is_forgotten_first(store_clock):
    kept = KeptReads(store_clock, most=3)
    kept.confirm({}, store_clock.monotonic())
    kept.keep("kind", {1: "one", 2: ["two", "two"]}, kept.changes)
    kept.find("kind", [1])

    kept.keep("kind", {3: "three"}, kept.changes)

    assert kept.find("kind", [1, 2, 3]) == {1: "one", 3: "three"}
