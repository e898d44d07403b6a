"""The worker: runs the legal clock, delivers the outbox, folds counters, seals the audit chain. Any number may run."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from datetime import date, timedelta

import structlog

from actions.alarms import NOTIFY
from actions.attachments import verify_document
from actions.bharat_reports import REPORT, send_report
from actions.budget import settle_budgets
from actions.certificate_content import Renderer
from actions.certificate_endings import make_corrected
from actions.code_sending import SEND, send_code
from actions.commission_reports import commission_round
from actions.consent_retention import delete_old_consents
from actions.consent_watch import LOOK_SECONDS as WITHDRAWAL_SECONDS
from actions.consent_watch import ConsentWatch
from actions.doorstep_rounds import close_missed
from actions.environment import Environment
from actions.erasures import settle_erasures
from actions.etaal_checks import compare_nightly
from actions.etaal_rounds import PUSH as COUNTS
from actions.etaal_rounds import close_due, plan_pushes, send_counts
from actions.figure_upkeep import count_once, go_on_if_stalled
from actions.grievances import escalate_overdue
from actions.instalments import release_due
from actions.issue import issue_certificate
from actions.life_certificates import remind_of_certificates
from actions.locker_orders import carry_out_order
from actions.locker_push import send_as_asked, send_to_locker
from actions.locker_revoking import REVOKE, revoke_locker
from actions.naming import index_contacts
from actions.provider_sign_out import END, end_at_provider
from actions.record_joining import join_due
from actions.roster_adding import forget_unfiled
from actions.roster_filing import FILE, file_some
from actions.sanction import send_instruction
from actions.tracking import forget_tries
from actions.umang_compare import compare_due
from actions.uploads import sweep_partial, sweep_quarantine, sweep_unused
from domain.clock import ist_date
from domain.errors import ApuniError
from gateway.alarms import LOOK_SECONDS, AlarmWatch, alarm_webhook, drop
from gateway.composition import open_house
from gateway.fanout import telling
from gateway.fanout_bus import open_bus
from gateway.logs import configure_logging
from gateway.production import refuse_unfit_production
from gateway.pulse import BEAT_SECONDS, Pulse, pulsing
from gateway.sealing import SealWatch
from gateway.settings import Retention, Settings
from gateway.worker.claim_heartbeat import SHARE, Hold, Lost, Stopped
from gateway.worker.commission import COMMISSION_HANDLERS
from gateway.worker.fees import FEE_HANDLERS, FEE_SECONDS, fee_round, reconcile_fees
from gateway.worker.finance_clock import FinanceClock
from gateway.worker.legal_clock import LegalClock
from gateway.worker.payment_rounds import PAYMENT_HANDLERS, PAYMENT_LONGEST, PaymentRounds
from integrations.digilocker import PushAction
from integrations.errors import IntegrationError
from integrations.gate import SwitchedOff
from store import (
    accesses,
    account_links,
    audit,
    changes,
    counters,
    crash_points,
    figures,
    idempotency,
    ledger_seal,
    manifests,
    outbox,
    sent_codes,
    session_tokens,
    sessions,
    sign_ins,
    umang,
)
from store.engine import Transaction
from store.erasures import ErasureList
from store.errors import StoreError
from store.outbox import OutboxMessage, OutboxState

Handler = Callable[[Environment, Mapping[str, str]], Awaitable[None]]

POLL_SECONDS = 0.2
LEASE_SECONDS = 30.0
BATCH = 8
LONGEST: Mapping[str, float] = PAYMENT_LONGEST
"""Topics whose handlers may take so many seconds; others end with their claim (holding.SHARE of LEASE_SECONDS).

Of all of them a worker claims one message at a time: what waited behind another would spend its own seconds waiting,
and what was looked at before (whether its day is over, whether it was stopped) would be old when it goes.
"""
PATIENCE_SECONDS = 5.0
"""After so long a delivery of those topics goes on aside of the others."""
STOPPED, CLAIM_LOST = "STOPPED", "CLAIM_LOST"
"""A worker that stops gives a long delivery back, and one whose claim passed to another leaves it to that."""
UPKEEP_SECONDS = 60.0
SEAL_SECONDS = 1.0
HELD, HELD_SECONDS = "SWITCHED_OFF", 5.0
"""A switch holds a message back: it stays in the outbox, no attempt counts, and it is looked at again so soon."""
UNASKED, UNASKED_SECONDS = "circuit_open", 60.0
"""An open breaker stopped a message that was tried before: nothing went, so no further attempt counts.

The first attempt does, so that the message is seen to wait since it was written.
"""
INTERNAL = "INTERNAL"
_CODES = {TimeoutError: "TIMED_OUT", SwitchedOff: HELD, Stopped: STOPPED, Lost: CLAIM_LOST}
log = structlog.get_logger(__name__)


def handlers(renderer: Renderer) -> Mapping[str, Handler]:
    """What is done with each topic. Every handler may be run twice with the same message."""

    async def issue(environment: Environment, payload: Mapping[str, str]) -> None:
        await issue_certificate(environment, payload["application_id"], renderer)

    async def instruct(environment: Environment, payload: Mapping[str, str]) -> None:
        await send_instruction(environment, payload["instalment_id"])

    async def verify(environment: Environment, payload: Mapping[str, str]) -> None:
        await verify_document(environment, payload["document_id"], application_id=payload["application_id"])

    async def correct(environment: Environment, payload: Mapping[str, str]) -> None:
        await make_corrected(environment, payload["certificate_id"], renderer)

    async def order(environment: Environment, payload: Mapping[str, str]) -> None:
        await carry_out_order(environment, payload["order_id"])

    async def revoke(environment: Environment, payload: Mapping[str, str]) -> None:
        await revoke_locker(environment, payload["citizen_id"], int(payload["version"]))

    async def end_session(environment: Environment, payload: Mapping[str, str]) -> None:
        await end_at_provider(environment, payload["session_id"])

    return {
        "certificate.issue": issue,
        "certificate.correct": correct,
        "dbt.instruct": instruct,
        "document.verify": verify,
        "locker.push": _push,
        "locker.push_asked": _push_as_asked,
        REVOKE: revoke,
        END: end_session,
        SEND: send_code,
        FILE: file_some,
        "locker.order": order,
        **FEE_HANDLERS,
        **COMMISSION_HANDLERS,
        **PAYMENT_HANDLERS,
        REPORT: send_report,
        COUNTS: _send_counts,
    }


async def _send_counts(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_counts(environment, date.fromisoformat(payload["day"]), int(payload["revision"]))


async def _push(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_to_locker(environment, payload["certificate_id"], PushAction(payload["action"]))


async def _push_as_asked(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_as_asked(environment, payload["application_id"], payload["locker_id"])


class Worker:
    """Claims due messages under a lease and runs their handlers, until told to stop."""

    def __init__(
        self,
        environment: Environment,
        table: Mapping[str, Handler],
        stopping: asyncio.Event,
        retention: Retention | None = None,
    ) -> None:
        self._retention = retention or Retention()
        self._environment = environment
        self._handlers = table
        self._stopping = stopping
        self._id = environment.ids.key()
        self._aside: set[asyncio.Task[None]] = set()
        self._indexed = False
        self._looked_on: date | None = None

    async def run(self) -> None:
        """Work until stopped; what is under way is finished first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(POLL_SECONDS, self.deliver_due))
            tasks.create_task(self._every(UPKEEP_SECONDS, self.upkeep))
            tasks.create_task(self._every(SEAL_SECONDS, self.seal_counts))
            tasks.create_task(self._every(FEE_SECONDS, lambda: fee_round(self._environment)))
        await asyncio.gather(*self._aside)

    async def deliver_due(self) -> int:
        """Deliver what is due now; tells how many messages were tried. A long delivery may go on afterwards."""
        tried = 0
        while not self._stopping.is_set() and await self._something_may_be_due():
            messages = await self._claimed()
            if not messages:
                break
            long = [asyncio.create_task(self._deliver(each)) for each in messages if each.topic in LONGEST]
            self._aside.update(long)
            await asyncio.gather(*(self._deliver(message) for message in messages if message.topic not in LONGEST))
            if long:
                await asyncio.wait(long, timeout=PATIENCE_SECONDS)
            tried += len(messages)
        return tried

    async def _claimed(self) -> list[OutboxMessage]:
        left = self._left()
        return await self._environment.store.carry_out(
            lambda tx: outbox.claim(tx, self._id, BATCH, LEASE_SECONDS, but=left, one_of=LONGEST.keys())
        )

    def _left(self) -> Collection[str]:
        """The topics of which nothing is taken now. Raises what a delivery aside ended with and did not note."""
        done = {task for task in self._aside if task.done()}
        self._aside -= done
        for task in done:
            task.result()
        return LONGEST.keys() if self._aside else ()

    async def seal_counts(self) -> int:
        """Number and link the e-transactions that were entered since, so that they are told."""
        return await ledger_seal.seal(self._environment.store)

    async def _something_may_be_due(self) -> bool:
        """A look that takes no lock: five times a second, and nearly always in vain."""
        async with self._environment.store.reading() as tx:
            return await outbox.may_be_due(tx, self._left())

    async def upkeep(self) -> None:
        """Fold the counters, seal the audit chain, and forget what is past its time."""
        store = self._environment.store
        while await store.carry_out(counters.fold) == counters.FOLD_BATCH:
            pass
        while await store.carry_out(figures.fold) == figures.FOLD_BATCH:
            pass
        await go_on_if_stalled(store)
        await audit.seal(store)
        await store.carry_out(sign_ins.forget_expired)
        await store.carry_out(session_tokens.forget_expired)
        await store.carry_out(sent_codes.forget_expired)
        await store.carry_out(account_links.forget_expired)
        await self._index_contacts()
        now = self._environment.clock.now()
        await store.carry_out(lambda tx: idempotency.forget_expired(tx, now))
        kept = self._retention
        await store.carry_out(lambda tx: sessions.forget_before(tx, now - timedelta(days=kept.session_days)))
        await store.carry_out(lambda tx: accesses.forget_before(tx, now - timedelta(days=kept.access_days)))
        await store.carry_out(lambda tx: changes.sweep(tx, now - timedelta(days=kept.change_days)))
        oldest_use = ist_date(now) - timedelta(days=kept.operation_use_days)
        await store.carry_out(lambda tx: manifests.forget_uses(tx, oldest_use))
        await escalate_overdue(self._environment)
        await forget_tries(self._environment)
        await close_missed(self._environment)
        await forget_unfiled(self._environment)
        await sweep_unused(self._environment)
        await sweep_partial(self._environment)
        await sweep_quarantine(self._environment)
        await release_due(self._environment)
        await remind_of_certificates(self._environment)
        await settle_budgets(self._environment)
        await join_due(self._environment)
        await commission_round(self._environment)
        if closed := await close_due(self._environment):
            await compare_nightly(self._environment, closed)
        await plan_pushes(self._environment)
        await reconcile_fees(self._environment)
        await store.carry_out(umang.forget_expired)
        await compare_due(self._environment)
        await self._once_a_day()

    async def _once_a_day(self) -> None:
        """What needs no more than one look a day."""
        today = ist_date(self._environment.clock.now())
        if self._looked_on != today:
            await delete_old_consents(self._environment)
            self._looked_on = today

    async def _index_contacts(self) -> None:
        """Once in the life of a worker: citizens of before there was an index are indexed."""
        while not self._indexed:
            self._indexed = await index_contacts(self._environment) == 0

    async def _deliver(self, message: OutboxMessage) -> None:
        crash_points.reach(crash_points.CLAIMED)
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
                await outbox.delivered(tx, message.id, now)
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
            return await outbox.failed(tx, message.id, now, code, worker_id=self._id)

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
            return await store.carry_out(lambda tx: outbox.hold(tx, message.id, self._id, LEASE_SECONDS))

        work = handler(self._environment, message.payload)
        try:
            await Hold(LEASE_SECONDS, longest, renew, self._stopping).during(work)
        except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
            code = _code_of(error)
            if code == INTERNAL:
                log.error("outbox_handler_failed", topic=message.topic, kind=type(error).__name__)  # noqa: TRY400 - no trace
            return code
        return None

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while not self._stopping.is_set():
            try:
                await work()
            except StoreError as error:
                log.warning("store_unavailable", kind=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()


def _code_of(error: Exception) -> str:
    """What the outbox notes of a delivery that failed."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    if isinstance(error, IntegrationError):
        return error.code
    return type(error).__name__ if isinstance(error, ApuniError | StoreError) else INTERNAL


async def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises SettingsRefused where production is not fit."""
    from gateway.documents.renderer import CertificateRenderer

    refuse_unfit_production(settings)
    configure_logging()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, kind="worker"))
        environment = house.environment
        notify = await alarm_webhook(settings, environment.clock, stack)
        house.vitals.swept()
        watch = AlarmWatch(environment, notify=notify is not None)
        pulse = Pulse(environment, house.switches, house.vitals)
        sealing = SealWatch(environment.store, environment.clock, settings.seal_limit_seconds)
        beats = (LOOK_SECONDS, watch.look), (BEAT_SECONDS, sealing.look)
        withdrawals = (WITHDRAWAL_SECONDS, ConsentWatch(environment).look)
        await stack.enter_async_context(pulsing(pulse, *beats, withdrawals))
        await stack.enter_async_context(telling(environment.store, open_bus(settings.cache_store_url)))
        renderer = CertificateRenderer(environment.keyrings, settings.home / "certificates", environment.clock)
        table = {**handlers(renderer), NOTIFY: notify or drop}
        await settle_erasures(environment, ErasureList(settings.erasure_list))
        if (sums := await count_once(environment.store)) is not None:
            log.info("figures_counted", sums=sums)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Worker(environment, table, stopping, settings.retention).run())
            tasks.create_task(LegalClock(environment, stopping, house.vitals.swept).run())
            tasks.create_task(FinanceClock(environment, stopping).run())
            tasks.create_task(PaymentRounds(environment, stopping, settings.payments.seconds(demo=settings.demo)).run())
