"""Runs a job on one worker at a time: the holder of the lease of its name."""

import contextlib
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import structlog

from actions.kernel import Environment
from gateway.runtime.leadership import Leadership
from store.database import StoreError, Transaction

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class LeadershipLost(Exception):
    """Another worker leads; the transaction in which it showed is rolled back."""


class Leader(ABC, Generic[T]):
    """Stands for election at each tick and runs its round while it leads; any number may run on any machines."""

    def __init__(self, environment: Environment, lease: str, seconds: float) -> None:
        """The lease is held for `seconds` at a time; `tick` is to be called more often than that to keep it."""
        self._environment = environment
        self._name = lease
        self._lead = Leadership(environment, lease, seconds)

    @property
    def leads(self) -> bool:
        """Whether this one had the lead when it last asked."""
        return self._lead.lease is not None

    async def tick(self) -> T | None:
        """Take or keep the lead and run the round; None where another leads, or nothing was to be done.

        A round that fails gives the lead back, so that another worker may try. Raises what the round raises.
        """
        if not await self._lead.take():
            return None
        try:
            return await self._round()
        except LeadershipLost:
            _log.info("lead_lost", lease=self._name)
            self._lead.lease = None
            return None
        except StoreError:
            raise  # the store may be away for a moment only, and no other worker would find it
        except Exception:
            with contextlib.suppress(StoreError):
                await self.resign()
            raise

    async def resign(self) -> None:
        """Give the lead back, so that another need not wait. Raises StoreError."""
        await self._lead.resign()

    @abstractmethod
    async def _round(self) -> T | None:
        """What the leader does at each tick."""

    async def _fence(self, tx: Transaction) -> None:
        """Renew in the transaction of the work itself. Raises LeadershipLost where the lead has passed on."""
        if not await self._lead.renew(tx):
            raise LeadershipLost
