"""Tells a receiver its events: plans them from the change feed, sends them in the order of each application.

It is run for one receiver by one process at a time (gateway/worker/event_rounds.py). What was sent and not noted is
sent again, so a receiver may get an event twice, and knows it by its id.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from actions.kernel import Environment
from actions.platform.events import events_behind, messages_of, rows_behind
from domain.kernel import SYSTEM
from domain.platform.changes import START, FeedState
from domain.platform.event_receivers import (
    CHALLENGE,
    EventDelivery,
    EventReceiver,
    ReceiverState,
    delivery_of,
    retry_at,
)
from integrations.calling.errors import NotAsked, RemoteError
from integrations.calling.kill_switch import SwitchedOff
from integrations.event_receivers.client import GONE, ReceiverCalls
from integrations.event_receivers.models import Message
from store.database import Transaction, audit, change_feed
from store.platform import event_receivers

PAGE = 200
MOST_WAITING = 2_000
"""So many events at most wait for one receiver outside of the feed."""
AT_ONCE = 4
UNASKED_SECONDS = 5.0
"""The least pause where nothing was sent: a switch is off, or the breaker is open."""
TAKEN = "taken"
_TOLD = (ReceiverState.VERIFYING, ReceiverState.ACTIVE)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an attempt came out; `counts` is False where nothing was sent and no attempt was used."""

    delivery: EventDelivery
    code: str
    asked_seconds: float | None = None
    counts: bool = True


async def receivers_due(env: Environment) -> list[str]:
    """The receivers for which something is to be sent or planned, by reads that take no lock."""
    async with env.store.read_transaction() as tx:
        feed = await change_feed.state(tx)
        return [one.id for one in await event_receivers.told_now(tx) if await _is_due(tx, one, feed)]


async def _is_due(tx: Transaction, receiver: EventReceiver, feed: FeedState) -> bool:
    if await event_receivers.due(tx, receiver.id, 1):
        return True
    behind = receiver.feed != feed.name or await rows_behind(tx, receiver, receiver.position, 1)
    return bool(behind) and await _plans(tx, receiver)


async def tell_receiver(env: Environment, receiver_id: str, goes_on: Callable[[], bool]) -> int:
    """Tell a receiver all that is due, as long as it takes it and `goes_on`; gives how many events it took."""
    calls = env.partners.receivers
    taken = 0
    while calls is not None and goes_on():
        receiver = await env.store.carry_out(lambda tx: _plan(tx, env, receiver_id))
        if receiver is None:
            break
        async with env.store.read_transaction() as tx:
            due = await event_receivers.due(tx, receiver_id, AT_ONCE)
            messages = await messages_of(tx, receiver, due)
        if not due:
            break
        outcomes = await asyncio.gather(
            *(_attempt(env, calls, receiver, each, message) for each, message in zip(due, messages, strict=True))
        )
        await env.store.carry_out(partial(_note, receiver_id=receiver_id, outcomes=outcomes))
        taken += sum(one.code == TAKEN for one in outcomes)
        if not all(one.counts for one in outcomes):
            break
    return taken


async def _plan(tx: Transaction, env: Environment, receiver_id: str) -> EventReceiver | None:
    """Plan what happened since the feed was read for a receiver; None where it is not told any more.

    In another feed, after a restoration or fail-over, everything is read anew: what was planned before is left out.
    """
    receiver = await event_receivers.get(tx, receiver_id, lock=True)
    if receiver is None or receiver.state not in _TOLD:
        return None
    if not await _plans(tx, receiver):
        return receiver
    feed = await change_feed.state(tx)
    position = receiver.position if receiver.feed == feed.name else START
    rows, more = await events_behind(tx, receiver, position, PAGE)
    now = tx.clock.now()
    await event_receivers.plan(tx, [delivery_of(row, receiver_id, env.ids.key(), now) for row in rows])
    await event_receivers.move_on(tx, receiver_id, feed, more or max(feed.end, position))
    return receiver


async def _plans(tx: Transaction, receiver: EventReceiver) -> bool:
    """Whether more is planned for a receiver: it answered its challenge, and not too much waits for it."""
    active = receiver.state is ReceiverState.ACTIVE
    return active and await event_receivers.count_waiting(tx, receiver.id) <= MOST_WAITING


async def _attempt(
    env: Environment, calls: ReceiverCalls, receiver: EventReceiver, delivery: EventDelivery, message: Message
) -> _Outcome:
    send = calls.challenge if delivery.kind == CHALLENGE else calls.tell
    secrets = receiver.secrets_at(env.clock.now())
    try:
        await send(receiver.id, receiver.url, secrets, message)
    except SwitchedOff as error:
        return _Outcome(delivery, error.code, counts=False)
    except NotAsked as error:
        return _Outcome(delivery, error.code, error.retry_after, counts=False)
    except RemoteError as error:
        return _Outcome(delivery, error.code, error.retry_after)
    return _Outcome(delivery, TAKEN)


async def _note(tx: Transaction, receiver_id: str, outcomes: Sequence[_Outcome]) -> None:
    """Keep the outcomes, and what they mean for the receiver: it answered its challenge, or it is dead."""
    now = tx.clock.now()
    # Locked before its deliveries, as by an administrator's step, so that neither waits for the other.
    receiver = await event_receivers.get(tx, receiver_id, lock=True)
    failure: str | None = None
    noted = []
    for one in outcomes:
        _log.info("event_delivery", receiver=receiver_id, message=one.delivery.event_id, outcome=one.code)
        if not one.counts:
            wait = timedelta(seconds=max(one.asked_seconds or 0, UNASKED_SECONDS))
            await event_receivers.put_off(tx, receiver_id, now + wait)
            continue
        tried = replace(one.delivery, attempts=one.delivery.attempts + 1, outcome=one.code, attempted_at=now)
        if one.code == TAKEN:
            tried = replace(tried, delivered_at=now)
        else:
            again = None if one.code == GONE else retry_at(now, tried, one.asked_seconds)
            failure = one.code if again is None else failure
            tried = replace(tried, due_at=again or now)
        noted.append(tried)
    await event_receivers.note(tx, noted)
    if receiver is None or receiver.state not in _TOLD:
        return
    if failure is not None:
        failed = replace(receiver, state=ReceiverState.FAILED, failure=failure)
        await event_receivers.save(tx, failed, receiver.version)
        await audit.record(
            tx, SYSTEM.label, "event_receiver.failed", "EVENT_RECEIVER", receiver_id, None, outcome=failure
        )
        _log.error("event_receiver_failed", receiver=receiver_id, outcome=failure)
    elif any(one.kind == CHALLENGE and one.delivered_at for one in noted):
        verified = replace(receiver, state=ReceiverState.ACTIVE, begins_at=now)
        await event_receivers.save(tx, verified, receiver.version)
        feed = await change_feed.state(tx)
        await event_receivers.move_on(tx, receiver_id, feed, feed.end)
        await audit.record(tx, SYSTEM.label, "event_receiver.verified", "EVENT_RECEIVER", receiver_id, None)
