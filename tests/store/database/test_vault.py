import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from stdnum import verhoeff

from domain.kernel import ManualClock, SystemIds
from store.database import Keyrings, NotThere
from store.database.vault import Vault
from tests.support.databases import NOW
from tests.support.held_keys import SlowKeys, is_apart

NUMBER = "99990000001" + verhoeff.calc_check_digit("99990000001")
OTHER = "99990000002" + verhoeff.calc_check_digit("99990000002")


@pytest.fixture
def keyrings(tmp_path: Path) -> Keyrings:
    made = Keyrings(tmp_path / "keys")
    made.init()
    return made


@pytest.fixture
async def vault(tmp_path: Path, keyrings: Keyrings) -> AsyncIterator[Vault]:
    clock = ManualClock(NOW)
    opened = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", keyrings, clock, SystemIds(clock))
    yield opened
    await opened.close()


def reads(tmp_path: Path) -> list[tuple[str, ...]]:
    engine = create_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text("SELECT reference, purpose, read_by FROM vault_reads"))]
    engine.dispose()
    return rows


async def test_a_number_has_one_reference_however_often_it_is_put(vault: Vault) -> None:
    spaced = f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:]}"
    references = await asyncio.gather(*(vault.put(number) for number in (NUMBER, spaced, NUMBER)))
    assert len(set(references)) == 1
    assert references[0].last4 == NUMBER[-4:]


async def test_a_number_keeps_its_reference_when_the_key_is_rotated(vault: Vault, keyrings: Keyrings) -> None:
    before = await vault.put(NUMBER)
    keyrings.rotate("vault")
    assert await vault.put(NUMBER) == before
    assert await vault.reveal(before.reference, purpose="PAY_BENEFIT", by="SYSTEM") == NUMBER


async def test_every_read_is_noted_with_its_purpose(vault: Vault, tmp_path: Path) -> None:
    kept = await vault.put(NUMBER)
    assert reads(tmp_path) == []
    assert await vault.reveal(kept.reference, purpose="PAY_BENEFIT", by="SYSTEM") == NUMBER
    with pytest.raises(NotThere):
        await vault.reveal("no-such-reference", purpose="PAY_BENEFIT", by="SYSTEM")
    assert reads(tmp_path) == [(kept.reference, "PAY_BENEFIT", "SYSTEM")]


async def test_what_is_no_aadhaar_number_is_refused_without_repeating_it(vault: Vault) -> None:
    wrong = NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)
    with pytest.raises(ValueError, match="not a valid Aadhaar number") as caught:
        await vault.put(wrong)
    assert wrong not in str(caught.value)


async def test_the_vaults_file_does_not_show_the_number(vault: Vault, tmp_path: Path) -> None:
    await vault.put(NUMBER)
    await vault.close()
    assert not [path for path in tmp_path.glob("vault.db*") if NUMBER.encode() in path.read_bytes()]
    assert (tmp_path / "vault.db").stat().st_mode & 0o077 == 0


async def counted(vault: Vault, *, write: bool = True) -> int:
    return sum([many async for many in vault.rewrap(by="CLI:0", write=write)])


async def test_numbers_of_an_older_key_are_sealed_by_the_newest_and_found_without_the_older(
    vault: Vault, keyrings: Keyrings, tmp_path: Path
) -> None:
    before = await vault.put(NUMBER)
    older = str(keyrings.keys("vault")[0].kid)
    keyrings.rotate("vault")
    assert await counted(vault, write=False) == 1

    assert [await counted(vault), await counted(vault)] == [1, 0]

    keyrings.drop("vault", older)
    clock = ManualClock(NOW)
    afresh = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", keyrings, clock, SystemIds(clock))
    assert await afresh.put(NUMBER) == before
    assert await afresh.reveal(before.reference, purpose="PAY_BENEFIT", by="SYSTEM") == NUMBER
    await afresh.close()
    assert reads(tmp_path)[:3] == [("*", purpose, "CLI:0") for purpose in ("VERIFY", "REWRAP", "REWRAP")]


async def test_a_number_whose_index_alone_is_of_the_older_key_is_made_anew(
    vault: Vault, keyrings: Keyrings, tmp_path: Path
) -> None:
    kept = await vault.put(NUMBER)
    index = vault.blind(NUMBER)
    keyrings.rotate("vault")
    await counted(vault)
    async with vault.transaction() as tx:
        await tx.connection.execute(text("UPDATE vault_entries SET number_index = :index"), {"index": index})

    assert await counted(vault) == 1

    assert (await vault.find_many([NUMBER]))[NUMBER] == kept


async def test_a_number_that_does_not_open_stays_as_it_is(vault: Vault, keyrings: Keyrings) -> None:
    await vault.put(NUMBER)
    keyrings.rotate("vault")
    async with vault.transaction() as tx:
        await tx.connection.execute(text("UPDATE vault_entries SET number = x'01'"))

    assert [await counted(vault), await counted(vault)] == [1, 1]


@pytest.mark.parametrize("way", ["put", "put_many", "reveal", "reveal_many", "verify_entries"])
async def test_while_a_module_takes_its_time_over_a_number_others_are_answered(tmp_path: Path, way: str) -> None:
    keys, clock = SlowKeys(), ManualClock(NOW)
    keyrings = Keyrings(tmp_path / "held", keys)
    keyrings.init()
    vault = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", keyrings, clock, SystemIds(clock))
    reference = (await vault.put(NUMBER)).reference
    works = {
        "put": lambda: vault.put(OTHER),
        "put_many": lambda: vault.put_many([OTHER]),
        "reveal": lambda: vault.reveal(reference, purpose="PAY_BENEFIT", by="SYSTEM"),
        "reveal_many": lambda: vault.reveal_many([reference], purpose="PAY_BENEFIT", by="SYSTEM"),
        "verify_entries": lambda: vault.verify_entries(by="SYSTEM"),
    }

    assert await is_apart(keys, works[way]())
    await vault.close()
