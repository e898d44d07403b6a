"""Answers what citizens send by SMS: each message once, in one part, about an application to its applicant alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from actions.conversations.sms_appeals import APPEAL, Remembered, ask_for_code, take_code
from actions.etaal.enquiries import Asker, count_enquiry
from actions.feedback.mutes import mute, note_switch, unmute
from actions.feedback.tracking import tracking_view
from actions.kernel import Environment, UnitOfWork, application_by_any
from domain.applications.applications import Application, Channel
from domain.feedback.commands import Command, CommandKind, confirmed_code, read_command
from domain.feedback.conversations import Conversation, ConversationLine, LineAuthor
from domain.feedback.messages import USUAL, MessageChannel, MessageState
from domain.feedback.tracking import HANDED_IN, Tracked, is_public
from domain.identity.policy import ObjectKind
from domain.kernel import SYSTEM, Citizen, Language, MistypedNumber, ist_date, show_number, state_language
from domain.kernel.messages import label
from domain.kernel.secret_comparison import is_same_secret
from integrations.sms import IncomingSms
from store.applications import applications
from store.feedback import conversations, messages, tracking
from store.identity import contacts, people

ANSWERED_A_DAY = 30
"""So many messages of one telephone are answered in a day."""
_ABSENT, _STOPPED = "absent", "stopped"
_SMS = MessageChannel.SMS


class SmsCommands:
    """The inbox behind the door of Mobile Seva."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def answer(self, sms: IncomingSms) -> str:
        """The reply to a message, empty where there is none; a message that is passed on again gets the same one."""
        return await self._env.store.carry_out(lambda tx: _answer(UnitOfWork(self._env, tx, SYSTEM), sms))


async def _answer(acting: UnitOfWork, sms: IncomingSms) -> str:
    tx, ids = acting.tx, acting.env.ids
    known = list((await people.citizens(tx, await contacts.with_mobile(tx, sms.mobile))).values())
    conversation = await conversations.open_conversation(
        tx,
        conversation_id=ids.key(),
        channel=_SMS,
        address=f"91{sms.mobile}",
        citizen_id=known[0].id if len(known) == 1 else None,
    )
    name = tx.cipher.blind_index("incoming_sms", f"{sms.mobile}\n{sms.at.isoformat()}\n{sms.text}")
    heard = ConversationLine(ids.key(), conversation.id, LineAuthor.CITIZEN, sms.text, acting.now, name)
    if not await conversations.add_line(tx, heard):
        earlier = await conversations.line_of(tx, f"{name}:reply")
        return earlier.text if earlier else ""
    command = read_command(sms.text) or Command(CommandKind.HELP)
    tries, _ = await tracking.count_try(tx, "sms", sms.mobile, window=timedelta(days=1))
    if tries > ANSWERED_A_DAY and command != Command(CommandKind.STOP):
        return ""
    language = _language_of(sms.text, known)
    code = confirmed_code(sms.text)
    try:
        if code is not None and APPEAL in conversation.engine:
            owner = known[0] if len(known) == 1 else None
            reply, engine = await take_code(acting, conversation, owner, code, language)
        elif command.kind is CommandKind.APPEAL and (command.number or command.mistyped):
            reply, engine = await _begin_appeal(acting, command, conversation, known, language)
        else:
            reply, engine = await _reply(acting, command, conversation, known, language)
    except MistypedNumber:
        reply, engine = label("sms_reply.MISTYPED", language), dict(conversation.engine)
    if engine != conversation.engine:
        await conversations.save(tx, replace(conversation, engine=engine), conversation.version)
    if reply:
        said = replace(heard, id=ids.key(), author=LineAuthor.SERVICE, text=reply, provider_id=f"{name}:reply")
        await conversations.add_line(tx, replace(said, state=MessageState.SENT))
    return reply


async def _begin_appeal(
    acting: UnitOfWork, command: Command, conversation: Conversation, known: Sequence[Citizen], language: Language
) -> tuple[str, Remembered]:
    """Ask for the code of an appeal; a telephone of two citizens, or of another one, learns nothing."""
    if command.mistyped:
        raise MistypedNumber
    found = await _application(acting, command.number, conversation.address[2:], known)
    if found is None or len(known) != 1:
        return label("sms_reply.NOTHING", language), dict(conversation.engine)
    return ask_for_code(acting, conversation, found, command.words, language)


async def _reply(
    acting: UnitOfWork, command: Command, conversation: Conversation, known: Sequence[Citizen], language: Language
) -> tuple[str, Remembered]:
    if command.mistyped:
        raise MistypedNumber
    mobile, engine = conversation.address[2:], dict(conversation.engine)
    match command.kind:
        case CommandKind.STATUS | CommandKind.DUE:
            return await _reply_about(acting, command, mobile, known, language), engine
        case CommandKind.LINK | CommandKind.APPEAL:
            page = "/track" if command.kind is CommandKind.LINK else "/my/appeals"
            text = label(f"sms_reply.{command.kind.value}", language)
            return text.format(link=f"{acting.env.public_url}{page}"), engine
        case CommandKind.STOP | CommandKind.START if command.number is not None:
            return await _switch_one(acting, command, mobile, known, language), engine
        case CommandKind.STOP | CommandKind.START:
            stops = command.kind is CommandKind.STOP
            text = await _switch(acting, conversation, known, language, stops=stops)
            return text, {**engine, _STOPPED: stops}
        case _:
            return label("sms_reply.HELP", language), engine


async def _reply_about(
    acting: UnitOfWork, command: Command, mobile: str, known: Sequence[Citizen], language: Language
) -> str:
    """The state or the due date of an application; the same words for one that is another's and one that is not."""
    application = await _application(acting, command.number, mobile, known)
    found = await tracking_view(acting.tx, application.id) if application else None
    if application is None or found is None:
        return label("sms_reply.NOTHING", language)
    await count_enquiry(acting.env, acting.tx, Asker(line=mobile, channel=Channel.MOBILE), application)
    return _words_of(found, command.kind, language)


def _words_of(found: Tracked, kind: CommandKind, language: Language) -> str:
    number = show_number(found.number)
    if kind is CommandKind.DUE and found.due_at is not None and found.delivered_at is None:
        return label("sms_reply.DUE", language).format(number=number, on=f"{ist_date(found.due_at):%d-%m-%Y}")
    state = label(found.status_text, language)
    return label("sms_reply.STATUS", language).format(number=number, state=state)


async def _application(
    acting: UnitOfWork, number: str | None, mobile: str, known: Sequence[Citizen]
) -> Application | None:
    """The application with a number whose applicant has that telephone; without a number the latest of those."""
    if number is None:
        latest = [await applications.page_of_citizen(acting.tx, one.id, statuses=HANDED_IN, limit=1) for one in known]
        return max((one for page in latest for one in page), key=lambda one: one.created_at, default=None)
    found = await application_by_any(acting.tx, number)
    citizen_id = found.citizen_id if found else _ABSENT
    applicant = (await people.citizens(acting.tx, [citizen_id])).get(citizen_id)
    right = is_same_secret(mobile, (applicant.mobile or "") if applicant else "")
    return found if right and is_public(found) else None


async def _switch(
    acting: UnitOfWork, conversation: Conversation, known: Sequence[Citizen], language: Language, *, stops: bool
) -> str:
    """Have SMS come no more, or again, to those who have the telephone; said once, also to a stranger's."""
    tx, changed = acting.tx, conversation.engine.get(_STOPPED, False) is not stops
    settings = await messages.settings_of(tx, [one.id for one in known])
    for one in known:
        present = settings.get(one.id, USUAL)
        if (_SMS in present.channels) is stops:
            changed = True
            wanted = {*present.channels} ^ {_SMS}
            chosen = replace(present, channels=tuple(each for each in MessageChannel if each in wanted))
            await messages.choose(tx, one.id, chosen)
            await note_switch(acting, ObjectKind.NOTICE, one.id, _SMS, stops=stops)
    hers = [one.id for one in known]
    await (messages.stop_waiting if stops else messages.unmute)(tx, hers)
    if stops and not changed:
        return ""
    return label(f"sms_reply.{'STOPPED' if stops else 'STARTED'}", language)


async def _switch_one(
    acting: UnitOfWork, command: Command, mobile: str, known: Sequence[Citizen], language: Language
) -> str:
    """Have nothing more told of one application of hers but what must be, or again; said once."""
    application, stops = await _application(acting, command.number, mobile, known), command.kind is CommandKind.STOP
    if application is None:
        return label("sms_reply.NOTHING", language)
    if not stops:
        await unmute(acting, application, _SMS)
    elif not await mute(acting, application, _SMS):
        return ""
    text = label(f"sms_reply.{'MUTED' if stops else 'UNMUTED'}", language)
    return text.format(number=show_number(application.number))


def _language_of(text: str, known: Sequence[Citizen]) -> Language:
    """English where the telephone's people all chose it and the message is in no other script, else the state's."""
    chose_english = bool(known) and all(one.language is Language.EN for one in known)
    return Language.EN if chose_english and text.isascii() else state_language()
