"""What a telephone that only sends SMS is answered: her own applications in one part, and nothing of anybody else's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.feedback.sms_commands import ANSWERED_A_DAY, SmsCommands
from domain.applications.lifecycle import Status
from domain.feedback.message_texts import parts_of
from domain.feedback.messages import USUAL, MessageChannel
from domain.kernel import Language, NumberKind, make_number
from domain.kernel.messages import label, labels
from integrations.sms import IncomingSms
from store.feedback import messages
from store.identity import contacts, people
from tests.support.actions import FREE, World
from tests.support.plans import statements_of

HERS, ANOTHER = "9811111111", "9822222222"


@pytest.fixture
async def world(peopled: World) -> World:
    """Asha has a telephone."""
    async with peopled.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [peopled.asha.person_id or ""])).values()
        await people.update_citizen(tx, replace(asha, mobile=HERS, language=Language.HI))
        await contacts.note(tx, [(asha.id, HERS)])
    return peopled


async def send(world: World, text: str, *, mobile: str = HERS, later: int = 0) -> str:
    """What comes back; `later` seconds set a message apart from another one with the same words."""
    at = world.clock.now() + timedelta(seconds=later)
    return await SmsCommands(world.env).answer(IncomingSms(mobile, text, at))


async def channels_of(world: World) -> tuple[MessageChannel, ...]:
    async with world.env.store.read_transaction() as tx:
        found = await messages.settings_of(tx, [world.asha.person_id or ""])
    return found.get(world.asha.person_id or "", USUAL).channels


def in_hindi_digits(number: str) -> str:
    return number.translate(str.maketrans("0123456789", "०१२३४५६७८९"))


@pytest.mark.parametrize("written", ["UK STATUS {number}", "स्थिति {hindi}", "sthiti {number}", "{hindi}", "{spaced}"])
async def test_the_state_of_her_application_is_told_in_hindi(world: World, written: str):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    spaced = f"{case.number[:4]} {case.number[4:9]} {case.number[9:]}"

    text = written.format(number=case.number, hindi=in_hindi_digits(case.number), spaced=spaced)
    reply = await send(world, text)

    assert reply.endswith(label(f"status.{case.status.value}", Language.HI))
    assert case.number[-5:] in reply


async def test_without_a_number_her_application_is_told(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")

    assert case.number[-5:] in await send(world, "स्थिति")


async def test_the_due_date_is_told_as_a_day_in_india(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    assert case.due_at is not None

    reply = await send(world, f"कब तक {case.number}")

    assert "नियत तिथि" in reply


async def test_a_stranger_s_telephone_is_answered_alike_for_a_foreign_and_an_unknown_number(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    unknown = make_number(NumberKind.APPLICATION, 2026, "0123456789")

    await send(world, "HELP", mobile=ANOTHER)  # the first message of a telephone opens its conversation

    with statements_of(world.env.store) as of_foreign:
        foreign = await send(world, f"STATUS {case.number}", mobile=ANOTHER, later=1)
    with statements_of(world.env.store) as of_unknown:
        absent = await send(world, f"STATUS {unknown}", mobile=ANOTHER, later=2)

    assert foreign == absent == label("sms_reply.NOTHING", Language.HI)
    assert of_foreign == of_unknown


async def test_a_slip_in_the_number_is_told(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    swapped = case.number[:-3] + case.number[-2] + case.number[-3] + case.number[-1]
    assert swapped != case.number

    assert await send(world, f"स्थिति {swapped}") == label("sms_reply.MISTYPED", Language.HI)


async def test_stop_and_start_change_her_choice_and_stop_is_confirmed_once(world: World):
    stopped = await send(world, "बंद")
    after = await channels_of(world)
    again = await send(world, "STOP", later=1)
    started = await send(world, "shuru", later=2)

    assert (stopped, again) == (label("sms_reply.STOPPED", Language.HI), "")
    assert MessageChannel.SMS not in after
    assert started == label("sms_reply.STARTED", Language.HI)
    assert MessageChannel.SMS in await channels_of(world)


async def test_a_message_that_is_passed_on_again_gets_the_same_answer_and_does_nothing(world: World):
    first = await send(world, "बंद")
    await send(world, "शुरू", later=1)

    assert await send(world, "बंद") == first
    assert MessageChannel.SMS in await channels_of(world)


@pytest.mark.parametrize("text", ["HELP", "madad", "मदद", "कुछ और", "STOP the delay"])
async def test_help_and_what_is_no_command_tell_what_can_be_written(world: World, text: str):
    assert await send(world, text) == label("sms_reply.HELP", Language.HI)


async def test_who_chose_english_is_answered_in_english(world: World):
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        await people.update_citizen(tx, replace(asha, language=Language.EN))

    assert await send(world, "HELP") == label("sms_reply.HELP", Language.EN)
    assert await send(world, "मदद") == label("sms_reply.HELP", Language.HI)


async def test_links_to_tracking_and_appeal_are_those_of_the_portal(world: World):
    assert f"{world.env.public_url}/track" in await send(world, "लिंक")
    assert f"{world.env.public_url}/my/appeals" in await send(world, "अपील")


async def test_a_telephone_that_sends_without_end_is_answered_no_more_that_day(world: World):
    replies = [await send(world, "HELP", later=number) for number in range(ANSWERED_A_DAY + 1)]

    assert replies[-2] != "" == replies[-1]


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_every_reply_is_one_part_with_whatever_state_and_an_address_of_20_characters(language: Language):
    longest = max((label(f"status.{one.value}", language) for one in Status), key=len)
    values = {
        "number": "2261 00000 00000",
        "on": "05-12-2026",
        "state": longest,
        "link": "https://apuni.uk.gov/my/appeals",
    }

    filled = {key: text.format(**values) for key, text in labels(language, "sms_reply.").items()}

    assert {key: parts_of(text) for key, text in filled.items()} == dict.fromkeys(filled, 1)
