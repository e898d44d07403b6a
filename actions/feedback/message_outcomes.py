"""Notes what became of messages: what providers answered, what they report when asked, and what is given up."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from actions.feedback.carrier import Carrier, Outgoing, Taken
from actions.feedback.channels import carrier_of
from actions.kernel import Environment
from domain.feedback.messages import (
    GIVEN_UP_AFTER,
    LOOKS,
    NOTHING,
    WAITS,
    Message,
    MessageState,
    retry_at,
)
from domain.feedback.notices import NEEDS_HER
from integrations.calling.errors import NeverSent, NotAsked, NotLetIn, Refused, RemoteError
from integrations.calling.kill_switch import SwitchedOff
from store.database import Transaction
from store.feedback import message_days, messages

LOOKED_AFTER = 200
"""So many messages are taken at once to be looked after."""
ASKED_AT_ONCE = 4
"""So many enquiries go to providers at once: as many as the one with the fewest places for them has."""
CLAIMED_FOR_A_LOOK = timedelta(minutes=5)
"""So long nobody else takes a message whose provider is being asked."""

T = TypeVar("T")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of a message that it was given."""

    outgoing: Outgoing
    said: Taken | RemoteError


@dataclass(frozen=True, slots=True)
class _Step:
    """What a failure makes of a message: its end in a state, or when it is given again, None for never.

    `untried` where the try counts for nothing; `passes` where the next channel does not wait for it.
    """

    reason: str
    state: MessageState | None = None
    send_at: datetime | None = None
    untried: bool = False
    passes: bool = False


async def count_costs(
    tx: Transaction, env: Environment, carrier: Carrier, on_day: date, outgoing: Sequence[Outgoing], *, times: int = 1
) -> None:
    """Count messages of a channel that were begun on a day, and their price; -1 `times` where they cost nothing."""
    if outgoing:
        channel, parts = outgoing[0].message.channel, sum(carrier.parts_of(one.text) or 1 for one in outgoing)
        cost = env.rules.message_costs.get(channel, NOTHING).price * parts
        await message_days.count(tx, on_day, channel, times * len(outgoing), times * cost)


async def note_answers(
    tx: Transaction, *, env: Environment, carrier: Carrier, on_day: date, answers: Sequence[Answer]
) -> None:
    """Note what the provider of a channel answered, in a few statements for all; what it surely has not costs nothing.

    `on_day` is the day in India on which the messages were begun.
    """
    now = tx.clock.now()
    taken = [(one.outgoing, one.said) for one in answers if isinstance(one.said, Taken)]
    looked_at, steps = defaultdict[datetime | None, list[int]](list), defaultdict[_Step, list[Message]](list)
    for outgoing, said in taken:
        looks = 0 if carrier.is_asked(said.provider) else len(LOOKS)
        at = None if said.is_last_word else _looked_at(outgoing.message, looks, now)
        looked_at[at].append(outgoing.message.id)
    for one in answers:
        if isinstance(one.said, RemoteError):
            steps[_step_after(one.outgoing.message, one.said, now)].append(one.outgoing.message)
    await messages.name(tx, [_names(carrier, *each) for each in taken])
    for look_at, ids in looked_at.items():
        await messages.note_taken(tx, ids, look_at)
    for step, failed in steps.items():
        await _take(tx, step, failed)
    free = [one.outgoing for one in answers if isinstance(one.said, RemoteError) and not _may_have_come(one.said)]
    await count_costs(tx, env, carrier, on_day, free, times=-1)


def _names(carrier: Carrier, outgoing: Outgoing, said: Taken) -> dict[str, object]:
    named = {"provider": said.provider, "provider_id": said.message_id, "segments": carrier.parts_of(outgoing.text)}
    return {"id": outgoing.message.id, "template": outgoing.text.template, **named}


def _may_have_come(error: RemoteError) -> bool:
    """Whether the provider may have the message and bill it, though its answer is lost."""
    return not error.nothing_arrived and (not isinstance(error, Refused) or isinstance(error, NotLetIn))


def _step_after(message: Message, error: RemoteError, now: datetime) -> _Step:
    """What comes of a try that failed; one of which no provider heard, or at the wrong time, counts for nothing."""
    if isinstance(error, Refused) and not isinstance(error, NotLetIn):
        return _Step(error.code, MessageState.FAILED)
    if _may_have_come(error):
        _log.warning("message_answer_lost", channel=message.channel.value, code=error.code)
        return _Step(error.code)
    if isinstance(error, NotAsked | NeverSent) or error.retry_after is not None:
        at = now + (timedelta(seconds=error.retry_after) if error.retry_after else WAITS[0])
        passes = isinstance(error, SwitchedOff) and message.kind in NEEDS_HER and message.reason != error.code
        return _Step(error.code, send_at=at, untried=True, passes=passes)
    again = retry_at(message, now)
    return _Step(error.code, None if again else MessageState.FAILED_FOR_NOW, again)


async def _take(tx: Transaction, step: _Step, failed: Sequence[Message]) -> None:
    if step.state is not None:
        await end_messages(tx, failed, step.state, step.reason)
        return
    ids = [each.id for each in failed]
    await messages.put_off(tx, ids, step.send_at, untried=step.untried, reason=step.reason)
    if step.passes:
        await messages.plan(tx, ids, next_at=tx.clock.now())


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
            some = (_look_after(env, each) for each in asked[at : at + ASKED_AT_ONCE])
            answers += log_failures(await asyncio.gather(*some, return_exceptions=True))
            if stopping is not None and stopping.is_set():
                return looked
        if many < LOOKED_AFTER or (asked and not any(answers)):
            return looked


async def _claim_looks(env: Environment, tx: Transaction) -> tuple[int, list[Message]]:
    """Take what is to be looked after: how many there were, and those whose provider can be asked."""
    due, now = await messages.to_look_after(tx, LOOKED_AFTER), tx.clock.now()
    until = now + CLAIMED_FOR_A_LOOK
    asked = [replace(each, look_at=until) for each in due if _is_asked(env, each)]
    rest = {each.id for each in due} - {each.id for each in asked}
    over = [each for each in due if each.id in rest and each.created_at + GIVEN_UP_AFTER <= now]
    await messages.plan(tx, [each.id for each in due], look_at=until)
    await messages.plan(tx, [each.id for each in over], look_at=None)
    await end_messages(tx, over, MessageState.FAILED_FOR_NOW, None)
    return len(due), asked


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
        await env.store.carry_out(partial(end_message, message=message, state=state, reason=None))
    elif answered:
        look_at = _looked_at(message, message.looks + 1)
        await env.store.carry_out(lambda tx: messages.look_again(tx, message, look_at))
    return answered


async def end_message(
    tx: Transaction, message: Message, state: MessageState, reason: str | None, **values: object
) -> bool:
    """Bring a message to its end, unless it is further; after any but DELIVERED the next channel takes its turn."""
    delivered = state is MessageState.DELIVERED
    moved = await end_messages(tx, [message], state, reason, **values)
    if moved and delivered:
        await messages.cancel_turns(tx, [message])
    return bool(moved)


async def end_messages(
    tx: Transaction, ended: Sequence[Message], state: MessageState, reason: str | None, **values: object
) -> int:
    """Bring messages to their end that none delivered; those that are further stay. How many ended."""
    if not ended:
        return 0
    next_at = None if state is MessageState.DELIVERED else tx.clock.now()
    values |= {"reason": reason, "send_at": None, "look_at": None, "next_at": next_at}
    return await messages.move(tx, [each.id for each in ended], state, **values)


def log_failures(ended: Iterable[T | BaseException]) -> list[T]:
    """What ended well; one that failed stops no other, and its message is due again by itself."""
    done = list[T]()
    for one in ended:
        if isinstance(one, BaseException):
            _log.error("message_not_carried", kind=type(one).__name__)
        else:
            done.append(one)
    return done


def _looked_at(message: Message, looks: int, since: datetime | None = None) -> datetime:
    """When a message is looked after again: by LOOKS after it was taken, at the latest when it is given up."""
    over = message.created_at + GIVEN_UP_AFTER
    return min(over, (since or message.state_at) + LOOKS[looks]) if looks < len(LOOKS) else over
