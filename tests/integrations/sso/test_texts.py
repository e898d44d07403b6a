"""Text messages with one-time codes: the client against the sandbox of the SMS gateway, written apart from it."""

import json

import httpx
import pytest
import respx

from domain.kernel import ManualClock, Source
from integrations.calling.errors import Garbled, Refused, RemoteError, Unavailable
from integrations.sso import TextSender, TextSettings
from sandbox.sso.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import NOW, sandbox_home

MESSAGE = {"reference": "r-1", "mobile": "9800000001", "text": "Code 123456", "template": "ASSISTANCE"}


@pytest.fixture
def home(tmp_path):
    return sandbox_home(tmp_path, "sso", ManualClock(NOW))


@pytest.fixture
def sandbox(home):
    sandbox = create_sandbox(home)
    yield sandbox
    sandbox.close()


@pytest.fixture
def sender(sandbox, home) -> TextSender:
    handed = json.loads(home.onboarding.read_text())
    remote = remote_over(sandbox.app, Source.SSO, "http://sso.test", clock=ManualClock(NOW))
    return TextSender(TextSettings.from_onboarding(handed), remote)


async def came(sandbox, mobile: str = "9800000001") -> list[str]:
    return list((await sandbox.act("texts", {"mobile": mobile}))["texts"])


async def test_a_message_comes_to_its_telephone_once_for_each_reference(sandbox, sender):
    await sender.send(**MESSAGE)
    await sender.send(**MESSAGE)

    assert await came(sandbox) == ["Code 123456"]
    assert await came(sandbox, "9800000002") == []


async def test_a_wrong_key_is_refused(sandbox):
    remote = remote_over(sandbox.app, Source.SSO, "http://sso.test", clock=ManualClock(NOW))

    with pytest.raises(Refused) as refused:
        await TextSender(TextSettings("wrong"), remote).send(**MESSAGE)
    assert refused.value.code == "unauthorized_client"


async def test_a_number_that_is_none_is_refused(sender):
    with pytest.raises(Refused):
        await sender.send(**MESSAGE | {"mobile": "1800000001"})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"json": {"reference": "r-2", "state": "ACCEPTED"}}, Garbled),
        ({"json": {"reference": "r-1", "state": "LATER"}}, Garbled),
        ({"json": []}, Garbled),
        ({"status_code": 503}, Unavailable),
    ],
)
@respx.mock
async def test_what_does_not_say_that_this_message_was_taken_is_no_delivery(answer, error):
    respx.post(f"{PARTNER}/texts/v1/messages").respond(**answer)
    sender = TextSender(TextSettings("key"), remote_over(None, Source.SSO, clock=ManualClock(NOW)))

    with pytest.raises(error):
        await sender.send(**MESSAGE)


async def test_the_telephones_of_the_demo_can_be_looked_at(sandbox, sender, home):
    await sender.send(**MESSAGE | {"text": "<b>123456</b>"})
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sso.test") as browser:
        page = await browser.get("/texts")

    assert "&lt;b&gt;123456&lt;/b&gt;" in page.text


def test_the_key_is_not_printed():
    assert "secret-key" not in repr(TextSettings("secret-key"))
    assert issubclass(Garbled, RemoteError)
