"""Sign-in by handshake (Parichay's variant B) and e-Pramaan: no state comes back, and sessions end elsewhere."""

import json
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from lxml import html
from starlette.applications import Starlette

from actions.identity.provider_sign_out import end_at_provider, sign_out_hosts
from actions.identity.sessions import person_signed_in
from domain.identity.kept_sessions import HOLDS_SECONDS
from domain.kernel import NotSignedIn, PersonKind, Provider, Source
from gateway.pages.rendering import Pages
from gateway.settings.settings import Settings
from gateway.sign_in import SESSION_COOKIE, routes
from gateway.streams.sessions import Sessions
from integrations.sso import EPramaan, EPramaanSettings, ParichayProxy, ParichayProxySettings
from sandbox.sso.server import create_sandbox
from store.database import audit
from store.identity import people, session_tokens
from store.identity.session_tokens import session_tokens_table
from tests.support.remotes import remote_over
from tests.support.sign_in import GATEWAY, choose, environment, officer, sandbox_home

OFFICER = "0193a000-0000-7000-8000-000000000001"
SILENT = [{"kind": "status", "route": "/isTokenValid", "params": {"status": 503}}]


@pytest.fixture
def sandbox(tmp_path, store_clock):
    sandbox = create_sandbox(sandbox_home(tmp_path, "sso", store_clock))
    yield sandbox
    sandbox.close()


@pytest.fixture
async def env(tmp_path, sqlite_store, store_keyrings, store_clock, sandbox):
    handed = json.loads((tmp_path / "onboarding" / "sso.json").read_text())

    def proxy(provider: Provider) -> ParichayProxy:
        given = handed["handshake"][provider.value.lower()]
        remote = remote_over(sandbox.app, Source.SSO, given[f"{provider.value.lower()}_proxy_url"], clock=store_clock)
        return ParichayProxy(ParichayProxySettings.from_onboarding(provider, "", given), remote)

    made = environment(sqlite_store, store_keyrings, store_clock, [])
    epramaan = EPramaan(
        EPramaanSettings.from_onboarding(handed),
        remote_over(sandbox.app, Source.SSO, handed["epramaan_url"], clock=store_clock),
        store_clock,
        made.ids,
    )
    async with sqlite_store.write_transaction() as tx:
        await people.add_officer(tx, officer(OFFICER, "officer-dehradun-sadar@officer.example"))
    providers = [proxy(Provider.JAN_PARICHAY), proxy(Provider.PARICHAY), epramaan]
    return environment(sqlite_store, store_keyrings, store_clock, providers)


@pytest.fixture
def browser_of(env):
    app = Starlette(routes=routes(settings=Settings(session_seconds=36_000)))
    app.state.environment = env
    app.state.pages = Pages(sign_out_hosts=sign_out_hosts(env))

    def make() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers={"origin": GATEWAY})

    return make


async def way_back(browser, sandbox, slug: str, person: str) -> str:
    begun = await browser.get(f"/sign-in/start/{slug}")
    return (await choose(sandbox.app, begun.headers["location"], person)).headers["location"]


async def sign_in(browser, sandbox, slug: str, person: str) -> str:
    await browser.get(await way_back(browser, sandbox, slug, person))
    return browser.cookies[SESSION_COOKIE]


async def test_the_browser_that_began_is_signed_in_without_a_state(env, sandbox, browser_of):
    token = await sign_in(browser_of(), sandbox, "jan-parichay", "asha-negi")

    assert (await person_signed_in(env, token)).subject.kind is PersonKind.CITIZEN


async def test_another_browser_that_brings_the_handshake_is_refused(sandbox, browser_of):
    address = await way_back(browser_of(), sandbox, "jan-parichay", "asha-negi")
    other = browser_of()
    answer = await other.get(address)

    assert (answer.status_code, SESSION_COOKIE in other.cookies) == (400, False)


async def test_who_begins_twice_finishes_the_second(sandbox, browser_of):
    browser = browser_of()
    await browser.get("/sign-in/start/jan-parichay")

    assert await sign_in(browser, sandbox, "jan-parichay", "asha-negi")


async def test_a_session_that_ended_at_the_provider_is_over_within_half_a_minute(env, sandbox, browser_of, store_clock):
    token = await sign_in(browser_of(), sandbox, "parichay", "officer-dehradun-sadar")
    await person_signed_in(env, token)
    sandbox.actions["end_sessions"]({"provider": "parichay", "person": "officer-dehradun-sadar"})
    store_clock.advance(timedelta(seconds=31))

    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)


async def test_while_the_proxy_is_silent_officers_are_let_in_no_more(env, sandbox, browser_of, store_clock):
    token = await sign_in(browser_of(), sandbox, "parichay", "officer-dehradun-sadar")
    await person_signed_in(env, token)
    sandbox.faults.set(SILENT)
    store_clock.advance(timedelta(seconds=31))

    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)


async def test_while_the_proxy_is_silent_citizens_may_look_for_five_minutes(env, sandbox, browser_of, store_clock):
    token = await sign_in(browser_of(), sandbox, "jan-parichay", "asha-negi")
    await person_signed_in(env, token)
    sandbox.faults.set(SILENT)
    store_clock.advance(timedelta(seconds=31))

    assert (await person_signed_in(env, token)).subject.may_only_look
    store_clock.advance(timedelta(seconds=330))
    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)


async def test_a_citizen_who_goes_on_asking_is_still_signed_out_with_the_provider(
    env, sandbox, browser_of, store_clock
):
    watch = Sessions(env.store, HOLDS_SECONDS, env.caches.sessions)
    env.caches.sessions.watched = True
    token = await sign_in(browser_of(), sandbox, "jan-parichay", "asha-negi")
    await person_signed_in(env, token)
    sandbox.actions["end_sessions"]({"provider": "jan_parichay", "person": "asha-negi"})

    async def go_on_asking() -> None:
        for _ in range(62):
            await person_signed_in(env, token)
            store_clock.advance(timedelta(seconds=0.5))
            await watch.look()

    with pytest.raises(NotSignedIn):
        await go_on_asking()


async def test_who_signs_out_while_the_proxy_is_silent_is_signed_out(env, sandbox, browser_of, store_clock):
    browser = browser_of()
    token = await sign_in(browser, sandbox, "parichay", "officer-dehradun-sadar")
    sandbox.faults.set(SILENT)
    await browser.post("/sign-out")
    sandbox.faults.set([])
    store_clock.advance(timedelta(seconds=60))

    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)


@pytest.mark.parametrize("door", ["/sign-in/devices", "/sign-in/accounts/link", "/sign-in/accounts/unlink"])
async def test_while_the_proxy_is_silent_a_citizen_changes_nothing_by_a_page(sandbox, browser_of, store_clock, door):
    browser = browser_of()
    await sign_in(browser, sandbox, "jan-parichay", "asha-negi")
    await browser.get("/sign-in/devices")
    sandbox.faults.set(SILENT)
    store_clock.advance(timedelta(seconds=31))

    looked = await browser.get("/sign-in/devices")
    changed = await browser.post(door, data={"which": "others", "provider": "E_PRAMAAN"})

    assert (looked.status_code, changed.status_code) == (200, 503)
    assert '<code id="code">SOURCE_UNAVAILABLE</code>' in changed.text


async def test_a_session_of_the_other_variant_is_over_where_the_handshake_takes_its_place(
    env, sandbox, browser_of, store_clock
):
    token = await sign_in(browser_of(), sandbox, "parichay", "officer-dehradun-sadar")
    async with env.store.write_transaction() as tx:
        kept = sa.select(session_tokens_table.c.session_id)
        session_id = (await tx.connection.execute(kept)).scalar_one()
        await session_tokens.forget(tx, session_id)
        until = store_clock.now() + timedelta(hours=1)
        await session_tokens.add(tx, session_id, "eyJhbGciOiJIUzI1NiJ9.e30.x", serves_locker=False, until=until)

    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)


async def test_another_site_cannot_begin_a_sign_in_that_no_state_protects(sandbox, browser_of):
    hers, begun = await way_back(browser_of(), sandbox, "jan-parichay", "ravi-rawat"), browser_of()
    answer = await begun.get("/sign-in/start/jan-parichay?return_to=/home", headers={"sec-fetch-site": "cross-site"})
    await begun.get(hers)
    ways = html.document_fromstring(answer.content).xpath("//a[@class='provider']/@href")

    assert ways == ["/sign-in/start/jan-parichay?return_to=%2Fhome&language=hi"]
    assert SESSION_COOKIE not in begun.cookies


async def test_once_the_proxy_answers_again_the_session_goes_on(env, sandbox, browser_of, store_clock):
    token = await sign_in(browser_of(), sandbox, "jan-parichay", "asha-negi")
    sandbox.faults.set(SILENT)
    with pytest.raises(NotSignedIn):
        await person_signed_in(env, token)
    sandbox.faults.set([])
    store_clock.advance(timedelta(seconds=60))

    assert not (await person_signed_in(env, token)).subject.may_only_look


async def test_who_signs_out_is_shown_the_form_that_ends_the_session_at_e_pramaan(sandbox, browser_of):
    browser = browser_of()
    await sign_in(browser, sandbox, "e-pramaan", "asha-negi")
    page = await browser.post("/sign-out")

    assert page.status_code == 200
    assert 'action="http://sso.test/openid/jwt/processOIDCSLORequest.do"' in page.text
    assert "form-action 'self' http://sso.test" in page.headers["content-security-policy"]
    assert SESSION_COOKIE not in browser.cookies


async def test_what_the_browser_ends_at_e_pramaan_is_not_recorded_as_ended_by_us(env, sandbox, browser_of):
    browser = browser_of()
    await sign_in(browser, sandbox, "e-pramaan", "asha-negi")
    await browser.post("/sign-out")
    async with env.store.read_transaction() as tx:
        session_id = (await tx.connection.execute(sa.select(session_tokens_table.c.session_id))).scalar_one()
    await end_at_provider(env, session_id)
    async with env.store.read_transaction() as tx:
        actions = (await tx.connection.execute(sa.select(audit.audit_lines_table.c.action))).scalars().all()

    assert (actions.count("SIGN_OUT"), actions.count("SIGNED_OUT_AT_PROVIDER")) == (1, 0)
