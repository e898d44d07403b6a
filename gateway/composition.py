"""Opens what lives as long as a process: store, vault, keys, partners; and closes it again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from actions.environment import Environment
from domain.clock import Clock, SystemClock
from domain.ids import SystemIds
from gateway.partners import CONFIGURED, open_partners
from gateway.runfiles import NotUp
from gateway.settings import Settings
from integrations.breakers import Breakers
from integrations.cache import KeptAnswers, open_cache
from integrations.monitor import CallObserver, SourceMonitor
from integrations.remote import Resilience
from store.calendar import work_calendar
from store.cipher import FieldCipher
from store.engine import Store, schema_is_current
from store.keyring import Keyrings
from store.objects import LocalObjects
from store.vault import Vault


@dataclass(frozen=True)
class House:
    """One process's environment with what watches it."""

    environment: Environment
    resilience: Resilience

    @property
    def monitor(self) -> SourceMonitor:
        """What each outside system did last."""
        return self.resilience.monitor


@asynccontextmanager
async def open_house(settings: Settings, observer: CallObserver | None = None) -> AsyncIterator[House]:
    """Open everything; raises SettingsRefused, NotUp or StoreError with one line for a person."""
    if not await schema_is_current(settings.store_url):
        raise NotUp("the store is not migrated to this release; run `apuni migrate`")
    clock = await open_clock(settings)
    ids = SystemIds(clock)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store_url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        vault = await Vault.open(settings.vault_store_url, keyrings=keyrings, clock=clock, ids=ids)
        stack.push_async_callback(vault.close)
        resilience = Resilience(
            clock,
            Breakers(clock, spread=int(ids.digits(3)) / 1000),
            KeptAnswers(open_cache(settings.cache_store_url), clock),
            SourceMonitor(CONFIGURED, observer),
        )
        stack.push_async_callback(resilience.kept.close)
        partners = await stack.enter_async_context(open_partners(settings, resilience, ids))
        async with store.reading() as tx:
            calendar = await work_calendar(tx)
        environment = Environment(
            store=store,
            vault=vault,
            objects=LocalObjects(settings.objects_folder),
            keyrings=keyrings,
            clock=clock,
            ids=ids,
            calendar=calendar,
            partners=partners,
            public_url=settings.url,
            issuer_id=settings.issuer_id,
        )
        yield House(environment, resilience)


async def open_clock(settings: Settings) -> Clock:
    """The machine's clock, or in the demo, with APUNI_CLOCK=sandbox, the clock of the sandbox city."""
    if settings.clock != "sandbox":
        return SystemClock()
    from gateway.sandbox_clock import FollowedClock

    try:
        return await FollowedClock.open(settings)
    except httpx.HTTPError:
        raise NotUp("the clock of the sandboxes does not answer; are the sandboxes running?") from None
