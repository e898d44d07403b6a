"""What a telephone that only sends SMS is answered: her own applications in one part, and nothing of anybody else's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.conversations.sms_appeals import CODE_FOR
from actions.conversations.sms_commands import ANSWERED_A_DAY, SmsCommands
from actions.feedback.message_planning import plan_messages
from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.feedback.message_texts import parts_of
from domain.feedback.messages import USUAL, MessageChannel
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import SYSTEM, Language, NumberKind, ist_date, make_number, show_number
from domain.kernel.messages import label, labels
from integrations.sms import IncomingSms
from store.appeals import appeals
from store.feedback import conversations, messages, notices
from store.feedback.conversations import conversations_table
from store.identity import contacts, people
from tests.support.actions import FREE, ORDER, World
from tests.support.phones import Phones, with_phones
from tests.support.plans import statements_of
from tests.support.worlds import AADHAAR

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

    assert reply.endswith(f"नियत तिथि {ist_date(case.due_at):%d-%m-%Y}")


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


async def tell_her(world: World, case: Application, *kinds: NoticeKind) -> None:
    """Events of a case make messages to her, which wait for the worker."""
    async with world.env.store.write_transaction() as tx:
        for kind in kinds:
            about = About(Topic.APPLICATION, case.id, world.asha.person_id or "", case.id, f"{case.id}:{kind}")
            await tell(UnitOfWork(world.env, tx, SYSTEM), kind, about, number=case.number)
    await plan_messages(world.env)


async def what_goes(world: World, case: Application) -> dict[str, str | None]:
    """Of each event of a case that was told, the reason why no SMS goes, None where one waits to go."""
    async with world.env.store.read_transaction() as tx:
        written = {one.id: one.kind for one in (await notices.of_applications(tx, [case.id]))[case.id]}
        found = await messages.of_notices(tx, written)
    return {written[key].value: one.reason for key, of_one in found.items() for one in of_one}


@pytest.fixture
async def reached(world: World) -> World:
    """SMS is connected, and what the submission of Asha's application made is not looked at."""
    world.env = with_phones(world.env, Phones())
    return world


async def test_stop_with_a_number_ends_sms_about_that_application_alone(reached: World):
    one = await reached.submit(reached.asha, FREE, idempotency_key="one")
    other = await reached.submit(reached.sunil, FREE, idempotency_key="two")

    stopped = await send(reached, f"STOP {one.number}")
    await tell_her(reached, one, NoticeKind.APPROVED)
    await tell_her(reached, other, NoticeKind.APPROVED)

    assert show_number(one.number) in stopped
    assert (await what_goes(reached, one))["APPROVED"] == "SWITCHED_OFF"
    assert (await what_goes(reached, other))["APPROVED"] is None
    assert await channels_of(reached) == USUAL.channels


async def test_what_needs_her_comes_also_about_an_application_that_she_stopped(reached: World):
    case = await reached.submit(reached.asha, FREE, idempotency_key="one")

    await send(reached, f"STOP {case.number}")
    await tell_her(reached, case, NoticeKind.QUERY_RAISED)

    assert (await what_goes(reached, case))["QUERY_RAISED"] is None


@pytest.mark.parametrize("written", ["START {number}", "शुरू"])
async def test_start_brings_sms_about_an_application_back(reached: World, written: str):
    case = await reached.submit(reached.asha, FREE, idempotency_key="one")
    await send(reached, f"STOP {case.number}")

    await send(reached, written.format(number=case.number), later=1)
    await tell_her(reached, case, NoticeKind.APPROVED)

    assert (await what_goes(reached, case))["APPROVED"] is None


async def test_stop_of_an_application_is_confirmed_once(reached: World):
    case = await reached.submit(reached.asha, FREE, idempotency_key="one")

    first = await send(reached, f"बंद {case.number}")

    assert first == label("sms_reply.MUTED", Language.HI).format(number=show_number(case.number))
    assert await send(reached, f"STOP {case.number}", later=1) == ""


async def test_a_stranger_s_telephone_stops_nothing(reached: World):
    case = await reached.submit(reached.asha, FREE, idempotency_key="one")

    reply = await send(reached, f"STOP {case.number}", mobile=ANOTHER)
    await tell_her(reached, case, NoticeKind.APPROVED)

    assert reply == label("sms_reply.NOTHING", Language.HI)
    assert (await what_goes(reached, case))["APPROVED"] is None


@pytest.mark.parametrize("written", ["STOP", "STOP {number}"])
async def test_stop_ends_what_waits_to_go_by_sms_but_not_what_needs_her(reached: World, written: str):
    case = await reached.submit(reached.asha, FREE, idempotency_key="one")
    await tell_her(reached, case, NoticeKind.APPROVED, NoticeKind.QUERY_RAISED)

    await send(reached, written.format(number=case.number))

    goes = await what_goes(reached, case)
    assert (goes["APPROVED"], goes["QUERY_RAISED"]) == ("SWITCHED_OFF", None)


async def test_stop_is_obeyed_also_by_a_telephone_that_is_answered_no_more(world: World):
    for number in range(ANSWERED_A_DAY + 1):
        await send(world, "HELP", later=number)

    await send(world, "STOP", later=ANSWERED_A_DAY + 1)

    assert MessageChannel.SMS not in await channels_of(world)


async def test_an_aadhaar_number_that_is_sent_is_not_kept(world: World):
    await send(world, f"मेरा आधार {AADHAAR}")

    assert await kept_lines(world) == ["मेरा आधार XXXX XXXX 7058", label("sms_reply.HELP", Language.HI)]


async def test_the_conversation_of_who_had_the_number_before_is_not_that_of_who_has_it_now(world: World):
    await send(world, "HELP")
    async with world.env.store.write_transaction() as tx:
        await contacts.note(tx, [(world.asha.person_id or "", ANOTHER), (world.sunil.person_id or "", HERS)])

    await send(world, "मदद", later=1)

    assert await kept_lines(world, citizen_id=world.sunil.person_id) == ["मदद", label("sms_reply.HELP", Language.HI)]
    assert await kept_lines(world) == ["HELP", label("sms_reply.HELP", Language.HI)]


async def kept_lines(world: World, citizen_id: str | None = None) -> list[str]:
    """What is kept of the conversations of a citizen, Asha's where none is named."""
    of_citizen = conversations_table.c.citizen_id == (citizen_id or world.asha.person_id)
    async with world.env.store.read_transaction() as tx:
        held = (await tx.connection.execute(select(conversations_table.c.id).where(of_citizen))).scalars().all()
        pages = [await conversations.lines_of(key).page(tx, limit=20) for key in held]
    return [line.text for page in pages for line in page]


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


async def overdue(world: World) -> Application:
    """Her application, whose time is over, and which she has not handed on."""
    case = await world.in_scrutiny(world.asha, ORDER, world.employment)
    world.clock.advance(timedelta(days=25))
    return case


def code_in(reply: str) -> str:
    return reply.rsplit(" ", 1)[-1]


async def texts_of_appeals(world: World, case: Application) -> list[str | None]:
    async with world.env.store.read_transaction() as tx:
        return [one.text for one in (await appeals.of_applications(tx, [case.id])).get(case.id, [])]


@pytest.mark.parametrize(
    ("appeal", "yes"),
    [
        ("अपील {hindi} समय पर सेवा नहीं मिली", "हाँ {code}"),
        ("UK APPEAL {number} समय पर सेवा नहीं मिली", "uk yes {code}"),
        ("apil {number} समय पर सेवा नहीं मिली", "Haan {code}"),
        ("APPEAL {spaced} समय पर सेवा नहीं मिली", "हां {code_hindi}"),
    ],
)
async def test_an_appeal_is_filed_by_a_reason_and_the_code_that_came_back(world: World, appeal: str, yes: str):
    case = await overdue(world)
    spaced = f"{case.number[:4]} {case.number[4:9]} {case.number[9:]}"
    written = appeal.format(number=case.number, hindi=in_hindi_digits(case.number), spaced=spaced)
    code = code_in(await send(world, written))
    before = await texts_of_appeals(world, case)

    reply = await send(world, yes.format(code=code, code_hindi=in_hindi_digits(code)), later=60)

    assert (before, await texts_of_appeals(world, case)) == ([], ["समय पर सेवा नहीं मिली"])
    assert reply.startswith("अपील दर्ज हुई")


async def test_a_yes_that_is_passed_on_again_files_no_second_appeal(world: World):
    case = await overdue(world)
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))

    first = await send(world, f"हाँ {code}", later=60)

    assert await send(world, f"हाँ {code}", later=60) == first
    assert len(await texts_of_appeals(world, case)) == 1


async def test_without_a_reason_one_is_asked_for_and_nothing_waits(world: World):
    case = await overdue(world)

    reply = await send(world, f"अपील {case.number}")

    assert reply == label("sms_reply.APPEAL_WHY", Language.HI).format(number=show_number(case.number))
    assert await send(world, "हाँ 123456", later=1) == label("sms_reply.HELP", Language.HI)


async def test_three_wrong_codes_end_the_right_one(world: World):
    case = await overdue(world)
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    told = [await send(world, f"हाँ {wrong}", later=number) for number in (1, 2, 3)]

    await send(world, f"हाँ {code}", later=4)

    assert told == [label("sms_reply.APPEAL_WRONG_CODE", Language.HI)] * 3
    assert await texts_of_appeals(world, case) == []


async def test_a_code_is_good_for_half_an_hour(world: World):
    case = await overdue(world)
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))
    world.clock.advance(CODE_FOR)

    assert await send(world, f"हाँ {code}") == label("sms_reply.APPEAL_WRONG_CODE", Language.HI)
    assert await texts_of_appeals(world, case) == []


async def test_a_stranger_s_telephone_appeals_nothing_and_learns_nothing(world: World):
    case = await overdue(world)
    unknown = make_number(NumberKind.APPLICATION, 2026, "0123456789")
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))

    foreign = await send(world, f"अपील {case.number} देर हुई", mobile=ANOTHER)
    absent = await send(world, f"अपील {unknown} देर हुई", mobile=ANOTHER, later=1)
    guessed = await send(world, f"हाँ {code}", mobile=ANOTHER, later=2)

    assert (foreign, absent) == (label("sms_reply.NOTHING", Language.HI),) * 2
    assert guessed == label("sms_reply.HELP", Language.HI)
    assert await texts_of_appeals(world, case) == []


async def test_a_telephone_of_two_citizens_appeals_nothing(world: World):
    case = await overdue(world)
    async with world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [world.sunil.person_id or ""])).values()
        await people.update_citizen(tx, replace(sunil, mobile=HERS))
        await contacts.note(tx, [(sunil.id, HERS)])

    assert await send(world, f"अपील {case.number} देर हुई") == label("sms_reply.NOTHING", Language.HI)


async def test_an_appeal_that_is_not_open_to_her_is_refused_with_the_page_that_says_why(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))

    reply = await send(world, f"हाँ {code}", later=1)

    assert reply.endswith("/my/appeals")
    assert await texts_of_appeals(world, case) == []


async def test_a_slip_in_the_number_of_an_appeal_is_told(world: World):
    case = await overdue(world)
    swapped = case.number[:-3] + case.number[-2] + case.number[-3] + case.number[-1]

    assert await send(world, f"अपील {swapped} देर हुई") == label("sms_reply.MISTYPED", Language.HI)


async def test_stop_does_not_forget_that_an_appeal_waits(world: World):
    case = await overdue(world)
    code = code_in(await send(world, f"अपील {case.number} देर हुई"))
    await send(world, "STOP", later=1)
    await send(world, f"हाँ {code}", later=2)

    assert len(await texts_of_appeals(world, case)) == 1


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
        "code": "000000",
    }

    filled = {key: text.format(**values) for key, text in labels(language, "sms_reply.").items()}

    assert {key: parts_of(text) for key, text in filled.items()} == dict.fromkeys(filled, 1)
