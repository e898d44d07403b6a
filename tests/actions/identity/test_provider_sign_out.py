"""Signing out ends the session at the provider too, from the outbox, and never waits for it."""

from datetime import timedelta

import pytest

from actions.identity.account_links import unlink
from actions.identity.devices import end_devices
from actions.identity.provider_sign_out import END, SIGNED_OUT, end_at_provider, way_out
from actions.identity.sessions import sign_out, subject_for_token
from actions.identity.sign_in import SignedIn, begin_sign_in, finish_sign_in, refresh_session
from domain.kernel import Language, PersonKind, Problems, Provider, Source, Subject
from integrations.calling.errors import Unavailable
from integrations.sso import ProviderTokens
from store.identity import identities, session_tokens
from store.platform import outbox
from store.platform.outbox import outbox_table
from store.privacy.personal import erase
from tests.support.sign_in import GATEWAY, FakeProvider
from tests.support.signing_in import BROWSER, CSC_ID, EMAIL
from tests.support.stored import audit_lines_of


async def signed_in(env, provider: FakeProvider, subject: str, token: str | None = "t-1", **known) -> SignedIn:
    address = await begin_sign_in(
        env, provider.provider, browser_hash=BROWSER, redirect_uri=f"{GATEWAY}/cb", return_to="/", app=None,
        language=Language.HI,
    )  # fmt: skip
    state = address.split("state=")[1].split("&")[0]
    code = provider.vouch(subject, session_token=token, **known)
    return await finish_sign_in(env, provider.provider, code=code, state=state, browser_hash=BROWSER)


async def subject_of(env, done: SignedIn) -> Subject:
    return await subject_for_token(env, done.token)


def locker(access: str) -> ProviderTokens:
    return ProviderTokens(access, "refresh", 3600, "openid files.issueddocs", None, "locker-1")


async def planned(env, topic: str = END) -> list[str]:
    async with env.store.read_transaction() as tx:
        rows = await tx.connection.execute(outbox_table.select().where(outbox_table.c.topic == topic))
        return [row.key for row in rows.all()]


async def deliver(env) -> None:
    for session_id in await planned(env):
        await end_at_provider(env, session_id)


@pytest.mark.parametrize(
    ("provider", "subject"),
    [(Provider.PARICHAY, EMAIL), (Provider.JAN_PARICHAY, "9800000001:x"), (Provider.MERI_PEHCHAAN, "DL-1")],
)
async def test_the_token_of_a_session_that_was_signed_out_is_revoked_once(env, providers, provider, subject):
    done = await signed_in(env, providers[provider], subject)
    await sign_out(env, await subject_of(env, done))

    await deliver(env)
    await deliver(env)
    assert providers[provider].revoked == ["t-1"]
    async with env.store.read_transaction() as tx:
        assert await session_tokens.get(tx, done.session.id) is None
        lines = await audit_lines_of(tx, "SESSION", done.session.id)
    assert [line.action for line in lines] == ["SIGN_IN", "SIGN_OUT", "SIGNED_OUT_AT_PROVIDER"]


async def test_a_provider_that_is_down_keeps_nobody_signed_in_and_is_asked_again(env, providers):
    provider = providers[Provider.PARICHAY]
    done = await signed_in(env, provider, EMAIL)
    subject = await subject_of(env, done)
    provider.error = Unavailable(Source.SSO, "timeout")

    await sign_out(env, subject)
    with pytest.raises(Exception, match="the session has ended"):
        await subject_of(env, done)
    with pytest.raises(Unavailable):
        await deliver(env)

    provider.error = None
    await deliver(env)
    assert provider.revoked == ["t-1"]


async def test_a_provider_without_such_a_call_is_told_nothing(env, providers):
    done = await signed_in(env, providers[Provider.CSC_CONNECT], CSC_ID, token=None)
    await sign_out(env, await subject_of(env, done))

    assert await planned(env) == []
    assert await way_out(env, done.session.id) == SIGNED_OUT


async def test_the_browser_is_sent_to_its_own_provider_where_that_sends_it_back(env, providers):
    meri = providers[Provider.MERI_PEHCHAAN]
    done = await signed_in(env, meri, "DL-1", "access", tokens=locker("access"))

    assert await way_out(env, done.session.id) == meri.sign_out_url(f"{GATEWAY}/sign-in")


async def test_a_provider_that_sends_nobody_back_is_named_by_our_own_page(env, providers):
    done = await signed_in(env, providers[Provider.PARICHAY], EMAIL)

    assert await way_out(env, done.session.id) == f"{SIGNED_OUT}&provider=PARICHAY"
    assert await way_out(env, None) == SIGNED_OUT


async def test_no_browser_is_sent_to_a_provider_that_is_away_and_its_token_is_revoked_later(env, providers):
    provider = providers[Provider.PARICHAY]
    done = await signed_in(env, provider, EMAIL)
    subject = await subject_of(env, done)
    provider.away = Unavailable(Source.SSO, "connection_failed")

    assert await way_out(env, done.session.id) == SIGNED_OUT
    await sign_out(env, subject)
    await deliver(env)

    assert provider.revoked == ["t-1"]


async def test_a_token_by_which_her_locker_is_read_stays_when_one_device_is_signed_out(env, providers):
    meri = providers[Provider.MERI_PEHCHAAN]
    done = await signed_in(env, meri, "DL-1", "access", tokens=locker("access"))
    await sign_out(env, await subject_of(env, done))

    assert await planned(env) == []
    async with env.store.read_transaction() as tx:
        assert await identities.locker_grant(tx, done.session.person_id) is not None


async def test_a_token_that_a_later_sign_in_replaced_is_revoked_with_its_session(env, providers):
    meri = providers[Provider.MERI_PEHCHAAN]
    first = await signed_in(env, meri, "DL-1", "access-1", tokens=locker("access-1"))
    subject = await subject_of(env, first)
    await signed_in(env, meri, "DL-1", "access-2", tokens=locker("access-2"))

    await sign_out(env, subject)
    await deliver(env)
    assert meri.revoked == ["access-1"]


async def test_a_token_that_stayed_for_her_locker_is_revoked_once_another_serves_it(env, providers):
    meri = providers[Provider.MERI_PEHCHAAN]
    first = await signed_in(env, meri, "DL-1", "access-1", tokens=locker("access-1"))
    await sign_out(env, await subject_of(env, first))
    assert await planned(env) == []

    await signed_in(env, meri, "DL-1", "access-2", tokens=locker("access-2"))
    await deliver(env)
    assert meri.revoked == ["access-1"]


async def test_signing_out_everywhere_ends_the_locker_too_until_she_signs_in_again(env, providers):
    meri = providers[Provider.MERI_PEHCHAAN]
    done = await signed_in(env, meri, "DL-1", "access", tokens=locker("access"))
    await end_devices(env, await subject_of(env, done), "k")

    citizen = done.session.person_id
    assert len(await planned(env, "locker.revoke")) == 1
    async with env.store.read_transaction() as tx:
        assert await identities.locker_grant(tx, citizen) is None

    await signed_in(env, meri, "DL-1", "again", tokens=locker("again"))
    async with env.store.read_transaction() as tx:
        grant = await identities.locker_grant(tx, citizen)
    assert grant is not None
    assert grant.access_token == "again"


async def test_signing_out_the_others_leaves_the_locker_and_ends_each_of_them_at_its_provider(env, providers):
    parichay = providers[Provider.PARICHAY]
    await signed_in(env, parichay, EMAIL, "other")
    here = await subject_of(env, await signed_in(env, parichay, EMAIL, "here"))
    await end_devices(env, here, "k", keep_this=True)

    await deliver(env)
    assert parichay.revoked == ["other"]


async def test_a_refresh_token_in_two_hands_and_an_untied_account_end_at_the_provider_too(env, providers):
    jan, meri = providers[Provider.JAN_PARICHAY], providers[Provider.MERI_PEHCHAAN]
    done = await signed_in(env, jan, "9800000001:x")
    await refresh_session(env, done.refresh_token)
    with pytest.raises(Problems):
        await refresh_session(env, done.refresh_token)
    await deliver(env)
    assert jan.revoked == ["t-1"]

    hers = await signed_in(env, meri, "DL-1", "t-2")
    async with env.store.write_transaction() as tx:
        at = env.clock.now()
        citizen = PersonKind.CITIZEN, hers.session.person_id
        await identities.add_identity(tx, Provider.JAN_PARICHAY, "9800000002:y", *citizen, at, "SUBSTANTIAL")
    await unlink(env, await subject_of(env, hers), Provider.MERI_PEHCHAAN, "k")
    await deliver(env)
    assert meri.revoked == ["t-2"]


async def test_what_cannot_be_used_any_more_is_forgotten(env, providers, store_clock):
    done = await signed_in(env, providers[Provider.PARICHAY], EMAIL)
    store_clock.advance(timedelta(hours=13))
    await env.store.carry_out(session_tokens.forget_expired)

    async with env.store.read_transaction() as tx:
        assert await session_tokens.get(tx, done.session.id) is None


async def test_an_erased_citizen_leaves_no_token(env, providers):
    done = await signed_in(env, providers[Provider.JAN_PARICHAY], "9800000001:x")
    async with env.store.write_transaction() as tx:
        await erase(tx, done.session.person_id)
    async with env.store.read_transaction() as tx:
        assert await session_tokens.get(tx, done.session.id) is None


async def test_the_tokens_are_not_in_the_message(env, providers):
    done = await signed_in(env, providers[Provider.PARICHAY], EMAIL, "secret-token")
    await sign_out(env, await subject_of(env, done))
    async with env.store.write_transaction() as tx:
        [message] = await outbox.claim(tx, "w", 5, 30.0)
    assert message.payload == {"session_id": done.session.id}
