"""Leader election among all workers: the holder of a named lease leads, until it is released or expires."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

from actions.kernel import Environment
from gateway.runtime.background import run_in_background
from store.database import StoreError, Transaction, leases
from store.database.leases import Lease


class Leadership:
    """The lead of one name, held for `seconds` at a time."""

    def __init__(self, environment: Environment, name: str, seconds: float) -> None:
        self._environment = environment
        self._name = name
        self._seconds = seconds
        self._holder = environment.ids.key()
        self.lease: Lease | None = None

    async def take(self) -> bool:
        """Renew the lead or stand for it; whether it is held. Raises StoreError."""
        self.lease = await self._environment.store.carry_out(self._renew_or_acquire)
        return self.lease is not None

    async def renew(self, tx: Transaction) -> bool:
        """Renew in the transaction of the work itself; False where the lead has passed on."""
        return self.lease is not None and await leases.renew(tx, self.lease, self._seconds) is not None

    def renew_in_background(self) -> AbstractAsyncContextManager[None]:
        """Renew the lead while a piece of work goes on that may outlast it; one that is lost breaks nothing off."""
        return run_in_background(self._keep())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)  # the loop's time: leases go by the database's clock
            with contextlib.suppress(StoreError):
                await self.take()

    async def resign(self) -> None:
        """Give the lead back, so that another need not wait. Raises StoreError."""
        lease, self.lease = self.lease, None
        if lease is not None:
            await self._environment.store.carry_out(lambda tx: leases.release(tx, lease))

    async def _renew_or_acquire(self, tx: Transaction) -> Lease | None:
        renewed = await leases.renew(tx, self.lease, self._seconds) if self.lease is not None else None
        return renewed or await leases.acquire(tx, self._name, self._holder, self._seconds)
