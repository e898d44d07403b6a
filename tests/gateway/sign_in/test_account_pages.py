"""The pages of devices and accounts, the refresh of browsers and apps, and what telephones are told of our apps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from actions.identity.code_sending import send_code
from actions.identity.sign_in_guards import challenge_of
from domain.identity.sign_on import SignOnRules
from domain.kernel import Assurance, Provider
from gateway.settings.settings import Settings
from gateway.settings.sign_on import SignOn
from gateway.sign_in import SESSION_COOKIE, routes
from store.identity.devices import devices_table
from store.platform import outbox
from tests.support.phones import Phones, with_phones
from tests.support.sign_in import GATEWAY, FakeProvider, environment

APP, VERIFIER = "https://apuni.example/signed-in", "v" * 64
LINKS = frozenset({APP})
ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": GATEWAY},
    {"origin": "https://evil.test"},
    {"origin": "null"},
    {"origin": ""},
]


@pytest.fixture
def meri() -> FakeProvider:
    return FakeProvider(Provider.MERI_PEHCHAAN)


@pytest.fixture
def jan() -> FakeProvider:
    return FakeProvider(Provider.JAN_PARICHAY)


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, meri, jan, phones):
    made = environment(sqlite_store, store_keyrings, store_clock, [meri, jan])
    return with_phones(made, phones)


def application(env, **settings: Any) -> Starlette:
    app = Starlette(
        routes=routes(
            Settings(session_seconds=600, app_redirects={"citizen_app": sorted(LINKS)}, sign_on=SignOn(**settings))
        )
    )
    app.state.environment = env
    return app


def browser_of(env, **settings: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application(env, **settings)), base_url=GATEWAY, headers={"origin": GATEWAY}
    )


@pytest.fixture
async def browser(env):
    async with browser_of(env) as client:
        yield client


async def enter(browser, provider: FakeProvider, slug: str, subject: str = "DL-1", **known: Any) -> httpx.Response:
    """Sign a browser in, from the start to the page after the callback."""
    answer = await browser.get(f"/sign-in/start/{slug}")
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    return await browser.get(
        f"/sign-in/callback/{slug}", params={"code": provider.vouch(subject, **known), "state": state}
    )


def page(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return html.document_fromstring(answer.content)


@pytest.mark.parametrize("head", ELSEWHERE)
@pytest.mark.parametrize("path", ["/sign-in/accounts/link", "/sign-in/accounts/unlink", "/sign-in/link/code"])
async def test_another_site_links_and_unlinks_nothing(browser, meri, head, path):
    await enter(browser, meri, "meri-pehchaan")

    assert (await browser.post(path, data={"provider": "JAN_PARICHAY"}, headers=head)).status_code == 403


def error_of(answer: httpx.Response) -> str:
    return str(html.document_fromstring(answer.content).get_element_by_id("code").text)


async def test_a_browser_is_refreshed_by_a_cookie_that_no_script_reads_and_no_other_site_sends(browser, meri):
    answer = await enter(browser, meri, "meri-pehchaan")
    kept = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("apuni_refresh="))
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept
    assert "Path=/;" in kept
    before = browser.cookies[SESSION_COOKIE]

    refreshed = await browser.post("/sign-in/refresh")

    assert refreshed.status_code == 204
    assert browser.cookies[SESSION_COOKIE] != before


async def test_a_refresh_token_of_a_browser_that_was_used_before_signs_it_out(browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    old = browser.cookies["apuni_refresh"]
    await browser.post("/sign-in/refresh")
    browser.cookies.delete("apuni_refresh")

    again = await browser.post("/sign-in/refresh", headers={"cookie": f"apuni_refresh={old}"})

    assert again.status_code == 401
    assert (await browser.get("/sign-in/devices")).status_code == 303


@pytest.mark.parametrize("head", ELSEWHERE)
async def test_another_site_refreshes_and_signs_out_nothing(browser, meri, head):
    await enter(browser, meri, "meri-pehchaan")

    assert (await browser.post("/sign-in/refresh", headers=head)).status_code == 403
    ended = await browser.post("/sign-in/devices", data={"which": "all"}, headers=head)
    assert (ended.status_code, error_of(ended)) == (403, "FORBIDDEN")
    assert (await browser.get("/sign-in/devices")).status_code == 200


async def test_an_app_refreshes_at_the_token_door(browser, meri):
    query = {"app_redirect": APP, "code_challenge": challenge_of(VERIFIER)}
    answer = await browser.get("/sign-in/start/meri-pehchaan", params=query)
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    back = await browser.get("/sign-in/callback/meri-pehchaan", params={"code": meri.vouch("DL-1"), "state": state})
    code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "client_id": "citizen_app", "code": code}
    form |= {"code_verifier": VERIFIER, "redirect_uri": APP}
    first = (await browser.post("/sign-in/token", data=form)).json()
    renew = {"grant_type": "refresh_token", "client_id": "citizen_app", "refresh_token": first["refresh_token"]}
    strangers = [await browser.post("/sign-in/token", data=renew | {"client_id": one}) for one in ("officer_app", "")]

    second = await browser.post("/sign-in/token", data=renew)

    assert [(one.status_code, one.json()["error"]) for one in strangers] == [(400, "invalid_grant")] * 2
    assert second.status_code == 200
    assert second.headers["cache-control"] == "no-store"
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert first["refresh_token_expires_in"] == 30 * 86_400
    reused = await browser.post("/sign-in/token", data=renew)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("accept", "heading"), [("hi", "आपके उपकरण"), ("en", "Your devices")])
async def test_devices_are_listed_in_both_languages_each_with_a_named_button(browser, meri, accept, heading):
    await enter(browser, meri, "meri-pehchaan")
    document = page(await browser.get("/sign-in/devices", headers={"accept-language": accept}))

    assert document.find(".//h1").text == heading
    [button] = document.xpath("//main//li//button")
    assert button.get("aria-label")
    assert not list(document.iter("script"))


async def test_signing_out_everywhere_else_keeps_this_browser_and_ends_the_other(env, browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    async with browser_of(env) as other:
        await enter(other, meri, "meri-pehchaan")
        ended = await browser.post("/sign-in/devices", data={"which": "others"})

        assert (ended.status_code, ended.headers["location"]) == (303, "/sign-in/devices")
        assert (await other.get("/sign-in/devices")).status_code == 303
    assert (await browser.get("/sign-in/devices")).status_code == 200


async def test_signing_out_everywhere_takes_the_cookies_too(browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    ended = await browser.post("/sign-in/devices", data={"which": "all"})

    assert ended.headers["location"].startswith("http://provider.test/logout?")
    assert SESSION_COOKIE not in browser.cookies


async def test_one_device_is_signed_out_by_its_button(env, browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    async with browser_of(env) as other:
        await enter(other, meri, "meri-pehchaan")
        document = page(await browser.get("/sign-in/devices", headers={"accept-language": "en"}))
        rows = [row for row in document.xpath("//main//li") if "this device" not in row.text_content()]
        device = next(field.get("value") for field in rows[0].iter("input") if field.get("name") == "device")
        await browser.post("/sign-in/devices", data={"device": device})

        assert (await other.get("/sign-in/devices")).status_code == 303


@pytest.mark.parametrize("address", ["/sign-in/devices", "/sign-in/accounts"])
async def test_a_stranger_is_led_to_sign_in_and_back(browser, address):
    answer = await browser.get(address, headers={"accept-language": "en"})

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/sign-in?return_to={quote(address, safe='')}&language=en",
    )


async def test_a_form_that_is_sent_after_the_session_leads_back_to_its_page_and_says_so(browser, store_clock, meri):
    await enter(browser, meri, "meri-pehchaan")
    store_clock.advance(timedelta(hours=2))
    answer = await browser.post(
        "/sign-in/accounts/unlink", data={"provider": "MERI_PEHCHAAN"}, headers={"accept-language": "en"}
    )

    back = "/sign-in?return_to=%2Fsign-in%2Faccounts&language=en&error=session_over"
    assert (answer.status_code, answer.headers["location"]) == (303, back)


async def test_an_account_that_is_linked_already_is_not_offered_again(browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    shown = page(await browser.get("/sign-in/accounts"))

    offered = shown.xpath("//form[@action='/sign-in/accounts/link']/input/@value")
    assert (offered, "MERI_PEHCHAAN" in shown.xpath("//input/@value")) == (["JAN_PARICHAY"], True)


@pytest.mark.parametrize(("client", "word"), [("APP", "App"), ("BROWSER", "Browser")])
async def test_a_device_is_named_for_what_it_is(env, browser, meri, client, word):
    await enter(browser, meri, "meri-pehchaan")
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(devices_table.update().values(client=client))
    shown = page(await browser.get("/sign-in/devices", headers={"accept-language": "en"}))

    assert shown.xpath("//main//li//strong")[0].text.startswith(f"{word} · ")


async def _code(env, phones) -> str:
    async with env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 10, 30.0)
    for one in waiting:
        await send_code(env, one.payload)
    return phones.code()


async def begun(browser, meri) -> str:
    """Sign in, begin to link Jan Parichay on the page, and come to the page that says whose record it is."""
    await enter(browser, meri, "meri-pehchaan", mobile="9800000001")
    document = page(await browser.get("/sign-in/accounts"))
    assert "JAN_PARICHAY" in [field.get("value") for field in document.iter("input")]
    answer = await browser.post("/sign-in/accounts/link", data={"provider": "JAN_PARICHAY"})
    assert answer.status_code == 303
    shown = page(await browser.get(answer.headers["location"]))
    assert "AN, 98xxxxxx01" in shown.text_content()
    return next(each.get("href") for each in shown.iter("a") if "link/start" in str(each.get("href")))


async def test_an_account_is_linked_on_the_pages_by_showing_it_and_by_the_code(env, browser, meri, jan, phones):
    going_on = await begun(browser, meri)
    answer = await browser.get(going_on)
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    code = jan.vouch("JP-1", assurance=Assurance.LOW)
    back = await browser.get("/sign-in/callback/jan-parichay", params={"code": code, "state": state})
    asked = page(await browser.get(back.headers["location"]))
    [label] = asked.iter("label")
    assert label.get("for") == "code"
    link = next(field.get("value") for field in asked.iter("input") if field.get("name") == "link")

    wrong = await browser.post("/sign-in/link/code", data={"link": link, "code": "x"})
    assert wrong.status_code == 422
    assert "2" in html.document_fromstring(wrong.content).get_element_by_id("wrong").text
    done = await browser.post("/sign-in/link/code", data={"link": link, "code": await _code(env, phones)})

    assert "जन परिचय" in page(done).text_content()
    held = page(await browser.get("/sign-in/accounts"))
    assert "JAN_PARICHAY" in held.xpath("//form[contains(@action, 'unlink')]/input/@value")


async def test_another_browser_goes_on_with_no_link(env, browser, meri):
    going_on = await begun(browser, meri)
    async with browser_of(env) as other:
        answer = await other.get(going_on)

    assert (answer.status_code, error_of(answer)) == (400, "BAD_INPUT")


async def test_the_only_account_cannot_be_untied(browser, meri):
    await enter(browser, meri, "meri-pehchaan")
    answer = await browser.post("/sign-in/accounts/unlink", data={"provider": "MERI_PEHCHAAN"})

    assert error_of(answer) == "LAST_ACCOUNT"


async def test_a_strength_may_be_asked_for_at_the_start(browser, meri):
    answer = await browser.get("/sign-in/start/meri-pehchaan", params={"strength": "HIGH"})

    assert parse_qs(urlsplit(answer.headers["location"]).query)["strength"] == ["HIGH"]


async def test_telephones_are_told_which_apps_open_our_links(env):
    prints = ["AB:CD"]
    async with browser_of(env, apple_app_ids=["TEAM.in.gov.uk.apuni"], android_apps={"in.gov.uk.apuni": prints}) as one:
        apple = (await one.get("/.well-known/apple-app-site-association")).json()
        android = (await one.get("/.well-known/assetlinks.json")).json()

    assert apple == {
        "applinks": {"details": [{"appIDs": ["TEAM.in.gov.uk.apuni"], "components": [{"/": "/signed-in"}]}]}
    }
    assert android[0]["target"] == {
        "namespace": "android_app",
        "package_name": "in.gov.uk.apuni",
        "sha256_cert_fingerprints": ["AB:CD"],
    }


async def test_without_apps_of_ours_the_files_name_none(browser):
    assert (await browser.get("/.well-known/assetlinks.json")).json() == []
    assert (await browser.get("/.well-known/apple-app-site-association")).json() == {"applinks": {"details": []}}


async def test_a_provider_that_settings_do_not_choose_is_neither_offered_nor_begun(env, meri):
    env = replace(env, rules=replace(env.rules, sign_on=SignOnRules(providers={})))
    async with browser_of(env) as client:
        offered = page(await client.get("/sign-in"))
        assert [link for link in offered.iter("a") if "start" in str(link.get("href"))] == []
        assert (await client.get("/sign-in/start/meri-pehchaan")).status_code == 404
