"""The webhook of WhatsApp against the sandbox that calls it: what is signed is kept once, and nothing else is."""

import hashlib
import hmac
import json
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from domain.feedback.messages import MessageState
from domain.kernel import ManualClock, TemporarilyUnavailable
from integrations.whatsapp import Incoming, Receipt, WhatsAppSettings, whatsapp_routes
from integrations.whatsapp.wire import read_told
from sandbox.whatsapp.server import DELIVERED_AFTER, READ_AFTER, create_sandbox
from tests.support.sign_in import NOW, sandbox_home

HER = "9800000001"


class Kept:
    """What was kept, by its key; away where a test says so."""

    def __init__(self) -> None:
        self.told: dict[str, Incoming | Receipt] = {}
        self.calls, self.away = 0, False

    async def keep(self, told) -> int:
        """Keep what is new."""
        if self.away:
            raise TemporarilyUnavailable
        self.calls += 1
        before = len(self.told)
        self.told |= {one.key: one for one in told}
        return len(self.told) - before

    def messages(self) -> list[Incoming]:
        return [one for one in self.told.values() if isinstance(one, Incoming)]

    def states(self) -> list[MessageState]:
        return [one.state for one in self.told.values() if isinstance(one, Receipt)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def world(tmp_path, clock, kept):
    """The sandbox, and the webhook with what was handed over."""
    home = sandbox_home(tmp_path, "whatsapp", clock)
    app = Starlette()
    sandbox = create_sandbox(home, transport=httpx.ASGITransport(app=app))
    handed = json.loads(home.onboarding.read_text())
    app.router.routes.extend(whatsapp_routes(kept, WhatsAppSettings.from_onboarding(handed, times=10), clock))
    yield sandbox, handed, app
    sandbox.close()


async def give(sandbox, handed, to: str, clock) -> None:
    """Send a template to a telephone, and have told all that becomes of it."""
    body = {"messaging_product": "whatsapp", "to": f"91{to}", "type": "template", "biz_opaque_callback_data": "ntf-1"}
    fields = [{"type": "text", "text": "1260"}]
    template = {"name": "apk_approved_v1", "language": {"code": "hi"}}
    body["template"] = {**template, "components": [{"type": "body", "parameters": fields}]}
    path = f"/{handed['version']}/{handed['phone_number_id']}/messages"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://w.test") as client:
        headers = {"Authorization": f"Bearer {handed['access_token']}"}
        assert (await client.post(path, json=body, headers=headers)).status_code == 200
    for _ in range(2):
        await sandbox.act("settle", {})
        clock.advance(max(DELIVERED_AFTER, READ_AFTER))


async def test_what_somebody_writes_taps_and_sends_is_kept(world, kept):
    sandbox, *_ = world
    await sandbox.act("say", {"mobile": HER, "text": "स्थिति 😀"})
    await sandbox.act("say", {"mobile": HER, "choice": "menu:status", "title": "स्थिति"})
    await sandbox.act("say", {"mobile": HER, "file": "anBlZw=="})
    text, choice, file = kept.messages()

    assert (text.sender, text.text, text.at) == (f"91{HER}", "स्थिति 😀", NOW)
    assert (choice.choice, choice.text) == ("menu:status", "स्थिति")
    assert (file.media_type, bool(file.media_id)) == ("image/jpeg", True)


@pytest.mark.parametrize("times", [1, 3])
async def test_what_is_told_more_than_once_has_one_key(world, kept, times):
    sandbox, *_ = world
    said = await sandbox.act("say", {"mobile": HER, "text": "नमस्ते", "times": times})
    await sandbox.act("repeat", {"id": said["id"]})

    assert len(kept.messages()) == 1


@pytest.mark.parametrize(
    ("to", "states"),
    [
        (HER, ["sent", "delivered", "read"]),
        ("9000000101", ["sent", "read"]),
        ("9000000102", ["sent"]),
        ("9000000103", ["failed"]),
        ("9000000105", ["read", "delivered", "sent"]),
        ("9000000106", ["sent", "delivered", "read"]),
        ("9000000107", []),
    ],
)
async def test_reports_come_in_the_order_and_as_often_as_whatsapp_tells_them(world, kept, clock, to, states):
    sandbox, handed, _ = world
    await give(sandbox, handed, to, clock)
    told = list(kept.told.values())

    assert sorted(one.status for one in told) == sorted(states)
    assert {one.tag for one in told} <= {"ntf-1"}
    assert [one.code for one in told if one.status == "failed"] == (["131026"] if to.endswith("103") else [])


async def test_read_counts_as_delivered(world, kept, clock):
    sandbox, handed, _ = world
    await give(sandbox, handed, "9000000101", clock)

    assert kept.states() == [MessageState.SENT, MessageState.DELIVERED]


async def test_every_wrong_foreign_and_stale_call_is_answered_without_an_effect(world, kept):
    sandbox, *_ = world
    view = await sandbox.act("call_bad", {})

    assert [call for call in view["calls"] if not call["ok"]] == []
    assert (kept.told, kept.calls) == ({}, 0)


async def test_the_vector_of_the_contract_is_signed_right(tmp_path, clock, kept):
    settings = WhatsAppSettings("1", "2", "v23.0", "t", ("app-secret-1",), "v")
    app = Starlette(routes=whatsapp_routes(kept, settings, clock))
    signed = "sha256=0ca28c0f1996234eb6829e59ad3c11a18161f6eb043943d601e420c312432cdf"
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://g.test") as caller:
        right = await caller.post("/hooks/whatsapp", content=body, headers={"X-Hub-Signature-256": signed})
        wrong = await caller.post("/hooks/whatsapp", content=body + b" ", headers={"X-Hub-Signature-256": signed})

    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_the_older_of_two_secrets_signs_too(world, kept):
    _, handed, app = world
    value = {"from": f"91{HER}", "id": "wamid.1", "timestamp": str(int(NOW.timestamp())), "type": "text"}
    number = {"phone_number_id": handed["phone_number_id"]}
    change = {"field": "messages", "value": {"metadata": number, "messages": [{**value, "text": {"body": "x"}}]}}
    entry = {"id": handed["account_id"], "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signed = "sha256=" + hmac.new(handed["app_secrets"][1].encode(), body, hashlib.sha256).hexdigest()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://g.test") as caller:
        answer = await caller.post("/hooks/whatsapp", content=body, headers={"X-Hub-Signature-256": signed})

    assert (answer.status_code, len(kept.messages())) == (200, 1)


async def test_what_our_store_could_not_keep_is_told_again(world, kept, clock):
    sandbox, *_ = world
    kept.away = True
    await sandbox.act("say", {"mobile": HER, "text": "नमस्ते"})
    kept.away = False
    clock.advance(timedelta(minutes=1))
    await sandbox.act("settle", {})

    assert len(kept.messages()) == 1


async def test_an_address_that_signs_wrongly_too_often_is_locked_out(world, clock):
    _, handed, _ = world
    settings = WhatsAppSettings.from_onboarding(handed)
    app = Starlette(routes=whatsapp_routes(Kept(), settings, clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://g.test") as caller:
        told = [(await caller.post("/hooks/whatsapp", content=b"{}")).status_code for _ in range(21)]

    assert told == [401] * 20 + [429]


async def test_no_log_tells_who_wrote_or_what(world, capsys):
    sandbox, *_ = world
    await sandbox.act("say", {"mobile": HER, "text": "canary-of-a-text"})
    await sandbox.act("call_bad", {})

    logged = "".join(capsys.readouterr())
    assert "whatsapp_notice" in logged
    assert not any(canary in logged for canary in (HER, "canary-of-a-text", "आशा", "wamid"))


@pytest.mark.parametrize("odd", [{}, [], {"a": []}, 7, None, True])
@pytest.mark.parametrize("place", ["field", "event", "status", "code", "id", "language", "ban"])
def test_a_member_that_is_no_name_is_left_out_and_the_rest_is_read(odd, place):
    def given(name: str, usual: object) -> object:
        return odd if name == place else usual

    stamp, ours = str(int(NOW.timestamp())), {"metadata": {"phone_number_id": "1"}}
    wrong = [
        {"field": given("field", "messages"), "value": ours | {"messages": []}},
        {"field": "phone_number_quality_update", "value": {"event": given("event", "x"), "display_phone_number": odd}},
        {
            "field": "account_update",
            "value": {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": given("ban", 1)}},
        },
        {"field": "message_template_status_update", "value": {"event": "PAUSED", "message_template_language": odd}},
        {
            "field": "messages",
            "value": ours | {"statuses": [{"id": given("id", "w.1"), "status": odd, "errors": [odd]}]},
        },
        {"field": "messages", "value": ours | {"messages": [{"type": odd, "id": odd, "from": odd}]}},
    ]
    text = {"from": f"91{HER}", "id": "wamid.1", "timestamp": stamp, "type": "text", "text": {"body": "x"}}
    right = {"field": "messages", "value": ours | {"messages": [text]}}
    entry = {"id": "2", "time": int(NOW.timestamp()), "changes": [*wrong, right]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [odd, entry]}).encode()

    assert [one.id for one in read_told(body, "2", "1") if isinstance(one, Incoming)] == ["wamid.1"]
