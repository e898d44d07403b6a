"""The worker: delivers the outbox, folds counters, seals the audit chain. Any number may run."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping

import structlog

from actions.attachments import verify_document
from actions.certificate_content import Renderer
from actions.environment import Environment
from actions.issue import issue_certificate
from actions.sanction import send_instruction
from domain.errors import ApuniError
from gateway.composition import open_house
from gateway.logs import configure_logging
from gateway.production import refuse_unfit_production
from gateway.settings import Settings
from integrations.errors import IntegrationError
from store import audit, counters, outbox
from store.errors import StoreError
from store.outbox import OutboxMessage, OutboxState

Handler = Callable[[Environment, Mapping[str, str]], Awaitable[None]]

POLL_SECONDS = 0.2
LEASE_SECONDS = 30.0
BATCH = 8
UPKEEP_SECONDS = 60.0
log = structlog.get_logger(__name__)


def handlers(renderer: Renderer) -> Mapping[str, Handler]:
    """What is done with each topic. Every handler may be run twice with the same message."""

    async def issue(environment: Environment, payload: Mapping[str, str]) -> None:
        await issue_certificate(environment, payload["application_id"], renderer)

    async def instruct(environment: Environment, payload: Mapping[str, str]) -> None:
        await send_instruction(environment, payload["instalment_id"])

    async def verify(environment: Environment, payload: Mapping[str, str]) -> None:
        await verify_document(environment, payload["document_id"], application_id=payload["application_id"])

    return {"certificate.issue": issue, "dbt.instruct": instruct, "document.verify": verify}


class Worker:
    """Claims due messages under a lease and runs their handlers, until told to stop."""

    def __init__(self, environment: Environment, table: Mapping[str, Handler], stopping: asyncio.Event) -> None:
        self._environment = environment
        self._handlers = table
        self._stopping = stopping
        self._id = environment.ids.key()

    async def run(self) -> None:
        """Work until stopped; what is under way is finished first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(POLL_SECONDS, self.deliver_due))
            tasks.create_task(self._every(UPKEEP_SECONDS, self.upkeep))

    async def deliver_due(self) -> int:
        """Deliver what is due now; tells how many messages were tried."""
        tried = 0
        while not self._stopping.is_set():
            async with self._environment.store.writing() as tx:
                messages = await outbox.claim(tx, self._id, BATCH, LEASE_SECONDS)
            if not messages:
                break
            await asyncio.gather(*(self._deliver(message) for message in messages))
            tried += len(messages)
        return tried

    async def upkeep(self) -> None:
        """Fold the counters and seal the audit chain."""
        async with self._environment.store.writing() as tx:
            await counters.fold(tx)
        await audit.seal(self._environment.store)

    async def _deliver(self, message: OutboxMessage) -> None:
        code = await self._try(message)
        try:
            await self._note(message, code)
        except StoreError as error:
            # The lease runs out and the message is tried again; the others of this batch go on.
            log.warning("outbox_not_noted", topic=message.topic, kind=type(error).__name__)
        log.info("outbox_message", topic=message.topic, attempts=message.attempts, outcome=code or "delivered")

    async def _note(self, message: OutboxMessage, code: str | None) -> None:
        now = self._environment.clock.now()
        async with self._environment.store.writing() as tx:
            if code is None:
                await outbox.delivered(tx, message.id, now)
                return
            state = await outbox.failed(tx, message.id, now, code, worker_id=self._id)
        if state is OutboxState.DEAD:
            log.error("outbox_message_dead", topic=message.topic, attempts=message.attempts, outcome=code)

    async def _try(self, message: OutboxMessage) -> str | None:
        handler = self._handlers.get(message.topic)
        if handler is None:
            return "NO_HANDLER"
        try:
            async with asyncio.timeout(LEASE_SECONDS * 0.8):
                await handler(self._environment, message.payload)
        except TimeoutError:
            return "TIMED_OUT"
        except IntegrationError as error:
            return error.code
        except (ApuniError, StoreError) as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
            log.error("outbox_handler_failed", topic=message.topic, kind=type(error).__name__)  # noqa: TRY400 - no trace
            return "INTERNAL"
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


async def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises SettingsRefused where production is not fit."""
    from gateway.documents.renderer import CertificateRenderer

    refuse_unfit_production(settings)
    configure_logging()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with open_house(settings) as house:
        environment = house.environment
        renderer = CertificateRenderer(environment.keyrings, settings.home / "certificates", environment.clock)
        await Worker(environment, handlers(renderer), stopping).run()
