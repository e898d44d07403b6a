"""`apuni person export|erase`: they act for the gateway itself, in the name of the account that ran them."""

import json
import os

import pytest

from actions.applications.respond import Withdraw, withdraw_application
from gateway.commands.person import NotErased, erase_person, export_person
from store.database import NotThere
from store.identity import people
from tests.support.graph import ASHA, CITIZEN, RAVI, Down, World, environment, seed
from tests.support.stored import audit_lines_of

WHO = f"CLI:{os.getuid()}"


@pytest.fixture
async def house(sqlite_store, store_keyrings, store_clock, tmp_path):
    """An environment with the people of the graph's world."""
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await seed(env)
    return env


async def audited(env, citizen_id: str) -> list[tuple[str, str]]:
    async with env.store.read_transaction() as tx:
        return [(line.action, line.actor_label) for line in await audit_lines_of(tx, "CITIZEN", citizen_id)]


async def test_everything_of_a_person_is_written_to_a_file_of_her_own(house, tmp_path, capsys):
    file = tmp_path / "asha.jsonl"
    await export_person(house, ASHA, file)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {"citizens", "identities"} <= {row["part"] for row in rows}
    assert file.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == f"apuni: {len(rows)} rows are in {file}\n"
    assert set(await audited(house, ASHA)) == {("citizen.exported", WHO)}
    assert await audited(house, RAVI) == []


async def test_a_person_is_erased_once_and_not_while_something_is_under_way(house, capsys):
    case = await World(None, house, None, Down()).submit()  # type: ignore[arg-type]
    with pytest.raises(NotErased, match="under way: 1 "):
        await erase_person(house, case.number, yes=True)
    await withdraw_application(house, CITIZEN, Withdraw(case.id, "w"))
    await erase_person(house, case.number, yes=True)
    assert "apuni: erased in citizens: 1\n" in capsys.readouterr().out
    async with house.store.read_transaction() as tx:
        assert (await people.citizens(tx, [ASHA]))[ASHA].name.en == "Erased"
    assert [line for line in await audited(house, ASHA) if line[0] == "citizen.erased"] == [("citizen.erased", WHO)]
    await erase_person(house, ASHA, yes=True)
    assert capsys.readouterr().out.startswith("apuni: nothing was left to erase\n")
    with pytest.raises(NotThere):
        await erase_person(house, "nobody", yes=True)
