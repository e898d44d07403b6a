from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.kernel import ManualClock, PersonKind, Provider
from store.database import AlreadyThere, FieldCipher, Keyrings, NotThere, Store, VersionConflict
from store.identity import identities
from store.identity.identities import LockerTokens
from tests.store.builders import sow
from tests.support.databases import NOW

LATER = NOW + timedelta(hours=1)
TOKENS = LockerTokens("access-1", "refresh-1", LATER, "files.issueddocs", LATER, "locker-1")


async def test_an_identity_is_found_by_provider_and_subject_only(store: Store) -> None:
    async with store.write_transaction() as tx:
        await identities.add_identity(tx, Provider.MERI_PEHCHAAN, "DL-1", PersonKind.CITIZEN, "c1", NOW, "HIGH")
        with pytest.raises(AlreadyThere):
            await identities.add_identity(tx, Provider.MERI_PEHCHAAN, "DL-1", PersonKind.CITIZEN, "c2", NOW, "HIGH")
    async with store.read_transaction() as tx:
        assert await identities.identity(tx, Provider.MERI_PEHCHAAN, "DL-1") == (PersonKind.CITIZEN, "c1")
        assert await identities.identity(tx, Provider.JAN_PARICHAY, "DL-1") is None
        assert await identities.identity(tx, Provider.MERI_PEHCHAAN, "DL-2") is None


async def test_the_subject_itself_is_not_kept(store: Store) -> None:
    async with store.write_transaction() as tx:
        await identities.add_identity(tx, Provider.PARICHAY, "asha@nic.test", PersonKind.OFFICER, "o1", NOW, "HIGH")
        (row,) = (await tx.connection.execute(identities.identities_table.select())).all()
    assert "asha@nic.test" not in repr(row)


async def test_an_identity_outlives_a_new_index_key(
    sqlite_url: str, migrated_sqlite: Path, tmp_path: Path, store_clock: ManualClock
) -> None:
    (tmp_path / "store.db").write_bytes(migrated_sqlite.read_bytes())
    keyrings = Keyrings(tmp_path / "keys")
    keyrings.init()
    store = await Store.open(sqlite_url, cipher=FieldCipher(keyrings), clock=store_clock)
    async with store.write_transaction() as tx:
        await identities.add_identity(tx, Provider.PARICHAY, "s", PersonKind.OFFICER, "o1", NOW, "HIGH")
    keyrings.rotate("blind_index")
    async with store.write_transaction() as tx:
        assert await identities.identity(tx, Provider.PARICHAY, "s") == (PersonKind.OFFICER, "o1")
        with pytest.raises(AlreadyThere):
            await identities.add_identity(tx, Provider.PARICHAY, "s", PersonKind.OFFICER, "o2", NOW, "HIGH")
    await store.close()


async def test_linked_accounts_are_identities_and_the_locker(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, citizens=("c1", "c2"))
        await identities.add_identity(tx, Provider.MERI_PEHCHAAN, "DL-1", PersonKind.CITIZEN, "c1", NOW, "HIGH")
        await identities.touch_identity(tx, Provider.MERI_PEHCHAAN, "DL-1", LATER)
        await identities.save_locker_grant(tx, "c1", TOKENS, LATER)
        await identities.mark_needs_consent(tx, "c1")
    async with store.read_transaction() as tx:
        found = await identities.linked_accounts(tx, ["c1", "c2"])
    assert list(found) == ["c1"]
    identity, locker = found["c1"]
    assert (identity.provider, identity.linked_at, identity.last_used_at) == (Provider.MERI_PEHCHAAN, NOW, LATER)
    assert (locker.provider, locker.needs_consent, locker.consent_until) == (Provider.DIGILOCKER, True, LATER)


async def test_locker_tokens_come_back_with_a_version(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx)
        assert await identities.locker_grant(tx, "c1") is None
        saved = await identities.save_locker_grant(tx, "c1", TOKENS, NOW)
        assert await identities.locker_grant(tx, "c1") == saved == replace(TOKENS, version=1)
        (row,) = (await tx.connection.execute(identities.locker_grants_table.select())).all()
    assert b"access-1" not in row.tokens


async def test_only_the_first_of_two_refreshes_is_kept(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx)
        read = await identities.save_locker_grant(tx, "c1", TOKENS, NOW)
        mine = await identities.save_locker_grant(tx, "c1", replace(read, access_token="access-2"), LATER)
        with pytest.raises(VersionConflict) as caught:
            await identities.save_locker_grant(tx, "c1", replace(read, access_token="access-3"), LATER)
        assert caught.value.present_version == 2
        assert await identities.locker_grant(tx, "c1") == mine
        with pytest.raises(NotThere):
            await identities.save_locker_grant(tx, "c9", read, LATER)
        (account,) = (await identities.linked_accounts(tx, ["c1"]))["c1"]
    assert account.linked_at == NOW


async def test_a_new_consent_replaces_tokens_that_no_longer_hold(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx)
        read = await identities.save_locker_grant(tx, "c1", TOKENS, NOW)
        refreshed = await identities.save_locker_grant(tx, "c1", read, NOW)
        assert not await identities.mark_needs_consent(tx, "c1", read.version)
        assert await identities.mark_needs_consent(tx, "c1", refreshed.version)
        assert await identities.locker_grant(tx, "c1") is None
        again = await identities.save_locker_grant(tx, "c1", replace(TOKENS, access_token="access-9"), LATER)
        assert await identities.locker_grant(tx, "c1") == again
        with pytest.raises(VersionConflict):
            await identities.save_locker_grant(tx, "c1", refreshed, LATER)
