"""Carries notices to their readers: messages by channel, given to providers at most once, and what became of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from actions.feedback.carrier import Addresses, Carrier, Outgoing
from actions.feedback.channels import carrier_of, connected_carriers, connected_channels
from actions.feedback.texts import texts_in_force
from actions.feedback.whatsapp_consents import note_consent
from actions.kernel import Environment, UnitOfWork, require_own_record, run_idempotently
from domain.feedback.message_texts import EventTexts, UnfitText
from domain.feedback.messages import (
    CRITICAL_AFTER,
    GIVEN_UP_AFTER,
    IN_TURN,
    LOOKS,
    MOST_QUIET_HOURS,
    NOTHING,
    USUAL,
    WAITS,
    Message,
    MessageChannel,
    MessageSettings,
    MessageState,
    NotSent,
    channels_after,
)
from domain.feedback.notices import ALWAYS_BY_SMS, NEEDS_HER, NEWS, NoticeKind
from domain.feedback.whatsapp import ConsentSource
from domain.identity.policy import ObjectKind
from domain.kernel import (
    Citizen,
    ErrorCode,
    Language,
    LanguageNotSpoken,
    Problem,
    Problems,
    Subject,
    TemporarilyUnavailable,
    spoken_languages,
)
from integrations.calling.errors import NeverSent, NotAsked, NotLetIn, Refused, RemoteError
from store.database import Transaction, crash_points
from store.feedback import message_days, messages, notices, whatsapp_consents
from store.identity import people

PLANNED = 200
ASKED_AT_ONCE = 4
"""So many enquiries go to providers at once: as many as the one with the fewest places for them has."""
CLAIMED, CLAIMED_FOR_A_LOOK = timedelta(minutes=1), timedelta(minutes=5)
"""So long nobody else takes a message that is being read and filled, or whose provider is being asked."""

ReadValues = Callable[[Message, Language], Awaitable[Mapping[str, str] | None]]
"""What a message may say, read with the rights of its reader; None where that cannot be read."""

_log = structlog.get_logger(__name__)


async def shown_settings(env: Environment, reader: Citizen, settings: MessageSettings) -> MessageSettings:
    """What a citizen chose, of the channels that this installation can send by; WhatsApp only while she agrees to it.

    A form that shows what was never agreed to as chosen would make a consent of saving it.
    """
    shown = connected_channels(env)
    if MessageChannel.WHATSAPP in shown:
        async with env.store.read_transaction() as tx:
            said = (await whatsapp_consents.of_citizens(tx, [reader])).get(reader.id)
        if said is None or not said.given:
            shown -= {MessageChannel.WHATSAPP}
    return replace(settings, channels=tuple(each for each in settings.channels if each in shown))


async def choose_message_settings(
    env: Environment,
    subject: Subject,
    *,
    channels: Sequence[MessageChannel],
    quiet_from: int,
    quiet_until: int,
    language: Language | None = None,
    key: str,
) -> tuple[MessageSettings, bool]:
    """Keep by which channels, in which hours and in which language messages come to the citizen who asks.

    Raises NotSignedIn, LanguageNotSpoken; Problems: NOT_FOUND for anybody but a citizen, BAD_INPUT for hours that are
    none, QUIET_HOURS_TOO_LONG, CHANNEL_NOT_CONNECTED for a channel that this installation cannot send by.
    """
    if language is not None and language not in spoken_languages():
        raise LanguageNotSpoken
    chosen = MessageSettings(tuple(each for each in MessageChannel if each in channels), quiet_from, quiet_until)

    async def work(tx: Transaction) -> dict[str, bool]:
        reader = await require_own_record(UnitOfWork(env, tx, subject), ObjectKind.NOTICE)
        wrong = [("quietFrom", quiet_from), ("quietUntil", quiet_until)]
        problems = [Problem(ErrorCode.BAD_INPUT, ("input", name)) for name, hour in wrong if not 0 <= hour <= 23]
        if not problems and chosen.quiet_hours > MOST_QUIET_HOURS:
            most = {"most": str(MOST_QUIET_HOURS)}
            problems.append(Problem(ErrorCode.QUIET_HOURS_TOO_LONG, ("input", "quietUntil"), params=most))
        if set(channels) - connected_channels(env):
            problems.append(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "channels")))
        if problems:
            raise Problems(*problems)
        if language is not None:
            await people.update_citizen(tx, replace(reader, language=language))
        await messages.choose(tx, reader.id, chosen)
        if MessageChannel.WHATSAPP in connected_channels(env):
            wanted = MessageChannel.WHATSAPP in channels
            await note_consent(UnitOfWork(env, tx, subject), reader, ConsentSource.PORTAL, given=wanted)
        return {}

    body = {"channels": sorted(channels), "quiet": [quiet_from, quiet_until], "language": language}
    _, replayed = await run_idempotently(env, subject, "chooseMessageSettings", key=key, body=body, work=work)
    return chosen, replayed


async def carry_messages(
    env: Environment, read: ReadValues, channels: Collection[MessageChannel] | None = None
) -> None:
    """Plan what is due and send it by these channels, else by every one; where nothing is, one read says so."""
    channels = sorted(connected_channels(env) if channels is None else channels)
    async with env.store.read_transaction() as tx:
        due = await messages.may_be_due(tx, channels)
    if due:
        await plan_messages(env)
        await asyncio.gather(*(send_messages(env, read, channel) for channel in channels))


async def plan_messages(env: Environment) -> int:
    """Make the messages of new notices, and those of the next channel where one had its turn; how many were planned.

    A notice that is older than a message may become is read in the portal alone.
    """

    async def work(tx: Transaction) -> int:
        taken, oldest = await notices.take_to_send(tx, PLANNED), tx.clock.now() - GIVEN_UP_AFTER
        new = [(each.id, each.citizen_id, each.kind) for each in taken if each.created_at > oldest]
        passing = await messages.to_pass_on(tx, PLANNED)
        await messages.plan(tx, [each.id for each in passing], next_at=None)
        tried = await messages.of_notices(tx, {each.notice_id for each in passing})
        readers = {each[1] for each in new} | {each.citizen_id for each in passing}
        chosen, reached = await messages.settings_of(tx, readers), await _readers_by_channel(env, tx, readers)
        muted = await messages.muted_of(tx, {each[0] for each in new} | tried.keys())

        def settings(notice_id: str, citizen_id: str) -> MessageSettings:
            hers = chosen.get(citizen_id, USUAL)
            return hers.without_sms() if notice_id in muted else hers

        planned = [row for each in new for row in _rows(env, each, settings(each[0], each[1]), reached, ())]
        for each in passing:
            before = tried[each.notice_id]
            if each.channel in IN_TURN and not any(one.state is MessageState.DELIVERED for one in before):
                of = (each.notice_id, each.citizen_id, each.kind)
                channels = [one.channel for one in before]
                planned += _rows(env, of, settings(each.notice_id, each.citizen_id), reached, channels)
        await messages.add_many(tx, planned)
        return len(taken) + len(passing)

    return await env.store.carry_out(work)


async def send_messages(env: Environment, read: ReadValues, channel: MessageChannel) -> int:
    """Give what is due on a channel to its provider, outside of the reader's quiet hours; how many were tried."""
    carrier = carrier_of(env, channel)
    if carrier is None:
        return 0
    claimed = await env.store.carry_out(lambda tx: _claim(env, tx, channel, carrier))
    crash_points.reach(crash_points.MESSAGE_CLAIMED)
    texts = await env.store.read(partial(texts_in_force, env)) if claimed else {}
    await _do_each(_send(env, carrier, *each, texts, read) for each in claimed)
    return len(claimed)


async def look_after_messages(env: Environment, stopping: asyncio.Event | None = None) -> int:
    """Ask what became of messages, and give up those whose time is over; how many were looked after.

    Once `stopping` is set nobody else is asked; what was taken is due again when its claim ends.
    """
    looked = 0
    while True:
        many, asked = await env.store.carry_out(lambda tx: _claim_looks(env, tx))
        looked += many
        answers = list[bool]()
        for at in range(0, len(asked), ASKED_AT_ONCE):
            answers += await _do_each(_look_after(env, each) for each in asked[at : at + ASKED_AT_ONCE])
            if stopping is not None and stopping.is_set():
                return looked
        if many < PLANNED or (asked and not any(answers)):
            return looked


async def _do_each(work: Iterable[Coroutine[None, None, bool]]) -> list[bool]:
    """Do pieces of work at once; one that fails stops no other, and its message is due again by itself."""
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    for failed in outcomes:
        if isinstance(failed, BaseException):
            _log.error("message_not_carried", kind=type(failed).__name__)
    return [outcome is True for outcome in outcomes]


async def _claim_looks(env: Environment, tx: Transaction) -> tuple[int, list[Message]]:
    """Take what is to be looked after: how many there were, and those whose provider can be asked."""
    due, now = await messages.to_look_after(tx, PLANNED), tx.clock.now()
    asked = [each for each in due if _is_asked(env, each)]
    rest = {each.id for each in due} - {each.id for each in asked}
    over = [each.id for each in due if each.id in rest and each.created_at + GIVEN_UP_AFTER <= now]
    await messages.plan(tx, [each.id for each in due], look_at=now + CLAIMED_FOR_A_LOOK)
    await messages.plan(tx, over, look_at=None, send_at=None, next_at=now)
    await messages.move(tx, over, MessageState.FAILED_FOR_NOW)
    return len(due), asked


async def _readers_by_channel(
    env: Environment, tx: Transaction, citizen_ids: Collection[str]
) -> dict[MessageChannel, Collection[str]]:
    """The connected channels, with the ids of those of these citizens who have an address there."""
    readers = (await people.citizens(tx, citizen_ids)).values()
    return {channel: await carrier.addresses(tx, readers) for channel, carrier in connected_carriers(env).items()}


def _rows(
    env: Environment,
    of: tuple[str, str, NoticeKind],
    settings: MessageSettings,
    reached: Mapping[MessageChannel, Collection[str]],
    tried: Sequence[MessageChannel],
) -> list[dict[str, object]]:
    """The messages of a notice on the channels that take it now; on none, one that says why nothing goes."""
    _, citizen_id, kind = of
    channels = channels_after(kind, settings, [each for each in reached if citizen_id in reached[each]], tried)
    if channels or tried or not reached or kind in NEWS:
        return [new_message(env, of, each) for each in channels]
    wanted = channels_after(kind, settings, reached, ())
    reason = NotSent.NO_ADDRESS if wanted else NotSent.SWITCHED_OFF
    ended = {"state": MessageState.NOT_SENT.value, "reason": reason.value, "send_at": None, "look_at": None}
    return [new_message(env, of, (wanted or list(reached))[0]) | ended]


def new_message(env: Environment, of: tuple[str, str, NoticeKind], channel: MessageChannel) -> dict[str, object]:
    """The row of a message that is due now; `of` is its notice, by id, reader and kind."""
    now = env.clock.now()
    row: dict[str, object] = {"notice_id": of[0], "citizen_id": of[1], "kind": of[2].value, "channel": channel.value}
    row["is_urgent"] = of[2] in ALWAYS_BY_SMS
    row |= {"attempts": 0, "created_at": now, "state_at": now, "send_at": now, "look_at": now + GIVEN_UP_AFTER}
    return row | {"state": MessageState.CREATED.value, "reason": None, "looks": 0}


async def _claim(
    env: Environment, tx: Transaction, channel: MessageChannel, carrier: Carrier
) -> list[tuple[Message, Citizen, Addresses]]:
    """Take what is due for a while; what comes in somebody's quiet hours waits for their end.

    Where the money of the day is spent, what is not urgent waits.
    """
    costs, now = env.rules.message_costs.get(channel, NOTHING), tx.clock.now()
    spent = costs.cap is not None and costs.is_spent(await message_days.cost_of_today(tx, channel))
    due = await messages.to_send(tx, channel, carrier.most_at_once, urgent_alone=spent)
    due = await messages.leave_arrived(tx, due)
    settings = await messages.settings_of(tx, {each.citizen_id for each in due})
    readers = await people.citizens(tx, {each.citizen_id for each in due})
    addresses = await carrier.addresses(tx, readers.values())
    until, claimed = now + CLAIMED, []
    for each in due:
        wakes_at = each.waits_until(settings.get(each.citizen_id, USUAL), now)
        if wakes_at is None:
            to = addresses.get(each.citizen_id, ())
            claimed.append((replace(each, send_at=until), readers[each.citizen_id], to))
        else:
            await messages.put_off(tx, [each.id], wakes_at)
    await messages.put_off(tx, [each[0].id for each in claimed], until)
    return claimed


async def _send(
    env: Environment,
    carrier: Carrier,
    message: Message,
    reader: Citizen,
    addresses: Addresses,
    texts: Mapping[str, EventTexts],
    read: ReadValues,
) -> bool:
    """Carry a message as far as it goes now; one that cannot be read now is due again when its claim ends."""
    language = reader.language.catalogue
    event = texts.get(message.kind.value)
    found = event.text_for(message.channel, language) if event else None
    if not addresses:
        return await _end(env, message, MessageState.NOT_SENT, NotSent.NO_ADDRESS.value)
    try:
        values = await read(message, language) if found else None
    except TemporarilyUnavailable:
        return False
    if found is None or values is None:
        return await _end(env, message, MessageState.NOT_SENT, NotSent.NO_TEXT.value)
    try:
        text = found.fill_all(values)
    except UnfitText as unfit:
        _log.error("message_text_unfit", kind=message.kind.value, variable=str(unfit))
        return await _end(env, message, MessageState.NOT_SENT, NotSent.NO_TEXT.value)
    critical = message.kind in NEEDS_HER and message.attempts == 0
    next_at = env.clock.now() + CRITICAL_AFTER if critical else None
    if await env.store.carry_out(lambda tx: messages.begin(tx, message, next_at)):
        crash_points.reach(crash_points.MESSAGE_BEGUN)
        await _give(env, carrier, Outgoing(message, addresses, language, text))
    return True


async def _give(env: Environment, carrier: Carrier, outgoing: Outgoing) -> None:
    """Give a message to a provider and note what it said; after an answer that was lost it stays SENDING."""
    message = outgoing.message
    try:
        taken = await carrier.send(outgoing)
    except RemoteError as error:
        crash_points.reach(crash_points.MESSAGE_SENT)
        await _note_failure(env, message, error)
        return
    crash_points.reach(crash_points.MESSAGE_SENT)
    told: dict[str, object] = {"template": outgoing.text.template, "segments": taken.segments}
    told |= {"provider": taken.provider, "provider_id": taken.message_id}
    looks = 0 if carrier.is_asked(taken.provider) else len(LOOKS)
    look_at = None if taken.is_last_word else _looked_at(message, looks, env.clock.now())

    async def note(tx: Transaction) -> None:
        await messages.note_taken(tx, message, look_at, **told)
        await _count_cost(env, tx, message, taken.segments)

    await env.store.carry_out(note)
    crash_points.reach(crash_points.MESSAGE_NOTED)


async def _count_cost(env: Environment, tx: Transaction, message: Message, parts: int | None) -> None:
    price = env.rules.message_costs.get(message.channel, NOTHING).price
    await message_days.count(tx, message.channel, price * (parts or 1))


async def _note_failure(env: Environment, message: Message, error: RemoteError) -> None:
    """Note what came of a try; one of which no provider heard, or at the wrong time, counts for nothing."""
    if isinstance(error, Refused) and not isinstance(error, NotLetIn):
        await _end(env, message, MessageState.FAILED, error.code)
    elif not error.nothing_arrived:
        _log.warning("message_answer_lost", channel=message.channel.value, code=error.code)

        async def note(tx: Transaction) -> None:
            await messages.put_off(tx, [message.id], None, reason=error.code)
            await _count_cost(env, tx, message, None)  # the provider may have it, and bill it

        await env.store.carry_out(note)
    elif isinstance(error, NotAsked | NeverSent) or error.retry_after is not None:
        at = env.clock.now() + (timedelta(seconds=error.retry_after) if error.retry_after else WAITS[0])
        tried = {"attempts": message.attempts, "reason": error.code}
        await env.store.carry_out(lambda tx: messages.put_off(tx, [message.id], at, **tried))
    elif message.attempts < len(WAITS):
        at = env.clock.now() + WAITS[message.attempts]
        await env.store.carry_out(lambda tx: messages.put_off(tx, [message.id], at, reason=error.code))
    else:
        await _end(env, message, MessageState.FAILED_FOR_NOW, error.code)


def _is_asked(env: Environment, message: Message) -> bool:
    carrier = carrier_of(env, message.channel)
    return bool(carrier and message.provider and message.provider_id and carrier.is_asked(message.provider))


async def _look_after(env: Environment, message: Message) -> bool:
    """Ask what became of a message and note it; whether the provider answered. At its last time it is given up then."""
    carrier = carrier_of(env, message.channel)
    if carrier is None or message.provider is None or message.provider_id is None:
        return False
    state, answered = None, True
    try:
        state = await carrier.state_of(message.provider, message.provider_id)
    except RemoteError as error:
        _log.warning("message_state_not_told", channel=message.channel.value, code=error.code)
        answered = False
    if state is None and message.created_at + GIVEN_UP_AFTER <= env.clock.now():
        state = MessageState.FAILED_FOR_NOW
    if state is not None:
        await _end(env, message, state, None)
    elif answered:
        look = {"look_at": _looked_at(message, message.looks + 1), "looks": message.looks + 1}
        await env.store.carry_out(lambda tx: messages.plan(tx, [message.id], **look))
    return answered


async def end_message(
    tx: Transaction, message: Message, state: MessageState, reason: str | None, **values: object
) -> bool:
    """Bring a message to its end, unless it is further; after any but DELIVERED the next channel takes its turn."""
    delivered = state is MessageState.DELIVERED
    values |= {"reason": reason, "send_at": None, "look_at": None, "next_at": None if delivered else tx.clock.now()}
    moved = await messages.move(tx, [message.id], state, **values)
    if moved and delivered:
        await messages.cancel_turns(tx, message)
    return bool(moved)


async def _end(env: Environment, message: Message, state: MessageState, reason: str | None) -> bool:
    return await env.store.carry_out(lambda tx: end_message(tx, message, state, reason))


def _looked_at(message: Message, looks: int, since: datetime | None = None) -> datetime:
    """When a message is looked after again: by LOOKS after it was taken, at the latest when it is given up."""
    over = message.created_at + GIVEN_UP_AFTER
    return min(over, (since or message.state_at) + LOOKS[looks]) if looks < len(LOOKS) else over
