"""Tells a receiver its events: plans them from the change feed, sends them in the order of each application.

It is run for one receiver by one process at a time (gateway/worker/event_rounds.py). What was sent and not noted is
sent again, so a receiver may get an event twice, and knows it by its id.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from actions.kernel import Environment
from actions.platform.events import bodies_of, events_behind
from domain.kernel import SYSTEM
from domain.platform.changes import START
from domain.platform.event_receivers import (
    CHALLENGE,
    EventDelivery,
    EventReceiver,
    ReceiverState,
    event_id,
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


async def may_be_due(env: Environment, receiver: EventReceiver) -> bool:
    """Whether there is something to plan or to send for a receiver, by reads that take no lock.

    Not seen is what lies behind something that does not concern it, and what came to be in another feed.
    """
    async with env.store.read_transaction() as tx:
        if await event_receivers.due(tx, receiver.id, 1):
            return True
        if receiver.state is not ReceiverState.ACTIVE:
            return False
        return bool((await events_behind(tx, receiver, receiver.position, 1))[0])


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
            bodies = await _bodies(tx, receiver, due)
        if not due:
            break
        outcomes = await asyncio.gather(
            *(_attempt(env, calls, receiver, each, body) for each, body in zip(due, bodies, strict=True))
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
    if receiver.state is ReceiverState.VERIFYING or await event_receivers.count_waiting(tx, receiver_id) > MOST_WAITING:
        return receiver
    feed = await change_feed.state(tx)
    position = receiver.position if receiver.feed == feed.name else START
    rows, more = await events_behind(tx, receiver, position, PAGE)
    planned = [
        EventDelivery(
            id=env.ids.key(),
            receiver_id=receiver_id,
            event_id=event_id(row),
            kind=row.kind.value,
            object_id=row.object_id,
            application_id=row.application_id,
            department=row.department,
            sequence=row.position.row,
            occurred_at=row.at,
            due_at=tx.clock.now(),
        )
        for row in rows
    ]
    await event_receivers.plan(tx, planned)
    await event_receivers.move_on(tx, receiver_id, feed, more or max(feed.end, position))
    return receiver


async def _bodies(tx: Transaction, receiver: EventReceiver, due: Sequence[EventDelivery]) -> list[Mapping[str, Any]]:
    challenged = [one for one in due if one.kind == CHALLENGE]
    events = [one for one in due if one.kind != CHALLENGE]
    bodies = dict(
        zip(
            [one.id for one in events],
            await bodies_of(tx, receiver, [(one, one.occurred_at) for one in events]),
            strict=True,
        )
    )
    for one in challenged:
        at = one.occurred_at.isoformat()
        bodies[one.id] = {"type": CHALLENGE, "timestamp": at, "data": {"challenge": one.object_id}}
    return [bodies[one.id] for one in due]


async def _attempt(
    env: Environment, calls: ReceiverCalls, receiver: EventReceiver, delivery: EventDelivery, body: Mapping[str, Any]
) -> _Outcome:
    send = calls.challenge if delivery.kind == CHALLENGE else calls.tell
    secrets = receiver.secrets_at(env.clock.now())
    try:
        await send(receiver.id, receiver.url, secrets, Message(delivery.event_id, body))
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
    receiver = await event_receivers.get(tx, receiver_id, lock=True)
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
        verified = replace(receiver, state=ReceiverState.ACTIVE, begins_at=receiver.begins_at or now)
        await event_receivers.save(tx, verified, receiver.version)
        await audit.record(tx, SYSTEM.label, "event_receiver.verified", "EVENT_RECEIVER", receiver_id, None)
