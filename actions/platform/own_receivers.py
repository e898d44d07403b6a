"""Systems of departments and partners look after their own receivers of events, signed by a secret that they have.

Such a secret is that of a receiver, or the one that was agreed with UMANG or e-Taal. It speaks for all receivers of its
owner and for nobody else's (ADR 0039).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from actions.kernel import Environment, UnitOfWork, run_request
from actions.platform.event_receivers import (
    MOST_LOGGED,
    ChangeEventReceiver,
    ProposeEventReceiver,
    deliveries_of,
    enter,
    not_allowed,
    take_step,
)
from actions.platform.events import may_ask
from domain.kernel import SYSTEM, Subject, not_found
from domain.platform.event_receivers import (
    SECRET_SHOWN_MINUTES,
    WIRE_NAMES,
    EventDelivery,
    EventKind,
    EventOwner,
    EventReceiver,
    ReceiverState,
    ReceiverStep,
    secret_of_octets,
)
from integrations.event_receivers.models import AskedReceiver, AskedStep, AskingReceiver, LogEntry, ReceiverAnswer
from store.database import Transaction
from store.platform import event_receivers


@dataclass(frozen=True, slots=True)
class _System:
    """Who asks: whose system it is, and by which key."""

    key: str
    owner: EventOwner
    department: str | None

    @property
    def subject(self) -> Subject:
        """For audit lines and idempotency keys; what it may touch is decided by `_find_own` alone."""
        return replace(SYSTEM, account=f"EVENTS:{self.key}")

    def owns(self, receiver: EventReceiver) -> bool:
        """Whether a receiver is of the same owner."""
        return (receiver.owner, receiver.department) == (self.owner, self.department)


class OwnReceivers:
    """What the endpoint of systems asks of us (integrations/event_receivers/endpoint.py).

    `agreed` are the secrets that partners have with us without a receiver, by owner.
    """

    def __init__(self, environment: Environment, agreed: Mapping[EventOwner, Sequence[str]]) -> None:
        self._environment = environment
        self._agreed = agreed

    async def find(self, key: str) -> AskingReceiver | None:
        """The secrets of a key: the id of a receiver that may ask, or the name of a partner."""
        env = self._environment
        owner = next((one for one in self._agreed if one.value == key), None)
        if owner is not None:
            return AskingReceiver(key, [secret_of_octets(secret.encode()) for secret in self._agreed[owner] if secret])
        found = await env.store.read(lambda tx: event_receivers.get(tx, key))
        return AskingReceiver(key, found.secrets_at(env.clock.now())) if found is not None and may_ask(found) else None

    async def list_own(self, key: str) -> list[ReceiverAnswer]:
        """Every receiver of the owner, the newest first."""
        async with self._environment.store.read_transaction() as tx:
            system = await self._system(tx, key)
            return [self._answer_about(one) for one in await event_receivers.all_receivers(tx) if system.owns(one)]

    async def show(self, key: str, receiver_id: str) -> ReceiverAnswer:
        """One of them, with its log. Raises Problems(NOT_FOUND)."""
        async with self._environment.store.read_transaction() as tx:
            receiver = await _find_own(tx, await self._system(tx, key), receiver_id)
        log = await deliveries_of(self._environment, receiver, MOST_LOGGED)
        return self._answer_about(receiver, deliveries=tuple(_entry_of(one) for one in log))

    async def ask_for(self, key: str, asked: AskedReceiver, message_id: str) -> ReceiverAnswer:
        """Ask for a receiver, with its secret: two administrators and a challenge stand before its first event.

        The same `message_id` again asks for no second one. Raises Problems as `propose_event_receiver`.
        """
        env = self._environment
        system = await env.store.read(lambda tx: self._system(tx, key))
        request = ProposeEventReceiver(system.owner, asked.url, asked.kinds, message_id, system.department)
        made, _ = await run_request(env, system.subject, "askForReceiver", request, _ask_for, read=event_receivers.get)
        return self._answer_about(made, secret=True)

    async def change(self, key: str, receiver_id: str, asked: AskedStep, message_id: str) -> ReceiverAnswer:
        """Take a step with a receiver, with the new secret where that made one; once for each `message_id`.

        Raises Problems as `change_event_receiver`; what an administrator switched off only administrators switch on.
        """
        env = self._environment
        system = await env.store.read(lambda tx: self._system(tx, key))

        async def take(acting: UnitOfWork, request: ChangeEventReceiver) -> EventReceiver:
            receiver = await _find_own(acting.tx, system, request.receiver_id, lock=True)
            if request.step is ReceiverStep.SWITCH_ON and receiver.state is ReceiverState.OFF:
                raise not_allowed(receiver)
            return await take_step(acting, receiver, request.step, request.since)

        request = ChangeEventReceiver(receiver_id, asked.step, message_id, asked.since)
        done, _ = await run_request(env, system.subject, "changeOwnReceiver", request, take, read=event_receivers.get)
        return self._answer_about(done, secret=request.step is ReceiverStep.ROTATE)

    async def _system(self, tx: Transaction, key: str) -> _System:
        owner = next((one for one in self._agreed if one.value == key), None)
        if owner is not None:
            return _System(key, owner, None)
        found = await event_receivers.get(tx, key)
        if found is None:
            raise not_found("receiver")
        return _System(key, found.owner, found.department)

    def _answer_about(
        self, receiver: EventReceiver, *, secret: bool = False, deliveries: tuple[LogEntry, ...] | None = None
    ) -> ReceiverAnswer:
        until = receiver.secret_made_at + timedelta(minutes=SECRET_SHOWN_MINUTES)
        return ReceiverAnswer(
            id=receiver.id,
            url=receiver.url,
            types=tuple(WIRE_NAMES[one] for one in receiver.kinds),
            state=receiver.state,
            failure=receiver.failure,
            secret=receiver.secret if secret and self._environment.clock.now() < until else None,
            deliveries=deliveries,
        )


async def _ask_for(acting: UnitOfWork, request: ProposeEventReceiver) -> EventReceiver:
    return await enter(acting, request, ReceiverState.REQUESTED)


async def _find_own(tx: Transaction, system: _System, receiver_id: str, *, lock: bool = False) -> EventReceiver:
    receiver = await event_receivers.get(tx, receiver_id, lock=lock)
    if receiver is None or not system.owns(receiver):
        raise not_found("receiver")
    return receiver


def _entry_of(delivery: EventDelivery) -> LogEntry:
    known = delivery.kind in EventKind.__members__
    return LogEntry(
        id=delivery.event_id,
        type=WIRE_NAMES[EventKind(delivery.kind)] if known else delivery.kind,
        timestamp=delivery.occurred_at,
        attempts=delivery.attempts,
        outcome=delivery.outcome,
        due_at=None if delivery.delivered_at else delivery.due_at,
        delivered_at=delivery.delivered_at,
    )
