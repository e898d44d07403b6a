"""Opens and closes the resources of a process: store, vault, keys, partner clients."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import httpx
import structlog

from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.kernel import Clock, Source, SystemClock, SystemIds
from domain.kernel.messages import install_state, name_portal
from domain.platform.switches import Switchboard
from gateway.documents.pdf_inspection import PdfInspection
from gateway.documents.pdf_signatures import PdfSignatures
from gateway.runtime.baseline import baseline_figures
from gateway.runtime.heartbeat import label_of, refresh_switches
from gateway.runtime.partners import connected_sources, open_partners
from gateway.runtime.process_health import ProcessHealth
from gateway.runtime.runfiles import NotUp
from gateway.settings.settings import Settings, SettingsRefused
from gateway.tracing import NoTraces, Traces, open_traces
from integrations.calling.breakers import BreakerObserver, Breakers, BreakerState
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.cache_backends import Backend, SealedCache
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import CallObserver, SourceMonitor
from integrations.calling.remote import Resilience
from integrations.calling.request_counters import FallbackRequestCounters, SourceQuotas
from states.certificate_kinds import certificate_kinds
from states.lint import faults_of
from states.message_texts import message_texts
from store.catalogue.calendar import NO_CALENDAR, work_calendar
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store, crash_points, schema_is_current
from store.database.keyring import KeyHolder
from store.database.vault import Vault
from store.privacy.erasures import ErasureList

if TYPE_CHECKING:
    from actions.training import Trainer
    from integrations.calling.breaker_sharing import BreakerSharing
    from store.database.s3_blobs import S3Blobs

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Runtime:
    """One process's environment with what watches it."""

    environment: Environment
    resilience: Resilience
    switches: Switchboard
    vitals: ProcessHealth
    traces: Traces = field(default_factory=NoTraces)

    @property
    def monitor(self) -> SourceMonitor:
        """What each outside system did last."""
        return self.resilience.monitor


def open_keyrings(settings: Settings) -> Keyrings:
    """The keyrings, with the PKCS#11 module and the remote signer that the settings name. Raises SettingsRefused."""
    given, signer = settings.pkcs11, settings.signer
    holder: KeyHolder | None = None
    if given.module is not None:
        from gateway.runtime.pkcs11_keys import Pkcs11Keys  # needs the extra `hsm`

        holder = Pkcs11Keys(given.module, given.token, given.read_pin())
    if signer.url is not None:
        from gateway.runtime.remote_signer import RemoteSigner

        try:
            holder = RemoteSigner(signer.url, signer.context(), SystemClock(), holder)
        except OSError as error:
            raise SettingsRefused([f"the TLS of APUNI_SIGNER__URL: {type(error).__name__}; see its files"]) from None
    return Keyrings(settings.keys_folder, holder, settings.key_mark)


def open_objects(settings: Settings, keyrings: Keyrings) -> EncryptedObjects:
    """The object store that the settings name; nothing is asked yet."""
    return EncryptedObjects(open_blobs(settings), keyrings)


def open_blobs(settings: Settings) -> "LocalBlobs | S3Blobs":
    """What keeps the files of the object store as they are written; nothing is asked yet."""
    s3 = settings.s3
    if s3.endpoint is None:
        return LocalBlobs(settings.objects_folder)
    from store.database.s3_blobs import Credentials, S3Blobs, S3Place

    by = Credentials(s3.access_key, s3.secret_key.get_secret_value(), s3.region)
    return S3Blobs(S3Place(s3.endpoint, s3.bucket, by, s3.prefix, s3.proxy))


@asynccontextmanager
async def open_storage(settings: Settings, *, any_revision: bool = False) -> AsyncIterator[Environment]:
    """Open store, vault, files and keys, without outside systems.

    With `any_revision` a store of an earlier release is opened too. Raises NotUp or StoreError with one line for a
    person.
    """
    crash_points.arm(settings.crash_at if settings.demo else None)
    if not await schema_is_current(settings.store_url) and not any_revision:
        raise NotUp("the store is not migrated to this release; run `apuni migrate`")
    clock = await open_clock(settings)
    install_state(settings.package.state)
    name_portal(settings.portal.name)
    ids = SystemIds(clock)
    keyrings = open_keyrings(settings)
    keyrings.init()
    nobody: Any = None
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store_url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        vault = await Vault.open(settings.vault_store_url, keyrings=keyrings, clock=clock, ids=ids)
        stack.push_async_callback(vault.close)
        yield Environment(
            registry=REGISTRY,
            store=store,
            vault=vault,
            objects=open_objects(settings, keyrings),
            keyrings=keyrings,
            clock=clock,
            ids=ids,
            rules=Rules(
                calendar=NO_CALENDAR,
                law=settings.whole_law,
                issuer_id=settings.issuer,
                five_day_offices=frozenset(settings.five_day_offices),
                takes_sandboxes=settings.takes_sandboxes,
                recorded_examples=not settings.takes_sandboxes,
            ),
            partners=Partners(nobody, nobody, nobody, nobody, {}),
            public_url=settings.url,
            trainer=trainer_loader(settings),
            erasures=ErasureList(settings.erasure_list),
        )


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    observer: CallObserver | None = None,
    *,
    kind: str = "command",
    breakers: BreakerObserver | None = None,
) -> AsyncIterator[Runtime]:
    """Open everything for a kind of process; raises SettingsRefused, NotUp or StoreError with one line for a person."""
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_storage(settings))
        store, clock, ids = storage.store, storage.clock, storage.ids
        if kind != "command" and (faults := faults_of(settings.package.state)):
            remedy = "`apuni doctor package` lists all"
            log.warning("state_package_incomplete", faults=len(faults), first=faults[0], remedy=remedy)
        counts_alone = kind == "gateway" and settings.counts_alone
        switches, vitals = Switchboard(), ProcessHealth(label_of(kind), clock, settings.home, counts_alone=counts_alone)
        store.disk_refused = vitals.disk_refused
        await refresh_switches(switches, store)
        hints = _breaker_sharing(settings, clock)
        resilience = Resilience(
            clock,
            Breakers(
                clock,
                spread=int(ids.digits(3)) / 1000,
                observer=_combined_observer(vitals.breaker_changed, breakers, hints),
            ),
            AnswerCache(_cache(settings, FieldCipher(storage.keyrings)), clock, switches),
            SourceMonitor(connected_sources(settings), vitals.call_observer(observer)),
            KillSwitch(switches),
            await _source_quotas(settings, clock, stack),
        )
        vitals.watch_breakers(resilience.breakers)
        if hints is not None:
            await stack.enter_async_context(hints.exchange_in_background(resilience.breakers))
        partners = await stack.enter_async_context(open_partners(settings, resilience, ids))
        stack.push_async_callback(resilience.kept.close)
        calendar = await store.read(work_calendar)
        rules = Rules(
            calendar=calendar,
            issuer_id=settings.issuer,
            five_day_offices=frozenset(settings.five_day_offices),
            law=settings.whole_law,
            rails=settings.rails,
            care=settings.care.rules(demo=settings.demo),
            desk=settings.desk.rules(),
            payments=settings.payments.rules(),
            files=settings.files.rules(),
            sign_on=settings.sign_on.rules(),
            fees=settings.fees.rules(),
            baseline=baseline_figures(settings.package.folder),
            message_texts=message_texts(settings.package.folder),
            certificate_kinds=certificate_kinds(settings.package.folder),
            message_costs=settings.messages.costs(),
            specimen=settings.specimen,
            takes_sandboxes=settings.takes_sandboxes,
            recorded_examples=not settings.takes_sandboxes,
            app_clients=settings.app_redirects,
        )
        environment = replace(
            storage,
            rules=rules,
            partners=partners,
            problem_of_pdf=PdfInspection().problem_of_pdf,
            signatures_in=PdfSignatures().signatures_in,
        )
        traces = open_traces(settings.tracing, f"apuni-{kind}")
        stack.callback(traces.close)
        if settings.tracing.endpoint:
            store.trace_statements()
        yield Runtime(environment, resilience, switches, vitals, traces)


def trainer_loader(settings: Settings) -> "Callable[[], Trainer | None]":
    """Gives who knows the exercises, loaded at the first use; None in production, where nothing of it is loaded."""

    @cache
    def load() -> "Trainer | None":
        found = entry_points(group="apuni.training") if settings.takes_sandboxes else ()
        return next((entry.load()() for entry in found), None)

    return load


def _combined_observer(
    vitals: BreakerObserver, other: BreakerObserver | None, hints: "BreakerSharing | None"
) -> BreakerObserver:
    observers = [vitals, *([other] if other else []), *([hints.note_change] if hints else [])]

    def notify_observers(source: Source, group: str, state: BreakerState) -> None:
        for observer in observers:
            observer(source, group, state)

    return notify_observers


async def _source_quotas(settings: Settings, clock: Clock, stack: AsyncExitStack) -> SourceQuotas:
    """The quotas of the day; nothing is counted where the settings have none."""
    if not settings.source_quotas:
        return SourceQuotas(clock, {}, None)
    if settings.counts_alone:
        log.warning("source_quotas_counted_alone", remedy="set APUNI_CACHE_URL, so that all processes count together")
    counters = FallbackRequestCounters(clock, settings.cache_store_url)
    stack.push_async_callback(counters.close)
    return SourceQuotas(clock, settings.source_quotas, counters)


def _breaker_sharing(settings: Settings, clock: Clock) -> "BreakerSharing | None":
    if not settings.cache_store_url:
        return None
    from integrations.calling.breaker_sharing import BreakerSharing

    return BreakerSharing(settings.cache_store_url, clock)


def _cache(settings: Settings, cipher: FieldCipher) -> Backend:
    """This process's memory, or a shared cache whose entries are sealed with the keyring of fields."""
    cache = open_cache(settings.cache_store_url)
    return SealedCache(cache, cipher) if settings.cache_store_url else cache


async def open_clock(settings: Settings) -> Clock:
    """The machine's clock, or in the demo, with APUNI_CLOCK=sandbox, the clock of the sandbox city."""
    if settings.clock != "sandbox":
        return SystemClock()
    from gateway.runtime.sandbox_clock import FollowedClock

    try:
        return await FollowedClock.open(settings)
    except httpx.HTTPError:
        raise NotUp("the clock of the sandboxes does not answer; are the sandboxes running?") from None
