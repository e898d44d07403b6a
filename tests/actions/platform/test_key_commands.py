"""`apuni keys distrust` and `apuni doctor keys`, over the keyrings of an installation."""

import json

import pytest

from domain.kernel import CommandFailed
from gateway.installation.doctor import list_keys
from gateway.installation.keys import distrust
from store.database.keyring import PURPOSES
from tests.support.actions import World


async def test_the_doctor_lists_every_key_with_its_age_and_none_of_its_content(world: World, capsys):
    world.env.keyrings.rotate("session")

    await list_keys(world.env, as_json=True)

    listed = json.loads(capsys.readouterr().out)["keys"]
    assert [row["purpose"] for row in listed] == ["session", *PURPOSES]
    assert [row["active"] for row in listed[:2]] == [True, False]
    assert {frozenset(row) for row in listed} == {frozenset({"purpose", "key", "active", "days"})}


async def test_a_key_is_distrusted_by_its_id(world: World, capsys):
    key_id = str(world.env.keyrings.active("qr").kid)

    await distrust(world.env, "qr", key_id, reason="a disk was lost")

    assert key_id in capsys.readouterr().out
    assert key_id not in {key.kid for key in world.env.keyrings.keys("qr")}


async def test_a_keyring_that_is_not_there_is_refused(world: World):
    with pytest.raises(CommandFailed, match="no keyring nothing"):
        await distrust(world.env, "nothing", "k", reason="x")
