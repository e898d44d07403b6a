"""Notices go by push to the app on every device of their reader; what no device takes goes on to SMS."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.feedback.message_settings import choose_message_settings
from actions.feedback.notices import mark_read
from actions.identity.devices import end_devices, key_of, own_devices
from actions.identity.push_devices import RegisterDevice, register_device, remove_device
from actions.identity.sessions import sign_out
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.notices import NoticeKind
from domain.identity.push_devices import MOST_DEVICES, UNSEEN_FOR, PushPlatform
from domain.kernel import ErrorCode, Language, PersonKind, Problems, Provider, Source, Subject, TypeCode, from_global_id
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Unavailable
from store.identity import devices, push_devices, sessions
from store.identity.sessions import Session
from tests.support.actions import World
from tests.support.messages import MOBILE, carried, kept, told
from tests.support.phones import Phones
from tests.support.push import APP, PushServer, push_server
from tests.support.remotes import BRIEF

pytestmark = pytest.mark.integration
ANDROID, IOS = PushPlatform
PUSH, SMS = MessageChannel.PUSH, MessageChannel.SMS
QUERY = NoticeKind.QUERY_RAISED
NOTHING_OF_IT = "अपुणी सरकार\nआपके लिए एक नया संदेश है। पढ़ने के लिए ऐप खोलें।"
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
async def server(world: World, phones: Phones, tmp_path) -> AsyncIterator[PushServer]:
    async with push_server(tmp_path, world.clock) as made:
        world.env = replace(world.env, partners=replace(world.env.partners, push=made.push()))
        yield made


async def in_session(world: World, who: Subject | None = None) -> Subject:
    """The same person in a session of the app, which holds for a year."""
    who, env = who or world.asha, world.env
    until = env.clock.now() + timedelta(days=365)
    given = (PersonKind.CITIZEN, who.person_id or "", Provider.MERI_PEHCHAAN, "SUBSTANTIAL", None)
    session = Session(env.ids.key(), *given, env.clock.now(), until)
    async with env.store.write_transaction() as tx:
        await sessions.add_session(tx, session)
        await devices.add(tx, session.id, client=devices.APP, platform="ANDROID", seed="s", until=until)
    return replace(who, session_id=session.id)


async def registered(
    world: World, server: PushServer, platform: PushPlatform = ANDROID, who: Subject | None = None, **other
) -> str:
    """The app in a new session is registered; its token."""
    token = other.pop("token", None) or server.install(platform)
    await register(world, await in_session(world, who), token, platform, **other)
    return token


async def register(world: World, who: Subject, token: str, platform: PushPlatform = ANDROID, **other) -> bool:
    given = {"app": APP, "language": Language.HI, "idempotency_key": world.env.ids.key(), **other}
    _, replayed = await register_device(world.env, who, RegisterDevice(platform=platform, token=token, **given))
    return replayed


async def shown(world: World, who: Subject | None = None) -> list[str]:
    """The tokens that messages to somebody go to."""
    citizen_id = (who or world.asha).person_id or ""
    async with world.env.store.read_transaction() as tx:
        return [each.token for each in (await push_devices.of_citizens(tx, [citizen_id])).get(citizen_id, [])]


async def outcomes(world: World) -> dict[MessageChannel, tuple[MessageState, str | None]]:
    return {each.channel: (each.state, each.reason) for each in await kept(world)}


async def refusal(call) -> list[tuple[ErrorCode, tuple]]:
    with pytest.raises(Problems) as error:
        await call
    return [(each.code, each.path) for each in error.value.problems]


async def test_a_query_stands_on_every_device_of_its_reader_and_no_sms_is_paid_for(world, phones, server):
    await registered(world, server)
    await registered(world, server, IOS)
    await told(world, QUERY)
    await carried(world)

    assert sorted(each["platform"] for each in server.messages()) == ["ANDROID", "IOS"]
    assert (phones.sent, await outcomes(world)) == ([], {PUSH: (MessageState.SENT, None)})


async def test_nothing_of_the_content_stands_on_the_lock_screen_and_the_app_gets_the_notice_to_fetch(world, server):
    await registered(world, server)
    await told(world, QUERY)
    await carried(world)

    [came], [message] = server.messages(), await kept(world)
    assert came["text"] == NOTHING_OF_IT
    assert from_global_id(came["told"]["data"]["notice"]) == (TypeCode.NOTIFICATION, message.notice_id)
    assert "67890" not in str(came["told"])


async def test_who_wants_it_sees_the_words_of_the_sms_on_the_lock_screen(world, server):
    await registered(world, server)
    wish = {"channels": list(MessageChannel)[:1], "quiet_from": 0, "quiet_until": 0, "shows_content": True}
    await choose_message_settings(world.env, world.asha, **wish, key="k-1")
    later = {**wish, "shows_content": None}
    kept_so, _ = await choose_message_settings(world.env, world.asha, **later, key="k-2")
    await told(world, QUERY)
    await carried(world)

    assert kept_so.shows_content is True
    assert "UKAS 12345 67890" in server.messages()[0]["text"]


async def test_without_content_it_speaks_the_language_of_the_app(world, server):
    await registered(world, server, language=Language.EN)
    await told(world, QUERY)
    await carried(world)

    assert server.messages()[0]["text"].endswith("There is a new message for you. Open the app to read it.")


@pytest.mark.parametrize("platform", [ANDROID, IOS])
async def test_a_device_that_is_gone_is_forgotten_and_the_sms_follows_at_once(world, phones, server, platform):
    token = await registered(world, server, platform)
    world.clock.advance(timedelta(minutes=1))
    server.fate(token, "uninstalled")
    await told(world, QUERY)
    await carried(world)
    await carried(world)

    state, reason = (await outcomes(world))[PUSH]
    assert (state, reason.lower()) == (MessageState.FAILED, "unregistered")
    assert (len(phones.sent), await shown(world)) == (1, [])


async def test_one_device_that_takes_it_is_enough_and_the_one_that_is_gone_is_forgotten(world, phones, server):
    gone, there = await registered(world, server), await registered(world, server, IOS)
    server.fate(gone, "uninstalled")
    await told(world, QUERY)
    await carried(world)

    assert (await outcomes(world), phones.sent) == ({PUSH: (MessageState.SENT, None)}, [])
    assert await shown(world) == [there]


async def test_what_a_provider_took_at_a_later_try_does_not_keep_the_reason_of_the_try_before(world, server):
    token = await registered(world, server)
    server.fate(token, "busy")
    await told(world, QUERY)
    await carried(world)
    waiting = await outcomes(world)
    server.fate(token, "arrives")
    world.clock.advance(timedelta(minutes=2))
    await carried(world)

    assert waiting == {PUSH: (MessageState.SENDING, "QUOTA_EXCEEDED")}
    assert await outcomes(world) == {PUSH: (MessageState.SENT, None)}


async def test_a_device_that_registered_after_apns_lost_it_stays(world, server):
    token = await registered(world, server, IOS)
    server.fate(token, "uninstalled")
    world.clock.advance(timedelta(minutes=1))
    await registered(world, server, IOS, token=token)
    await told(world, QUERY)
    await carried(world)

    assert await shown(world) == [token]


async def test_what_needs_her_goes_on_by_sms_after_half_an_hour_since_push_never_tells_that_it_arrived(
    world, phones, server
):
    await registered(world, server)
    await told(world, QUERY)
    await carried(world)
    world.clock.advance(HALF_AN_HOUR)
    await carried(world)
    await carried(world)

    assert len(phones.sent) == 1
    assert (await outcomes(world))[PUSH] == (MessageState.SENT, None)


async def test_what_she_read_in_the_app_is_not_told_again_by_sms(world, phones, server):
    await registered(world, server)
    await told(world, QUERY)
    await carried(world)
    await mark_read(world.env, world.asha, ids=None, key="read")
    world.clock.advance(HALF_AN_HOUR)
    await carried(world)

    assert phones.sent == []
    assert (await outcomes(world))[SMS] == (MessageState.NOT_SENT, "ARRIVED_OTHERWISE")


async def test_a_warning_goes_by_sms_also_where_it_was_read(world, phones, server):
    await registered(world, server)
    await told(world, NoticeKind.NEW_DEVICE)
    await mark_read(world.env, world.asha, ids=None, key="read")
    await carried(world)
    await carried(world)

    assert [to for to, _ in phones.sent] == [MOBILE]


async def test_what_needs_nothing_of_her_stays_with_the_push(world, phones, server):
    await registered(world, server)
    await told(world, NoticeKind.DELIVERED)
    await carried(world)
    world.clock.advance(timedelta(days=4))
    await carried(world)

    assert (phones.sent, await outcomes(world)) == ([], {PUSH: (MessageState.SENT, None)})


async def test_a_warning_goes_by_sms_whoever_has_the_app_and_by_push_beside(world, phones, server):
    await registered(world, server)
    await told(world, NoticeKind.NEW_DEVICE)
    await carried(world)

    assert (len(phones.sent), len(server.messages())) == (1, 1)


async def test_a_message_whose_answer_was_lost_is_not_given_again(world, phones, server):
    server.fate(await registered(world, server), "answer_lost")
    world.env.partners.push._senders[ANDROID] = lost_at_once(server)
    await told(world, QUERY)
    await carried(world)
    world.clock.advance(timedelta(minutes=29))
    await carried(world)
    before = len(phones.sent)
    world.clock.advance(timedelta(minutes=1))
    await carried(world)
    await carried(world)

    assert (len(server.messages()), before, len(phones.sent)) == (1, 0, 1)
    assert (await outcomes(world))[PUSH] == (MessageState.SENDING, "connection_lost")


async def test_a_device_that_may_have_it_keeps_the_message_from_being_given_again_to_the_others(world, server):
    for fate in ("answer_lost", "down"):
        server.fate(await registered(world, server), fate)
    await told(world)
    set_request_deadline(world.clock, BRIEF)
    await carried(world)
    world.clock.advance(timedelta(hours=1))
    await carried(world)

    assert len(server.messages()) == 1
    assert (await outcomes(world))[PUSH][0] is MessageState.SENDING


@pytest.mark.parametrize("platform", [ANDROID, IOS])
async def test_a_provider_that_is_busy_gets_it_again_when_it_said(world, server, platform):
    token = await registered(world, server, platform)
    server.fate(token, "busy")
    await told(world)
    await carried(world)
    server.fate(token, "arrives")
    world.clock.advance(timedelta(seconds=31))
    await carried(world)

    assert (len(server.messages()), (await outcomes(world))[PUSH][0]) == (1, MessageState.SENT)


async def test_who_has_no_app_gets_an_sms(world, phones, server):
    await told(world, QUERY)
    await carried(world)

    assert (len(phones.sent), await outcomes(world)) == (1, {SMS: (MessageState.SENT, None)})


async def test_an_app_that_registers_again_is_the_same_device_and_a_new_token_takes_the_place_of_the_old(world, server):
    her, first, second = await in_session(world), server.install(), server.install()
    await register(world, her, first)
    await register(world, her, first)
    once = await shown(world)
    await register(world, her, second)

    assert (once, await shown(world)) == ([first], [second])


async def test_a_registration_that_is_repeated_under_its_key_changes_nothing(world, server):
    her, token = await in_session(world), server.install()
    again = [await register(world, her, token, idempotency_key="k-1") for _ in range(2)]

    assert (again, await shown(world)) == ([False, True], [token])


async def test_a_token_that_another_person_registers_is_hers_alone_from_then_on(world, server):
    token = await registered(world, server)
    await registered(world, server, who=world.sunil, token=token)

    assert (await shown(world), await shown(world, world.sunil)) == ([], [token])


@pytest.mark.parametrize("way", ["sign_out", "everywhere", "expired", "unseen"])
async def test_a_device_takes_no_more_messages_when_its_session_ends_or_the_app_was_long_not_opened(world, server, way):
    her = await in_session(world)
    await register(world, her, server.install())
    match way:
        case "sign_out":
            await sign_out(world.env, her)
        case "everywhere":
            await end_devices(world.env, her, "k-1")
        case "expired":
            world.clock.advance(timedelta(days=366))
        case "unseen":
            world.clock.advance(UNSEEN_FOR)

    assert await shown(world) == []
    async with world.env.store.read_transaction() as tx:
        assert bool(await push_devices.of_sessions(tx, [her.session_id])) is (way in {"expired", "unseen"})


async def test_she_turns_push_off_on_one_of_her_devices_and_stays_signed_in_there(world, server):
    her, lost = await in_session(world), await registered(world, server)
    own = server.install()
    await register(world, her, own)
    [other] = [one for one in await own_devices(world.env, her) if one.device.session_id != her.session_id]
    removed, _ = await remove_device(world.env, her, device=key_of(other.device), key="k-1")

    assert (removed, await shown(world), len(await own_devices(world.env, her))) == (True, [own], 2)
    assert lost not in await shown(world)
    assert await remove_device(world.env, her, key="k-2") == (True, False)
    assert await shown(world) == []


async def test_nobody_turns_push_off_on_the_device_of_another(world, server):
    token = await registered(world, server)
    [hers] = await own_devices(world.env, world.asha)
    removed, _ = await remove_device(world.env, await in_session(world, world.sunil), device=hers.key, key="k-1")

    assert (removed, await shown(world)) == (False, [token])


async def test_of_many_devices_those_seen_last_take_messages(world, server):
    tokens = []
    for _ in range(MOST_DEVICES + 1):
        tokens.append(await registered(world, server))
        world.clock.advance(timedelta(seconds=1))

    assert await shown(world) == tokens[:0:-1]


@pytest.mark.parametrize(
    ("given", "code", "at"),
    [
        ({"app": "no app!"}, ErrorCode.BAD_INPUT, "app"),
        ({"platform": IOS, "app": "other.app", "token": "ab" * 32}, ErrorCode.BAD_INPUT, "app"),
        ({"token": "short"}, ErrorCode.BAD_INPUT, "token"),
        ({"token": "a" * 1_001}, ErrorCode.BAD_INPUT, "token"),
        ({"platform": IOS, "token": "z" * 64}, ErrorCode.BAD_INPUT, "token"),
    ],
)
async def test_what_is_no_token_or_no_app_of_ours_is_refused(world, server, given, code, at):
    wish = {"token": server.install(), "platform": ANDROID, **given}

    assert await refusal(register(world, await in_session(world), **wish)) == [(code, ("input", at))]


async def test_a_platform_that_is_not_connected_is_refused_with_a_code(world, server):
    world.env = replace(world.env, partners=replace(world.env.partners, push=server.push(apns=None)))
    her, not_here = await in_session(world), [(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "platform"))]
    assert await refusal(register(world, her, "ab" * 32, IOS)) == not_here

    world.env = replace(world.env, partners=replace(world.env.partners, push=None))
    assert await refusal(register(world, her, server.install())) == not_here


async def test_only_a_citizen_in_a_session_of_her_own_registers_a_device(world, server):
    in_none = await refusal(register(world, replace(world.asha, session_id=None), server.install()))
    officer = await refusal(register(world, replace(world.registrar, session_id="s-1"), server.install()))

    assert [each[0][0] for each in (in_none, officer)] == [ErrorCode.BAD_INPUT, ErrorCode.NOT_FOUND]


def lost_at_once(server: PushServer):
    """Google takes the message, and the line breaks before its answer is there."""

    async def send(token, message):
        server.fate(token, "arrives")
        await server.push().send(ANDROID, token, message)
        raise Unavailable(Source.PUSH, "connection_lost")

    return send
