"""The authorization server of apps: metadata, authorization endpoint and token endpoint, by their RFCs' names."""

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from actions.identity.provider_sign_out import sign_out_hosts
from actions.identity.sign_in_guards import challenge_of
from actions.platform.registered_apps import RegisterApp, register_app
from domain.kernel import PersonKind, Provider, Role, Subject
from gateway.pages.rendering import Pages
from gateway.settings.settings import Profile, Settings
from gateway.sign_in import routes
from tests.support.sign_in import GATEWAY, FakeProvider, environment
from tests.support.wallet import GRANT

APP = "https://app.example/signed-in"
VERIFIER = "v" * 64
ASKED = {
    "response_type": "code",
    "client_id": "citizen_app",
    "redirect_uri": APP,
    "state": "s 1",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
REGISTERED = {"citizen_app": [APP], "officer_app": ["https://officer.example/signed-in"]}


@pytest.fixture
def meri() -> FakeProvider:
    return FakeProvider(Provider.MERI_PEHCHAAN)


@pytest.fixture
def settings() -> Settings:
    return Settings(session_seconds=3600, app_redirects=REGISTERED)


@pytest.fixture
async def browser(sqlite_store, store_keyrings, store_clock, meri, settings):
    env = environment(sqlite_store, store_keyrings, store_clock, [meri, FakeProvider(Provider.PARICHAY)])
    app = Starlette(routes=routes(settings=settings))
    app.state.environment = env
    app.state.pages = Pages(sign_out_hosts=sign_out_hosts(env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as client:
        yield client


async def authorize(browser, **changes) -> httpx.Response:
    query = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return await browser.get("/sign-in/authorize", params=query)


def ways_on(page: httpx.Response) -> list[str]:
    return html.document_fromstring(page.content).xpath("//main//a[@class='provider']/@href")


async def code_for_the_app(browser, meri) -> str:
    way = ways_on(await authorize(browser))[0]
    to_provider = (await browser.get(way)).headers["location"]
    state = parse_qs(urlsplit(to_provider).query)["state"][0]
    query = {"code": meri.vouch("DL-1"), "state": state}
    back = (await browser.get("/sign-in/callback/meri-pehchaan", params=query)).headers["location"]
    assert back.startswith(APP)
    answer = dict(parse_qsl(urlsplit(back).query))
    assert answer["state"] == "s 1"
    return answer["code"]


async def test_the_metadata_name_the_endpoints_and_what_they_take(browser):
    answer = await browser.get("/.well-known/oauth-authorization-server")

    assert answer.json() == {
        "issuer": GATEWAY,
        "authorization_endpoint": f"{GATEWAY}/sign-in/authorize",
        "token_endpoint": f"{GATEWAY}/sign-in/token",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", GRANT],
        "pre-authorized_grant_anonymous_access_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "ui_locales_supported": ["hi", "gbm", "kfy", "en"],
    }


async def test_a_known_client_is_offered_the_providers_and_gets_a_code_for_a_token(browser, meri):
    form = {
        "grant_type": "authorization_code",
        "client_id": "citizen_app",
        "code": await code_for_the_app(browser, meri),
        "code_verifier": VERIFIER,
        "redirect_uri": APP,
    }
    answer = await browser.post("/sign-in/token", data=form)

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"


async def test_the_page_of_the_other_language_asks_for_the_same_app(browser):
    page = html.document_fromstring((await authorize(browser)).content)
    other = page.xpath("//a[@hreflang='en']/@href")[0]

    assert dict(parse_qsl(urlsplit(other).query)).items() >= ASKED.items()


async def test_an_app_that_names_the_provider_needs_no_page(browser):
    answer = await authorize(browser, provider="parichay")

    assert answer.headers["location"].startswith("/sign-in/start/parichay?app_redirect=https%3A%2F%2Fapp.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "unknown"},
        {"client_id": "officer_app"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/signed-in"},
        {"redirect_uri": f"{APP}/"},
    ],
)
async def test_an_unknown_client_or_address_is_told_to_the_person_and_nobody_is_sent_there(browser, changes):
    answer = await authorize(browser, **changes)

    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert '<code id="code">BAD_INPUT</code>' in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
async def test_every_other_fault_is_sent_to_the_app_with_its_state(browser, changes, error):
    answer = await authorize(browser, **changes)
    address, _, query = answer.headers["location"].partition("?")
    told = dict(parse_qsl(query))

    assert (answer.status_code, address, told["error"], told["state"]) == (303, APP, error, "s 1")


async def test_a_parameter_that_is_there_twice_is_refused(browser):
    answer = await browser.get("/sign-in/authorize", params=[*ASKED.items(), ("response_type", "code")])

    assert "error=invalid_request" in answer.headers["location"]


async def test_a_state_that_is_too_long_is_refused_and_not_sent_back(browser):
    answer = await authorize(browser, state="s" * 513)

    assert "error=invalid_request" in answer.headers["location"]
    assert "state" not in parse_qs(urlsplit(answer.headers["location"]).query)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "officer_app"}, "invalid_grant"),
        ({"redirect_uri": "https://officer.example/signed-in"}, "invalid_grant"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"grant_type": ["authorization_code", "authorization_code"]}, "invalid_request"),
    ],
)
async def test_the_token_endpoint_refuses_by_the_names_of_the_rfc(browser, meri, changes, error):
    form = {
        "grant_type": "authorization_code",
        "client_id": "citizen_app",
        "code": await code_for_the_app(browser, meri),
        "code_verifier": VERIFIER,
        "redirect_uri": APP,
    }
    answer = await browser.post("/sign-in/token", data=form | changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_redirect_address_belongs_to_one_client():
    with pytest.raises(ValueError, match="one client only"):
        Settings(app_redirects={"citizen_app": [APP], "officer_app": [APP]})


@pytest.mark.parametrize("address", ["https://evil.example/x", "http://127.0.0.1.evil.example:80/x", "javascript:x"])
async def test_the_demo_sends_nobody_to_an_address_that_is_neither_registered_nor_of_this_machine(
    sqlite_store, store_keyrings, store_clock, meri, address
):
    env = environment(sqlite_store, store_keyrings, store_clock, [meri])
    app = Starlette(routes=routes(settings=Settings(profile=Profile.DEMO)))
    app.state.environment, app.state.pages = env, Pages(sign_out_hosts=sign_out_hosts(env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as browser:
        answer = await authorize(browser, redirect_uri=address, response_type="token")

    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_the_page_of_providers_is_in_a_language_that_the_app_asks_for(browser):
    page = html.document_fromstring((await authorize(browser, ui_locales="fr en-IN hi")).content)

    assert page.get("lang") == "en"


@pytest.fixture
async def staging(sqlite_store, store_keyrings, store_clock, meri):
    """An installation for tests, in which a developer registered an app; the browser of somebody who uses it."""
    made = environment(sqlite_store, store_keyrings, store_clock, [meri])
    env = replace(made, rules=replace(made.rules, takes_sandboxes=True))
    developer = Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, "dev")
    await register_app(env, developer, RegisterApp("my_app", "My app", ("http://127.0.0.1/in",), "key"))
    app = Starlette(routes=routes(settings=Settings(profile=Profile.STAGING, session_seconds=3600)))
    app.state.environment = env
    app.state.pages = Pages(sign_out_hosts=sign_out_hosts(env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as client:
        yield client


HERE = {"client_id": "my_app", "redirect_uri": "http://127.0.0.1:40123/in"}


async def test_the_app_of_a_developer_signs_somebody_in_who_lets_it_and_gets_a_token(staging, meri):
    way = ways_on(await authorize(staging, **HERE))[0]
    consent = html.document_fromstring((await staging.get(way)).content)
    (allow,) = [one for one in consent.xpath("//main//a/@href") if "app_allowed" in one]
    to_provider = (await staging.get(allow)).headers["location"]
    state = parse_qs(urlsplit(to_provider).query)["state"][0]
    query = {"code": meri.vouch("DL-1"), "state": state}
    back = (await staging.get("/sign-in/callback/meri-pehchaan", params=query)).headers["location"]
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, **HERE}
    answer = await staging.post("/sign-in/token", data=form)

    assert back.startswith(HERE["redirect_uri"])
    assert answer.json()["token_type"] == "Bearer"


@pytest.mark.parametrize("changes", [{"client_id": "other_app"}, {"redirect_uri": "http://127.0.0.1:40123/elsewhere"}])
async def test_the_address_of_a_developers_app_is_that_apps_alone(staging, changes):
    answer = await authorize(staging, **(HERE | changes))

    assert answer.status_code == 400
