"""Kept sessions: a token is read once, and what was ended or changed, here or in another process, is not believed."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt

from actions.identity.sessions import mint_session_token, person_of_token, person_signed_in, sign_out
from domain.identity.kept_sessions import (
    HOLDS_SECONDS,
    IDLE_SECONDS,
    KeptSession,
    KeptSessions,
    SignedIn,
    VerifiedTokens,
)
from domain.kernel import ANONYMOUS, Bilingual, Citizen, Language, NotSignedIn, PersonKind, Posting, Provider, Role
from gateway.streams.sessions import Sessions
from store.database import Store
from store.identity import people, sessions
from tests.actions.identity.test_sessions import PERSON, SESSION, opened
from tests.support.plans import statements_of
from tests.support.sign_in import environment, officer

CITIZEN = Citizen(PERSON, Bilingual("आशा", "Asha"), Language.EN, datetime(2026, 1, 1, tzinfo=UTC))
NOBODY = SignedIn(ANONYMOUS)


class Process:
    """One process's environment over the store, and what watches its sessions."""

    def __init__(self, store, keyrings):
        self.env = environment(store, keyrings, store.clock, [])
        self.kept = self.env.caches.sessions
        self.watch = Sessions(store, HOLDS_SECONDS, self.kept)
        self.kept.watched = True
        store.after_commit.append(self.watch.note_commit)

    async def person(self, token):
        return await person_signed_in(self.env, token)

    async def reads_row(self, token):
        with statements_of(self.env.store) as seen:
            await self.person(token)
        return any("FROM sessions" in statement for statement in seen)


@pytest.fixture
def here(store, store_keyrings):
    return Process(store, store_keyrings)


@pytest.fixture
async def elsewhere(store, store_cipher, store_keyrings):
    other = await Store.open(store.url, cipher=store_cipher, clock=store.clock)
    yield Process(other, store_keyrings)
    await other.close()


@pytest.fixture
async def token(here):
    async with here.env.store.write_transaction() as tx:
        await people.add_citizen(tx, CITIZEN)
    return mint_session_token(here.env, await opened(here.env))


async def test_a_session_is_read_once_for_many_requests(here, token):
    assert await here.reads_row(token)
    assert not await here.reads_row(token)
    person = await here.person(token)
    assert (person.subject.person_id, person.language) == (PERSON, Language.EN)


async def test_nothing_is_kept_where_nobody_watches(here, token):
    here.kept.watched = False
    await here.person(token)

    assert await here.reads_row(token)


async def test_signing_out_ends_a_kept_token_of_this_process_at_once(here, token):
    await sign_out(here.env, (await here.person(token)).subject)

    with pytest.raises(NotSignedIn):
        await here.person(token)


async def test_a_sign_out_while_the_session_is_read_leaves_nothing_kept(here, token):
    """The read saw the session before it ended; what it gives may be used once and is not kept."""

    @asynccontextmanager
    async def ended_meanwhile():
        async with reading() as tx:
            yield tx
        await here.env.store.carry_out(lambda tx: sessions.revoke_session(tx, SESSION, tx.clock.now()))

    reading = here.env.store.read_transaction
    here.env.store.read_transaction = ended_meanwhile
    await here.person(token)
    here.env.store.read_transaction = reading

    with pytest.raises(NotSignedIn):
        await here.person(token)


async def test_signing_out_in_another_process_ends_a_kept_token_at_the_next_look(here, elsewhere, token):
    subject = (await elsewhere.person(token)).subject
    await sign_out(here.env, subject)
    assert await elsewhere.person(token)
    await elsewhere.watch.look()

    with pytest.raises(NotSignedIn):
        await elsewhere.person(token)


async def test_the_row_is_read_where_the_last_look_is_older_than_a_second(here, elsewhere, token, store_clock):
    await sign_out(here.env, (await elsewhere.person(token)).subject)
    store_clock.advance(timedelta(seconds=HOLDS_SECONDS + 0.001))

    with pytest.raises(NotSignedIn):
        await elsewhere.person(token)


async def test_a_look_lets_the_sessions_that_hold_be_used_on(here, token, store_clock):
    await here.person(token)
    for _ in range(5):
        store_clock.advance(timedelta(seconds=HOLDS_SECONDS / 2))
        await here.watch.look()

    assert not await here.reads_row(token)


async def test_a_kept_token_ends_to_the_second(here, token, store_clock):
    store_clock.advance(timedelta(seconds=599.5))
    await here.person(token)
    store_clock.advance(timedelta(seconds=0.5))

    with pytest.raises(NotSignedIn):
        await here.person(token)


async def test_a_stolen_key_ends_what_it_signed_at_once(here, token):
    await here.person(token)
    here.env.keyrings.drop("session", here.env.keyrings.active("session").kid)

    with pytest.raises(NotSignedIn):
        await here.person(token)


async def test_one_request_has_the_signature_of_its_token_checked_once(here, token, monkeypatch):
    checked = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *given, **named: checked.append(given) or decode(*given, **named))

    assert person_of_token(here.env, token) == (PersonKind.CITIZEN, PERSON)
    await here.person(token)

    assert len(checked) == 1


def test_the_claims_of_so_many_tokens_are_kept_for_the_very_key_that_signed_them():
    kept, key = VerifiedTokens(most=2), object()
    for digest in (b"a", b"b", b"c"):
        kept.keep(digest, key, {"sub": digest})

    assert [kept.find(digest, key) for digest in (b"a", b"b", b"c")] == [None, {"sub": b"b"}, {"sub": b"c"}]
    assert kept.find(b"c", object()) is None


async def test_a_language_that_is_saved_here_is_used_at_once_and_elsewhere_after_a_look(here, elsewhere, token):
    for process in (here, elsewhere):
        await process.person(token)
    async with here.env.store.write_transaction() as tx:
        await people.update_citizen(tx, replace(CITIZEN, language=Language.HI))
    await elsewhere.watch.look()

    assert [(await process.person(token)).language for process in (here, elsewhere)] == [Language.HI] * 2


async def test_the_powers_of_an_officer_are_read_each_time(here):
    async with here.env.store.write_transaction() as tx:
        await people.add_officer(tx, officer(PERSON, "a@officer.example"))
    token = mint_session_token(here.env, await opened(here.env, PersonKind.OFFICER, Provider.PARICHAY))
    await here.person(token)
    async with here.env.store.write_transaction() as tx:
        await people.update_officer(tx, officer(PERSON, "a@officer.example", Posting(Role.AUDITOR)))

    assert (await here.person(token)).subject.roles == {Role.AUDITOR}


async def test_sessions_that_nobody_uses_are_not_asked_for(here, token, store_clock):
    await here.person(token)
    store_clock.advance(timedelta(seconds=IDLE_SECONDS + 1))
    with statements_of(here.env.store) as seen:
        await here.watch.look()

    assert (seen, len(here.kept)) == ([], 0)


def test_a_process_keeps_so_many_sessions_and_no_more(store_clock):
    kept, keys = KeptSessions(most=2), object()
    kept.watched = True
    for digest in (b"a", b"b", b"c"):
        kept.keep(digest, KeptSession(NOBODY, store_clock.now() + timedelta(hours=1), keys, 0.0), kept.changes)

    assert [kept.find(digest, keys, store_clock) for digest in (b"a", b"b", b"c")] == [None, NOBODY, NOBODY]
