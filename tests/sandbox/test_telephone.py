"""The telephones of the demo over real sockets: who sees what, and what a field to answer does."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel import Source
from integrations.sms import Sms, SmsGateway, SmsSettings
from sandbox.city.kit import Arrival, Sandbox, SandboxHome, sandbox_app
from sandbox.city.serving import City
from sandbox.sms.server import create_sandbox
from tests.support.remotes import remote_over
from tests.support.sign_in import DEMO

pytestmark = pytest.mark.integration

ASHA, RAVI = DEMO["people"][:2]
TEMPLATE = "1307161234567890123"


class Chat:
    """A sandbox of a channel with buttons, which remembers what telephones send."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.answers: list[Mapping[str, Any]] = []
        self.unreachable = False

    def create(self, home: SandboxHome) -> Sandbox:
        home.hand_over({})
        return sandbox_app(home, [], actions={"say": self.say}, arrivals=self.arrivals)

    def say(self, said: Mapping[str, Any]) -> dict[str, Any]:
        if self.unreachable:
            raise httpx.ConnectError("closed")
        self.heard.append(dict(said))
        return {"answers": self.answers}

    def arrivals(self, person: Mapping[str, Any]) -> list[Arrival]:
        asked = Arrival(datetime(2026, 11, 24, tzinfo=UTC), "आवेदन दें?", choices=(("apply:1", "हाँ <b>"),))
        return [asked] if person is ASHA else []


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
async def city(tmp_path: Path, chat: Chat) -> AsyncIterator[City]:
    factories = {"sms": create_sandbox, "whatsapp": chat.create}
    city = City(tmp_path, DEMO, port=0, gateway_url="http://127.0.0.1:1", factories=factories)
    await city.start()
    yield city
    await city.stop()


@pytest.fixture
async def browser(city: City) -> AsyncIterator[httpx.AsyncClient]:
    address = f"http://127.0.0.1:{city.ports['sandbox']}"
    async with httpx.AsyncClient(base_url=address, follow_redirects=True, trust_env=False) as browser:
        yield browser


async def told_by_sms(city: City, home: Path, mobile: str, code: str, template: str = TEMPLATE) -> None:
    """Have our client give a text to the platform through its port."""
    city.sandboxes["sms"].actions["register"]({"template": TEMPLATE, "text": "Code <b>{#numeric#}</b>"})
    handed = json.loads((home / "onboarding" / "sms.json").read_text())
    async with httpx.AsyncHTTPTransport() as line:
        msdp = remote_over(line, Source.SMS, handed["base_url"])
        gateway = SmsGateway(SmsSettings.from_onboarding(handed), msdp, None)
        await gateway.send(Sms(mobile, f"Code <b>{code}</b>", template, False))


async def test_what_a_citizen_is_told_by_sms_stands_on_her_telephone_as_it_was_sent(city, browser, tmp_path):
    await told_by_sms(city, tmp_path, ASHA["mobile"], "111111")
    await told_by_sms(city, tmp_path, ASHA["mobile"], "222222")

    page = (await browser.get("/telephone/asha-negi")).text
    assert "arrived</small><br>Code &lt;b&gt;111111&lt;/b&gt;" in page
    assert page.index("111111") < page.index("222222")


async def test_a_text_that_operators_let_die_is_shown_as_failed(city, browser, tmp_path):
    await told_by_sms(city, tmp_path, ASHA["mobile"], "111111", template="1307000000000000000")

    assert "failed</small><br>Code" in (await browser.get("/telephone/asha-negi")).text


async def test_nothing_of_another_person_stands_on_a_telephone(city, browser, tmp_path):
    await told_by_sms(city, tmp_path, ASHA["mobile"], "111111")
    await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "text": "मेरी बात"})

    page = (await browser.get("/telephone/ravi-rawat")).text
    assert RAVI["mobile"] in page
    assert [word for word in ("111111", "मेरी बात", "आवेदन दें", ASHA["mobile"]) if word in page] == []


async def test_the_list_leads_to_every_person(browser):
    page = (await browser.get("/telephone")).text

    assert [f'href="telephone/{one["key"]}"' in page for one in DEMO["people"]] == [True] * len(DEMO["people"])
    assert (await browser.get("/telephone/nobody")).status_code == 404


async def test_what_is_written_is_sent_from_her_number_and_stands_there_with_the_reply(browser, chat):
    chat.answers = [{"status": 200, "reply": "उत्तर <i>"}]

    page = (await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "text": " स्थिति "})).text
    assert chat.heard == [{"mobile": ASHA["mobile"], "text": "स्थिति"}]
    assert page.index("sent</small><br>स्थिति") < page.index("arrived</small><br>उत्तर &lt;i&gt;")


async def test_what_was_offered_can_be_pressed_and_nothing_else(browser, chat):
    pressed = await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "choice": "apply:1"})
    other = await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "choice": "apply:2"})
    hers = await browser.post("/telephone/ravi-rawat", data={"channel": "whatsapp", "choice": "apply:1"})

    assert 'value="apply:1">हाँ &lt;b&gt;</button>' in pressed.text
    assert chat.heard == [{"mobile": ASHA["mobile"], "choice": "apply:1", "title": "हाँ <b>"}]
    assert (other.status_code, hers.status_code) == (400, 400)


@pytest.mark.parametrize("sent", [{"text": " "}, {"text": "a" * 1_001}, {"channel": "push", "text": "a"}, {}])
async def test_what_cannot_be_sent_is_refused(browser, chat, sent):
    refused = await browser.post("/telephone/asha-negi", data={"channel": "whatsapp"} | sent)

    assert (refused.status_code, chat.heard) == (400, [])


async def test_a_gateway_that_is_away_is_told(browser, chat):
    chat.unreachable = True

    told = await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "text": "a"})
    assert (told.status_code, "The gateway does not answer." in told.text) == (502, True)


@pytest.mark.parametrize("path", ["app?platform=ANDROID", "app", "signed-in?code=a&state=b"])
async def test_where_nothing_comes_by_push_no_app_can_be_installed(browser, path):
    assert (await browser.get(f"/telephone/asha-negi/{path}")).status_code in {400, 404}


async def test_what_the_gateway_refuses_is_marked(browser, chat):
    chat.answers = [{"status": 404, "reply": "no"}]

    page = (await browser.post("/telephone/asha-negi", data={"channel": "whatsapp", "text": "a"})).text
    assert ("failed</small><br>a" in page, "<br>no" in page) == (True, False)
