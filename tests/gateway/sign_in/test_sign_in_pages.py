"""The doors of sign-in over fake providers: pages, cookies, redirects, refusals."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from lxml import html
from sqlalchemy import func, select
from starlette.applications import Starlette

from actions.identity.provider_sign_out import sign_out_hosts
from actions.identity.sign_in_guards import challenge_of
from domain.kernel import Provider, Source
from gateway.pages.rendering import Pages
from gateway.settings.settings import Settings
from gateway.sign_in import SESSION_COOKIE, routes
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from store.database import StoreError, StoreUnavailable, WritesStopped
from store.identity import people
from store.identity.sign_ins import sign_ins_table
from tests.support.sign_in import GATEWAY, FakeProvider, environment, officer

APP = "http://127.0.0.1:53682/signed-in"
VERIFIER = "v" * 64
SAFE = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
OF_PAGES = {"referrer-policy": "same-origin"}  # else a browser hides from us that a form is ours


def code_form(code: str, **others: str) -> dict[str, str]:
    """What an app sends to the token endpoint for its code."""
    given = {"grant_type": "authorization_code", "client_id": "citizen_app", "code": code, "code_verifier": VERIFIER}
    return {**given, "redirect_uri": APP, **others}


@pytest.fixture
def meri() -> FakeProvider:
    return FakeProvider(Provider.MERI_PEHCHAAN)


@pytest.fixture
def parichay() -> FakeProvider:
    return FakeProvider(Provider.PARICHAY)


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, meri, parichay):
    return environment(sqlite_store, store_keyrings, store_clock, [meri, parichay])


def application(env) -> Starlette:
    settings = Settings(session_seconds=3600, app_redirects={"citizen_app": ["https://app.example/signed-in"]})
    app = Starlette(routes=routes(settings=settings))
    app.state.environment = env
    app.state.pages = Pages(sign_out_hosts=sign_out_hosts(env))
    return app


@pytest.fixture
async def browser(env):
    transport = httpx.ASGITransport(app=application(env))
    async with httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers={"origin": GATEWAY}) as client:
        yield client


async def start(browser, slug="meri-pehchaan", **query) -> str:
    answer = await browser.get(f"/sign-in/start/{slug}", params=query)
    if answer.status_code == 200:
        answer = await browser.get(link_on(answer, "allow-app"))
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def callback(browser, slug="meri-pehchaan", **query):
    return await browser.get(f"/sign-in/callback/{slug}", params=query)


def link_on(answer: httpx.Response, name: str) -> str:
    return str(html.document_fromstring(answer.content).get_element_by_id(name).get("href"))


def code_on(answer: httpx.Response) -> str:
    found = html.document_fromstring(answer.content).get_element_by_id("code").text
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("accept", "language", "heading"),
    [(None, "hi", "साइन इन"), ("en-IN,en;q=0.9", "en", "Sign in"), ("gbm", "hi", "साइन")],
)
async def test_the_page_speaks_the_asked_language_hindi_by_default(browser, accept, language, heading):
    answer = await browser.get("/sign-in", headers={"accept-language": accept} if accept else {})

    page = html.document_fromstring(answer.content.decode())
    assert page.get("lang") == language
    assert heading in str(page.findtext(".//h1"))
    assert (answer.headers["content-language"], "Accept-Language" in answer.headers["vary"]) == (language, True)


async def test_the_page_offers_the_configured_providers_and_no_other(browser):
    page = (await browser.get("/sign-in?return_to=/graphql&language=en")).text

    links = re.findall(r'href="(/sign-in/start/[^"]+)"', page)
    assert links == [
        "/sign-in/start/meri-pehchaan?return_to=%2Fgraphql&amp;language=en",
        "/sign-in/start/parichay?return_to=%2Fgraphql&amp;language=en",
    ]


async def test_the_page_needs_no_script_and_loads_only_our_style(browser):
    answer = await browser.get("/sign-in")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in answer.text
    assert "style=" not in answer.text
    assert 'name="viewport"' in answer.text
    assert (SAFE | OF_PAGES).items() <= dict(answer.headers).items()


async def test_nobody_is_sent_to_a_provider_that_is_away_but_told_so_and_offered_the_other_ways(browser, env, meri):
    meri.away = Unavailable(Source.SSO, "connection_failed", retry_after=4.2)
    answer = await browser.get("/sign-in/start/meri-pehchaan", params={"return_to": "/graphql", "language": "en"})

    links = html.document_fromstring(answer.content).xpath("//main//a[@class='provider']/@href")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert code_on(answer) == "SOURCE_UNAVAILABLE"
    assert "does not answer now. Try again in a while, or choose another way." in answer.text
    assert links == [
        "/sign-in/start/meri-pehchaan?return_to=%2Fgraphql&language=en",
        "/sign-in/start/parichay?return_to=%2Fgraphql&language=en",
        "/sign-in?language=en&return_to=%2Fgraphql",
    ]


async def test_a_sign_in_that_cannot_begin_leaves_nothing_behind(browser, env, meri):
    meri.away = Unavailable(Source.SSO, "connection_failed")
    answer = await browser.get("/sign-in/start/meri-pehchaan")

    async with env.store.read_transaction() as tx:
        begun = (await tx.connection.execute(select(func.count()).select_from(sign_ins_table))).scalar_one()
    assert (answer.status_code, begun) == (503, 0)


async def test_an_app_is_told_that_the_provider_is_away(browser, meri):
    meri.away = Unavailable(Source.SSO, "connection_failed")
    query = {"app_redirect": APP, "app_state": "s1", "code_challenge": challenge_of(VERIFIER)}
    asked = await browser.get("/sign-in/start/meri-pehchaan", params=query)
    answer = await browser.get(link_on(asked, "allow-app"))

    assert answer.headers["location"] == f"{APP}?error=temporarily_unavailable&state=s1"


async def test_a_bad_return_on_the_page_is_dropped(browser):
    answer = await browser.get("/sign-in", params={"return_to": "//evil.example"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_browser_is_signed_in_by_a_cookie_that_scripts_cannot_read(browser, meri):
    state = await start(browser, return_to="/graphql")
    answer = await callback(browser, code=meri.vouch("DL-1"), state=state)

    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(SESSION_COOKIE))
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "max-age=3600", "path=/", "samesite=lax"}
    assert SAFE.items() <= dict(answer.headers).items()
    assert "नागरिक के रूप में" in (await browser.get("/sign-in")).text


async def test_cookies_are_secure_where_the_portal_is_https(sqlite_store, store_keyrings, store_clock, meri):
    env = environment(sqlite_store, store_keyrings, store_clock, [meri], public_url="https://portal.example")
    transport = httpx.ASGITransport(app=application(env))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example") as browser:
        begun = await browser.get("/sign-in/start/meri-pehchaan")
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        done = await callback(browser, code=meri.vouch("DL-1"), state=asked["state"][0])

    assert asked["redirect_uri"] == ["https://portal.example/sign-in/callback/meri-pehchaan"]
    cookies = [*begun.headers.get_list("set-cookie"), *done.headers.get_list("set-cookie")]
    assert len(cookies) == 3
    assert all("; secure" in cookie.lower() for cookie in cookies)


async def test_another_browser_cannot_finish_a_sign_in(browser, env, meri):
    state = await start(browser)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application(env)), base_url=GATEWAY) as other:
        answer = await callback(other, code=meri.vouch("DL-1"), state=state)

    assert (answer.status_code, code_on(answer)) == (400, "BAD_INPUT")
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


async def test_a_callback_cannot_be_replayed(browser, meri):
    state = await start(browser)
    code = meri.vouch("DL-1")
    await callback(browser, code=code, state=state)
    again = await callback(browser, code=code, state=state)

    assert (again.status_code, code_on(again)) == (400, "BAD_INPUT")
    assert len(meri.exchanged) == 1


async def test_a_callback_without_anything_is_a_readable_page(browser):
    assert code_on(await callback(browser)) == "BAD_INPUT"


async def test_two_tabs_of_one_browser_can_both_finish(browser, meri):
    states = [await start(browser) for _ in range(2)]

    for state in states:
        assert (await callback(browser, code=meri.vouch("DL-1"), state=state)).status_code == 303


async def test_a_person_who_refused_is_told_so_and_can_go_back(browser):
    state = await start(browser, return_to="/graphql", language="en")
    answer = await callback(browser, error="access_denied", error_description="<b>x</b>", state=state)

    assert (answer.status_code, code_on(answer)) == (403, "CONSENT_REQUIRED")
    assert 'href="/sign-in?language=en&amp;return_to=%2Fgraphql"' in answer.text
    assert "<b>" not in answer.text


async def test_another_error_of_the_provider_is_a_refusal(browser):
    state = await start(browser)

    assert code_on(await callback(browser, error="invalid_scope", state=state)) == "SOURCE_REFUSED"


class Away:
    """A store that does not answer."""

    def __getattr__(self, name):
        raise StoreUnavailable("gone")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sign-in/token", code_form("c")),
        ("/sign-in/token", {"grant_type": "refresh_token", "refresh_token": "r" * 43}),
        ("/sign-in/refresh", {}),
    ],
)
async def test_a_token_is_to_be_asked_again_while_the_store_is_away(env, path, form):
    transport = httpx.ASGITransport(app=application(replace(env, store=Away())))
    async with httpx.AsyncClient(transport=transport, base_url=GATEWAY) as client:
        answer = await client.post(path, data=form, headers={"cookie": f"apuni_refresh={'r' * 43}", "origin": GATEWAY})

    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1")


@pytest.mark.parametrize(
    ("error", "code", "seconds"), [(StoreUnavailable, "OVERLOADED", "1"), (WritesStopped, "WRITES_STOPPED", "60")]
)
async def test_a_store_that_is_away_says_when_to_come_back(browser, meri, error, code, seconds):
    meri.error = error("/secret/path")
    answer = await callback(browser, code="c", state=await start(browser))

    assert (answer.status_code, code_on(answer), answer.headers.get("retry-after")) == (503, code, seconds)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable(Source.SSO, "timed_out", retry_after=7.5), 503, "SOURCE_UNAVAILABLE"),
        (Refused(Source.SSO, "invalid_grant"), 403, "SOURCE_REFUSED"),
        (Garbled(Source.SSO, "not_json"), 502, "SOURCE_GARBLED"),
        (IntegrityFailure(Source.SSO, "id_token_signature"), 502, "INTEGRITY"),
        (StoreError("/secret/path"), 503, "INTERNAL"),
    ],
)
async def test_a_failing_provider_is_a_readable_page_without_internals(browser, meri, error, status, code):
    meri.error = error
    answer = await callback(browser, code="c", state=await start(browser))

    assert (answer.status_code, code_on(answer)) == (status, code)
    assert answer.headers.get("retry-after") == {"SOURCE_UNAVAILABLE": "8", "INTERNAL": "1"}.get(code)
    assert not any(word in answer.text for word in ("timed_out", "invalid_grant", "id_token", "secret", "Traceback"))
    assert 'role="alert"' in answer.text


async def test_an_unregistered_officer_is_told_in_both_languages(browser, parichay):
    for language, word in (("hi", "रजिस्टर"), ("en", "register")):
        state = await start(browser, "parichay")
        answer = await browser.get(
            "/sign-in/callback/parichay",
            params={"code": parichay.vouch("x@officer.example"), "state": state},
            headers={"accept-language": language},
        )
        assert (answer.status_code, code_on(answer), word in answer.text) == (403, "FORBIDDEN", True)


async def test_a_registered_officer_is_welcomed(browser, env, parichay):
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer("0193a000-0000-7000-8000-000000000001", "a@officer.example"))
    state = await start(browser, "parichay")

    answer = await callback(browser, "parichay", code=parichay.vouch("a@officer.example"), state=state)

    assert answer.status_code == 303


@pytest.mark.parametrize("slug", ["jan-parichay", "digilocker", "nobody", "%2e%2e"])
async def test_a_provider_that_is_not_offered_is_not_found(browser, slug):
    answer = await browser.get(f"/sign-in/start/{slug}")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"return_to": "https://evil.example"},
        {"return_to": "//evil.example"},
        {"app_redirect": "https://evil.example/", "code_challenge": challenge_of(VERIFIER)},
        {"app_redirect": APP},
        {"app_redirect": APP, "code_challenge": "short"},
        {"app_redirect": ""},
    ],
)
async def test_open_redirects_are_refused_at_the_start(browser, query):
    answer = await browser.get("/sign-in/start/meri-pehchaan", params=query)

    assert (answer.status_code, code_on(answer)) == (400, "BAD_INPUT")


async def app_code(browser, meri, redirect=APP) -> str:
    query = {"app_redirect": redirect, "app_state": "s&1", "code_challenge": challenge_of(VERIFIER)}
    answer = await callback(browser, code=meri.vouch("DL-1"), state=await start(browser, **query))
    assert answer.headers["location"].startswith(f"{redirect}?")
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")
    sent = parse_qs(urlsplit(answer.headers["location"]).query)
    assert sent["state"] == ["s&1"]
    return sent["code"][0]


def asking_app(redirect: str = APP) -> dict[str, str]:
    return {"app_redirect": redirect, "app_state": "s1", "code_challenge": challenge_of(VERIFIER), "language": "en"}


async def test_a_program_on_the_same_machine_is_shown_to_the_person_before_the_provider_is_asked(browser):
    answer = await browser.get("/sign-in/start/meri-pehchaan", params=asking_app())

    assert (answer.status_code, (SAFE | OF_PAGES).items() <= dict(answer.headers).items()) == (200, True)
    assert "A program on this computer (127.0.0.1:53682) asks to be signed in as you." in answer.text
    assert link_on(answer, "refuse-app") == f"{APP}?error=access_denied&state=s1"


async def test_a_yes_to_a_program_counts_in_the_browser_that_was_asked_and_for_that_program_only(browser, env):
    asked = await browser.get("/sign-in/start/meri-pehchaan", params=asking_app())
    yes = link_on(asked, "allow-app")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application(env)), base_url=GATEWAY) as other:
        elsewhere = await other.get(yes)
    for_another = await browser.get(yes.replace("53682", "53683"))

    assert [elsewhere.status_code, for_another.status_code] == [200, 200]
    assert (await browser.get(yes)).status_code == 302


async def test_a_registered_app_is_not_asked_about(browser):
    answer = await browser.get("/sign-in/start/meri-pehchaan", params=asking_app("https://app.example/signed-in"))

    assert answer.status_code == 302


@pytest.mark.parametrize("redirect", [APP, "https://app.example/signed-in"])
async def test_an_app_trades_its_code_for_a_token(browser, meri, redirect):
    form = code_form(await app_code(browser, meri, redirect), redirect_uri=redirect)
    answer = await browser.post("/sign-in/token", data=form)

    body = answer.json()
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    again = await browser.post("/sign-in/token", data=form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_wrong_verifier_gets_no_token(browser, meri):
    form = code_form(await app_code(browser, meri), code_verifier="w" * 64)

    assert (await browser.post("/sign-in/token", data=form)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"grant_type": "authorization_code", "code": "c"}},
        {"json": code_form("c")},
        {"data": code_form("c" * 9000)},
        {"data": {f"field{n}": "x" for n in range(20)}},
        {"files": {"code": b"c"}},
        {},
    ],
)
async def test_a_token_request_of_another_shape_is_invalid(browser, sent):
    answer = await browser.post("/sign-in/token", **sent)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_an_app_is_told_that_the_person_refused(browser):
    query = {"app_redirect": APP, "app_state": "s1", "code_challenge": challenge_of(VERIFIER)}
    answer = await callback(browser, error="access_denied", state=await start(browser, **query))

    assert answer.headers["location"] == f"{APP}?error=access_denied&state=s1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "CONSENT_REQUIRED"),
        ("redirect_uri_mismatch", "SOURCE_REFUSED"),
        ("invalid_scope", "SOURCE_REFUSED"),
    ],
)
async def test_every_error_of_a_callback_is_a_page_with_its_code(browser, error, code):
    answer = await callback(browser, error=error, error_description="why", state=await start(browser))

    assert answer.status_code == 403
    assert f'<code id="code">{code}</code>' in answer.text
    assert SESSION_COOKIE not in browser.cookies


async def test_signing_out_ends_the_session_and_takes_the_cookie(browser, meri):
    await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))
    token = browser.cookies[SESSION_COOKIE]
    answer = await browser.post("/sign-out")

    back = quote(f"{GATEWAY}/sign-in", safe="")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"http://provider.test/logout?redirect_uri={back}",
    )
    assert SESSION_COOKIE not in browser.cookies
    browser.cookies.set(SESSION_COOKIE, token)
    assert 'role="status"' not in (await browser.get("/sign-in")).text


async def test_the_form_of_the_page_may_be_let_go_to_the_provider_and_nowhere_else(browser, meri):
    await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))
    policy = (await browser.get("/sign-in")).headers["content-security-policy"]

    assert "form-action 'self' http://provider.test;" in policy


async def test_who_comes_back_from_the_provider_is_told_that_she_is_signed_out(browser, meri):
    said = {"error": "user_loggedout", "error_description": "user", "language": "en"}
    assert "You are signed out here and at MeriPehchaan." in (await browser.get("/sign-in", params=said)).text

    await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))
    assert "You are signed out" not in (await browser.get("/sign-in", params=said)).text


async def enter_as_officer(browser, env, parichay) -> None:
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer("0193a000-0000-7000-8000-000000000001", "a@officer.example"))
    state = await start(browser, "parichay")
    await callback(browser, "parichay", code=parichay.vouch("a@officer.example"), state=state)


async def test_an_officer_is_told_that_there_are_no_accounts_to_link(browser, env, parichay):
    await enter_as_officer(browser, env, parichay)
    answer = await browser.get("/sign-in/accounts?language=en")

    assert (answer.status_code, "Accounts are linked by citizens." in answer.text) == (403, True)


async def test_who_signs_out_at_a_provider_that_sends_nobody_back_ends_on_our_page_with_the_way_there(
    browser, env, parichay
):
    await enter_as_officer(browser, env, parichay)
    answer = await browser.post("/sign-out")
    page = await browser.get(answer.headers["location"])

    assert answer.headers["location"] == "/sign-in?error=signed_out&provider=PARICHAY"
    assert html.document_fromstring(page.content).get_element_by_id("signed-out").get("role") == "alert"
    assert link_on(page, "end-there").startswith("http://provider.test/logout")


async def test_no_address_makes_our_page_lead_to_a_provider_that_is_none(browser):
    page = await browser.get("/sign-in", params={"error": "signed_out", "provider": "https://evil.example"})

    assert "end-there" not in page.text


async def test_an_ended_session_is_told_and_leads_back(browser):
    page = await browser.get("/sign-in?error=session_over&return_to=/my%3Fx=1&language=en")

    assert "Your session is over." in page.text
    assert "return_to=%2Fmy%3Fx%3D1" in page.text


async def test_who_signs_in_without_having_asked_for_a_page_lands_on_the_page_of_their_own(browser, meri):
    answer = await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))

    assert answer.headers["location"] == "/home"


async def test_signing_out_without_a_session_leads_to_our_own_page(browser):
    assert (await browser.post("/sign-out")).headers["location"] == "/sign-in?error=signed_out"


async def test_an_app_signs_out_by_its_token(browser, meri):
    form = code_form(await app_code(browser, meri))
    token = (await browser.post("/sign-in/token", data=form)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}

    assert 'role="status"' in (await browser.get("/sign-in", headers=headers)).text
    assert (await browser.post("/sign-out", headers=headers)).status_code == 204
    assert (await browser.post("/sign-out", headers=headers)).status_code == 204
    assert 'role="status"' not in (await browser.get("/sign-in", headers=headers)).text


@pytest.mark.parametrize(
    "head", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"}]
)
async def test_another_site_cannot_sign_a_browser_out(browser, meri, head):
    await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))

    assert (await browser.post("/sign-out", headers=head)).status_code == 403
    assert 'role="status"' in (await browser.get("/sign-in")).text


async def test_only_a_post_signs_out(browser):
    assert (await browser.get("/sign-out")).status_code == 405


async def test_an_ended_session_shows_the_page_as_to_a_stranger(browser, meri, store_clock):
    await callback(browser, code=meri.vouch("DL-1"), state=await start(browser))
    store_clock.advance(timedelta(hours=2))

    assert 'role="status"' not in (await browser.get("/sign-in")).text
