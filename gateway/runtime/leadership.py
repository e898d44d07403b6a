"""Leader election among all workers: the holder of a named lease leads, until it is released or expires."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

import structlog

from actions.kernel import Environment
from gateway.runtime.background import run_in_background
from store.database import StoreError, Transaction, leases
from store.database.leases import Lease

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class LeadershipLost(Exception):
    """Another worker leads; the transaction in which it showed is rolled back."""


class Leadership:
    """The lead of one name, held for `seconds` at a time; it is to be taken more often than that to keep it."""

    def __init__(self, environment: Environment, name: str, seconds: float) -> None:
        self._environment = environment
        self._name = name
        self._seconds = seconds
        self._holder = environment.ids.key()
        self.lease: Lease | None = None

    @property
    def leads(self) -> bool:
        """Whether this one had the lead when it last asked."""
        return self.lease is not None

    async def take(self) -> bool:
        """Renew the lead or stand for it; whether it is held. Raises StoreError."""
        self.lease = await self._environment.store.carry_out(self._renew_or_acquire)
        return self.leads

    async def resign(self) -> None:
        """Give the lead back, so that another need not wait. Raises StoreError."""
        lease, self.lease = self.lease, None
        if lease is not None:
            await self._environment.store.carry_out(lambda tx: leases.release(tx, lease))

    def renew_in_background(self) -> AbstractAsyncContextManager[None]:
        """Renew the lead while a piece of work goes on that may outlast it; one that is lost breaks nothing off."""
        return run_in_background(self._keep())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)  # the loop's time: leases go by the database's clock
            with contextlib.suppress(StoreError):
                await self.take()

    async def _fence(self, tx: Transaction) -> None:
        """Renew in the transaction of the work itself. Raises LeadershipLost where the lead has passed on."""
        if self.lease is None or await leases.renew(tx, self.lease, self._seconds) is None:
            raise LeadershipLost

    async def _renew_or_acquire(self, tx: Transaction) -> Lease | None:
        renewed = await leases.renew(tx, self.lease, self._seconds) if self.lease is not None else None
        return renewed or await leases.acquire(tx, self._name, self._holder, self._seconds)


class Leader(Leadership, ABC, Generic[T]):
    """Stands for election at each tick and runs its round while it leads; any number may run on any machines."""

    async def tick(self) -> T | None:
        """Take or keep the lead and run the round; None where another leads, or nothing was to be done.

        A round that fails gives the lead back, so that another worker may try. Raises what the round raises.
        """
        if not await self.take():
            return None
        try:
            return await self._round()
        except LeadershipLost:
            _log.info("lead_lost", lease=self._name)
            self.lease = None
            return None
        except StoreError:
            raise  # the store may be away for a moment only, and no other worker would find it
        except Exception:
            with contextlib.suppress(StoreError):
                await self.resign()
            raise

    @abstractmethod
    async def _round(self) -> T | None:
        """What the leader does at each tick."""
