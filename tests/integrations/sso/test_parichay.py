"""Parichay and Jan Parichay: the client against the sandbox, which was written apart from it."""

import base64
import hashlib
import json
import re

import httpx
import pytest
import respx

from domain.kernel import ManualClock, Provider, Source
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.sso import Assurance, Parichay, ParichaySettings
from integrations.sso.wire_parichay import read_identity
from sandbox.sso.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import GATEWAY, NOW, choose, query_of, sandbox_home

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
CALLBACKS = {
    Provider.PARICHAY: f"{GATEWAY}/sign-in/callback/parichay",
    Provider.JAN_PARICHAY: f"{GATEWAY}/sign-in/callback/jan-parichay",
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def home(tmp_path, clock):
    return sandbox_home(tmp_path, "sso", clock)


@pytest.fixture
def sandbox(home):
    sandbox = create_sandbox(home)
    yield sandbox
    sandbox.close()


@pytest.fixture
def client(sandbox, home, clock):
    def make(provider: Provider = Provider.PARICHAY) -> Parichay:
        handed = json.loads(home.onboarding.read_text())
        settings = ParichaySettings.from_onboarding(provider, handed["base_url"], handed)
        return Parichay(settings, remote_over(sandbox.app, Source.SSO, handed["base_url"], clock=clock))

    return make


async def address(client: Parichay, *, challenge: str = CHALLENGE, redirect_uri: str | None = None) -> str:
    return await client.authorize_url(
        state="s1",
        nonce="n1",
        code_challenge=challenge,
        redirect_uri=redirect_uri or CALLBACKS[client.provider],
        language="hi",
    )


async def code_for(sandbox, client: Parichay, person: str) -> str:
    return query_of(await choose(sandbox.app, await address(client), person))["code"]


async def exchange(client: Parichay, issued: str, **changes: str):
    asked = {"code": issued, "code_verifier": VERIFIER, "redirect_uri": CALLBACKS[client.provider], "nonce": "n1"}
    return await client.exchange(**(asked | changes))


async def test_an_officer_is_known_by_her_official_email_in_lower_case(sandbox, client):
    parichay = client()

    identity = await exchange(parichay, await code_for(sandbox, parichay, "officer-dehradun-sadar"))

    assert (identity.provider, identity.subject) == (Provider.PARICHAY, "officer-dehradun-sadar@officer.example")
    assert (identity.name, identity.mobile) == ("Anita Uniyal", "9800100001")
    assert (identity.assurance, identity.tokens) == (Assurance.SUBSTANTIAL, None)


async def test_a_citizen_of_jan_parichay_is_known_with_low_assurance(sandbox, client):
    jan = client(Provider.JAN_PARICHAY)

    identity = await exchange(jan, await code_for(sandbox, jan, "asha-negi"))

    assert identity.provider is Provider.JAN_PARICHAY
    assert (identity.name, identity.gender, identity.mobile) == ("Asha Negi", "F", "9800000001")
    assert identity.assurance is Assurance.LOW


def test_a_recycled_mobile_is_another_subject():
    before, after, again = (
        read_identity(Provider.JAN_PARICHAY, {"FirstName": name, "LastName": "Negi", "MobileNo": mobile}).subject
        for name, mobile in (("Asha", "9800000001"), ("Ravi", "9800000001"), (" ASHA ", "+91 98000 00001"))
    )

    assert before != after
    assert before == again


async def test_the_state_comes_back(sandbox, client):
    assert query_of(await choose(sandbox.app, await address(client()), "officer-dehradun-sadar"))["state"] == "s1"


async def test_a_person_who_denies_is_sent_back_with_access_denied(sandbox, client):
    query = query_of(await choose(sandbox.app, await address(client()), "officer-dehradun-sadar", "deny"))

    assert (query["error"], query["state"]) == ("access_denied", "s1")


async def test_a_code_works_once(sandbox, client):
    parichay = client()
    code = await code_for(sandbox, parichay, "officer-dehradun-sadar")
    await exchange(parichay, code)

    with pytest.raises(Refused):
        await exchange(parichay, code)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_token_is_asked_for_in_json_that_is_announced_as_such(sandbox, media_type):
    body = b'{"grant_type": "authorization_code"}'
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://sso.test") as caller:
        refused, read = [
            await caller.post("/pnv1/salt/api/oauth2/token", content=body, headers={"content-type": kind})
            for kind in (media_type, "application/json; charset=utf-8")
        ]

    assert (refused.status_code, refused.json()["message"]) == (400, "The body must be JSON")
    assert read.json()["message"] == "Invalid client"


@pytest.mark.parametrize("changes", [{"code_verifier": "w" * 64}, {"redirect_uri": f"{GATEWAY}/other"}, {"code": "x"}])
async def test_a_code_is_bound_to_verifier_and_redirect(sandbox, client, changes):
    parichay = client()
    code = await code_for(sandbox, parichay, "officer-dehradun-sadar")

    with pytest.raises(Refused):
        await exchange(parichay, code, **changes)


async def test_a_code_dies_with_time(sandbox, client, clock):
    parichay = client()
    code = await code_for(sandbox, parichay, "officer-dehradun-sadar")
    await clock.sleep(601)

    with pytest.raises(Refused):
        await exchange(parichay, code)


async def test_a_code_of_one_provider_does_not_work_at_the_other(sandbox, client):
    code = await code_for(sandbox, client(), "officer-dehradun-sadar")

    with pytest.raises(Refused):
        await exchange(client(Provider.JAN_PARICHAY), code)


async def test_an_unregistered_redirect_is_not_followed(sandbox, client):
    answer = await choose(
        sandbox.app, await address(client(), redirect_uri="http://evil.example/"), "officer-dehradun-sadar"
    )

    assert answer.status_code == 400


async def test_a_missing_challenge_is_sent_back(sandbox, client):
    answer = await choose(sandbox.app, await address(client(), challenge="short"), "officer-dehradun-sadar")

    assert query_of(answer)["error"] == "invalid_request"


async def test_details_without_the_key_are_garbled(sandbox, client):
    sandbox.faults.set([{"kind": "partial", "route": "/pnv1/salt/api/oauth2/userdetails"}])
    parichay = client()

    with pytest.raises(Garbled):
        await exchange(parichay, await code_for(sandbox, parichay, "officer-dehradun-sadar"))


async def test_an_altered_state_can_be_asked_for(sandbox, client):
    sandbox.faults.set([{"kind": "foreign", "route": "/pnv1/oauth2/login"}])

    assert query_of(await choose(sandbox.app, await address(client()), "officer-dehradun-sadar"))["state"] != "s1"


async def test_an_html_page_instead_of_tokens_is_a_portal_that_is_down(sandbox, client):
    parichay = client()
    code = await code_for(sandbox, parichay, "officer-dehradun-sadar")
    sandbox.faults.set([{"kind": "html", "route": "/pnv1/salt/api/oauth2/token"}])

    with pytest.raises(Unavailable, match="html_page"):
        await exchange(parichay, code)


async def test_the_exchange_is_sent_once_whatever_happens(sandbox, client):
    parichay = client()
    code = await code_for(sandbox, parichay, "officer-dehradun-sadar")
    sandbox.faults.set([{"kind": "status", "route": "/pnv1/salt/api/oauth2/token", "params": {"status": 503}}])

    with pytest.raises(Unavailable):
        await exchange(parichay, code)

    routes = [entry["route"] for entry in sandbox.ledger.entries()]
    assert routes.count("/pnv1/salt/api/oauth2/token") == 1


async def test_the_sandbox_refuses_bearer_and_forms_as_the_strict_host_does(sandbox, home):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://sso.test") as caller:
        by_bearer = await caller.get("/pnv1/salt/api/oauth2/userdetails", headers={"authorization": "Bearer x"})
        by_form = await caller.post("/pnv1/salt/api/oauth2/token", data={"grant_type": "authorization_code"})

    assert (by_bearer.status_code, by_form.status_code) == (401, 400)


async def test_a_refresh_token_comes_bare_and_dies_on_use(sandbox, client, home):
    parichay = client()
    handed = json.loads(home.onboarding.read_text())
    asked = {
        "client_id": handed["parichay_client_id"],
        "client_secret": handed["parichay_client_secret"],
        "code": await code_for(sandbox, parichay, "officer-dehradun-sadar"),
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
        "redirect_uri": CALLBACKS[Provider.PARICHAY],
    }
    path = "/pnv1/salt/api/oauth2/token"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://sso.test") as caller:
        first = (await caller.post(path, json=asked)).json()
        headers = {"authorization": first["refresh_token"]}
        again = [
            (await caller.post(path, json={"grant_type": "refresh_token"}, headers=headers)).status_code
            for _ in range(2)
        ]

    assert again == [200, 401]
    assert (first["expires_in"], first["id_token"]) == (604_800_000, "")
    assert json.loads(base64.urlsafe_b64decode(first["access_token"].split(".")[0] + "==")) == {"alg": "HS256"}


async def test_client_and_tokens_survive_a_restart(sandbox, client, home):
    before = home.onboarding.read_text()
    code = await code_for(sandbox, client(), "officer-dehradun-sadar")
    again = create_sandbox(home)

    assert home.onboarding.read_text() == before
    assert home.onboarding.stat().st_mode & 0o777 == 0o600
    assert again.state.get("code:parichay", code) is not None


async def test_the_partner_can_end_the_sessions_of_a_person(sandbox, client):
    parichay = client()
    await exchange(parichay, await code_for(sandbox, parichay, "officer-dehradun-sadar"))

    ended = await sandbox.act("end_sessions", {"provider": "parichay", "person": "officer-dehradun-sadar"})

    assert ended == {"ended": 2}


async def test_the_login_page_names_its_controls_and_needs_no_script(sandbox, client):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app)) as browser:
        page = (await browser.get(await address(client()))).text

    assert 'lang="en"' in page
    assert "<script" not in page
    assert len(re.findall(r"<label><input type=\"radio\" name=\"person\"", page)) == 3


async def test_the_request_has_the_form_that_the_contract_gives():
    settings = ParichaySettings(Provider.PARICHAY, "https://parichay.nic.in", "client-1", "secret-1")
    parichay = Parichay(settings, remote_over(None, Source.SSO))
    with respx.mock(base_url=PARTNER) as partner:
        token = partner.post("/pnv1/salt/api/oauth2/token").respond(
            json={"access_token": "t1", "token_type": "bearer", "expires_in": 604_800_000, "id_token": ""}
        )
        details = partner.get("/pnv1/salt/api/oauth2/userdetails").respond(
            json={"FirstName": "Anita", "LastName": "Uniyal", "Email": "Anita@Officer.Example", "Gender": "Female"}
        )
        identity = await exchange(parichay, "c1")

    assert json.loads(token.calls.last.request.content) == {
        "client_id": "client-1",
        "client_secret": "secret-1",
        "code": "c1",
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
        "redirect_uri": CALLBACKS[Provider.PARICHAY],
    }
    assert details.calls.last.request.headers["authorization"] == "t1"
    assert (identity.subject, identity.gender) == ("anita@officer.example", "F")


@pytest.mark.parametrize(
    ("provider", "person"), [(Provider.PARICHAY, "officer-dehradun-sadar"), (Provider.JAN_PARICHAY, "asha-negi")]
)
async def test_a_revoked_token_opens_nothing_and_revoking_it_again_is_as_good(sandbox, client, provider, person):
    parichay = client(provider)
    token = (await exchange(parichay, await code_for(sandbox, parichay, person))).session_token

    await parichay.revoke(token)
    await parichay.revoke(token)
    with pytest.raises(Refused):
        await parichay._person(token)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_provider_that_cannot_revoke_now_is_unavailable(status):
    with respx.mock(base_url=PARTNER) as partner:
        partner.get("/pnv1/salt/api/oauth2/revoke").respond(status)
        with pytest.raises(Unavailable):
            await over_the_wire().revoke("t-1")


async def test_the_token_goes_bare_and_any_2xx_is_done():
    with respx.mock(base_url=PARTNER) as partner:
        route = partner.get("/pnv1/salt/api/oauth2/revoke").respond(202, json={"message": "Logged out"})
        await over_the_wire().revoke("t-1")
    assert route.calls.last.request.headers["authorization"] == "t-1"


@pytest.mark.parametrize(("provider", "prefix"), [(Provider.PARICHAY, "pnv1"), (Provider.JAN_PARICHAY, "v1")])
async def test_the_browser_ends_its_session_on_the_page_of_the_provider(sandbox, client, provider, prefix):
    address = client(provider).sign_out_url(f"{GATEWAY}/sign-in")

    assert address == f"http://sso.test/{prefix}/logout"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app)) as browser:
        assert "logged out" in (await browser.get(address)).text


def over_the_wire() -> Parichay:
    settings = ParichaySettings(Provider.PARICHAY, PARTNER, "client-1", "secret")
    return Parichay(settings, remote_over(None, Source.SSO, PARTNER))
