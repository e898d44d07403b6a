"""A notice goes on to the next channel where one is gone, and what came of a message in between is never undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.feedback.message_outcomes import look_after_messages
from actions.feedback.message_planning import pass_on_unconnected, plan_messages
from actions.feedback.message_sending import send_messages
from domain.feedback.messages import (
    GIVEN_UP_AFTER,
    Message,
    MessageChannel,
    MessageSettings,
    MessageState,
    NotSent,
    retry_at,
)
from domain.feedback.notices import NoticeKind
from domain.kernel import Source, Subject
from integrations.calling.kill_switch import SwitchedOff
from integrations.sms import Taken
from store.feedback import messages
from store.identity import people
from tests.support.actions import World
from tests.support.chats import agrees, has_number
from tests.support.messages import DAY, MOBILE, SMS, carried, kept, note_receipt, told, words
from tests.support.phones import Phones, with_phones
from tests.support.plans import statements_of

WHATSAPP, EMAIL = MessageChannel.WHATSAPP, MessageChannel.EMAIL
NIGHT = DAY.replace(hour=22)


class Number:
    """A number at WhatsApp that an administrator may switch off."""

    per_second = 30.0
    off = False

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, to: str, content: object, tag: str | None = None) -> str:
        if self.off:
            error = SwitchedOff(Source.WHATSAPP, "switched_off")
            error.nothing_arrived = True
            raise error
        self.sent.append(to)
        return f"w-{len(self.sent)}"


@pytest.fixture
async def number(world: World, phones: Phones) -> Number:
    """Asha agreed to WhatsApp, which comes before SMS."""
    made = Number()
    await has_number(world, world.asha, MOBILE)
    world.env = replace(world.env, partners=replace(world.env.partners, whatsapp=made))
    await agrees(world, world.asha)
    return made


def disconnected(world: World) -> None:
    world.env = replace(world.env, partners=replace(world.env.partners, whatsapp=None))


async def ways(world: World) -> list[tuple[MessageChannel, MessageState]]:
    return [(each.channel, each.state) for each in await kept(world)]


async def test_what_needs_her_goes_on_at_once_where_its_channel_is_disconnected(world, phones, number):
    world.clock.set(NIGHT)
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)
    disconnected(world)
    world.clock.set(DAY + timedelta(days=1))
    await pass_on_unconnected(world.env)
    await carried(world)

    assert await ways(world) == [(WHATSAPP, MessageState.CREATED), (SMS, MessageState.SENT)]


async def test_what_does_not_need_her_waits_for_a_channel_that_is_disconnected(world, phones, number):
    world.clock.set(NIGHT)
    await told(world, NoticeKind.DELIVERED)
    await carried(world)
    disconnected(world)
    world.clock.set(DAY + timedelta(days=1))
    await pass_on_unconnected(world.env)
    await carried(world)

    assert await ways(world) == [(WHATSAPP, MessageState.CREATED)]


async def test_what_needs_her_goes_on_at_once_where_its_channel_is_switched_off(world, phones, number):
    number.off = True
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)
    await carried(world)

    assert await ways(world) == [(WHATSAPP, MessageState.SENDING), (SMS, MessageState.SENT)]


async def test_a_channel_that_stays_switched_off_passes_a_notice_on_only_once(world, phones, number):
    number.off = True
    await told(world, NoticeKind.QUERY_RAISED)
    for _ in range(3):
        await carried(world)
        world.clock.advance(timedelta(minutes=1))

    [first, _] = await kept(world)
    assert (first.attempts, first.reason) == (0, "switched_off")
    assert first.next_at is not None
    assert first.next_at > world.clock.now() + timedelta(minutes=25)


async def test_a_message_that_waits_for_a_channel_that_she_gave_up_goes_by_the_next_one(world, phones, number):
    world.clock.set(NIGHT)
    await told(world, NoticeKind.DELIVERED)
    await carried(world)
    async with world.env.store.write_transaction() as tx:
        await messages.choose(tx, world.asha.person_id or "", MessageSettings((SMS,)))
    world.clock.set(DAY + timedelta(days=1))
    await carried(world)
    await carried(world)

    assert await ways(world) == [(WHATSAPP, MessageState.NOT_SENT), (SMS, MessageState.SENT)]
    assert (await kept(world))[0].reason == NotSent.SWITCHED_OFF


async def test_a_receipt_that_comes_while_the_provider_is_asked_leaves_nothing_to_look_after(world, phones):
    class Overtaken(Phones):
        async def state_of(self, taken: Taken) -> MessageState | None:
            await note_receipt(world.env, SMS, taken.message_id, MessageState.DELIVERED, at=world.clock.now())
            return None

    world.env = with_phones(world.env, Overtaken())
    await told(world)
    await carried(world)
    world.clock.advance(timedelta(minutes=1))
    await look_after_messages(world.env)

    [one] = await kept(world)
    assert (one.state, one.look_at, one.looks) == (MessageState.DELIVERED, None, 0)


@pytest.mark.parametrize(("tried", "minutes"), [(0, 1), (3, 30), (4, 60), (5, 120), (6, 180), (20, 180)])
def test_a_mail_that_is_not_taken_for_now_is_given_again_after_growing_waits(tried, minutes):
    assert retry_at(mail(attempts=tried), DAY) == DAY + timedelta(minutes=minutes)


def test_a_mail_is_not_given_again_once_it_is_three_days_old():
    assert retry_at(mail(attempts=20), DAY + GIVEN_UP_AFTER - timedelta(hours=2)) is None


def mail(**changed: object) -> Message:
    nothing = dict.fromkeys(("reason", "template", "segments", "provider", "provider_id", "send_at", "look_at"))
    row = {"id": 1, "notice_id": "n", "citizen_id": "c", "kind": NoticeKind.DELIVERED, "is_urgent": False, "looks": 0}
    row |= {"channel": EMAIL, "state": MessageState.SENDING, "created_at": DAY, "state_at": DAY, "next_at": None}
    return Message(**nothing | row | changed)


@pytest.mark.parametrize("hour", [11, 22])
async def test_two_messages_of_a_batch_cost_no_more_statements_than_one(world, phones, hour):
    async def counted(*readers: Subject) -> int:
        world.clock.advance(timedelta(days=1))
        for each in readers:
            await told(world, NoticeKind.DELIVERED, f"{len(readers)}-{each.person_id}", reader=each)
        await plan_messages(world.env)
        with statements_of(world.env.store) as said:
            await send_messages(world.env, words, SMS)
        return sum(each.startswith(("INSERT", "UPDATE")) for each in said)

    world.clock.set(DAY.replace(hour=hour))
    async with world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [world.sunil.person_id or ""])).values()
        await people.update_citizen(tx, replace(sunil, mobile="9800000002"))

    alone = await counted(world.asha)
    assert await counted(world.asha, world.sunil) == alone
