import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.kernel import ManualClock, PersonKind, Provider
from store.database import AlreadyThere, Store
from store.identity import sessions, sign_ins
from store.identity.sessions import Session
from store.identity.sign_ins import AppCode, SignInTransaction
from tests.support.databases import NOW

SOON = NOW + timedelta(minutes=10)
SIGN_IN = SignInTransaction(
    state="state-1",
    provider=Provider.MERI_PEHCHAAN,
    nonce="nonce-1",
    code_verifier="verifier-1",
    redirect_uri="https://portal.test/sign-in/callback/meri-pehchaan",
    browser_hash="browser-1",
    return_to="/",
    app_redirect=None,
    app_state=None,
    app_challenge=None,
    language="hi",
    created_at=NOW,
    expires_at=SOON,
)
CODE = AppCode(PersonKind.CITIZEN, "c1", "session-1", "challenge-1", "app://callback", SOON)
SESSION = Session("session-1", PersonKind.OPERATOR, "p1", Provider.CSC_CONNECT, "HIGH", "c1", NOW, SOON)


async def test_a_sign_in_is_taken_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sign_ins.add_transaction(tx, SIGN_IN)
        with pytest.raises(AlreadyThere):
            await sign_ins.add_transaction(tx, SIGN_IN)

    async def take() -> SignInTransaction | None:
        async with store.write_transaction() as tx:
            return await sign_ins.take_transaction(tx, "state-1")

    taken = await asyncio.gather(take(), take(), take())
    assert [one for one in taken if one] == [SIGN_IN]


async def test_neither_state_nor_verifier_is_kept_in_clear(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sign_ins.add_transaction(tx, SIGN_IN)
        (row,) = (await tx.connection.execute(sign_ins.sign_ins_table.select())).all()
    assert "state-1" not in repr(row)
    assert "verifier-1" not in repr(row)


async def test_a_sign_in_that_took_too_long_is_gone(store: Store, store_clock: ManualClock) -> None:
    async with store.write_transaction() as tx:
        await sign_ins.add_transaction(tx, SIGN_IN)
        await sign_ins.add_app_code(tx, "hash-1", CODE)
    store_clock.advance(timedelta(minutes=10))
    async with store.write_transaction() as tx:
        assert await sign_ins.take_transaction(tx, "state-1") is None
        assert await sign_ins.use_app_code(tx, "hash-1") == (CODE, False)


async def test_the_code_of_an_app_is_good_once_and_known_for_ten_minutes_more(
    store: Store, store_clock: ManualClock
) -> None:
    used = replace(CODE, expires_at=NOW - sign_ins.SKEW)
    async with store.write_transaction() as tx:
        await sign_ins.add_app_code(tx, "hash-1", CODE)
        with pytest.raises(AlreadyThere):
            await sign_ins.add_app_code(tx, "hash-1", CODE)
        assert await sign_ins.use_app_code(tx, "hash-2") is None
        assert await sign_ins.use_app_code(tx, "hash-1") == (used, True)
    for minutes, known in ((9, (used, False)), (1, None)):
        store_clock.advance(timedelta(minutes=minutes))
        async with store.write_transaction() as tx:
            await sign_ins.forget_expired(tx)
            assert await sign_ins.use_app_code(tx, "hash-1") == known


async def test_what_nobody_came_back_for_is_swept(store: Store, store_clock: ManualClock) -> None:
    async with store.write_transaction() as tx:
        await sign_ins.add_transaction(tx, SIGN_IN)
        await sign_ins.add_transaction(
            tx, replace(SIGN_IN, state="state-2", app_state="a", expires_at=SOON + timedelta(hours=1))
        )
    store_clock.set(SOON)
    async with store.write_transaction() as tx:
        await sign_ins.forget_expired(tx)
        left = await sign_ins.take_transaction(tx, "state-2")
        assert (await tx.connection.execute(sign_ins.sign_ins_table.select())).first() is None
    assert left is not None
    assert left.app_state == "a"


async def test_a_session_is_revoked_once_and_for_all(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sessions.add_session(tx, SESSION)
        with pytest.raises(AlreadyThere):
            await sessions.add_session(tx, SESSION)
        assert await sessions.session(tx, "session-1") == SESSION
        await sessions.revoke_session(tx, "session-1", NOW)
        await sessions.revoke_session(tx, "session-1", SOON)
    async with store.read_transaction() as tx:
        assert await sessions.session(tx, "session-1") == replace(SESSION, revoked_at=NOW)
        assert await sessions.session(tx, "session-2") is None
