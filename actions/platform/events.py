"""What happens to applications as events: noted with the step, and worded as a receiver may know them."""

from collections.abc import Sequence
from typing import Any

from actions.kernel import Environment, Transition, UnitOfWork
from domain.applications.applications import Application, Channel
from domain.kernel import Posting, Role
from domain.kernel.global_ids import TypeCode, to_global_id
from domain.platform.changes import START, Change, FeedState, Position, Wanted
from domain.platform.event_receivers import (
    CHALLENGE,
    OF_MOVES,
    WIRE_NAMES,
    EventDelivery,
    EventKind,
    EventOwner,
    EventReceiver,
    ReceiverState,
    delivery_of,
)
from integrations.event_receivers.models import AskingReceiver, CursorGone, EventsAnswer, Message
from store.applications import applications
from store.database import Transaction, audit, change_feed
from store.platform import event_receivers

_MAY_ASK = frozenset({ReceiverState.ACTIVE, ReceiverState.FAILED})


async def note_event(acting: UnitOfWork, transition: Transition) -> None:
    """Note the event that a step is, for whoever is told of it."""
    kind = OF_MOVES.get(transition.move)
    if kind is not None:
        await change_feed.touch(acting.tx, kind, transition.after.id)


def may_ask(receiver: EventReceiver) -> bool:
    """Whether requests signed by its secret are taken: it was verified, and no administrator switched it off."""
    return receiver.state in _MAY_ASK and receiver.begins_at is not None


async def rows_behind(tx: Transaction, receiver: EventReceiver, position: Position, limit: int) -> list[Change]:
    """Rows of the feed among which a receiver's events are: those of her department, or of all for a partner."""
    own = [Posting(Role.DEPARTMENT_ADMIN, receiver.department)]
    wanted = Wanted(receiver.change_kinds, postings=own if receiver.owner is EventOwner.DEPARTMENT else None)
    return await change_feed.page(tx, position, limit, wanted)


async def events_behind(
    tx: Transaction, receiver: EventReceiver, position: Position, limit: int
) -> tuple[list[Change], Position | None]:
    """Events that a receiver may know, behind a position, and where to go on; None where all were read."""
    rows = await rows_behind(tx, receiver, position, limit)
    cases = await applications.by_ids(tx, {row.application_id for row in rows if row.application_id})
    began = receiver.begins_at
    concerned = [
        row
        for row in rows
        if began is not None and row.at >= began and _concerns(receiver, cases.get(row.application_id or ""))
    ]
    return concerned, rows[-1].position if len(rows) == limit else None


async def messages_of(tx: Transaction, receiver: EventReceiver, deliveries: Sequence[EventDelivery]) -> list[Message]:
    """The messages of events, and of a challenge, in the same order.

    There is nothing of a person in them. Whoever may not ask for single applications is told no number either.
    """
    cases = await applications.by_ids(tx, {one.application_id for one in deliveries if one.application_id})
    return [Message(one.event_id, _body(receiver, one, cases.get(one.application_id or ""))) for one in deliveries]


def _body(receiver: EventReceiver, delivery: EventDelivery, case: Application | None) -> dict[str, Any]:
    data: dict[str, Any]
    if case is None:
        kind, data = CHALLENGE, {"challenge": delivery.object_id}
    else:
        kind = WIRE_NAMES[EventKind(delivery.kind)]
        data = {"service": case.service_code, "department": delivery.department}
        if receiver.owner is not EventOwner.E_TAAL:
            data["application"] = {"id": to_global_id(TypeCode.APPLICATION, case.id), "number": case.number}
            if delivery.kind == EventKind.CLEARANCE_ASKED:
                data["clearance"] = {"id": to_global_id(TypeCode.CLEARANCE, delivery.object_id)}
    return {"type": kind, "timestamp": delivery.occurred_at.isoformat(), "data": data}


def _concerns(receiver: EventReceiver, case: Application | None) -> bool:
    """UMANG knows what was handed in by UMANG."""
    return case is not None and (receiver.owner is not EventOwner.UMANG or case.channel is Channel.UMANG)


class EventReads:
    """What the endpoint for receivers asks of us (integrations/event_receivers/endpoint.py)."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    async def find(self, receiver_id: str) -> AskingReceiver | None:
        """The receiver, where it was verified and no administrator switched it off."""
        env = self._environment
        found = await env.store.read(lambda tx: event_receivers.get(tx, receiver_id))
        if found is None or not may_ask(found):
            return None
        return AskingReceiver(found.id, found.secrets_at(env.clock.now()))

    async def pull(self, receiver_id: str, cursor: str | None, first: int) -> EventsAnswer:
        """Events behind a cursor, with an audit line. Raises CursorGone."""

        async def work(tx: Transaction) -> EventsAnswer:
            receiver, state = await event_receivers.get(tx, receiver_id), await change_feed.state(tx)
            if receiver is None:
                raise CursorGone
            rows, more = await events_behind(tx, receiver, _position(state, cursor), first)
            told = [delivery_of(row, receiver_id, "", row.at) for row in rows]
            events = await messages_of(tx, receiver, told)
            await audit.record(
                tx, f"EVENTS:{receiver_id}", "events.pulled", "EVENT_RECEIVER", receiver_id, None, events=len(events)
            )
            bodies = tuple({"id": one.id, **one.body} for one in events)
            return EventsAnswer(events=bodies, next_cursor=_cursor(state, more or state.end), complete=more is None)

        return await self._environment.store.carry_out(work)


def _cursor(state: FeedState, position: Position) -> str:
    return f"{state.name}.{position.transaction}.{position.row}"


def _position(state: FeedState, cursor: str | None) -> Position:
    """The place of a cursor; raises CursorGone."""
    if cursor is None:
        return START
    name, *numbers = cursor.rsplit(".", 2)
    try:
        transaction, row = map(int, numbers)
    except ValueError:
        raise CursorGone from None
    position = Position(transaction, row)
    if name != state.name or not state.swept <= position <= state.end:
        raise CursorGone
    return position
