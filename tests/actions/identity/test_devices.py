"""Refresh tokens that rotate, devices that are listed, and signing out of one, of the others, of all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.identity.devices import end_devices, own_devices
from actions.identity.sessions import subject_for_token
from actions.identity.sign_in import AppToken, begin_sign_in, exchange_app_code, finish_sign_in, refresh_session
from actions.identity.sign_in_guards import AppRequest, challenge_of, hash_of
from domain.identity.sign_on import SignOnRules
from domain.kernel import ANONYMOUS, ErrorCode, Language, NotSignedIn, Problems, Provider, Subject
from store.database import audit
from store.identity import devices
from tests.support.sign_in import FakeProvider, enter_operator, environment

BROWSER = hash_of("a browser")
APP, VERIFIER, CLIENT = "http://127.0.0.1:53682/signed-in", "v" * 64, "citizen_app"
OPERATOR, CSC_ID = "0193a000-0000-7000-8000-000000000003", "500100010011"


@pytest.fixture
def meri() -> FakeProvider:
    return FakeProvider(Provider.MERI_PEHCHAAN)


@pytest.fixture
def csc() -> FakeProvider:
    return FakeProvider(Provider.CSC_CONNECT)


@pytest.fixture
def env(store, store_keyrings, store_clock, meri, csc):
    return environment(store, store_keyrings, store_clock, [meri, csc])


async def signed_in(env, provider: FakeProvider, subject: str = "DL-1", *, app: bool = False, platform="LINUX"):
    wanted = AppRequest(APP, None, challenge_of(VERIFIER)) if app else None
    address = await begin_sign_in(
        env, provider.provider, browser_hash=BROWSER, redirect_uri="http://gateway.test/cb", return_to="/", app=wanted,
        language=Language.HI,
    )  # fmt: skip
    state = address.split("state=")[1].split("&")[0]
    done = await finish_sign_in(
        env, provider.provider, code=provider.vouch(subject), state=state, browser_hash=BROWSER, platform=platform
    )
    if not app:
        return done
    code = done.app_redirect.split("code=")[1].split("&")[0]
    return await exchange_app_code(env, code, VERIFIER, APP, client_id=CLIENT)


async def refreshed(env, token: str, client_id: str = CLIENT) -> AppToken:
    return await refresh_session(env, token, client_id=client_id)


async def refused(call) -> None:
    with pytest.raises(Problems) as problems:
        await call
    assert problems.value.code is ErrorCode.BAD_INPUT


async def actions_of(env) -> list[str]:
    async with env.store.read_transaction() as tx:
        rows = await tx.connection.execute(audit.audit_lines_table.select())
        return [row.action for row in rows.all()]


async def test_a_refresh_gives_a_new_token_of_the_same_session_and_the_next_refresh_token(env, meri, store_clock):
    first = await signed_in(env, meri, app=True)
    before = await subject_for_token(env, first.access_token)
    store_clock.advance(timedelta(seconds=601))
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, first.access_token)

    second = await refreshed(env, first.refresh_token)

    after = await subject_for_token(env, second.access_token)
    assert (after.person_id, after.session_id) == (before.person_id, before.session_id)
    assert second.refresh_token != first.refresh_token
    assert (second.expires_in, first.refresh_expires_in) == (600, 30 * 86_400)
    assert second.refresh_token not in repr(second)


async def test_a_token_that_was_used_before_ends_the_whole_session(env, meri):
    first = await signed_in(env, meri, app=True)
    second = await refreshed(env, first.refresh_token)

    await refused(refreshed(env, first.refresh_token))

    await refused(refreshed(env, second.refresh_token))
    for token in (first.access_token, second.access_token):
        with pytest.raises(NotSignedIn):
            await subject_for_token(env, token)
    assert "REFRESH_REUSED" in await actions_of(env)


async def test_of_five_refreshes_at_once_one_wins_and_the_session_ends(env, meri):
    first = await signed_in(env, meri, app=True)

    outcomes = await asyncio.gather(*(refreshed(env, first.refresh_token) for _ in range(5)), return_exceptions=True)

    won = [one for one in outcomes if not isinstance(one, Problems)]
    assert len(won) == 1
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, won[0].access_token)


@pytest.mark.parametrize("change", ["made up", "another number", "another proof", "a later number", "empty"])
async def test_a_token_that_we_did_not_make_is_refused_and_ends_nothing(env, meri, change):
    first = await signed_in(env, meri, app=True)
    session, number, proof = first.refresh_token.split(".")
    token = {
        "made up": "x.y.z",
        "another number": f"{session}.0.{proof}",
        "another proof": f"{session}.{number}.{'0' * 64}",
        "a later number": f"{session}.{int(number) + 1}.{proof}",
        "empty": "",
    }[change]

    await refused(refreshed(env, token))

    assert await subject_for_token(env, first.access_token)
    assert (await refreshed(env, first.refresh_token)).access_token


@pytest.mark.parametrize("client_id", ["another_app", "", CLIENT.upper()])
async def test_a_token_that_another_client_brings_is_refused_and_ends_nothing(env, meri, client_id):
    first = await signed_in(env, meri, app=True)

    await refused(refreshed(env, first.refresh_token, client_id))

    assert await subject_for_token(env, first.access_token)
    second = await refreshed(env, first.refresh_token)
    await refused(refreshed(env, second.refresh_token, client_id))


async def test_a_token_of_our_pages_is_no_app_s(env, meri):
    browser = await signed_in(env, meri)

    await refused(refreshed(env, browser.refresh_token))

    assert (await refreshed(env, browser.refresh_token, "")).access_token


async def test_an_app_s_token_of_the_release_before_names_none_and_the_next_one_is_of_who_brought_it(env, meri):
    first = await signed_in(env, meri, app=True)
    async with env.store.read_transaction() as tx:
        former = await devices.token_of(tx, first.refresh_token.partition(".")[0])

    second = await refreshed(env, former.token)

    await refused(refreshed(env, second.refresh_token, "another_app"))


async def test_staff_refresh_for_a_working_day_only(env, csc, store_clock):
    async with env.store.write_transaction() as tx:
        await enter_operator(tx, OPERATOR, CSC_ID)
    tokens = await signed_in(env, csc, CSC_ID, app=True)
    store_clock.advance(timedelta(hours=11, minutes=55))
    tokens = await refreshed(env, tokens.refresh_token)
    assert tokens.expires_in == 300  # no longer than the device may
    store_clock.advance(timedelta(minutes=5))

    await refused(refreshed(env, tokens.refresh_token))


async def test_the_life_of_a_device_is_a_setting(env, meri, store_clock):
    env = replace(env, rules=replace(env.rules, sign_on=SignOnRules(citizen_refresh_seconds=3600)))
    tokens = await signed_in(env, meri, app=True)
    store_clock.advance(timedelta(seconds=3600))

    await refused(refreshed(env, tokens.refresh_token))


async def _asha(env, meri) -> tuple[Subject, list]:
    here = await signed_in(env, meri)
    others = [await signed_in(env, meri, app=True), await signed_in(env, meri, platform="ANDROID")]
    return await subject_for_token(env, here.token), others


async def test_the_devices_are_one_s_own_with_no_more_than_their_kind(env, meri):
    asha, _ = await _asha(env, meri)
    await signed_in(env, meri, "DL-2")

    found = await own_devices(env, asha)

    assert sorted((one.device.client, one.device.platform, one.here) for one in found) == [
        ("APP", "LINUX", False),
        ("BROWSER", "ANDROID", False),
        ("BROWSER", "LINUX", True),
    ]
    assert len({one.key for one in found}) == 3


async def test_one_device_is_signed_out_by_its_key_and_a_strange_key_ends_nothing(env, meri):
    asha, (app, _) = await _asha(env, meri)
    [phone] = [one for one in await own_devices(env, asha) if one.device.client == "APP"]

    assert await end_devices(env, asha, "k1", device="0" * 16) == (0, False)
    assert await end_devices(env, asha, "k2", device=phone.key) == (1, False)
    assert await end_devices(env, asha, "k2", device=phone.key) == (1, True)

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, app.access_token)
    await refused(refreshed(env, app.refresh_token))


async def test_signing_out_everywhere_else_keeps_the_one_that_asks(env, meri):
    asha, (app, _) = await _asha(env, meri)

    assert (await end_devices(env, asha, "k", keep_this=True))[0] == 2

    [left] = await own_devices(env, asha)
    assert left.here
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, app.access_token)


async def test_signing_out_everywhere_ends_every_session_of_hers_and_of_nobody_else(env, meri):
    asha, _ = await _asha(env, meri)
    other = await signed_in(env, meri, "DL-2")

    assert (await end_devices(env, asha, "k"))[0] == 3

    assert await own_devices(env, await subject_for_token(env, other.token))
    async with env.store.read_transaction() as tx:
        assert await devices.of_person(tx, asha.kind, asha.person_id) == []


async def test_nobody_sees_devices_without_a_session(env):
    with pytest.raises(NotSignedIn):
        await own_devices(env, ANONYMOUS)
