"""Sends planned messages: what is due on a channel is claimed, filled, given to its provider and noted in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from actions.feedback.carrier import Addresses, Carrier, Outgoing
from actions.feedback.channels import carrier_of
from actions.feedback.message_outcomes import Answer, count_costs, end_messages, log_failures, note_answers
from actions.feedback.texts import texts_in_force
from actions.kernel import Environment
from domain.feedback.message_texts import EventTexts, UnfitText
from domain.feedback.messages import CRITICAL_AFTER, NOTHING, USUAL, Message, MessageChannel, MessageState, NotSent
from domain.feedback.notices import NEEDS_HER, NoticeKind
from domain.kernel import Citizen, Language, TemporarilyUnavailable, ist_date
from integrations.calling.errors import RemoteError
from store.database import Transaction, crash_points
from store.feedback import message_days, messages
from store.identity import people

BATCHES_AT_ONCE = 2
"""While one batch is with the provider, the next is claimed and filled."""
FILLED_AT_ONCE = 8
"""So many texts of a batch are read at once, so that connections to the store are left for others."""
NOTED_AFTER = 1.0
"""Answers that are there are noted after so many seconds, though others of their batch are not."""
CLAIMED = timedelta(minutes=1)
"""So long nobody else takes a message that is being read and filled."""

ReadValues = Callable[[Message, Language], Awaitable[Mapping[str, str] | None]]
"""What a message may say, read with the rights of its reader; None where that cannot be read."""
_Filled = Outgoing | tuple[Message, NotSent]
"""A message that is ready, or why it does not go."""

_log = structlog.get_logger(__name__)


class BatchSize:
    """How many messages of a channel are given to its provider at once: few at first, and more while answers come soon.

    A process or provider that is busy would else be given so many that no answer comes within the time of its call;
    then each stays in doubt and is never given again. It grows by steps and is halved, as TCP's window is (RFC 5681,
    section 3.1).
    """

    LEAST = 16
    """So many are given always, so that some go to a provider that is slow for all."""
    STEP = 8
    MOST = 200
    """So many are in doubt, for each batch, after a worker was killed."""
    SLOW = 4.0
    """Seconds; less than half of what a call of any channel may take."""

    def __init__(self, carrier: Carrier) -> None:
        self._most = min(carrier.most_at_once, self.MOST)
        self.now = min(self.LEAST, self._most)

    def note(self, seconds: float) -> None:
        """Choose the next size by the time in which a batch was answered for."""
        size = self.now + self.STEP if seconds < self.SLOW else max(self.now // 2, self.LEAST)
        self.now = min(size, self._most)


async def send_due(
    env: Environment, read: ReadValues, channel: MessageChannel, stopping: asyncio.Event | None = None
) -> None:
    """Send all that is due on a channel, until `stopping` is set; where nothing is, one read says so."""
    async with env.store.read_transaction() as tx:
        due = await messages.is_to_send(tx, channel)

    carrier = carrier_of(env, channel) if due else None
    size = BatchSize(carrier) if carrier else None

    async def send() -> None:
        while await send_messages(env, read, channel, size) and not (stopping and stopping.is_set()):
            pass

    if size:
        await asyncio.gather(*(send() for _ in range(BATCHES_AT_ONCE)))


async def send_messages(
    env: Environment, read: ReadValues, channel: MessageChannel, size: BatchSize | None = None
) -> bool:
    """Give a batch of what is due on a channel to its provider, outside of the readers' quiet hours.

    Batches of one channel share their `size`. Returns whether more may be due.
    """
    carrier = carrier_of(env, channel)
    if carrier is None:
        return False
    size = size or BatchSize(carrier)
    most = size.now
    due, claimed = await env.store.carry_out(lambda tx: _claim(env, tx, channel, carrier, most))
    crash_points.reach(crash_points.MESSAGE_CLAIMED)
    if claimed:
        texts = await env.store.read(partial(texts_in_force, env))
        filled = list[_Filled]()
        for at in range(0, len(claimed), FILLED_AT_ONCE):
            some = (_fill(*each, texts, read) for each in claimed[at : at + FILLED_AT_ONCE])
            done = log_failures(await asyncio.gather(*some, return_exceptions=True))
            filled += [one for one in done if one is not None]
        on_day = ist_date(env.clock.now())
        outgoing = await env.store.carry_out(lambda tx: _begin(env, tx, carrier, on_day, filled))
        crash_points.reach(crash_points.MESSAGE_BEGUN)
        begun_at = env.clock.monotonic()
        await _give(env, carrier, on_day, outgoing)
        size.note(env.clock.monotonic() - begun_at)
    return due >= most


async def _claim(
    env: Environment, tx: Transaction, channel: MessageChannel, carrier: Carrier, most: int
) -> tuple[int, list[tuple[Message, Citizen, Addresses]]]:
    """Take at most `most` of what is due for a while, and how many it was.

    What comes in somebody's quiet hours waits for their end. Where the money of the day is spent, what is not urgent
    waits. What its reader does not want on this channel any more ends, so that the next one takes its turn.
    """
    costs, now = env.rules.message_costs.get(channel, NOTHING), tx.clock.now()
    left = None if costs.cap is None else costs.messages_left(await message_days.cost_of_today(tx, channel))
    due = await messages.to_send(tx, channel, most, most_not_urgent=left)
    found = await messages.leave_arrived(tx, due)
    settings = await messages.settings_of(tx, {each.citizen_id for each in found})
    readers = await people.citizens(tx, {each.citizen_id for each in found})
    addresses = await carrier.addresses(tx, readers.values())
    claimed, unwanted, held = list[tuple[Message, Citizen, Addresses]](), list[Message](), dict[int, datetime]()
    for each in found:
        chosen = settings.get(each.citizen_id, USUAL)
        if each.kind is not NoticeKind.TEST_MESSAGE and not chosen.wants(channel, each.kind):
            unwanted.append(each)
        elif wakes_at := each.waits_until(chosen, now):
            held[each.id] = wakes_at
        else:
            held[each.id] = until = now + CLAIMED
            to = addresses.get(each.citizen_id, ())
            claimed.append((replace(each, send_at=until), readers[each.citizen_id], to))
    await end_messages(tx, unwanted, MessageState.NOT_SENT, NotSent.SWITCHED_OFF)
    await messages.hold(tx, held)
    return len(due), claimed


async def _fill(
    message: Message, reader: Citizen, addresses: Addresses, texts: Mapping[str, EventTexts], read: ReadValues
) -> _Filled | None:
    """A message with its text; None for one that cannot be read now, and is due again when its claim ends."""
    language = reader.language.catalogue
    event = texts.get(message.kind.value)
    found = event.text_for(message.channel, language) if event else None
    if not addresses:
        return message, NotSent.NO_ADDRESS
    try:
        values = await read(message, language) if found else None
    except TemporarilyUnavailable:
        return None
    if event is None or found is None or values is None:
        return message, NotSent.NO_TEXT
    try:
        return Outgoing(message, addresses, language, found.fill_all(values), event)
    except UnfitText as unfit:
        _log.error("message_text_unfit", kind=message.kind.value, variable=str(unfit))
        return message, NotSent.NO_TEXT


async def _begin(
    env: Environment, tx: Transaction, carrier: Carrier, on_day: date, filled: Sequence[_Filled]
) -> list[Outgoing]:
    """Note that messages are given to their provider now, with their costs, and end those that are not.

    Returns those that are still ours. They count before they go, so that batches at the same time keep to one cap.
    """
    for reason in NotSent:
        ended = [one[0] for one in filled if isinstance(one, tuple) and one[1] is reason]
        await end_messages(tx, ended, MessageState.NOT_SENT, reason)
    ready = await _within_cap(env, tx, carrier, on_day, [one for one in filled if isinstance(one, Outgoing)])
    await carrier.prepare(tx, ready)
    critical = [one.message.id for one in ready if one.message.kind in NEEDS_HER and one.message.attempts == 0]
    begun = await messages.begin(tx, [one.message for one in ready], critical, tx.clock.now() + CRITICAL_AFTER)
    outgoing = [one for one in ready if one.message.id in begun]
    await count_costs(tx, env, carrier, on_day, outgoing)
    return outgoing


async def _within_cap(
    env: Environment, tx: Transaction, carrier: Carrier, on_day: date, ready: Sequence[Outgoing]
) -> Sequence[Outgoing]:
    """What is urgent, and as many others as the money of the day is enough for; the rest is due when its claim ends."""
    channel = ready[0].message.channel if ready else MessageChannel.SMS
    costs = env.rules.message_costs.get(channel, NOTHING)
    if not ready or costs.cap is None:
        return ready
    spent, paid = await message_days.count(tx, on_day, channel, 0, 0), list[Outgoing]()
    for one in ready:
        if one.message.is_urgent or not costs.is_spent(spent):
            spent += costs.price * (carrier.parts_of(one.text) or 1)
            paid.append(one)
    return paid


async def _give(env: Environment, carrier: Carrier, on_day: date, outgoing: Sequence[Outgoing]) -> None:
    """Give messages to their provider and note what it says; after an answer that was lost one stays SENDING."""
    waiting = {asyncio.create_task(_ask(carrier, each)) for each in outgoing}
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=NOTED_AFTER)
            ended = await asyncio.gather(*done, return_exceptions=True)
            crash_points.reach(crash_points.MESSAGE_SENT)
            answers = log_failures(ended)
            if answers:
                note = partial(note_answers, env=env, carrier=carrier, on_day=on_day, answers=answers)
                await env.store.carry_out(note)
            crash_points.reach(crash_points.MESSAGE_NOTED)
    finally:
        for each in waiting:
            each.cancel()


async def _ask(carrier: Carrier, outgoing: Outgoing) -> Answer:
    try:
        return Answer(outgoing, await carrier.send(outgoing))
    except RemoteError as error:
        return Answer(outgoing, error)
