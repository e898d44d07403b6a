"""SMS by both providers: the client against the sandbox, written apart from it, and against answers by hand."""

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta

import httpx
import pytest
import respx

from domain.feedback.messages import MessageState
from domain.kernel import ManualClock, Source
from integrations.calling.errors import Garbled, NotAsked, NotLetIn, Refused, RemoteError, Unavailable
from integrations.sms import Sms, SmsGateway, SmsSettings, Taken
from integrations.sms.client import MSDP_SEND
from integrations.sms.models import MsdpSettings, NicSettings
from integrations.sms.wire import msdp_form, password_hash
from sandbox.sms.server import LATE, SOON, create_sandbox
from tests.support.remotes import PARTNER, remote_over
from tests.support.sign_in import NOW, sandbox_home

TEMPLATE = "1307160000000000001"
VECTOR = MsdpSettings("apuniuk", "pass-1", "APUNIS", "3f2a-key")
MSDP = f"{PARTNER}/esms/sendsmsrequestDLT"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def sandbox(tmp_path, clock):
    home = sandbox_home(tmp_path, "sms", clock)
    made = create_sandbox(home)
    made.actions["register"]({"template": TEMPLATE, "text": "Code {#numeric#} for you"})
    yield made
    made.close()


@pytest.fixture
def handed(tmp_path, sandbox) -> dict:
    return json.loads(sandbox_home(tmp_path, "sms", ManualClock(NOW)).onboarding.read_text())


@pytest.fixture
def gateway(sandbox, handed, clock) -> SmsGateway:
    msdp = remote_over(sandbox.app, Source.SMS, "http://sms.test", clock=clock)
    nic = remote_over(sandbox.app, Source.SMS, "http://sms.test", clock=clock)
    return SmsGateway(SmsSettings.from_onboarding(handed), msdp, nic)


def sms(mobile: str = "9800000001", text: str = "Code 123456 for you", *, code: bool = False) -> Sms:
    return Sms(mobile, text, TEMPLATE, code)


async def texts(sandbox, mobile: str = "9800000001") -> list[str]:
    return list((await sandbox.act("texts", {"mobile": mobile}))["texts"])


def by_hand(answer: respx.models.Route | None = None) -> SmsGateway:
    return SmsGateway(SmsSettings(VECTOR, None), remote_over(None, Source.SMS, clock=ManualClock(NOW)))


@pytest.mark.parametrize(
    ("text", "content", "begins"),
    [
        ("Your OTP is 1234", "Your OTP is 1234", "4f39afa472af6600"),
        ("नमस्ते 1", "&#2344;&#2350;&#2360;&#2381;&#2340;&#2375;&#32;&#49;", "9e8f6d9e189548aa"),
    ],
)
def test_the_key_is_that_of_the_vector(text, content, begins):
    settings = MsdpSettings("apuniuk", "pass-1", "3f2a-key", "APUNIS")
    form = msdp_form(settings, Sms("9812345678", text, TEMPLATE))

    assert form["content"] == content
    assert form["key"].startswith(begins)
    assert form["key"] == hashlib.sha512(f"apuniukAPUNIS{content}3f2a-key".encode()).hexdigest()
    assert password_hash(settings) == "0b4a73d2082319cb9d5313ee776ec456e8b40bdc"


@pytest.mark.parametrize("code", [False, True])
@pytest.mark.parametrize("text", ["Code 123456 for you", "कोड 123456"])
async def test_a_text_comes_to_its_telephone_in_both_scripts(sandbox, gateway, text, code):
    sandbox.actions["register"]({"template": TEMPLATE, "text": text.replace("123456", "{#numeric#}")})
    taken = await gateway.send(sms(text=text, code=code))

    assert taken.provider == "msdp"
    assert await texts(sandbox) == [text]


@pytest.mark.parametrize("text", ["Code 123456 for you", "कोड 123456"])
async def test_the_second_provider_carries_both_scripts(sandbox, gateway, text):
    sandbox.actions["register"]({"template": TEMPLATE, "text": text.replace("123456", "{#numeric#}")})

    assert (await gateway.send_by("nic", sms(text=text))).provider == "nic"
    assert await texts(sandbox) == [text]


async def test_what_the_first_provider_did_not_take_goes_by_the_second(sandbox, gateway):
    sandbox.actions["credit"]({"left": 0})

    assert (await gateway.send(sms())).provider == "nic"
    assert len(await texts(sandbox)) == 1


async def test_an_answer_that_is_lost_is_not_sent_again_by_the_second(sandbox, gateway):
    with pytest.raises(RemoteError) as lost:
        await gateway.send(sms("9000000007"))

    assert not lost.value.nothing_arrived
    assert len(await texts(sandbox, "9000000007")) == 1


async def test_a_message_that_comes_later_is_not_sent_again(sandbox, gateway):
    with pytest.raises(Unavailable) as coming:
        await gateway.send(sms("9000000004"))

    assert (coming.value.code, coming.value.nothing_arrived) == ("409", False)


async def test_a_number_that_is_refused_for_good_goes_by_nobody(sandbox, gateway):
    with pytest.raises(Refused) as refused:
        await gateway.send(sms("9000000006"))

    assert refused.value.code == "414"
    assert await texts(sandbox, "9000000006") == []


async def test_an_id_that_holds_another_code_is_an_id(gateway):
    assert "403" in (await gateway.send(sms("9000000008"))).message_id


async def test_a_text_that_is_not_registered_dies_after_it_was_taken(sandbox, gateway, clock):
    taken = await gateway.send(sms(text="Another 123456"))
    clock.advance(SOON)

    assert await gateway.state_of(taken) is MessageState.FAILED
    assert await texts(sandbox) == []


@pytest.mark.parametrize(
    ("mobile", "wait", "state"),
    [
        ("9800000001", SOON, MessageState.DELIVERED),
        ("9000000001", SOON, None),
        ("9000000001", LATE, MessageState.DELIVERED),
        ("9000000002", SOON, MessageState.FAILED),
        ("9000000003", LATE, None),
    ],
)
async def test_what_became_of_a_message_is_asked(gateway, clock, mobile, wait, state):
    taken = await gateway.send(sms(mobile))
    clock.advance(wait)

    assert await gateway.state_of(taken) is state


async def test_a_wrong_password_is_ours_to_look_at_and_goes_by_the_second(handed, sandbox, clock):
    handed["msdp"]["password"] = "wrong"
    msdp = remote_over(sandbox.app, Source.SMS, "http://sms.test", clock=clock)
    nic = remote_over(sandbox.app, Source.SMS, "http://sms.test", clock=clock)

    assert (await SmsGateway(SmsSettings.from_onboarding(handed), msdp, nic).send(sms())).provider == "nic"
    with pytest.raises(NotLetIn):
        await SmsGateway(SmsSettings.from_onboarding(handed), msdp).send(sms())


@pytest.mark.parametrize(
    ("answer", "kind", "nothing_arrived"),
    [
        ({"text": "404,x"}, Unavailable, True),
        ({"text": "410,x"}, NotLetIn, True),
        ({"status_code": 404}, NotLetIn, True),
        ({"text": "413,x"}, Refused, False),
        ({"text": "402,no id"}, Garbled, False),
        ({"text": "402,MsgID = 2411\x00<{"}, Garbled, False),
        ({"text": "999,MsgID = 403"}, Garbled, False),
        ({"html": "<html>Error</html>"}, Unavailable, False),
        ({"status_code": 503}, Unavailable, True),
        ({"status_code": 502}, Unavailable, False),
    ],
)
@respx.mock
async def test_only_what_surely_was_not_taken_may_be_given_again(answer, kind, nothing_arrived):
    respx.post(MSDP).respond(**answer)

    with pytest.raises(kind) as error:
        await by_hand().send(sms())
    assert error.value.nothing_arrived is nothing_arrived


@respx.mock
async def test_a_time_out_may_have_arrived_and_a_connection_that_failed_has_not():
    route = respx.post(MSDP)
    route.side_effect = httpx.ReadTimeout
    with pytest.raises(Unavailable) as slow:
        await by_hand().send(sms())
    route.side_effect = httpx.ConnectError
    with pytest.raises(Unavailable) as away:
        await by_hand().send(sms())

    assert (slow.value.nothing_arrived, away.value.nothing_arrived) == (False, True)


@pytest.mark.parametrize(
    ("answer", "kind", "nothing_arrived"),
    [
        ({"text": "Message Rejected for Request ID=0~code=API-3& info=REJECTED: Empty mnumber"}, Refused, False),
        ({"text": "Message Rejected for Request ID=0~code=API-1& info=REJECTED"}, NotLetIn, True),
        ({"text": "Message Rejected for Request ID=0~code=API-99& info=REJECTED"}, NotLetIn, True),
        ({"status_code": 404}, NotLetIn, True),
    ],
)
@respx.mock
async def test_what_the_second_provider_rejects_is_ours_unless_it_is_known_to_be_about_the_number(
    answer, kind, nothing_arrived
):
    respx.post(f"{PARTNER}/failsafe/HttpLink").respond(**answer)
    remote = remote_over(None, Source.SMS, clock=ManualClock(NOW))

    with pytest.raises(RemoteError) as error:
        await SmsGateway(SmsSettings(VECTOR, NicSettings("u", "p", "APUNIS", "1")), remote, remote).send_by(
            "nic", sms()
        )
    assert (type(error.value), error.value.nothing_arrived) == (kind, nothing_arrived)


@pytest.mark.parametrize(("code", "hours"), [("403", 0.1), ("410", 0.1), ("418", 24)])
@respx.mock
async def test_a_platform_that_takes_nothing_of_ours_is_not_asked_for_a_while(clock, code, hours):
    route = respx.post(MSDP).respond(text=f"{code},x")
    gateway = SmsGateway(SmsSettings(VECTOR, None), remote_over(None, Source.SMS, clock=clock))
    with pytest.raises(NotLetIn) as first:
        await gateway.send(sms())
    with pytest.raises(NotAsked) as second:
        await gateway.send(sms())
    assert (route.call_count, second.value.nothing_arrived) == (1, True)
    assert first.value.retry_after == second.value.retry_after

    route.respond(text="402,MsgID = 1")
    clock.advance(timedelta(hours=hours))
    assert (await gateway.send(sms())).message_id == "1"


@respx.mock
async def test_a_code_waits_behind_no_notice():
    clock = ManualClock(NOW)
    respx.post(MSDP).respond(text="402,MsgID = 1")
    gateway = SmsGateway(SmsSettings(VECTOR, None), remote_over(None, Source.SMS, clock=clock))
    for _ in range(MSDP_SEND.lane.burst):
        await gateway.send(sms())
    before = clock.monotonic()
    await gateway.send(sms(code=True))

    assert clock.monotonic() == before


def test_an_account_with_nic_needs_its_address():
    handed = {"msdp": asdict(VECTOR), "nic": {"username": "u", "pin": "p", "sender": "APUNIS", "entity_id": "1"}}

    with pytest.raises(KeyError, match="nic_url"):
        SmsSettings.from_onboarding(handed)


async def test_of_nics_messages_nothing_is_asked(gateway):
    assert await gateway.state_of(Taken("nic", "1")) is None


def test_secrets_and_numbers_are_not_printed():
    assert "pass-1" not in repr(VECTOR)
    assert "9800000001" not in repr(sms())
