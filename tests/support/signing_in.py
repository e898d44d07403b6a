"""How tests sign people in: a transaction is begun by a browser and finished by what a provider vouches for."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from actions.identity.sign_in import SignedIn, begin_sign_in, finish_sign_in
from actions.identity.sign_in_guards import AppRequest, hash_of
from actions.kernel import Environment
from domain.kernel import ErrorCode, Language, Problems, Provider, Remedy
from integrations.sso import ProviderTokens
from store.database import audit
from tests.support.sign_in import FakeProvider

BROWSER = hash_of("a browser")
CALLBACK = "http://gateway.test/sign-in/callback/x"
APP = "http://127.0.0.1:53682/signed-in"
VERIFIER = "v" * 64
OFFICER, OTHER, OPERATOR = (f"0193a000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
EMAIL, CSC_ID, SSO_ID = "officer-dehradun-sadar@officer.example", "500100010011", "DL-1"
START_AGAIN = (ErrorCode.BAD_INPUT, Remedy.SIGN_IN_AGAIN)


async def begin(
    env: Environment,
    provider: Provider = Provider.MERI_PEHCHAAN,
    *,
    return_to: str = "/",
    app: AppRequest | None = None,
) -> str:
    """Begin a sign-in in the test's browser; gives the state of its transaction."""
    url = await begin_sign_in(
        env,
        provider,
        browser_hash=BROWSER,
        redirect_uri=CALLBACK,
        return_to=return_to,
        app=app,
        language=Language.HI,
    )
    return parse_qs(urlsplit(url).query)["state"][0]


async def finish(
    env: Environment, provider: Provider, code: str, state: str, *, browser: str = BROWSER, **options: Any
) -> SignedIn:
    """Finish a sign-in with what the provider sent along."""
    done = await finish_sign_in(env, provider, code=code, state=state, browser_hash=browser, **options)
    assert isinstance(done, SignedIn)
    return done


async def sign_in(
    env: Environment,
    providers: Mapping[Provider, FakeProvider],
    provider: Provider = Provider.MERI_PEHCHAAN,
    subject: str = SSO_ID,
    *,
    app: AppRequest | None = None,
    **known: Any,
) -> SignedIn:
    """Sign somebody in for whom a provider vouches."""
    state = await begin(env, provider, app=app)
    return await finish(env, provider, providers[provider].vouch(subject, **known), state)


async def refusal(work: Awaitable[object]) -> tuple[ErrorCode, Remedy]:
    """The code and the remedy with which something is refused."""
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code, caught.value.problems[0].action


def tokens(access: str, *, refresh: str | None = "refresh-1", locker: str | None = "locker-1") -> ProviderTokens:
    """Tokens of a provider that reach into a locker."""
    until = datetime(2027, 11, 24, tzinfo=UTC)
    return ProviderTokens(access, refresh, 3600, "openid files.issueddocs", until, locker)


async def noted_actions(env: Environment) -> list[str]:
    """What the audit log has, in order."""
    async with env.store.read_transaction() as tx:
        rows = await tx.connection.execute(audit.audit_lines_table.select().order_by(audit.audit_lines_table.c.id))
        return [row.action for row in rows]
