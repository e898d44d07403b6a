"""A conversation by WhatsApp, through the sandbox, the webhook and the worker: what it tells, does, and to whom."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from actions.catalogue.form_import import import_forms
from actions.certificates.issue import issue_certificate
from actions.conversations.filing import whole_lines
from actions.feedback.message_planning import plan_messages
from actions.feedback.message_settings import shown_settings
from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from actions.platform.switches import SetSwitch, change
from domain.appeals.appeals import Appeal
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.conversations import Dialogue, Step
from domain.etaal.counting import CountingEvent
from domain.feedback.conversations import ConversationState, LineAuthor
from domain.feedback.messages import USUAL, MessageChannel, MessageSettings, MessageState
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import SYSTEM, Assurance, ErrorCode, Language, show_number
from domain.kernel.messages import message
from domain.platform.switches import SwitchKind, SwitchState
from states.message_texts import message_texts
from states.packages import state_folder
from store.appeals import appeals
from store.applications import applications
from store.applications.application_rows import applications_table
from store.catalogue import catalogue
from store.etaal import ledger
from store.feedback import conversations, feedback, messages, whatsapp_consents
from store.identity import people
from tests.support.actions import FREE, INCOME, ORDER, FakeRenderer, World
from tests.support.chats import Chat, agrees, choices_of, has_number, text_of, whatsapp_of
from tests.support.forms import own_forms
from tests.support.phones import Phones, with_phones
from tests.support.pictures import camera_jpeg
from tests.support.state import form_files

HER = "9812345678"
SECOND_PHOTOGRAPH = base64.b64encode(camera_jpeg()).decode()
FORM = own_forms()["income-certificate"].example
WORDS = "आय प्रमाण पत्र"
OFF = message(ErrorCode.SWITCHED_OFF, Language.HI)


@pytest.fixture
async def chat(world: World, tmp_path):
    """Asha writes from her number."""
    await has_number(world, world.asha, HER)
    with whatsapp_of(world, tmp_path) as sandbox:
        yield Chat(world, sandbox, HER)


@pytest.fixture
async def sure(chat: Chat) -> Chat:
    """The same, after she agreed in a session."""
    await agrees(chat.world, chat.world.asha)
    return chat


@pytest.fixture
async def filing(sure: Chat) -> Chat:
    """The same, with the forms that come with the gateway."""
    assert not (await import_forms(sure.world.env.store, form_files())).refused
    return sure


def swapped(number: str) -> str:
    """The number with two different digits changed over."""
    at = next(at for at in range(3, 12) if number[at] != number[at + 1])
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


async def held(chat: Chat):
    return await chat.world.env.store.carry_out(
        lambda tx: conversations.open_conversation(
            tx,
            conversation_id="none",
            channel=MessageChannel.WHATSAPP,
            address=f"91{HER}",
            citizen_id=chat.world.asha.person_id,
        )
    )


async def dialogue(chat: Chat) -> Dialogue:
    return Dialogue.read((await held(chat)).engine)


async def test_a_greeting_is_answered_by_what_can_be_done_here(chat):
    [menu] = await chat.say("नमस्ते")

    assert text_of(menu).startswith("नमस्ते")
    assert [one for one, _ in choices_of(menu)][:2] == ["menu:status", "menu:find"]


async def test_the_status_of_her_application_is_told_with_what_she_may_do(chat):
    application = await chat.world.submit(chat.world.asha)
    [told] = await chat.say(f"स्थिति {application.number}")

    assert application.number[-5:] in text_of(told)
    assert ("appeal:" + application.number) in [one for one, _ in choices_of(told)]


async def test_a_status_that_is_told_is_counted_as_an_enquiry_by_whatsapp(chat):
    application = await chat.world.submit(chat.world.asha)

    await chat.say(f"स्थिति {application.number}")

    async with chat.world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(sa.select(ledger.ledger_table))).all()
    enquiries = [row.channel for row in rows if row.event == CountingEvent.STATUS_ENQUIRY]
    assert enquiries == [Channel.WHATSAPP]


async def test_of_her_only_application_the_status_is_told_without_a_number(chat):
    application = await chat.world.submit(chat.world.asha)
    [told] = await chat.say("sthiti")

    assert application.number[-5:] in text_of(told)


async def test_of_several_applications_she_chooses_one(chat):
    first = await chat.world.submit(chat.world.asha)
    await chat.world.submit(chat.world.asha, ORDER)
    [asked] = await chat.say("status")
    [told] = await chat.tap(f"status:{first.number}")

    assert len(choices_of(asked)) == 2
    assert first.number[-5:] in text_of(told)


async def test_drafts_are_not_counted_among_her_applications(chat):
    application = await chat.world.submit(chat.world.asha)
    async with chat.world.env.store.write_transaction() as tx:
        row = (await tx.connection.execute(applications_table.select())).mappings().one()
        later = chat.world.clock.now() + timedelta(minutes=1)
        drafts = [
            {"id": f"d-{each}", "number": f"D{each}", "acknowledgement": None, "status": "DRAFT", "created_at": later}
            for each in range(10)
        ]
        await tx.connection.execute(applications_table.insert(), [{**row, **each} for each in drafts])
    [told] = await chat.say("status")

    assert application.number[-5:] in text_of(told)


async def test_a_strangers_number_and_one_that_is_not_there_are_answered_alike(chat):
    anothers = await chat.world.submit(chat.world.sunil)
    [one] = await chat.say(f"status {anothers.number}")
    [other] = await chat.say("status UK-AS-2026-0001234")

    assert text_of(one) == text_of(other)
    assert anothers.number[-5:] not in text_of(one)


async def test_a_number_with_two_digits_changed_over_is_told(chat):
    application = await chat.world.submit(chat.world.asha)
    [told] = await chat.say(f"status {swapped(application.number)}")

    assert "आपस में बदल" in text_of(told)


async def test_a_number_that_two_citizens_have_is_nobodys(chat):
    application = await chat.world.submit(chat.world.asha)
    async with chat.world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [chat.world.sunil.person_id])).values()
        await people.update_citizen(tx, replace(sunil, mobile=HER))
    [told] = await chat.say(f"status {application.number}")

    assert application.number[-5:] not in text_of(told)


async def test_a_repeated_message_is_answered_once(chat):
    answers = await chat.say("नमस्ते", times=3)

    assert len(answers) == 1


async def test_stop_is_confirmed_and_start_begins_again(sure):
    async def agreed() -> bool:
        async with sure.world.env.store.read_transaction() as tx:
            [asha] = (await people.citizens(tx, [sure.world.asha.person_id])).values()
            return (await whatsapp_consents.of_citizens(tx, [asha]))[asha.id].given

    assert await agreed()
    [stopped] = await sure.say("STOP")
    assert ("नहीं मिलेंगे" in text_of(stopped), await agreed()) == (True, False)
    [started] = await sure.say("शुरू")
    assert ("मिलेंगे" in text_of(started), await agreed()) == (True, True)


async def test_stop_with_a_number_that_has_a_slip_stops_nothing(sure):
    application = await sure.world.submit(sure.world.asha)
    [told] = await sure.say(f"STOP {swapped(application.number)}")

    assert "आपस में बदल" in text_of(told)


async def muted(chat: Chat, application: Application) -> bool:
    async with chat.world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(messages.muted_table.select())).all()
    return application.id in [row.application_id for row in rows]


async def test_stop_with_a_number_ends_messages_about_that_application_and_start_brings_them_back(chat):
    one = await chat.world.submit(chat.world.asha)
    other = await chat.world.submit(chat.world.asha, ORDER)
    [told] = await chat.say(f"STOP {one.number}")

    assert "संदेश बंद" in text_of(told)
    assert (await muted(chat, one), await muted(chat, other)) == (True, False)
    [told] = await chat.say(f"शुरू {one.number}")
    assert ("फिर आएँगे" in text_of(told), await muted(chat, one)) == (True, False)


async def test_of_an_application_that_was_stopped_nothing_goes_by_whatsapp_or_sms_but_what_must(sure):
    sure.world.env = with_phones(sure.world.env, Phones())
    application = await sure.world.submit(sure.world.asha)
    await sure.say(f"STOP {application.number}")
    async with sure.world.env.store.write_transaction() as tx:
        for kind in (NoticeKind.APPROVED, NoticeKind.QUERY_RAISED):
            about = About(Topic.APPLICATION, application.id, sure.world.asha.person_id, application.id, kind.value)
            await tell(UnitOfWork(sure.world.env, tx, SYSTEM), kind, about, number=application.number)
    await plan_messages(sure.world.env)

    async with sure.world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(messages.messages_table.select())).all()
    goes = {(row.kind, row.channel) for row in rows if row.reason is None}
    assert {one for one in goes if one[0] in ("APPROVED", "QUERY_RAISED")} == {("QUERY_RAISED", "SMS")}


async def test_stop_with_the_number_of_anothers_application_ends_nothing(chat):
    anothers = await chat.world.submit(chat.world.sunil)
    await chat.say(f"STOP {anothers.number}")

    assert not await muted(chat, anothers)


async def test_start_from_the_number_makes_nobody_surer(chat):
    await chat.say("START")

    async with chat.world.env.store.read_transaction() as tx:
        [asha] = (await people.citizens(tx, [chat.world.asha.person_id])).values()
        said = (await whatsapp_consents.of_citizens(tx, [asha]))[asha.id]
    assert (said.given, said.strength(chat.world.clock.now())) == (True, Assurance.LOW)


async def test_start_brings_messages_here_to_who_had_chosen_others_alone(chat):
    asha = chat.world.asha.person_id
    await chat.world.env.store.carry_out(
        lambda tx: messages.choose(tx, asha, MessageSettings((MessageChannel.SMS,), quiet_from=22))
    )

    await chat.say("START")

    async with chat.world.env.store.read_transaction() as tx:
        chosen = (await messages.settings_of(tx, [asha]))[asha]
    assert (set(chosen.channels), chosen.quiet_from) == ({MessageChannel.SMS, MessageChannel.WHATSAPP}, 22)


async def test_whatsapp_is_shown_as_chosen_only_while_she_agrees(chat):
    async with chat.world.env.store.read_transaction() as tx:
        [asha] = (await people.citizens(tx, [chat.world.asha.person_id])).values()

    before = await shown_settings(chat.world.env, asha, USUAL)
    await chat.say("START")
    agreed = await shown_settings(chat.world.env, asha, USUAL)
    await chat.say("STOP")
    stopped = await shown_settings(chat.world.env, asha, USUAL)

    assert [MessageChannel.WHATSAPP in one.channels for one in (before, agreed, stopped)] == [False, True, False]


async def test_help_hands_the_conversation_to_a_person_who_then_answers_alone(chat):
    [told] = await chat.say("मदद")
    silence = await chat.say("मेरा प्रमाण पत्र नहीं आया")

    assert "हेल्पलाइन" in text_of(told)
    assert silence == []
    conversation = await held(chat)
    assert conversation.state is ConversationState.WITH_HELPLINE
    assert conversation.citizen_id == chat.world.asha.person_id


async def begin(chat: Chat) -> None:
    """Find a service by words, and begin."""
    await chat.say("MENU")
    await chat.tap("menu:find")
    [found] = await chat.say(WORDS)
    await chat.tap(choices_of(found)[0][0])


async def answer(chat: Chat, given: str) -> list[dict]:
    """Answer what is asked, by a tap where that is offered."""
    about = (await dialogue(chat)).about
    tapped = f"answer:{about}:{given}"
    return await (chat.tap(tapped) if await chat.is_offered(tapped) else chat.say(given))


async def apply(chat: Chat) -> list[dict]:
    """Begin, and answer all that is asked before the papers."""
    await begin(chat)
    told: list[dict] = []
    while (now := await dialogue(chat)).step is Step.QUESTION:
        told = await answer(chat, FORM[now.about])
    assert (await dialogue(chat)).step is Step.DISTRICT
    await chat.say("देहरादून")
    while (await dialogue(chat)).step is Step.TEHSIL:
        await chat.say(await first_tehsil(chat))
    return told


async def first_tehsil(chat: Chat) -> str:
    async with chat.world.env.store.read_transaction() as tx:
        return (await catalogue.tehsils(tx, "49"))[0].code


async def test_a_simple_application_is_handed_in_with_a_photograph(filing):
    await apply(filing)
    while (await dialogue(filing)).step is Step.PAPER:
        await filing.send(camera_jpeg())
    [filed] = await filing.tap("confirm:yes")

    async with filing.world.env.store.read_transaction() as tx:
        [application] = await applications.page_of_citizen(tx, filing.world.asha.person_id, limit=5)
    assert application.number[-5:] in text_of(filed)
    assert (application.channel, application.status) == (Channel.WHATSAPP, Status.FEE_PENDING)
    assert application.form.items() <= FORM.items()


async def test_a_wrong_answer_is_told_and_the_question_asked_again(filing):
    await begin(filing)
    while (now := await dialogue(filing)).about != "pin_code":
        await answer(filing, FORM[now.about])
    told = await filing.say("12")

    assert len(told) == 2
    assert (await dialogue(filing)).about == "pin_code"


async def test_an_answer_that_was_tapped_twice_and_late_is_taken_for_its_own_question_alone(filing):
    await begin(filing)
    while (now := await dialogue(filing)).about != "declaration":
        await answer(filing, FORM[now.about])
    await filing.tap("answer:declaration:true")
    after = await dialogue(filing)
    await filing.tap("answer:declaration:false")

    assert (await dialogue(filing)).answers == after.answers


@pytest.mark.parametrize(
    "said",
    [{"text": "हाँ"}, {"text": "haan aisa hi"}, {"file": SECOND_PHOTOGRAPH}],
    ids=["a text", "a text with the word of a command", "a second photograph"],
)
async def test_what_is_no_answer_is_asked_for_again_and_drops_no_application(filing, said):
    await apply(filing)
    while (await dialogue(filing)).step is Step.PAPER:
        await filing.send(camera_jpeg())
    await filing.hear(**said)
    await filing.tap("confirm:yes")

    async with filing.world.env.store.read_transaction() as tx:
        assert len(await applications.page_of_citizen(tx, filing.world.asha.person_id, limit=5)) == 1


async def test_a_text_where_a_paper_is_asked_for_keeps_what_she_answered(filing):
    await apply(filing)
    asked = await dialogue(filing)
    await filing.say("भेज रही हूँ")

    assert replace(await dialogue(filing), asked_at=None) == replace(asked, asked_at=None)


async def test_menu_leaves_an_application(filing):
    await apply(filing)
    await filing.say("MENU")

    assert (await dialogue(filing)).step is Step.NOTHING


async def test_yes_may_be_written_and_is_shown_to_her_by_its_word(filing):
    await begin(filing)
    while (now := await dialogue(filing)).about != "declaration":
        await answer(filing, FORM[now.about])
    await filing.say("हाँ")
    await filing.say("देहरादून")
    await filing.say(await first_tehsil(filing))
    told: list[dict] = []
    while (await dialogue(filing)).step is Step.PAPER:
        told = await filing.send(camera_jpeg())

    assert text_of(told[-1]).count(": हाँ") == 1


async def test_what_she_answered_is_shown_whole_however_long_before_she_hands_it_in(filing):
    long = dict.fromkeys(("applicant_name", "father_name", "husband_name", "village"), "अ" * 100)
    answers = {**FORM, **long, "address": "गाँव " * 59}
    conversation = await held(filing)
    async with filing.world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, INCOME)
        papers = {one.key: "0" * 64 for one in service.documents}
        asked = Dialogue(Step.CONFIRM, "", filing.world.clock.now(), INCOME, "49", "304", answers, papers)
        await conversations.save(tx, replace(conversation, engine=asked.as_json()), conversation.version)
    told = await filing.say("क्या लिखा था?")

    shown = "\n".join(text_of(one) for one in told)
    assert all(value.strip() in shown for value in answers.values() if len(value) >= 100)
    assert [one for each in told for one, _ in choices_of(each)] == ["confirm:yes", "confirm:no"]


@pytest.mark.parametrize("longest", [9, 30, 100])
def test_lines_are_put_into_texts_without_losing_a_word(longest):
    lines = ["नाम: आशा", "पता: ग्राम और डाकघर चमोली", "आय: 1,20,000"]
    texts = whole_lines(lines, longest)

    assert all(len(text) <= longest for text in texts)
    assert " ".join(texts).split() == " ".join(lines).split()


async def test_an_application_waits_to_be_handed_in_while_that_is_switched_off(filing):
    await apply(filing)
    while (await dialogue(filing)).step is Step.PAPER:
        await filing.send(camera_jpeg())
    await switch(filing, "submitApplication", SwitchState.OFF)
    told = await filing.tap("confirm:yes")
    await switch(filing, "submitApplication", SwitchState.ON)
    [filed] = await filing.tap("confirm:yes")

    assert [text_of(one) for one in told] == [OFF]
    async with filing.world.env.store.read_transaction() as tx:
        [application] = await applications.page_of_citizen(tx, filing.world.asha.person_id, limit=5)
    assert application.number[-5:] in text_of(filed)


async def switch(chat: Chat, name: str, state: SwitchState) -> None:
    wanted = SetSwitch(SwitchKind.MUTATION, name, state, "under repair")
    await chat.world.env.store.carry_out(lambda tx: change(tx, wanted, by="CLI:root", mutations={name}))


async def test_an_application_that_she_drops_is_not_handed_in(filing):
    await apply(filing)
    while (await dialogue(filing)).step is Step.PAPER:
        await filing.send(camera_jpeg())
    await filing.tap("confirm:no")

    async with filing.world.env.store.read_transaction() as tx:
        assert await applications.page_of_citizen(tx, filing.world.asha.person_id, limit=5) == []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<html>", "image/jpeg"),
        (b"%PDF-1.7 but none", "image/jpeg"),
        (b"a letter", "application/msword"),
        (bytes(16_000_001), "application/pdf"),
    ],
    ids=["a page", "no PDF", "a letter", "too large"],
)
async def test_what_is_no_photograph_is_refused_and_asked_for_again(filing, content, media_type):
    await apply(filing)
    asked = await dialogue(filing)
    told = await filing.send(content, media_type)

    assert (asked.step, len(told)) == (Step.PAPER, 2)
    assert replace(await dialogue(filing), asked_at=None) == replace(asked, asked_at=None)


async def test_an_appeal_is_filed_with_the_reason_that_she_writes(sure):
    application = await sure.world.in_scrutiny(sure.world.asha, ORDER, sure.world.employment)
    sure.world.clock.advance(timedelta(days=25))
    await agrees(sure.world, sure.world.asha)
    await sure.say("नमस्ते")
    await sure.tap("menu:appeal")
    [filed] = await sure.say("समय पर सेवा नहीं मिली")

    [appeal] = await appeals_of(sure, application.id)
    assert appeal.number[-5:] in text_of(filed)


async def appeals_of(chat: Chat, application_id: str) -> list[Appeal]:
    async with chat.world.env.store.read_transaction() as tx:
        return list((await appeals.of_applications(tx, [application_id])).get(application_id, ()))


async def overdue(chat: Chat) -> Application:
    """Her only application, which is late, and about which the chat asks why she appeals."""
    application = await chat.world.in_scrutiny(chat.world.asha, ORDER, chat.world.employment)
    chat.world.clock.advance(timedelta(days=25))
    await agrees(chat.world, chat.world.asha)
    await chat.say("appeal")
    return application


async def test_no_appeal_is_filed_while_that_is_switched_off(sure):
    application = await overdue(sure)
    await switch(sure, "fileAppeal", SwitchState.OFF)
    told = await sure.say("समय पर सेवा नहीं मिली")

    assert [text_of(one) for one in told] == [OFF]
    assert not await appeals_of(sure, application.id)


@pytest.mark.parametrize("reason", ["mujhe aisa hi bataya gaya", "विवाह सहायता नहीं मिली", "नमस्ते, समय पर नहीं मिला"])
async def test_a_reason_in_which_the_word_of_a_command_stands_is_a_reason(sure, reason):
    application = await overdue(sure)
    await sure.say(reason)

    assert [one.text for one in await appeals_of(sure, application.id)] == [reason]


async def test_the_button_of_a_notice_is_no_reason_of_an_appeal(sure):
    application = await overdue(sure)
    await sure.hear(choice=f"STATUS {application.number}", title="स्थिति देखें")

    assert await appeals_of(sure, application.id) == []


async def test_the_button_of_a_refusal_asks_why_she_appeals(sure):
    application = await overdue(sure)
    text = message_texts(state_folder())["REJECTED"].text_for(MessageChannel.WHATSAPP, Language.HI)
    appeal = text.fill_all({"number": show_number(application.number), "ground_title": "आय"}).buttons[-1]
    [asked] = await sure.say("appeal")
    [pressed] = await sure.hear(choice=appeal.value, title=appeal.label)
    assert text_of(pressed) == text_of(asked)
    await sure.say("मेरे कागज़ पूरे थे")

    assert [one.text for one in await appeals_of(sure, application.id)] == ["मेरे कागज़ पूरे थे"]


async def test_a_command_alone_is_no_reason_of_an_appeal(sure):
    application = await overdue(sure)
    [told] = await sure.say(f"स्थिति {application.number}")

    assert await appeals_of(sure, application.id) == []
    assert text_of(told).startswith("आवेदन")


async def test_what_she_writes_a_day_after_the_question_is_no_reason_of_an_appeal(sure):
    application = await overdue(sure)
    sure.world.clock.advance(timedelta(days=1))
    await sure.say("मेरा प्रमाण पत्र कहाँ है")

    assert await appeals_of(sure, application.id) == []


async def test_the_certificate_comes_as_a_document_to_whom_we_are_sure_of(sure):
    application = await sure.world.approved(sure.world.asha, FREE, sure.world.registrar)
    await issue_certificate(sure.world.env, application.id, FakeRenderer())
    await sure.say(f"status {application.number}")
    [document] = await sure.tap(f"certificate:{application.number}")

    assert document["document"]["filename"].endswith(".pdf")


async def test_the_certificate_does_not_come_to_a_number_alone(chat):
    application = await chat.world.approved(chat.world.asha, FREE, chat.world.registrar)
    await issue_certificate(chat.world.env, application.id, FakeRenderer())
    await chat.say(f"status {application.number}")
    [told] = await chat.tap(f"certificate:{application.number}")

    assert "साइन इन" in text_of(told)
    assert text_of(told).endswith("/my/messages")


async def test_stars_are_kept(sure):
    application = await sure.world.approved(sure.world.asha, FREE, sure.world.registrar)
    await sure.say("नमस्ते")
    await sure.tap("menu:feedback")
    await sure.tap(f"stars5:{application.number}")

    async with sure.world.env.store.read_transaction() as tx:
        kept = await feedback.get(tx, application.id)
    assert kept is not None
    assert kept.rating == 5


async def give_stars(chat: Chat) -> Application:
    """She gave four stars, and is asked for a word or two."""
    application = await chat.world.approved(chat.world.asha, FREE, chat.world.registrar)
    await chat.say("नमस्ते")
    await chat.tap("menu:feedback")
    await chat.tap(f"stars4:{application.number}")
    return application


async def kept_feedback(chat: Chat, application: Application) -> tuple[int, str | None]:
    async with chat.world.env.store.read_transaction() as tx:
        kept = await feedback.get(tx, application.id)
    assert kept is not None
    return kept.rating, kept.text


async def test_beside_the_stars_she_writes_a_word_or_two(sure):
    application = await give_stars(sure)
    [thanks] = await sure.say("बहुत अच्छा, जल्दी हुआ")

    assert await kept_feedback(sure, application) == (4, "बहुत अच्छा, जल्दी हुआ")
    assert text_of(thanks).startswith("धन्यवाद")
    assert (await dialogue(sure)).step is Step.NOTHING


async def test_the_words_may_be_left_out(sure):
    application = await give_stars(sure)
    [thanks] = await sure.tap(f"skip:{application.number}")
    await sure.say("नमस्ते")

    assert text_of(thanks).startswith("धन्यवाद")
    assert await kept_feedback(sure, application) == (4, None)


async def test_stars_that_are_given_anew_leave_the_words_that_stood_beside_them(sure):
    application = await give_stars(sure)
    await sure.say("बहुत अच्छा")
    await sure.tap("menu:feedback")
    await sure.tap(f"stars2:{application.number}")

    assert await kept_feedback(sure, application) == (2, "बहुत अच्छा")


async def test_a_command_in_place_of_words_is_obeyed_and_the_stars_are_kept(sure):
    application = await give_stars(sure)
    [told] = await sure.say(f"स्थिति {application.number}")

    assert application.number[-5:] in text_of(told)
    assert await kept_feedback(sure, application) == (4, None)


async def test_no_feedback_is_kept_while_that_is_switched_off(sure):
    application = await sure.world.approved(sure.world.asha, FREE, sure.world.registrar)
    await sure.say("feedback")
    await sure.tap("menu:feedback")
    await switch(sure, "giveFeedback", SwitchState.OFF)
    told = await sure.tap(f"stars5:{application.number}")

    assert [text_of(one) for one in told] == [OFF]
    async with sure.world.env.store.read_transaction() as tx:
        assert await feedback.get(tx, application.id) is None


async def test_no_payment_is_begun_while_that_is_switched_off(sure):
    await sure.world.submit(sure.world.asha)
    await sure.say("MENU")
    await switch(sure, "startFeePayment", SwitchState.OFF)
    told = await sure.tap("menu:pay")

    assert [text_of(one) for one in told] == [OFF]


async def test_a_number_is_sure_for_thirty_days_after_she_agreed(filing):
    filing.world.clock.advance(timedelta(days=31))
    await filing.say("MENU")
    await filing.tap("menu:find")
    [found] = await filing.say(WORDS)
    [told] = await filing.tap(choices_of(found)[0][0])

    assert "साइन इन" in text_of(told)


async def test_what_was_asked_survives_a_restart_and_a_late_text_is_no_answer(sure):
    await sure.say("MENU")
    await sure.tap("menu:find")
    asked = await dialogue(sure)
    sure.world.clock.advance(timedelta(minutes=5))

    assert asked.step is Step.FIND
    [found] = await sure.say(WORDS)
    assert choices_of(found)


async def test_who_has_not_agreed_in_a_session_is_asked_to_sign_in_before_she_applies(chat):
    assert not (await import_forms(chat.world.env.store, form_files())).refused
    await chat.say("MENU")
    await chat.tap("menu:find")
    [found] = await chat.say(WORDS)
    [told] = await chat.tap(choices_of(found)[0][0])

    assert "साइन इन" in text_of(told)
    assert (await dialogue(chat)).step is Step.NOTHING


async def test_lines_that_went_out_follow_what_whatsapp_reports(chat):
    await chat.say("नमस्ते")
    for _ in range(2):
        chat.world.clock.advance(timedelta(seconds=5))
        await chat.sandbox.act("settle", {})
        await chat.work()
    conversation = await held(chat)
    async with chat.world.env.store.read_transaction() as tx:
        lines = await conversations.lines_of(conversation.id).page(tx, limit=10)

    assert [(one.author, one.state) for one in lines] == [
        (LineAuthor.CITIZEN, None),
        (LineAuthor.SERVICE, MessageState.DELIVERED),
    ]
