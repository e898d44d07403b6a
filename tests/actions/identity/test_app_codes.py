"""Codes that an app exchanges for a token: once, within a minute, by whoever began the sign-in."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from actions.identity.sessions import subject_for_token
from actions.identity.sign_in import exchange_app_code, refresh_session
from actions.identity.sign_in_guards import AppRequest, challenge_of
from domain.kernel import NotSignedIn, Problems
from store.identity import sessions
from tests.support.signing_in import APP, START_AGAIN, VERIFIER, refusal, sign_in


async def app_code(env, providers) -> str:
    signed_in = await sign_in(env, providers, app=AppRequest(APP, "app-state", challenge_of(VERIFIER)))
    assert signed_in.token is None
    assert signed_in.app_redirect is not None
    assert signed_in.app_redirect.startswith(f"{APP}?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(signed_in.app_redirect).query).items()}
    assert query["state"] == "app-state"
    return query["code"]


async def test_an_app_gets_its_token_for_code_and_verifier(env, providers):
    answer = await exchange_app_code(env, await app_code(env, providers), VERIFIER, APP, client_id="citizen_app")

    assert answer.access_token.count(".") == 2
    assert answer.expires_in == 600
    assert answer.access_token not in repr(answer)


async def test_an_app_code_works_once(env, providers):
    code = await app_code(env, providers)
    await exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")

    assert await refusal(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")) == START_AGAIN


async def test_an_app_code_that_comes_again_ends_the_session_that_it_opened(env, providers):
    code = await app_code(env, providers)
    answer = await exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")
    await subject_for_token(env, answer.access_token)
    await refusal(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app"))

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, answer.access_token)
    assert await refusal(refresh_session(env, answer.refresh_token, client_id="citizen_app")) == START_AGAIN


async def test_an_app_code_raced_from_four_sides_works_once(env_of_each, providers):
    env = env_of_each
    code = await app_code(env, providers)
    outcomes = await asyncio.gather(
        *(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app") for _ in range(4)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, Problems) for outcome in outcomes) == 3


@pytest.mark.parametrize(
    ("verifier", "redirect"),
    [("w" * 64, APP), ("short", APP), ("é" * 64, APP), (challenge_of(VERIFIER), APP), (VERIFIER, APP + "/")],
)
async def test_a_wrong_verifier_or_redirect_is_refused_and_spends_the_code(env, providers, verifier, redirect):
    code = await app_code(env, providers)

    assert await refusal(exchange_app_code(env, code, verifier, redirect, client_id="citizen_app")) == START_AGAIN
    assert await refusal(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")) == START_AGAIN


async def test_an_app_code_lasts_a_minute(env, providers, store_clock):
    code = await app_code(env, providers)
    store_clock.advance(timedelta(seconds=61))

    assert await refusal(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")) == START_AGAIN


async def test_an_app_code_of_a_revoked_session_is_refused(env, providers):
    signed_in = await sign_in(env, providers, app=AppRequest(APP, None, challenge_of(VERIFIER)))
    async with env.store.write_transaction() as tx:
        await sessions.revoke_session(tx, signed_in.session.id, env.clock.now())
    code = parse_qs(urlsplit(signed_in.app_redirect or "").query)["code"][0]

    assert await refusal(exchange_app_code(env, code, VERIFIER, APP, client_id="citizen_app")) == START_AGAIN
