"""Push over a real line: the client against the sandbox, written apart from it; APNs by HTTP/2 over TLS."""

import asyncio
import ssl
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import respx

from domain.identity.push_devices import PushPlatform
from domain.kernel import ManualClock, Source
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, NeverSent, NotAsked, NotLetIn, Refused, RemoteError, Unavailable
from integrations.push import PushMessage, PushSettings
from integrations.push.client import DeviceGone, Fcm
from integrations.push.wire import read_fcm_error
from sandbox.city.tls import new_authority
from tests.support.push import APP, PushServer, push_server
from tests.support.remotes import BRIEF, remote_over
from tests.support.sign_in import NOW

pytestmark = pytest.mark.integration
ANDROID, IOS = PushPlatform
BOTH = pytest.mark.parametrize("platform", [ANDROID, IOS])
MESSAGE = PushMessage(
    "TlQ6MDE5MzAwMDA",
    "अपुणी सरकार",
    "आपके लिए एक नया संदेश है।",
    is_urgent=True,
    until=NOW + timedelta(days=1),
    reference=UUID(int=7),
)


@pytest.fixture
async def server(tmp_path):
    async with push_server(tmp_path, ManualClock(NOW)) as made:
        yield made


async def refused(server: PushServer, platform: PushPlatform, token: str, **other) -> RemoteError:
    with pytest.raises(RemoteError) as error:
        await server.push(**other).send(platform, token, MESSAGE)
    return error.value


async def test_a_message_reaches_an_android_telephone_with_its_notice_and_nothing_else(server: PushServer):
    name = await server.push().send(ANDROID, server.install(), MESSAGE)

    [came] = server.messages()
    assert (came["name"], came["text"]) == (name, "अपुणी सरकार\nआपके लिए एक नया संदेश है।")
    told = {part: came["told"][part] for part in ("data", "android")}
    shown = {"tag": MESSAGE.notice}
    assert told == {
        "data": {"notice": MESSAGE.notice},
        "android": {"priority": "HIGH", "ttl": "86400s", "notification": shown},
    }


async def test_an_installation_is_reached_by_its_id_too(server: PushServer):
    token = server.install(fid=True)
    await server.push().send(ANDROID, token, MESSAGE)

    assert server.messages()[0]["told"]["fid"] == token


async def test_a_message_reaches_an_iphone_by_http_2(server: PushServer):
    name = await server.push().send(IOS, server.install(IOS), replace(MESSAGE, is_urgent=False))

    [came] = server.messages()
    assert came["text"] == "अपुणी सरकार\nआपके लिए एक नया संदेश है।"
    assert (came["name"], came["told"]["notice"]) == (name, MESSAGE.notice) == (str(UUID(int=7)), MESSAGE.notice)
    assert came["told"]["headers"] == {
        "apns-id": name,
        "apns-topic": APP,
        "apns-push-type": "alert",
        "apns-priority": "5",
        "apns-expiration": str(int(MESSAGE.until.timestamp())),
        "apns-collapse-id": MESSAGE.notice,
    }


async def test_the_server_of_apns_offers_http_2_and_nothing_else(server: PushServer):
    own = server.given["apns"]
    context = ssl.create_default_context(cadata=own["certificate"])
    context.set_alpn_protocols(["http/1.1", "h2"])
    _, writer = await asyncio.open_connection("127.0.0.1", int(own["url"].rpartition(":")[2]), ssl=context)
    line = writer.get_extra_info("ssl_object")
    writer.close()

    assert (line.selected_alpn_protocol(), line.version()) == ("h2", "TLSv1.3")


async def test_many_messages_share_one_access_token_asked_for_once(server: PushServer):
    push = server.push()
    tokens = [server.install() for _ in range(5)]
    await asyncio.gather(*(push.send(ANDROID, each, MESSAGE) for each in tokens))

    assert (len(server.messages()), server.tokens_issued()) == (5, 1)


async def test_an_access_token_is_renewed_before_it_ends(server: PushServer):
    push, token = server.push(), server.install()
    await push.send(ANDROID, token, MESSAGE)
    server.clock.advance(timedelta(minutes=56))
    await push.send(ANDROID, token, MESSAGE)

    assert (len(server.messages()), server.tokens_issued()) == (2, 2)


async def test_an_access_token_that_google_takes_back_is_replaced_at_once(server: PushServer):
    push, token = server.push(), server.install()
    await push.send(ANDROID, token, MESSAGE)
    for each in server.sandbox.state.values_of("token"):
        server.sandbox.state.take("token", each)
    await push.send(ANDROID, token, MESSAGE)

    assert (len(server.messages()), server.tokens_issued()) == (2, 2)


async def test_a_provider_token_is_kept_for_forty_minutes_and_renewed_then(server: PushServer):
    push, token, clock = server.push(), server.install(IOS), server.clock
    for _ in range(8):  # every ten minutes: APNs refuses a token of over an hour, and two within twenty minutes
        await push.send(IOS, token, MESSAGE)
        clock.advance(timedelta(minutes=10))

    assert len(server.messages()) == 8


async def test_a_new_provider_token_that_apns_calls_expired_is_told_and_makes_no_others_in_a_row(server: PushServer):
    push, token = server.push(), server.install(IOS)
    expired = '{"reason": "ExpiredProviderToken"}'
    server.faults({"kind": "status", "route": "/3/device/*", "params": {"status": 403, "body": expired}})
    with pytest.raises(NotLetIn) as error:
        await push.send(IOS, token, MESSAGE)

    assert (error.value.code, error.value.nothing_arrived) == ("ExpiredProviderToken", True)
    assert len(server.sandbox.ledger.entries()) == 2


@BOTH
@pytest.mark.parametrize(
    ("fate", "kind", "codes", "nothing"),
    [
        ("uninstalled", DeviceGone, ("UNREGISTERED", "Unregistered"), False),
        ("busy", Unavailable, ("QUOTA_EXCEEDED", "TooManyRequests"), True),
        ("down", Unavailable, ("UNAVAILABLE", "ServiceUnavailable"), True),
    ],
)
async def test_what_becomes_of_a_device_is_told_by_its_code(server: PushServer, platform, fate, kind, codes, nothing):
    token = server.install(platform)
    server.fate(token, fate)
    error = await refused(server, platform, token)

    assert (type(error), error.code) == (kind, codes[platform is IOS])
    assert (error.nothing_arrived, server.messages()) == (nothing, [])


@BOTH
async def test_no_more_messages_go_in_a_second_than_were_agreed(server: PushServer, platform, monkeypatch):
    waits = list[float]()

    async def note(seconds: float) -> None:
        waits.append(round(seconds, 2))
        server.clock.advance(timedelta(seconds=seconds))

    monkeypatch.setattr(server.clock, "sleep", note)
    push, token = server.push(per_second=2.0), server.install(platform)
    for number in range(4):
        await push.send(platform, token, replace(MESSAGE, reference=UUID(int=number)))

    assert (waits, len(server.messages())) == ([0.5, 0.5], 4)


async def test_apns_says_since_when_a_device_is_gone(server: PushServer):
    token = server.install(IOS)
    server.fate(token, "uninstalled")
    error = await refused(server, IOS, token)

    assert isinstance(error, DeviceGone)
    assert error.since == NOW


@pytest.mark.parametrize(
    ("platform", "kind", "code"), [(ANDROID, NotLetIn, "SENDER_ID_MISMATCH"), (IOS, Refused, "DeviceTokenNotForTopic")]
)
async def test_a_device_of_another_project_is_not_taken_for_one_that_is_gone(server: PushServer, platform, kind, code):
    token = server.install(platform)
    server.fate(token, "another_project")
    error = await refused(server, platform, token)

    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize(
    ("platform", "token", "kind", "code"),
    [
        (ANDROID, "no-token", DeviceGone, "bad_token"),
        (IOS, "ab" * 32, Refused, "BadDeviceToken"),
    ],
)
async def test_what_is_no_token_there_is_told(server: PushServer, platform, token, kind, code):
    error = await refused(server, platform, token)

    assert (type(error), error.code) == (kind, code)


@BOTH
async def test_after_a_lost_answer_the_message_may_be_there(server: PushServer, platform):
    token = server.install(platform)
    server.fate(token, "answer_lost")
    set_request_deadline(server.clock, BRIEF)
    error = await refused(server, platform, token)

    assert (isinstance(error, Unavailable), error.nothing_arrived, len(server.messages())) == (True, False, 1)


async def test_after_its_quota_nothing_is_sent_to_fcm_for_as_long_as_it_says(server: PushServer):
    push, busy, free = server.push(), server.install(), server.install()
    server.fate(busy, "busy")
    with pytest.raises(Unavailable):
        await push.send(ANDROID, busy, MESSAGE)
    with pytest.raises(NotAsked) as held:
        await push.send(ANDROID, free, MESSAGE)
    server.clock.advance(timedelta(seconds=31))
    await push.send(ANDROID, free, MESSAGE)

    assert (held.value.retry_after, held.value.nothing_arrived, len(server.messages())) == (30.0, True, 1)


@pytest.mark.parametrize("trouble", ["expired", "wrong_name", "self_signed", "reset"])
async def test_a_certificate_of_apns_that_does_not_verify_gets_nothing(server: PushServer, trouble):
    server.faults({"kind": "tls", "params": {"trouble": trouble}})
    error = await refused(server, IOS, server.install(IOS))

    assert (type(error), error.nothing_arrived) == (NeverSent, True)
    assert server.messages() == []


async def test_apns_of_another_authority_gets_nothing(server: PushServer):
    own = {**server.given["apns"], "certificate": new_authority(NOW)["certificate"]}
    error = await refused(server, IOS, server.install(IOS), apns=own)

    assert (type(error), error.nothing_arrived) == (NeverSent, True)


@pytest.mark.parametrize(
    ("platform", "changed", "code"),
    [
        (ANDROID, {"client_email": "other@elsewhere.example"}, "http_400"),
        (ANDROID, {"project_id": "other"}, "PERMISSION_DENIED"),
        (IOS, {"team_id": "OTHER"}, "InvalidProviderToken"),
        (IOS, {"topic": "other.app"}, "TopicDisallowed"),
    ],
)
async def test_what_is_wrong_with_our_own_account_is_ours_to_mend(server: PushServer, platform, changed, code):
    part = "service_account" if platform is ANDROID else "apns"
    error = await refused(server, platform, server.install(platform), **{part: {**server.given[part], **changed}})

    assert (type(error), error.code, error.nothing_arrived) == (NotLetIn, code, True)


async def test_a_key_that_google_does_not_know_gets_no_token(server: PushServer, tmp_path):
    async with push_server(tmp_path / "other", ManualClock(NOW)) as other:
        key = other.given["service_account"]["private_key"]
    error = await refused(
        server, ANDROID, server.install(), service_account={**server.given["service_account"], "private_key": key}
    )

    assert (type(error), error.code) == (NotLetIn, "http_400")


@respx.mock
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"name": 7}'])
async def test_an_answer_without_the_name_of_the_message_is_garbled_and_may_have_been_taken(server, body):
    account = PushSettings.from_onboarding(server.given).fcm
    given = {"access_token": "t", "expires_in": 3599}
    respx.post("https://fcm.test/token").mock(httpx.Response(200, json=given))
    json_type = {"Content-Type": "application/json"}
    respx.post(url__startswith="https://fcm.test/v1").mock(httpx.Response(200, content=body, headers=json_type))
    fcm = Fcm(
        account,
        remote_over(None, Source.PUSH, "https://fcm.test"),
        remote_over(None, Source.PUSH, "https://fcm.test/token"),
    )
    with pytest.raises(Garbled) as error:
        await fcm.send("t", MESSAGE)

    assert error.value.nothing_arrived is False


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"error": 1}', b'{"error": {"details": 7}}', b'{"error": {"status": "\\u0000"}}'],
)
def test_an_error_of_another_form_has_no_code(body):
    assert read_fcm_error(body) is None


@pytest.mark.parametrize("given", [{}, {"service_account": {}}, {"apns": {"team_id": "T"}}])
def test_an_onboarding_without_an_account_or_with_half_of_one_is_refused(given):
    with pytest.raises(KeyError):
        PushSettings.from_onboarding(given)


@pytest.mark.parametrize(("part", "name"), [("service_account", "private_key"), ("apns", "private_key")])
async def test_an_onboarding_with_a_spoilt_key_is_refused(server: PushServer, part, name):
    with pytest.raises(ValueError, match="key"):
        PushSettings.from_onboarding({**server.given, part: {**server.given[part], name: "no key"}})


def test_only_what_was_handed_over_is_reached(server: PushServer):
    both, google = server.push(), server.push(apns=None)

    assert (both.reaches(ANDROID, "any.app"), both.reaches(IOS, APP), both.reaches(IOS, "other.app")) == (
        True,
        True,
        False,
    )
    assert (google.reaches(ANDROID, APP), google.reaches(IOS, APP)) == (True, False)


@pytest.mark.parametrize("field", [b"{}", b"[]", b"7", b"null"])
def test_a_field_violation_of_no_name_is_no_bad_token_and_breaks_nothing(field):
    body = b'{"error": {"status": "INVALID_ARGUMENT", "details": [{"fieldViolations": [{"field": %b}]}]}}' % field

    assert read_fcm_error(body) == "INVALID_ARGUMENT"
