"""The list of erasures: it outlives the store, and who is on it is erased again (docs/backup.md)."""

from dataclasses import replace

import pytest

from actions.privacy.erasures import settle_erasures
from actions.privacy.personal_data import erase_person
from store.database import StoreUnavailable
from store.identity import people
from store.privacy.erasures import ErasureList
from tests.support.actions import FREE
from tests.support.databases import NOW


@pytest.fixture
def listed(tmp_path) -> ErasureList:
    return ErasureList(tmp_path / "apart" / "erasures.jsonl")


async def name_of(world, citizen_id: str) -> str:
    async with world.env.store.read_transaction() as tx:
        return (await people.citizens(tx, [citizen_id]))[citizen_id].name.en


async def test_an_erasure_is_noted_outside_of_the_store(world, listed):
    asha = world.asha.person_id
    for _ in range(2):
        await erase_person(replace(world.env, erasures=listed), world.asha, asha)
    assert listed.erasure_times() == {asha: world.clock.now().replace(microsecond=0)}


async def test_what_the_list_lacks_is_added_and_whom_the_store_still_holds_is_erased(world, listed):
    asha, sunil = world.asha.person_id, world.sunil.person_id
    await erase_person(world.env, world.asha, asha)  # its process died before it was noted
    listed.add(sunil, NOW)  # noted before the backup was restored that holds him
    listed.add("somebody-else", NOW)

    settled = await settle_erasures(world.env, listed)
    assert (settled.noted, settled.erased, settled.waiting) == (1, 1, ())
    assert await name_of(world, sunil) == "Erased"
    assert set(listed.erasure_times()) == {asha, sunil, "somebody-else"}
    again = await settle_erasures(world.env, listed)
    assert (again.noted, again.erased, again.waiting) == (0, 0, ())


async def test_a_person_whose_case_is_open_waits_and_is_told(world, listed):
    await world.submit(world.sunil, FREE)
    listed.add(world.sunil.person_id, NOW)
    settled = await settle_erasures(world.env, listed)
    assert settled.waiting == (world.sunil.person_id,)
    assert await name_of(world, world.sunil.person_id) == "Sunil Rawat"


def test_a_line_that_a_death_cut_off_is_passed_over(listed, tmp_path):
    listed.add("c1", NOW)
    path = tmp_path / "apart" / "erasures.jsonl"
    with path.open("ab") as file:
        file.write(b'{"citizen": "c2", "at')
    assert set(listed.erasure_times()) == {"c1"}
    listed.add("c3", NOW)
    assert set(listed.erasure_times()) == {"c1", "c3"}
    assert path.stat().st_mode & 0o077 == 0


def test_a_list_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        ErasureList(tmp_path / "file" / "erasures.jsonl").add("c1", NOW)
