"""CSC Connect: the contract's vector, and the client against the sandbox, which was written apart from it."""

import json
import logging
import re
from dataclasses import replace

import pytest
import respx
from structlog.testing import capture_logs

from domain.kernel import ManualClock, Provider, SeededIds, Source
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.csc import CscConnect, CscConnectSettings
from integrations.csc.wire import encrypt_text, encrypted_secret, read_identity
from sandbox.csc.server import INACTIVE, OTHER_STATE, create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import GATEWAY, NOW, choose, query_of, sandbox_home

CALLBACK = f"{GATEWAY}/sign-in/callback/csc-connect"
VECTOR = "6bb41b8d2771f2366e923db1dbe6229839091f061b89cedabd1c90801ec62e88"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def home(tmp_path, clock):
    return sandbox_home(tmp_path, "csc", clock)


@pytest.fixture
def sandbox(home):
    sandbox = create_sandbox(home)
    yield sandbox
    sandbox.close()


@pytest.fixture
def settings(sandbox, home) -> CscConnectSettings:
    handed = json.loads(home.onboarding.read_text())
    return CscConnectSettings.from_onboarding(handed["base_url"], handed)


def connect(sandbox, settings: CscConnectSettings, clock: ManualClock) -> CscConnect:
    remote = remote_over(sandbox.app, Source.CSC, "http://csc.test", clock=clock)
    return CscConnect(settings, remote, SeededIds(clock, "csc"))


async def sign_in(sandbox, client: CscConnect, person: str = "operator-1"):
    url = await client.authorize_url(state="s1", nonce="n1", code_challenge="c1", redirect_uri=CALLBACK, language="hi")
    back = query_of(await choose(sandbox.app, url, person))
    assert back["state"] == "s1"
    return await client.exchange(code=back["code"], code_verifier="v" * 43, redirect_uri=CALLBACK, nonce="n1")


def test_the_secret_is_encrypted_as_in_the_contracts_vector():
    assert encrypted_secret("ABCDEFGHIJKLMNOP", "secret-xyz", 42, 17) == VECTOR
    assert encrypt_text("ABCDEFGHIJKLMNOP", "42:secret-xyz@17") == VECTOR


@pytest.mark.parametrize("numbers", [(9, 17), (42, 100)])
def test_the_random_numbers_have_two_digits(numbers):
    with pytest.raises(ValueError, match="two digits"):
        encrypted_secret("ABCDEFGHIJKLMNOP", "secret-xyz", *numbers)


def test_a_client_token_of_another_length_is_refused():
    with pytest.raises(ValueError, match="16 characters"):
        encrypt_text("short", "42:secret-xyz@17")


async def test_an_operator_is_known_by_her_csc_id(sandbox, settings, clock):
    identity = await sign_in(sandbox, connect(sandbox, settings, clock))

    assert (identity.provider, identity.subject) == (Provider.CSC_CONNECT, "500100010011")
    assert (identity.name, identity.mobile) == ("Vikram Rana", "9800200001")


@pytest.mark.parametrize("place", ["query", "header"])
@pytest.mark.parametrize("token_in", ["query", "header", "both"])
async def test_the_token_goes_where_the_onboarding_says_and_is_read_there_alone(
    sandbox, settings, clock, token_in, place
):
    await sandbox.act("read_token_in", {"place": place})
    client = connect(sandbox, replace(settings, token_in=token_in), clock)

    if token_in in {place, "both"}:
        assert (await sign_in(sandbox, client)).subject == "500100010011"
    else:
        with pytest.raises(Refused, match="error_message"):
            await sign_in(sandbox, client)


async def test_without_a_word_of_csc_the_token_goes_in_the_query_as_in_every_public_client(sandbox, settings, clock):
    assert settings.token_in == "query"
    assert (await sign_in(sandbox, connect(sandbox, settings, clock))).subject == "500100010011"


def test_a_place_for_the_token_that_is_none_is_refused(home, sandbox):
    handed = json.loads(home.onboarding.read_text())

    with pytest.raises(ValueError, match="query, header, both"):
        CscConnectSettings.from_onboarding(handed["base_url"], {**handed, "token_in": "body"})


async def test_the_token_is_in_no_log_and_no_error(sandbox, settings, clock, caplog):
    caplog.set_level(logging.DEBUG)
    sandbox.faults.set([{"kind": "status", "route": "/account/resource", "params": {"status": 500}}])

    with capture_logs() as logs, pytest.raises(Unavailable) as caught:
        await sign_in(sandbox, connect(sandbox, settings, clock))

    (token,) = sandbox.state.values_of("token")
    assert token not in f"{logs}{caplog.text}{caught.value!r}{caught.value}"


@pytest.mark.parametrize(("person", "code"), [(INACTIVE, "operator_inactive"), (OTHER_STATE, "other_state")])
async def test_operators_who_are_inactive_or_of_another_state_are_refused(sandbox, settings, clock, person, code):
    with pytest.raises(Refused) as caught:
        await sign_in(sandbox, connect(sandbox, settings, clock), person)

    assert caught.value.code == code


async def test_states_are_a_setting(sandbox, settings, clock):
    client = connect(sandbox, replace(settings, states=frozenset({"DL"})), clock)

    assert (await sign_in(sandbox, client, OTHER_STATE)).name == "Operator of Delhi"


async def test_a_wrong_secret_is_refused_and_somebody_must_look(sandbox, settings, clock):
    with pytest.raises(NotLetIn) as caught:
        await sign_in(sandbox, connect(sandbox, replace(settings, client_secret="another"), clock))

    assert caught.value.code == "invalid_client"


async def test_a_code_works_once_and_for_five_minutes(sandbox, settings, clock):
    client = connect(sandbox, settings, clock)
    url = await client.authorize_url(state="s1", nonce="n1", code_challenge="c1", redirect_uri=CALLBACK, language="hi")
    codes = [query_of(await choose(sandbox.app, url, "operator-1"))["code"] for _ in range(2)]
    asked = {"code_verifier": "v" * 43, "redirect_uri": CALLBACK, "nonce": "n1"}
    await client.exchange(code=codes[0], **asked)
    await clock.sleep(301)

    for code in codes:
        with pytest.raises(Refused) as caught:
            await client.exchange(code=code, **asked)
        assert caught.value.code == "invalid_grant"


async def test_the_exchange_is_sent_once_whatever_happens(sandbox, settings, clock):
    sandbox.faults.set([{"kind": "status", "route": "/account/token", "params": {"status": 502}}])

    with pytest.raises(Unavailable):
        await sign_in(sandbox, connect(sandbox, settings, clock))

    assert [entry["route"] for entry in sandbox.ledger.entries()].count("/account/token") == 1


async def test_a_person_who_denies_is_sent_back(sandbox, settings, clock):
    client = connect(sandbox, settings, clock)
    url = await client.authorize_url(state="s1", nonce="n1", code_challenge="c1", redirect_uri=CALLBACK, language="hi")

    assert query_of(await choose(sandbox.app, url, "operator-1", "deny")) == {"error": "access_denied", "state": "s1"}


async def test_an_unregistered_redirect_is_not_followed(sandbox, settings, clock):
    url = await connect(sandbox, settings, clock).authorize_url(
        state="s1", nonce="n1", code_challenge="c1", redirect_uri="http://evil.example/", language="hi"
    )

    assert (await choose(sandbox.app, url, "operator-1")).status_code == 400


async def test_an_error_message_with_status_200_is_a_refusal():
    client = CscConnect(
        CscConnectSettings("https://connect.csc.gov.in", "client-1", "secret-1", "ABCDEFGHIJKLMNOP"),
        remote_over(None, Source.CSC),
        SeededIds(ManualClock(NOW), "csc"),
    )
    with respx.mock(base_url=PARTNER) as partner:
        token = partner.post("/account/token").respond(json={"access_token": "t1"})
        partner.get("/account/resource").respond(json={"error_message": "Asha Negi 9800000001"})
        with pytest.raises(Refused) as caught:
            await client.exchange(code="c1", code_verifier="v", redirect_uri=CALLBACK, nonce="n1")

    assert caught.value.code == "error_message"
    assert re.search(rb"client_secret=([0-9a-f]{32})+(&|$)", token.calls.last.request.content)


@pytest.mark.parametrize("body", [{}, {"User": []}, {"User": {"active_status": 1, "state_code": "UK"}}])
def test_a_resource_without_its_key_is_garbled(body):
    with pytest.raises(Garbled):
        read_identity(body, {"UK"})


def test_the_active_status_may_be_a_text():
    user = {"csc_id": "1", "active_status": "1", "state_code": "UA", "fullname": "A B"}

    assert read_identity({"User": user}, {"UK", "UA"}).subject == "1"
