"""e-Pramaan: the contract's vectors, and the client against the sandbox, which was written apart from it."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from domain.kernel import Assurance, ManualClock, Provider, Source, SystemIds
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from integrations.sso import EPramaan, EPramaanSettings
from integrations.sso.wire_epramaan import authorize_query, sign_out_data
from sandbox.sso.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import GATEWAY, NOW, choose, query_of, sandbox_home

VERIFIER = "v" * 64
CHALLENGE = "w1TpKUdYE9hUAcNSeeSRFioHDxfUxuHho_JHAfZ_vDM"
CALLBACK = f"{GATEWAY}/sign-in/callback/e-pramaan"
ASKED = {"state": "s1", "nonce": "n1", "code_challenge": CHALLENGE, "redirect_uri": CALLBACK, "language": "hi"}


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
    settings = EPramaanSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    remote = remote_over(sandbox.app, Source.SSO, settings.browser_url, clock=clock)
    return EPramaan(settings, remote, clock, SystemIds(clock))


async def code_for(sandbox, client, person="asha-negi") -> str:
    return query_of(await choose(sandbox.app, await client.authorize_url(**ASKED), person))["code"]


async def exchange(client, code, **changes):
    asked = {"code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK, "nonce": "n1"}
    return await client.exchange(**(asked | changes))


def test_the_request_is_signed_as_the_contracts_vector():
    asked = {"state": "s1", "nonce": "n1", "redirect_uri": "http://127.0.0.1/cb", "code_challenge": "c1"}
    query = authorize_query(
        url="http://x", client_id="100001234", aes_key="00000000-aaaa-bbbb-cccc-000000000000", asked=asked
    )

    assert parse_qs(query)["apiHmac"] == ["ENAJswNwAxn0fIY+kpVsfmZWZ5uioolWe/lcYEPuGRk="]


def test_the_end_of_a_session_is_signed_as_the_contracts_vector():
    data = sign_out_data(
        client_id="100001234",
        session={"session_id": "sess1", "sub": "sub1"},
        request_id="11111111-2222-3333-4444-555555555555",
        redirect_url="http://127.0.0.1/slo",
    )

    assert json.loads(data)["hmac"] == "i50SucpFVJOP6ooDU1JDvdeTQywtjNSCVaiUauOto/Y="


async def test_a_citizen_is_known_by_the_durable_id_with_what_she_proved(sandbox, client):
    identity = await exchange(client, await code_for(sandbox, client))

    assert (identity.provider, identity.name, identity.mobile) == (Provider.E_PRAMAAN, "Asha Negi", "9800000001")
    assert (identity.born_on.isoformat(), identity.gender) == ("1984-03-14", "F")
    assert identity.assurance is Assurance.SUBSTANTIAL
    assert (await exchange(client, await code_for(sandbox, client))).subject == identity.subject


async def test_a_password_alone_is_low(sandbox, client):
    assert (await exchange(client, await code_for(sandbox, client, "ravi-rawat"))).assurance is Assurance.LOW


async def test_a_code_is_good_once_and_a_sentence_with_status_200_is_a_refusal(sandbox, client):
    code = await code_for(sandbox, client)
    await exchange(client, code)

    with pytest.raises(Refused, match="no_token"):
        await exchange(client, code)


async def test_a_wrong_verifier_is_refused(sandbox, client):
    with pytest.raises(Refused):
        await exchange(client, await code_for(sandbox, client), code_verifier="w" * 64)


@pytest.mark.parametrize("fault", ["foreign", "signature"])
async def test_a_token_under_another_nonce_or_key_is_an_integrity_failure(sandbox, client, fault):
    code = await code_for(sandbox, client)
    sandbox.faults.set([{"kind": fault, "route": "/openid/*"}])

    with pytest.raises(IntegrityFailure):
        await exchange(client, code)


async def test_a_token_of_another_sign_in_is_an_integrity_failure(sandbox, client):
    with pytest.raises(IntegrityFailure):
        await exchange(client, await code_for(sandbox, client), nonce="n2")


async def test_a_token_that_is_over_is_an_integrity_failure(sandbox, client, clock):
    code = await code_for(sandbox, client)
    client._clock = ManualClock(NOW + timedelta(days=2))

    with pytest.raises(IntegrityFailure, match="epramaan_expired"):
        await exchange(client, code)


async def test_a_request_with_another_hmac_gets_no_login_page(sandbox, client):
    address = (await client.authorize_url(**ASKED)).replace("state=s1", "state=s2")

    assert "HMAC mismatch" in (await choose(sandbox.app, address, "asha-negi")).text


async def test_the_browser_ends_the_session_there_by_a_form_and_comes_back(sandbox, client):
    identity = await exchange(client, await code_for(sandbox, client))
    form = client.sign_out_form(identity.session_token, f"{GATEWAY}/sign-in")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app)) as browser:
        first, again = [await browser.post(form.action, data=form.fields) for _ in range(2)]

    assert urlsplit(first.headers["location"])._replace(query="").geturl() == f"{GATEWAY}/sign-in"
    assert first.headers["location"] != again.headers["location"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500), Unavailable),
        (httpx.Response(403), Refused),
        (httpx.Response(200, html="<p>down</p>"), Unavailable),
        (httpx.Response(200, text=""), Garbled),
        (httpx.Response(200, text="a.b.c.d.e"), IntegrityFailure),
    ],
)
async def test_every_other_answer_has_its_outcome(home, sandbox, clock, answer, error):
    settings = EPramaanSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    client = EPramaan(settings, remote_over(None, Source.SSO, PARTNER), clock, SystemIds(clock))
    with respx.mock(base_url=PARTNER) as partner:
        partner.post("/openid/jwt/processJwtTokenRequest.do").mock(return_value=answer)
        with pytest.raises(error):
            await exchange(client, "c")
