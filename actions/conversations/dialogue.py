"""Understands a message of a conversation and answers it: the state and the answer are kept in one transaction."""

from dataclasses import replace
from datetime import timedelta

from actions.conversations import cases, filing
from actions.conversations.turns import Turn
from actions.feedback.whatsapp_consents import note_consent
from actions.kernel import Environment, UnitOfWork
from domain.conversations import Dialogue, Step
from domain.feedback.commands import Command, CommandKind, read_command
from domain.feedback.conversations import Conversation, ConversationLine, ConversationState, LineAuthor
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.whatsapp import ConsentSource, mobile_of
from domain.kernel import Assurance, Citizen, Problems
from domain.platform.switches import MutationOff
from integrations.whatsapp import Incoming
from store.database import Transaction, VersionConflict
from store.feedback import conversations, messages, whatsapp_consents, whatsapp_notices
from store.identity import contacts, people

_INTERRUPT = frozenset({CommandKind.STOP, CommandKind.START, CommandKind.HELP, CommandKind.MENU})
"""What counts also while an answer to a form is asked for, where it is the whole message."""
_SWITCHES = frozenset({CommandKind.STOP, CommandKind.START})
_MENU = ("status", "find", "certificate", "pay", "appeal", "feedback", "help", "stop")


async def answer_message(env: Environment, heard: Incoming, key: str) -> None:
    """Answer a message once; `key` names it. A message of another country's number is kept by nobody.

    Raises RemoteError, TemporarilyUnavailable, VersionConflict: then it is to be tried again, and does nothing twice.
    """
    mobile = mobile_of(heard.sender)
    if mobile is None:
        await env.store.carry_out(lambda tx: whatsapp_notices.finish(tx, [key]))
        return
    conversation, turn = await env.store.carry_out(lambda tx: _begin(env, tx, heard, mobile, key))
    try:
        await _respond(turn, conversation)
    except (Problems, MutationOff) as refused:
        turn.tell(refused)
    await env.store.carry_out(lambda tx: _keep(env, tx, conversation, turn))


async def _begin(
    env: Environment, tx: Transaction, heard: Incoming, mobile: str, key: str
) -> tuple[Conversation, Turn]:
    """Keep what was written, and find who writes: the one citizen whose number it is."""
    held = (await people.citizens(tx, await contacts.with_mobile(tx, mobile))).values()
    owners = [one for one in held if one.mobile == mobile]
    reader: Citizen | None = owners[0] if len(owners) == 1 else None
    said = (await whatsapp_consents.of_citizens(tx, [reader])).get(reader.id) if reader else None
    conversation = await conversations.open_conversation(
        tx,
        conversation_id=env.ids.key(),
        channel=MessageChannel.WHATSAPP,
        address=heard.sender,
        citizen_id=reader.id if reader else None,
    )
    line = ConversationLine(
        env.ids.key(), conversation.id, LineAuthor.CITIZEN, heard.text, heard.at, provider_id=heard.id
    )
    await conversations.add_line(tx, line)
    strength = said.strength(tx.clock.now()) if said else Assurance.LOW
    return conversation, Turn(env, heard, key, reader, strength, Dialogue.read(conversation.engine))


async def _keep(env: Environment, tx: Transaction, begun: Conversation, turn: Turn) -> None:
    """Keep where the conversation stands now and what is to be answered, if nobody did; raises VersionConflict."""
    if not await whatsapp_notices.finish(tx, [turn.key]):
        return
    held = await conversations.get(tx, begun.id)
    if held is None or held.version != begun.version:
        raise VersionConflict(held.version if held else 0, held.state.value if held else "")
    reader = turn.reader.id if turn.reader else None
    engine = turn.dialogue.as_json()
    saved = await conversations.save(tx, replace(held, engine=engine, citizen_id=reader), held.version)
    now = env.clock.now()
    for place, one in enumerate(turn.replies):
        line = ConversationLine(
            env.ids.key(),
            saved.id,
            LineAuthor.SERVICE,
            one.text,
            now + timedelta(microseconds=place),
            extras=one.extras,
            state=MessageState.CREATED,
            send_at=now,
        )
        await conversations.add_line(tx, line)
    if turn.hands_over:
        await conversations.hand_over(tx, saved)


async def _respond(turn: Turn, conversation: Conversation) -> None:
    tapped = turn.heard.choice if turn.heard.choice and _is_ours(turn.heard.choice) else None
    asked = turn.dialogue.step is not Step.NOTHING
    command = None if tapped else read_command(turn.heard.choice or turn.heard.text, alone=asked)
    names_one = command is not None and (command.number is not None or command.mistyped)
    if command and command.kind in _SWITCHES and not names_one:
        await _note_consent(turn, given=command.kind is CommandKind.START)
    elif command and command.kind in _SWITCHES:
        await _obey(turn, command)
    elif conversation.state is ConversationState.WITH_HELPLINE:
        return  # a person answers
    elif tapped:
        await _take_tapped(turn, *tapped.split(":", 1))
    elif _answers(turn, command):
        await _take_answer(turn)
    else:
        await _obey(turn, command)


def _answers(turn: Turn, command: Command | None) -> bool:
    """Whether what she wrote or sent is the answer to what was asked."""
    heard, dialogue = turn.heard, turn.dialogue
    if dialogue.step is Step.PAPER and heard.media_id is not None:
        return True
    if heard.choice is not None or not heard.text.strip():
        return False
    interrupts = command is not None and (command.kind in _INTERRUPT or not dialogue.service)
    return not interrupts and dialogue.awaits_text(heard.at)


async def _obey(turn: Turn, command: Command | None) -> None:
    if command is None and turn.dialogue.service:
        await filing.take_answer(turn, "")  # an application is left by a command alone
    elif command is None or command.kind is CommandKind.MENU:
        _show_menu(turn)
    elif command.kind is CommandKind.HELP:
        _hand_over(turn)
    elif command.mistyped:
        turn.say("mistyped")
    else:
        await _do(turn, _BY_COMMAND.get(command.kind, "status"), command.number)


async def _take_answer(turn: Turn) -> None:
    """What she wrote or sent answers what was asked."""
    match turn.dialogue.step:
        case Step.FIND:
            await filing.show_found(turn)
        case Step.APPEAL:
            await cases.take_appeal(turn)
        case Step.WORDS:
            await cases.take_words(turn, turn.heard.text)
        case _:
            await filing.take_answer(turn, turn.heard.text)


async def _take_tapped(turn: Turn, kind: str, value: str) -> None:
    """What she tapped; what was offered for another question than the present one does nothing but show it again."""
    first, _, rest = value.partition(":")
    if kind == "menu":
        await _take_menu(turn, value)
    elif kind == "apply":
        await filing.begin(turn, value)
    elif kind in {"answer", "place"}:
        more, _, begin = rest.partition(":")
        if more == filing.MORE and begin.isdecimal():
            await filing.show_more(turn, first, int(begin))
        else:
            await filing.take_answer(turn, rest if _is_asked(turn.dialogue, kind, first) else "")
    elif kind == "confirm":
        await filing.take_answer(turn, value if turn.dialogue.step is Step.CONFIRM else "")
    elif kind.startswith("stars"):
        await cases.take_stars(turn, int(kind[5:]), value)
    elif kind == "skip":
        await (
            cases.take_words(turn, None) if turn.dialogue.step is Step.WORDS else cases.choose_case(turn, "feedback")
        )
    else:
        await cases.do_about(turn, kind, value)


def _is_asked(dialogue: Dialogue, kind: str, name: str) -> bool:
    if kind == "place":
        return dialogue.step.value.lower() == name
    return dialogue.step is Step.QUESTION and dialogue.about == name


async def _take_menu(turn: Turn, wanted: str) -> None:
    match wanted:
        case "find":
            await filing.ask_for_words(turn)
        case "help":
            _hand_over(turn)
        case "stop":
            await _note_consent(turn, given=False)
        case _ if wanted in _MENU:
            await cases.choose_case(turn, wanted)
        case _:
            _show_menu(turn)


async def _do(turn: Turn, does: str, number: str | None) -> None:
    if number is None:
        await cases.choose_case(turn, does)
    else:
        await cases.do_about(turn, does, number)


def _show_menu(turn: Turn) -> None:
    """What can be done here; what was asked before is asked no more."""
    turn.end()
    turn.say("menu", [(f"menu:{name}", turn.text(f"menu.{name}")) for name in _MENU])


def _hand_over(turn: Turn) -> None:
    turn.end()
    turn.say("handed_over")
    turn.hands_over = True


async def _note_consent(turn: Turn, *, given: bool) -> None:
    """Keep that she wants messages here, or none; confirmed once. A number that is nobody's is answered alike."""
    turn.end()
    reader = turn.reader
    if reader is not None:

        async def note(tx: Transaction) -> None:
            acting = UnitOfWork(turn.env, tx, turn.subject)
            await note_consent(acting, reader, ConsentSource.WHATSAPP, given=given)
            chosen = (await messages.settings_of(tx, [reader.id])).get(reader.id)
            if given and chosen is not None and MessageChannel.WHATSAPP not in chosen.channels:
                channels = (*chosen.channels, MessageChannel.WHATSAPP)
                await messages.choose(tx, reader.id, replace(chosen, channels=channels))

        await turn.env.store.carry_out(note)
    turn.say("started" if given else "stopped")


def _is_ours(choice: str) -> bool:
    """Whether a choice is one of ours; that of a template's button is a command."""
    kind = choice.partition(":")[0]
    return ":" in choice and kind in _KINDS


_BY_COMMAND = {CommandKind.DUE: "status", CommandKind.LINK: "link", CommandKind.APPEAL: "appeal"}
_BY_COMMAND |= {CommandKind.STOP: "mute", CommandKind.START: "unmute"}
_KINDS = frozenset({"menu", "apply", "answer", "place", "confirm", "status", "link", "pay", "certificate", "appeal"})
_KINDS |= {"feedback", "skip", *(f"stars{stars}" for stars in cases.STARS)}
