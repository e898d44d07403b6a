"""The worker's process: opens the resources of its jobs and runs them until stopped; any number may run."""

import asyncio
import signal
from contextlib import AsyncExitStack

from actions.consents.watch import LOOK_SECONDS as WITHDRAWAL_SECONDS
from actions.consents.watch import ConsentWatch
from actions.platform.alarms import NOTIFY
from actions.privacy.erasures import settle_erasures
from gateway.runtime.alarms import LOOK_SECONDS, AlarmWatch, UnkeptAlarms, alarm_webhook, discard_notification
from gateway.runtime.composition import open_runtime
from gateway.runtime.heartbeat import BEAT_SECONDS, Heartbeat, run_heartbeat
from gateway.runtime.logs import configure_logging
from gateway.runtime.production import refuse_unfit_production
from gateway.runtime.sealing import SealWatch
from gateway.settings.settings import Settings
from gateway.streams.fanout import announce_commits, open_bus
from gateway.worker.deliveries import Deliveries
from gateway.worker.jobs import AT_ONCE, service_jobs, upkeep_jobs
from gateway.worker.message_values import MessageValues
from gateway.worker.runner import Runner
from gateway.worker.topics import handlers
from schema import build
from store.privacy.erasures import ErasureList


async def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises SettingsRefused where production is not fit."""
    from gateway.documents.officer_signer import OfficerSigner

    refuse_unfit_production(settings)
    configure_logging()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings, kind="worker"))
        environment, ended = runtime.environment, runtime.vitals.job_ended
        notify = await alarm_webhook(settings, environment.clock, stack)
        runtime.vitals.note_sweep()
        watch = AlarmWatch(environment, notify=notify is not None)
        pulse = Heartbeat(environment, runtime.switches, runtime.vitals)
        sealing = SealWatch(environment.store, environment.clock, settings.seal_limit_seconds)
        unkept = UnkeptAlarms(environment, pulse, notify, runtime.vitals.label)
        beats = (LOOK_SECONDS, watch.look), (BEAT_SECONDS, sealing.look), (BEAT_SECONDS, unkept.look)
        withdrawals = (WITHDRAWAL_SECONDS, ConsentWatch(environment).look)
        await stack.enter_async_context(run_heartbeat(pulse, *beats, withdrawals))
        await stack.enter_async_context(announce_commits(environment.store, open_bus(settings.cache_store_url)))
        renderer = OfficerSigner(
            environment.keyrings,
            settings.certificates_folder,
            environment.clock,
            specimen=settings.specimen,
            makes_tests=settings.takes_sandboxes,
            emblem=settings.emblem,
        )
        deliveries = Deliveries(
            environment, {**handlers(renderer), NOTIFY: notify or discard_notification}, stopping, runtime.traces
        )
        await settle_erasures(environment, ErasureList(settings.erasure_list))
        payment_seconds = settings.payments.seconds(demo=settings.demo)
        breakers = runtime.resilience.breakers
        services = service_jobs(
            environment,
            deliveries,
            stopping,
            runtime.vitals.note_sweep,
            payment_seconds,
            breakers,
            MessageValues(runtime, build()).read,
        )
        upkeep = upkeep_jobs(environment, settings.retention, stopping)
        runtime.vitals.watch_jobs([*services, *upkeep])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Runner(services, stopping, ended).run())
            tasks.create_task(Runner(upkeep, stopping, ended, at_once=AT_ONCE).run())
