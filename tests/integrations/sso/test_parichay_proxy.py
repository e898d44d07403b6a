"""Parichay's variant B: the client against the sandbox of the proxy, which was written apart from it."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from domain.kernel import Assurance, ManualClock, Provider, Source, SourceState
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.sso import ParichayProxy, ParichayProxySettings
from integrations.sso.wire_parichay_proxy import signed_text
from sandbox.sso.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import GATEWAY, NOW, choose, query_of, sandbox_home

ASKED = {"state": "s" * 64, "nonce": "n", "code_challenge": "c", "redirect_uri": f"{GATEWAY}/back", "language": "hi"}
SUCCESS = {"status": "success", "message": ""}
USER = {"userName": "9800000001", "sessionId": "s", "browserId": "b", "localTokenId": "l", "fullName": "Asha Negi"}


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
    def make(provider: Provider = Provider.JAN_PARICHAY, **changes: str) -> ParichayProxy:
        name = provider.value.lower()
        handed = json.loads(home.onboarding.read_text())["handshake"][name] | changes
        settings = ParichayProxySettings.from_onboarding(provider, "", handed)
        return ParichayProxy(settings, remote_over(sandbox.app, Source.SSO, handed[f"{name}_proxy_url"], clock=clock))

    return make


async def handshake(sandbox, client, person="asha-negi") -> str:
    return query_of(await choose(sandbox.app, await client.authorize_url(**ASKED), person))["string"]


async def exchange(client, code):
    return await client.exchange(code=code, code_verifier="v", redirect_uri="r", nonce="n")


def test_the_signed_text_has_one_slash_and_no_separator():
    text = signed_text(1760000000000, "https://parichay.nic.in", "EXAMPLESVC")

    assert text == "Parichay1760000000000https://parichay.nic.in/pnv1/api/loginEXAMPLESVC"


async def test_base64_in_the_address_of_the_login_page_is_encoded(client):
    query = urlsplit(await client().authorize_url(**ASKED)).query

    assert not set("+/") & set(query)
    assert set(parse_qs(query)) == {"sid", "tid", "cs", "string", "lang"}


async def test_a_citizen_is_known_by_her_durable_id_and_low(sandbox, client):
    jan = client()
    first, again = [await exchange(jan, await handshake(sandbox, jan)) for _ in range(2)]

    assert (first.name, first.mobile, first.assurance) == ("Asha Negi", "9800000001", Assurance.LOW)
    assert first.subject == again.subject
    assert set(json.loads(first.session_token)) == {"userName", "sessionId", "browserId", "localTokenId"}


async def test_an_official_is_known_by_her_official_email(sandbox, client):
    parichay = client(Provider.PARICHAY)
    identity = await exchange(parichay, await handshake(sandbox, parichay, "officer-dehradun-sadar"))

    assert (identity.subject, identity.assurance) == ("officer-dehradun-sadar@officer.example", Assurance.SUBSTANTIAL)


async def test_an_official_is_known_by_the_field_that_onboarding_names(sandbox, client):
    parichay = client(Provider.PARICHAY, parichay_subject_field="user_id")
    identity = await exchange(parichay, await handshake(sandbox, parichay, "officer-dehradun-sadar"))

    assert "@" not in identity.subject


async def test_a_handshake_is_good_once(sandbox, client):
    jan = client()
    code = await handshake(sandbox, jan)
    await exchange(jan, code)

    with pytest.raises(Refused, match="handshake_failed"):
        await exchange(jan, code)


async def test_a_blank_handshake_is_refused(sandbox, client):
    jan = client()
    code = await handshake(sandbox, jan)
    sandbox.faults.set([{"kind": "partial", "route": "/handshake/*"}])

    with pytest.raises(Refused, match="handshake_failed"):
        await exchange(jan, code)


@pytest.mark.parametrize("code", ["", ".", "..", "x" * 501])
async def test_what_cannot_be_a_handshake_is_refused_without_asking_the_proxy(code):
    settings = ParichayProxySettings(Provider.JAN_PARICHAY, "http://sso.test", "SVC")
    with respx.mock(base_url=PARTNER, assert_all_called=False) as partner, pytest.raises(Refused, match="handshake"):
        await exchange(ParichayProxy(settings, remote_over(None, Source.SSO, PARTNER)), code)

    assert not partner.calls


async def test_a_user_beside_a_failure_is_nobody(sandbox, client):
    jan = client()
    code = await handshake(sandbox, jan)
    sandbox.faults.set([{"kind": "foreign", "route": "/decryption"}])

    with pytest.raises(Refused, match="proxy_refused"):
        await exchange(jan, code)


async def test_the_login_page_refuses_what_the_proxy_did_not_sign(sandbox, client):
    address = (await client().authorize_url(**ASKED)).replace("tid=1", "tid=2")

    assert "invalid_encr" in (await choose(sandbox.app, address, "asha-negi")).text


async def test_a_session_holds_until_it_is_ended_elsewhere_and_is_asked_about_every_30_seconds(sandbox, client, clock):
    jan = client()
    token = (await exchange(jan, await handshake(sandbox, jan))).session_token
    before = await jan.session_holds(token)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://sso.test") as other:
        query = json.loads(token) | {"service": "SANDBOXJANPARICHAY"}
        await other.get("/logoutAll", params=query)
    at_once = await jan.session_holds(token)
    clock.advance(timedelta(seconds=31))
    later = await jan.session_holds(token)

    assert [before.value, at_once.value, later.value] == [True, True, False]


async def test_a_silent_proxy_leaves_an_old_answer_for_five_minutes(sandbox, client, clock):
    jan = client()
    token = (await exchange(jan, await handshake(sandbox, jan))).session_token
    await jan.session_holds(token)
    sandbox.faults.set([{"kind": "status", "route": "/isTokenValid", "params": {"status": 503}}])
    clock.advance(timedelta(seconds=60))
    old = await jan.session_holds(token)
    clock.advance(timedelta(seconds=300))

    assert (old.value, old.state) == (True, SourceState.STALE)
    with pytest.raises(Unavailable):
        await jan.session_holds(token)


async def test_ending_a_session_ends_it_at_the_provider(sandbox, client, clock):
    jan = client()
    token = (await exchange(jan, await handshake(sandbox, jan))).session_token
    await jan.revoke(token)

    assert (await jan.session_holds(token)).value is False


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500), Unavailable),
        (httpx.Response(403, json={}), Refused),
        (httpx.Response(200, json={"status": "failure", "data": {"signature": USER | {"user_id": "u"}}}), Refused),
        (httpx.Response(200, json=SUCCESS), Garbled),
        (httpx.Response(200, json=SUCCESS | {"data": {"signature": "text"}}), Garbled),
        (httpx.Response(200, json=SUCCESS | {"data": {"signature": USER | {"sessionId": ""}}}), Garbled),
    ],
)
async def test_every_other_user_has_its_outcome(answer, error):
    settings = ParichayProxySettings(Provider.JAN_PARICHAY, "http://sso.test", "SVC")
    with respx.mock(base_url=PARTNER) as partner:
        partner.get("/handshake/HSK/SVC").respond(200, text="sealed")
        partner.post("/decryption").mock(return_value=answer)
        with pytest.raises(error):
            await exchange(ParichayProxy(settings, remote_over(None, Source.SSO, PARTNER)), "HSK")
