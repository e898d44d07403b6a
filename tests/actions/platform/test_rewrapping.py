"""After a rotation of `object` or `vault` what stands under the older key is wrapped anew, and only then it can go."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from stdnum import verhoeff

from actions.platform.rewrapping import count_older, rewrap
from actions.platform.stolen_keys import distrust_key
from actions.privacy.files_at_rest import delete_unnamed
from domain.kernel import CommandFailed
from store.database import EncryptedObjects, Keyrings, LocalBlobs
from store.database.vault import Vault
from tests.support.actions import World

PAPERS = [f"%PDF-1.7 paper {number}".encode() for number in range(4)]
NUMBERS = [part + verhoeff.calc_check_digit(part) for part in ("99990000001", "99990000002")]


@pytest.fixture
async def world(sqlite_peopled: World, tmp_path) -> AsyncIterator[World]:
    """A world with keyrings, files and a vault of its own."""
    env, keyrings = sqlite_peopled.env, Keyrings(tmp_path / "keys")
    keyrings.init()
    vault = await Vault.open(f"sqlite:///{tmp_path / 'own.db'}", keyrings, env.clock, env.ids)
    objects = EncryptedObjects(LocalBlobs(tmp_path / "own"), keyrings)
    yield replace(sqlite_peopled, env=replace(env, keyrings=keyrings, objects=objects, vault=vault))
    await vault.close()


async def rewrapped(world: World, purpose: str) -> int:
    return sum([many async for many in rewrap(world.env, purpose, by="CLI:0")])


def rotate(world: World, folder: Path, purpose: str, minutes: int = 60) -> str:
    """A new key that is there for so many minutes; gives the id of the older one."""
    older = str(world.env.keyrings.keys(purpose)[0].kid)
    world.env.keyrings.rotate(purpose)
    at = (world.clock.now() - timedelta(minutes=minutes)).timestamp()
    os.utime(folder / "keys" / f"{purpose}.json", (at, at))
    return older


async def drop(world: World, purpose: str, key_id: str) -> None:
    await distrust_key(world.env, purpose, key_id, reason="rotated", by="CLI:0")


async def fill(world: World, purpose: str) -> int:
    if purpose == "vault":
        return len(await world.env.vault.put_many(NUMBERS))
    return len([await world.env.objects.put(paper, "application/pdf") for paper in PAPERS])


@pytest.mark.parametrize("purpose", ["object", "vault"])
async def test_an_older_key_goes_only_when_nothing_stands_under_it(world, tmp_path, purpose):
    kept = await fill(world, purpose)
    older = rotate(world, tmp_path, purpose)
    assert await count_older(world.env, purpose, by="CLI:0") == kept
    with pytest.raises(CommandFailed, match=f"{kept} stand under older keys of {purpose}; run `apuni keys rewrap"):
        await drop(world, purpose, older)

    assert await rewrapped(world, purpose) == kept
    await drop(world, purpose, older)

    assert [key.kid == older for key in world.env.keyrings.keys(purpose)] == [False]


async def test_what_was_interrupted_is_gone_on_with(world, tmp_path):
    await fill(world, "object")
    rotate(world, tmp_path, "object")
    async for many in rewrap(world.env, "object", by="CLI:0"):
        assert many
        break

    assert await rewrapped(world, "object") == len(PAPERS) - 1


async def test_right_after_a_rotation_the_older_key_stays_as_somebody_may_still_write_under_it(world, tmp_path):
    older = rotate(world, tmp_path, "object", minutes=9)

    with pytest.raises(CommandFailed, match="ten minutes after the rotation"):
        await drop(world, "object", older)


@pytest.mark.parametrize("purpose", ["object", "vault"])
async def test_the_key_that_encrypts_now_is_never_dropped(world, purpose):
    with pytest.raises(CommandFailed, match="it encrypts now"):
        await drop(world, purpose, str(world.env.keyrings.keys(purpose)[0].kid))


async def test_a_damaged_file_stops_no_other_and_keeps_the_key(world, tmp_path):
    await fill(world, "object")
    older = rotate(world, tmp_path, "object")
    damaged = next(path for path in (tmp_path / "own" / "keys").rglob("*") if path.is_file())
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")

    assert await rewrapped(world, "object") == len(PAPERS) - 1
    with pytest.raises(CommandFailed, match="1 stand under"):
        await drop(world, "object", older)


async def test_a_file_that_was_deleted_after_it_was_listed_is_not_written_again(world, tmp_path):
    await fill(world, "object")
    rotate(world, tmp_path, "object")
    async for name in world.env.objects.encrypted_names():
        await delete_unnamed(world.env, name)
        await world.env.objects.rewrap(name)

    assert [path for path in (tmp_path / "own").rglob("*") if path.is_file()] == []


async def test_other_purposes_have_nothing_to_wrap(world):
    with pytest.raises(CommandFailed, match="object and vault are"):
        await rewrapped(world, "field")
