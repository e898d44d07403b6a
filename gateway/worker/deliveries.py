"""Delivers the outbox: claims due messages, runs their handlers and records the outcome."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta

import structlog

from actions.kernel import Environment
from domain.kernel import CallerError, Problems
from domain.kernel.tracing import Step, span
from gateway.runtime.alarms import AlarmNotSent
from gateway.tracing import NoTraces, Traces
from gateway.worker.claim_heartbeat import SHARE, ClaimHeartbeat, ClaimLost, Stopped
from gateway.worker.payment_rounds import PAYMENT_LONGEST
from gateway.worker.topics import Handler
from integrations.calling.errors import RemoteError
from integrations.calling.kill_switch import SwitchedOff
from store.database import StoreError, Transaction, crash_points
from store.platform import outbox
from store.platform.outbox import OutboxMessage, OutboxState

LEASE_SECONDS = 30.0
BATCH = 8
LONGEST: Mapping[str, float] = PAYMENT_LONGEST
"""Topics whose handlers may take so many seconds; others end with their claim (claim_heartbeat.SHARE of LEASE_SECONDS).

Of all of them a worker claims one message at a time: what waited behind another would spend its own seconds waiting,
and what was looked at before (whether its day is over, whether it was stopped) would be old when it goes.
"""
PATIENCE_SECONDS = 5.0
"""After so long a delivery of those topics continues in the background."""
STOPPED, CLAIM_LOST = "STOPPED", "CLAIM_LOST"
"""A worker that stops gives a long delivery back, and one whose claim passed to another leaves it to that."""
HELD, HELD_SECONDS = "SWITCHED_OFF", 5.0
"""A switch holds a message back: it stays in the outbox, no attempt counts, and it is looked at again so soon."""
UNASKED, UNASKED_SECONDS = "circuit_open", 60.0
"""An open breaker stopped a message that was tried before: nothing went, so no further attempt counts.

The first attempt does, so that the message is seen to wait since it was written.
"""
INTERNAL = "INTERNAL"
_CODES = {TimeoutError: "TIMED_OUT", SwitchedOff: HELD, Stopped: STOPPED, ClaimLost: CLAIM_LOST}
log = structlog.get_logger(__name__)


class Deliveries:
    """Claims due messages under a lease and runs their handlers, as long as the worker is not to stop."""

    def __init__(
        self,
        environment: Environment,
        table: Mapping[str, Handler],
        stopping: asyncio.Event,
        traces: Traces | None = None,
    ) -> None:
        self._environment = environment
        self._handlers = table
        self._stopping = stopping
        self._traces = traces or NoTraces()
        self._id = environment.ids.key()
        self._aside: set[asyncio.Task[None]] = set()

    async def finish(self) -> None:
        """Wait for the deliveries that go on aside; a worker that stops gives back those that last."""
        if self._aside:
            await asyncio.wait(self._aside)
        self._busy_topics()

    async def deliver_due(self) -> int:
        """Deliver what is due now; returns how many messages were tried. A long delivery may go on afterwards."""
        tried = 0
        while not self._stopping.is_set() and await self._something_may_be_due():
            messages = await self._claim_messages()
            if not messages:
                break
            long = [asyncio.create_task(self._deliver(each)) for each in messages if each.topic in LONGEST]
            self._aside.update(long)
            await asyncio.gather(*(self._deliver(message) for message in messages if message.topic not in LONGEST))
            if long:
                await asyncio.wait(long, timeout=PATIENCE_SECONDS)
            tried += len(messages)
        return tried

    async def _claim_messages(self) -> list[OutboxMessage]:
        left = self._busy_topics()
        return await self._environment.store.carry_out(
            lambda tx: outbox.claim(tx, self._id, BATCH, LEASE_SECONDS, but=left, one_of=LONGEST.keys())
        )

    def _busy_topics(self) -> Collection[str]:
        """The topics of which nothing is taken now. Raises what a delivery aside ended with and did not note."""
        done = {task for task in self._aside if task.done()}
        self._aside -= done
        for task in done:
            task.result()
        return LONGEST.keys() if self._aside else ()

    async def _something_may_be_due(self) -> bool:
        """A look that takes no lock: five times a second, and nearly always in vain."""
        return await self._environment.store.read(lambda tx: outbox.may_be_due(tx, self._busy_topics()))

    async def _deliver(self, message: OutboxMessage) -> None:
        crash_points.reach(crash_points.CLAIMED)
        with self._traces.operation(f"outbox {message.topic}"):
            await self._deliver_and_note(message)

    async def _deliver_and_note(self, message: OutboxMessage) -> None:
        with span(Step.ACTION, message.topic):
            code = await self._try(message)
        crash_points.reach(crash_points.SENT)
        try:
            await self._note(message, code)
        except StoreError as error:
            # The lease runs out and the message is tried again; the others of this batch go on.
            log.warning("outbox_not_noted", topic=message.topic, kind=type(error).__name__)
        log.info("outbox_message", topic=message.topic, attempts=message.attempts, outcome=code or "delivered")

    async def _note(self, message: OutboxMessage, code: str | None) -> None:
        now = self._environment.clock.now()

        async def note(tx: Transaction) -> OutboxState:
            if code is None:
                await outbox.mark_delivered(tx, message.id, now)
                return OutboxState.DELIVERED
            if code == HELD:
                due_at = now + timedelta(seconds=HELD_SECONDS)
                await outbox.put_off(tx, message.id, due_at, HELD, worker_id=self._id)
                return OutboxState.PENDING
            if code == UNASKED and message.attempts > 1:
                due_at = now + timedelta(seconds=UNASKED_SECONDS)
                await outbox.put_off(tx, message.id, due_at, UNASKED, worker_id=self._id)
                return OutboxState.PENDING
            if code == STOPPED:
                await outbox.put_off(tx, message.id, now, STOPPED, worker_id=self._id)
                return OutboxState.PENDING
            return await outbox.record_failure(tx, message.id, now, code, worker_id=self._id)

        state = await self._environment.store.carry_out(note)
        crash_points.reach(crash_points.RECORDED)
        if state is OutboxState.DEAD:
            log.error("outbox_message_dead", topic=message.topic, attempts=message.attempts, outcome=code)

    async def _try(self, message: OutboxMessage) -> str | None:
        handler = self._handlers.get(message.topic)
        if handler is None:
            return "NO_HANDLER"
        store, longest = self._environment.store, LONGEST.get(message.topic, LEASE_SECONDS * SHARE)

        async def renew() -> bool:
            return await store.carry_out(lambda tx: outbox.extend_claim(tx, message.id, self._id, LEASE_SECONDS))

        work = handler(self._environment, message.payload)
        try:
            await ClaimHeartbeat(LEASE_SECONDS, longest, renew, self._stopping).run_work(work)
        except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
            code = _code_of(error)
            if code == INTERNAL:
                log.error("outbox_handler_failed", topic=message.topic, kind=type(error).__name__)  # noqa: TRY400 - no trace
            return code
        return None


def _code_of(error: Exception) -> str:
    """What the outbox notes of a delivery that failed."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    if isinstance(error, RemoteError):
        return error.code
    if isinstance(error, Problems):
        return error.code.value
    return type(error).__name__ if isinstance(error, CallerError | StoreError | AlarmNotSent) else INTERNAL
