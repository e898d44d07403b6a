"""Notices go by mail beside SMS to an address that was confirmed; bounces and wishes for no mail end it."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.feedback.mail_returns import note_bounce, stop_mails
from actions.feedback.message_outcomes import look_after_messages
from actions.feedback.message_settings import choose_message_settings
from actions.identity.code_sending import send_code
from actions.identity.email_addresses import SetEmail, set_email
from domain.feedback.messages import Message, MessageChannel, MessageState
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, Language, Problems, Source
from integrations.calling.errors import NeverSent
from integrations.email import read_bounce
from store.database import audit
from store.identity import people
from store.identity.sent_codes import codes_table
from tests.support.actions import World
from tests.support.mail import MailServer, mail_server
from tests.support.messages import carried, kept, told
from tests.support.phones import Phones

pytestmark = pytest.mark.integration
ASHA = "asha.negi@citizen.example"


@pytest.fixture
async def server(world: World, phones: Phones, tmp_path) -> AsyncIterator[MailServer]:
    async with mail_server(tmp_path, world.clock) as made:
        world.env = replace(world.env, partners=replace(world.env.partners, email=made.mailer()))
        yield made


async def confirmed(world: World, address: str = ASHA) -> None:
    """Asha's mail goes there."""
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        await people.update_citizen(tx, replace(asha, confirmed_email=address))


async def address(world: World) -> str | None:
    async with world.env.store.read_transaction() as tx:
        return (await people.citizens(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""].confirmed_email


async def mail_of(world: World) -> Message:
    [one] = [each for each in await kept(world) if each.channel is MessageChannel.EMAIL]
    return one


async def asked(world: World, given: str | None, code: str | None = None, key: str = "") -> bool:
    done, _ = await set_email(world.env, world.asha, SetEmail(given, code, key or f"k-{given}-{code}"))
    return done


async def codes_sent(world: World) -> None:
    async with world.env.store.read_transaction() as tx:
        ids = [row.id for row in (await tx.connection.execute(codes_table.select())).all()]
    for each in ids:
        await send_code(world.env, {"code_id": each})


async def test_mail_goes_nowhere_before_its_address_is_confirmed(world, server):
    await told(world)
    await carried(world)

    assert [each.channel for each in await kept(world)] == [MessageChannel.SMS]


async def test_the_code_that_came_to_an_address_confirms_it(world, server):
    assert await asked(world, ASHA) is False
    await codes_sent(world)
    [mail] = server.mails(ASHA)
    code = re.search(r"\d{6}", mail["text"])[0]

    assert [name for name in mail["headers"] if name.startswith("List-")] == []
    assert await address(world) is None
    assert await asked(world, ASHA, code) is True
    assert await address(world) == ASHA


async def test_a_wrong_code_or_that_of_another_address_confirms_nothing(world, server):
    await asked(world, ASHA)
    await codes_sent(world)
    code = re.search(r"\d{6}", server.mails(ASHA)[0]["text"])[0]
    wrong = "000000" if code != "000000" else "111111"
    with pytest.raises(Problems) as mistyped:
        await asked(world, ASHA, wrong)
    with pytest.raises(Problems) as other:
        await asked(world, "other@citizen.example", code)

    assert [each.value.problems[0].code for each in (mistyped, other)] == [ErrorCode.OTP_WRONG, ErrorCode.OTP_EXPIRED]
    assert await address(world) is None


async def test_what_is_no_address_is_refused_and_nothing_is_sent(world, server):
    with pytest.raises(Problems) as refused:
        await asked(world, "asha@citizen.example\r\nBcc: other@citizen.example")

    assert refused.value.problems[0].code is ErrorCode.BAD_INPUT
    await codes_sent(world)
    assert server.sandbox.ledger.entries() == []


async def test_codes_to_ever_new_addresses_are_limited(world, server):
    most = world.env.rules.care.codes_per_number
    for number in range(most):
        await asked(world, f"a{number}@citizen.example")
    with pytest.raises(Problems) as refused:
        await asked(world, "one-more@citizen.example")

    assert refused.value.problems[0].code is ErrorCode.RATE_LIMITED


async def test_no_address_ends_her_mail(world, server):
    await confirmed(world)
    await asked(world, None)

    assert await address(world) is None


async def test_a_query_reaches_sms_and_mail(world, phones, server):
    await confirmed(world)
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)

    [mail] = server.mails(ASHA)
    assert len(phones.sent) == 1
    assert "UKAS 12345 67890" in mail["text"]
    assert mail["headers"]["List-Unsubscribe"] == f"<{world.env.public_url}/u/{(await stop_name(mail))}>"
    assert {each.channel: each.state for each in await kept(world)} == {
        MessageChannel.SMS: MessageState.SENT,
        MessageChannel.EMAIL: MessageState.SENT,
    }


async def stop_name(mail) -> str:
    return mail["headers"]["List-Unsubscribe"].strip("<>").rpartition("/")[2]


async def test_a_mail_that_no_bounce_came_of_stays_sent(world, server):
    await confirmed(world)
    await told(world)
    await carried(world)
    world.clock.advance(timedelta(days=4))
    await look_after_messages(world.env)

    assert (await mail_of(world)).state is MessageState.SENT


async def test_an_address_that_the_server_does_not_know_is_forgotten(world, server):
    await confirmed(world, "unknown@citizen.example")
    await told(world)
    await carried(world)

    mail = await mail_of(world)
    assert (mail.state, mail.reason) == (MessageState.FAILED, "5.1.1")
    assert await address(world) is None


@pytest.mark.parametrize(
    ("local", "state", "reason", "stays"),
    [
        ("gone", MessageState.FAILED, "5.1.1", False),
        ("full", MessageState.FAILED_FOR_NOW, "5.2.2", True),
        ("policy", MessageState.FAILED, "5.7.1", True),
        ("slow", MessageState.SENT, None, True),
        ("forged", MessageState.SENT, None, True),
    ],
)
async def test_what_comes_back_ends_the_mail_and_a_dead_address(world, server, local, state, reason, stays):
    await confirmed(world, f"{local}@citizen.example")
    await told(world)
    await carried(world)
    [came] = server.bounces()
    bounce = read_bounce(came["message"].encode(), came["recipient"])
    first = await note_bounce(world.env, bounce)

    mail = await mail_of(world)
    assert (mail.state, mail.reason) == (state, reason)
    assert (await address(world) is not None) is stays
    assert first is (state is not MessageState.SENT)
    assert await note_bounce(world.env, bounce) is False  # it comes again


async def test_a_bounce_of_a_former_address_leaves_the_present_one(world, server):
    await confirmed(world, "gone@citizen.example")
    await told(world)
    await carried(world)
    await confirmed(world)
    [came] = server.bounces()
    await note_bounce(world.env, read_bounce(came["message"].encode(), came["recipient"]))

    assert await address(world) == ASHA


async def test_the_link_of_a_mail_stops_mails_and_leaves_the_rest(world, phones, server):
    await confirmed(world)
    await told(world)
    await carried(world)
    name = await stop_name(server.mails(ASHA)[0])
    assert await stop_mails(world.env, name) is True
    assert await stop_mails(world.env, name) is True
    await told(world, NoticeKind.APPROVED, "2")
    await carried(world)

    assert (len(server.mails(ASHA)), len(phones.sent)) == (1, 2)
    async with world.env.store.read_transaction() as tx:
        assert await audit.was_done(tx, "ACCOUNT", world.asha.person_id or "", "email.stopped")


async def test_who_stops_mails_has_not_chosen_news_by_sms(world, phones, server):
    await confirmed(world)
    await told(world)
    await carried(world)
    await stop_mails(world.env, await stop_name(server.mails(ASHA)[0]))
    await told(world, NoticeKind.QUERY_ANSWERED, "2")
    await carried(world)

    assert len(phones.sent) == 1


@pytest.mark.parametrize("name", ["", "1", "1.", "x.y", f"1.{'0' * 32}", "१.abc", f"{'9' * 30}.{'0' * 32}"])
async def test_a_link_that_we_did_not_make_stops_nothing(world, server, name):
    await confirmed(world)
    await told(world)
    await carried(world)

    assert await stop_mails(world.env, name) is False


async def test_the_name_of_a_bounce_stops_no_mails(world, server):
    await confirmed(world)
    await told(world)
    await carried(world)
    bounced = server.mails(ASHA)[0]["envelope"].partition("+")[2].partition("@")[0]

    assert await stop_mails(world.env, bounced) is False


async def test_a_dead_mail_server_stands_before_no_sms(world, phones, server):
    await confirmed(world)
    server.faults({"kind": "refuse"})
    await told(world)
    await carried(world)

    assert len(phones.sent) == 1
    assert (await mail_of(world)).state is MessageState.SENDING


async def test_a_mail_whose_answer_was_lost_is_not_given_again(world, server):
    await confirmed(world)
    server.faults({"kind": "reset", "route": "/smtp/data", "calls": [2]})
    await told(world)
    await carried(world)
    world.clock.advance(timedelta(hours=1))
    await carried(world)

    assert len(server.mails(ASHA)) == 1
    assert (await mail_of(world)).state is MessageState.SENDING


@pytest.mark.parametrize("status", ["5.1.7", "5.1.8"])
async def test_a_server_that_declines_our_own_address_takes_hers_from_nobody(world, server, status):
    await confirmed(world)
    server.faults({"kind": "status", "route": "/smtp/rcpt", "params": {"status": f"550 {status} Sender rejected"}})
    await told(world)
    await carried(world)

    assert (await mail_of(world)).state is MessageState.SENDING
    assert await address(world) == ASHA


@pytest.mark.parametrize(("status", "stays"), [("5.1.0", True), ("5.1.8", True), ("5.1.10", False)])
async def test_a_bounce_has_an_address_forgotten_only_where_it_says_that_there_is_none(world, server, status, stays):
    await confirmed(world, "gone@citizen.example")
    await told(world)
    await carried(world)
    [came] = server.bounces()
    written = came["message"].replace("5.1.1", status)
    await note_bounce(world.env, read_bounce(written.encode(), came["recipient"]))

    assert (await mail_of(world)).reason == status
    assert (await address(world) is not None) is stays


async def test_a_report_of_delivery_that_who_has_the_mailbox_can_forge_stops_no_sms(world, phones, server):
    await confirmed(world, "gone@citizen.example")
    phones.failures["msdp"] = not_taken = NeverSent(Source.SMS, "x")
    not_taken.nothing_arrived = True
    await told(world, NoticeKind.PAYMENT_ACCOUNT_CHANGED)
    await carried(world)
    [came] = server.bounces()
    forged = came["message"].replace("failed", "delivered").replace("5.1.1", "2.0.0")
    await note_bounce(world.env, read_bounce(forged.encode(), came["recipient"]))
    phones.failures.clear()
    world.clock.advance(timedelta(minutes=1))
    await carried(world)

    assert len(phones.sent) == 1


async def test_each_mail_whose_answer_was_lost_ends_by_its_own_bounce(world, server):
    await confirmed(world, "full@citizen.example")
    server.faults({"kind": "reset", "route": "/smtp/data", "calls": [2, 4]})
    for event in ("1", "2"):
        await told(world, event=event)
        await carried(world)
        world.clock.advance(timedelta(minutes=1))
    for came in server.bounces():
        await note_bounce(world.env, read_bounce(came["message"].encode(), came["recipient"]))

    mails = [each for each in await kept(world) if each.channel is MessageChannel.EMAIL]
    assert [each.state for each in mails] == [MessageState.FAILED_FOR_NOW] * 2


async def test_an_address_that_is_removed_and_a_language_that_is_chosen_at_once_undo_each_other_never(world, server):
    for number, language in enumerate([Language.EN, Language.HI] * 4):
        await confirmed(world)
        chosen = {"channels": [MessageChannel.SMS], "quiet_from": 21, "quiet_until": 8, "language": language}
        await asyncio.gather(
            asked(world, None, key=f"removed-{number}"),
            choose_message_settings(world.env, world.asha, **chosen, key=f"chosen-{number}"),
        )

        async with world.env.store.read_transaction() as tx:
            [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        assert (asha.confirmed_email, asha.language) == (None, language)
