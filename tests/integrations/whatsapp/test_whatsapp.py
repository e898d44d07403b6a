"""WhatsApp: the client against the sandbox, written apart from it, and against answers by hand."""

import base64
import json
from datetime import timedelta

import httpx
import pytest
import respx

from domain.kernel import ManualClock, Source
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, IntegrityFailure, NotAsked, NotLetIn, Refused, RemoteError, Unavailable
from integrations.whatsapp import Choice, Document, Options, Template, Text, WhatsApp, WhatsAppSettings
from integrations.whatsapp.client import HELD_AFTER, PAIR_BURST, PAIR_SECONDS
from sandbox.whatsapp.server import create_sandbox
from tests.support.remotes import BRIEF, PARTNER, remote_over
from tests.support.sign_in import NOW, sandbox_home

HER = "9800000001"
PDF = b"%PDF-1.7 a certificate"
SETTINGS = WhatsAppSettings("1", "2", "v23.0", "token-1", ("a" * 32,), "v")
MESSAGES = f"{PARTNER}/v23.0/1/messages"
TEMPLATE = Template("apk_query_raised_v1", "hi", ("1260 12345 67890",), (("quick_reply", "STATUS 12601234567890"),))
MANY = tuple(Choice(f"row:{number}", f"पंक्ति {number}") for number in range(10))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def sandbox(tmp_path, clock):
    silent = httpx.MockTransport(lambda _: httpx.Response(200))
    made = create_sandbox(sandbox_home(tmp_path, "whatsapp", clock), transport=silent)
    yield made
    made.close()


@pytest.fixture
def number(tmp_path, sandbox, clock) -> WhatsApp:
    handed = json.loads(sandbox_home(tmp_path, "whatsapp", ManualClock(NOW)).onboarding.read_text())
    origin = handed["media_url"]
    remote = remote_over(sandbox.app, Source.WHATSAPP, origin.removesuffix("/files"), clock=clock)
    media = remote_over(sandbox.app, Source.WHATSAPP, origin, clock=clock)
    return WhatsApp(WhatsAppSettings.from_onboarding(handed), remote, media, origin)


def by_hand(clock: ManualClock | None = None) -> WhatsApp:
    remote = remote_over(None, Source.WHATSAPP, clock=clock or ManualClock(NOW))
    return WhatsApp(SETTINGS, remote, remote, PARTNER)


async def arrived(sandbox, mobile: str = HER) -> list[dict]:
    return list((await sandbox.act("messages", {"mobile": mobile}))["messages"])


async def test_a_registered_template_comes_with_its_parameters_and_buttons(sandbox, number):
    sent = await number.send(HER, TEMPLATE, "ntf-1")
    (message,) = await arrived(sandbox)

    assert sent.startswith("wamid.")
    assert message["biz_opaque_callback_data"] == "ntf-1"
    assert [one["type"] for one in message["template"]["components"]] == ["body", "button"]


@pytest.mark.parametrize(
    "content",
    [
        Text("आपका आवेदन 😀"),
        Options("क्या चाहिए?", MANY[:3]),
        Options("क्या चाहिए?", MANY, "चुनें"),
        Options("क्या चाहिए?", (Choice("a", "एक बहुत ही लंबा शीर्षक जो नहीं आता"),)),
    ],
    ids=["text", "buttons", "list", "a title that is cut"],
)
async def test_what_is_written_freely_comes_within_the_window(sandbox, number, content):
    await sandbox.act("say", {"mobile": HER, "text": "नमस्ते"})
    await number.send(HER, content)

    assert len(await arrived(sandbox)) == 1


async def test_what_is_written_freely_out_of_the_window_does_not_arrive(sandbox, number, clock):
    await sandbox.act("say", {"mobile": HER, "text": "नमस्ते"})
    clock.advance(timedelta(hours=25))
    await number.send(HER, Text("बहुत देर"))

    assert await arrived(sandbox) == []


async def test_a_file_is_brought_there_and_sent_as_a_document(sandbox, number):
    await sandbox.act("say", {"mobile": HER, "text": "certificate"})
    file = await number.upload(PDF, "application/pdf", "certificate.pdf")
    await number.send(HER, Document(file, "certificate.pdf", "आपका प्रमाण पत्र"))
    (message,) = await arrived(sandbox)

    assert message["document"]["filename"] == "certificate.pdf"
    assert (await number.download(file)).content == PDF


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Template("apk_unknown_v1", "hi"), "132001"),
        (Template("apk_query_raised_v1", "ta", ("1",), TEMPLATE.buttons), "132001"),
        (Template("apk_query_raised_v1", "hi", (), TEMPLATE.buttons), "132000"),
        (Template("apk_query_raised_v1", "hi", ("1",)), "132000"),
        (Template("apk_query_raised_v1", "hi", ("a\nb",), TEMPLATE.buttons), "132012"),
        (Document("0", "x.pdf"), "131009"),
    ],
)
async def test_a_template_that_is_not_registered_so_and_an_unknown_file_are_refused(number, content, code):
    with pytest.raises(Refused) as refused:
        await number.send(HER, content)

    assert refused.value.code == code


async def test_a_number_that_is_not_on_whatsapp_is_refused_for_good(number):
    with pytest.raises(Refused) as refused:
        await number.send("9000000110", TEMPLATE)

    assert refused.value.code == "131026"


async def test_an_answer_that_is_lost_may_have_arrived(sandbox, number, clock):
    set_request_deadline(clock, BRIEF)
    with pytest.raises(RemoteError) as lost:
        await number.send("9000000109", TEMPLATE)

    assert not lost.value.nothing_arrived
    assert len(await arrived(sandbox, "9000000109")) == 1


async def test_a_paused_template_holds_only_itself_and_is_ours_to_look_at(sandbox, number):
    await sandbox.act("template", {"name": "apk_query_raised_v1", "language": "hi", "status": "PAUSED"})
    with pytest.raises(NotLetIn):
        await number.send(HER, TEMPLATE)

    assert await number.send(HER, Template("apk_approved_v1", "hi", ("1",)))


async def test_a_refused_pair_waits_longer_each_time_and_other_readers_do_not(number, clock):
    await number.send("9000000108", TEMPLATE)
    waits = []
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            await number.send("9000000108", TEMPLATE)
        waits.append((refused.value.retry_after, refused.value.nothing_arrived))
        clock.advance(timedelta(seconds=0.1))
    assert await number.send(HER, TEMPLATE)

    assert [one for _, one in waits] == [True, True]
    assert waits[0][0] == PAIR_SECONDS
    with pytest.raises(NotAsked):
        await number.send("9000000108", TEMPLATE)


async def test_more_than_a_burst_to_one_reader_waits_here(number):
    for _ in range(PAIR_BURST):
        await number.send(HER, TEMPLATE)

    with pytest.raises(NotAsked) as held:
        await number.send(HER, TEMPLATE)
    assert (held.value.nothing_arrived, held.value.retry_after) == (True, PAIR_SECONDS)


def error(code: int, status: int) -> dict:
    return {"status_code": status, "json": {"error": {"code": code, "message": "x", "fbtrace_id": "y"}}}


@pytest.mark.parametrize(
    ("answer", "kind", "nothing_arrived"),
    [
        (error(130429, 429), Unavailable, True),
        (error(131000, 500), Unavailable, True),
        (error(2, 503), Unavailable, True),
        (error(190, 401), NotLetIn, True),
        (error(200, 403), NotLetIn, True),
        (error(131042, 402), NotLetIn, True),
        (error(132001, 404), Refused, False),
        (error(999999, 400), Refused, False),
        (error(999999, 500), Unavailable, False),
        ({"status_code": 502, "html": "<html>"}, Unavailable, False),
        ({"status_code": 200, "html": "<html>"}, Unavailable, False),
        ({"status_code": 200, "json": {"messages": []}}, Garbled, False),
        ({"status_code": 200, "json": {"messages": [{"id": "a b"}]}}, Garbled, False),
    ],
)
@respx.mock
async def test_only_what_surely_was_not_taken_may_be_given_again(answer, kind, nothing_arrived):
    respx.post(MESSAGES).respond(**answer)

    with pytest.raises(kind) as refused:
        await by_hand().send(HER, TEMPLATE)
    assert refused.value.nothing_arrived is nothing_arrived


@pytest.mark.parametrize("code", [190, 131031, 131048, 132016])
@respx.mock
async def test_after_a_refusal_of_all_nothing_goes_for_a_while(code):
    clock = ManualClock(NOW)
    route, number = respx.post(MESSAGES).respond(**error(code, 403)), by_hand(clock)
    with pytest.raises(NotLetIn):
        await number.send(HER, TEMPLATE)
    with pytest.raises(NotAsked) as held:
        await number.send("9800000002", TEMPLATE)
    assert (route.call_count, held.value.nothing_arrived) == (1, True)

    route.respond(json={"messages": [{"id": "wamid.1"}]})
    clock.advance(HELD_AFTER)
    assert await number.send(HER, TEMPLATE) == "wamid.1"


@respx.mock
async def test_a_connection_that_was_not_made_has_brought_nothing_there():
    respx.post(MESSAGES).side_effect = httpx.ConnectError

    with pytest.raises(Unavailable) as away:
        await by_hand().send(HER, TEMPLATE)
    assert away.value.nothing_arrived


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"url": f"{PARTNER}/files/1", "sha256": "0" * 64, "mime_type": "image/jpeg"}, Garbled),
        ({"url": "https://elsewhere.example/files/1", "sha256": "0" * 64, "mime_type": "image/jpeg"}, IntegrityFailure),
        ({"url": f"{PARTNER}/files/1", "sha256": "x", "mime_type": "image/jpeg"}, Garbled),
    ],
    ids=["another file", "another host", "no digest"],
)
@respx.mock
async def test_a_file_is_taken_only_from_where_files_lie_and_as_it_was_described(told, kind):
    respx.get(f"{PARTNER}/v23.0/7").respond(json=told)
    respx.get(f"{PARTNER}/files/1").respond(content=b"jpeg", headers={"Content-Type": "image/jpeg"})

    with pytest.raises(kind):
        await by_hand().download("7")


async def test_a_template_is_shown_in_its_words_and_its_button_comes_back_as_one(tmp_path, clock):
    told: list[dict] = []

    def hear(request: httpx.Request) -> httpx.Response:
        told.append(json.loads(request.content)["entry"][0]["changes"][0]["value"])
        return httpx.Response(200)

    home = sandbox_home(tmp_path, "whatsapp", clock)
    made = create_sandbox(home, transport=httpx.MockTransport(hear))
    settings = WhatsAppSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    remote = remote_over(made.app, Source.WHATSAPP, "http://whatsapp.test", clock=clock)
    await WhatsApp(settings, remote, remote, PARTNER).send(HER, TEMPLATE, "ntf-1")
    [shown] = made.arrivals({"mobile": HER})
    [(choice, title)] = shown.choices
    await made.act("say", {"mobile": HER, "choice": choice, "title": title})

    assert "आवेदन 1260 12345 67890: कार्यालय ने जानकारी माँगी है" in shown.text
    assert made.arrivals({"mobile": "9800000002"}) == []
    pressed = next(one["messages"][0] for one in told if "messages" in one)
    assert pressed["button"] == {"payload": "STATUS 12601234567890", "text": "स्थिति देखें"}
    made.close()


def test_secrets_and_texts_are_not_printed():
    assert "token-1" not in repr(SETTINGS)
    assert "a" * 32 not in repr(SETTINGS)
    assert "12345" not in repr(TEMPLATE)


@pytest.mark.parametrize("wrong", [[], ["short"], ["a" * 32] * 3])
def test_an_onboarding_with_other_than_one_or_two_long_secrets_is_refused(wrong):
    given = {"phone_number_id": "1", "account_id": "2", "version": "v23.0", "access_token": "t", "verify_token": "v"}

    with pytest.raises(ValueError, match="app_secrets"):
        WhatsAppSettings.from_onboarding({**given, "app_secrets": wrong})


async def test_a_photograph_that_was_sent_can_be_fetched(sandbox, number, tmp_path):
    await sandbox.act("say", {"mobile": HER, "file": base64.b64encode(b"jpeg").decode()})
    (media,) = sandbox.state.values_of("media")

    found = await number.download(media)
    assert (found.content, found.media_type) == (b"jpeg", "image/jpeg")
