"""Jobs of the worker's leader: batches, each one transaction that checks the leader's fencing token."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from actions.kernel.environment import Environment
from actions.kernel.unit_of_work import UnitOfWork
from domain.kernel import SYSTEM
from store.database import Transaction

BATCH = 100

T = TypeVar("T")

Fence = Callable[[Transaction], Awaitable[None]]
"""Checks in each transaction that this leader still leads; raises where it does not."""


async def in_batches(
    env: Environment, fence: Fence | None, work: Callable[[UnitOfWork], Awaitable[tuple[int, int]]]
) -> int:
    """Repeat a batch until it finds less than it could take; `work` returns how many it found and how many it did."""
    total = 0
    while True:
        found, done = await run_fenced(env, fence, work)
        total += done
        if found < BATCH or not done:
            return total


async def run_fenced(env: Environment, fence: Fence | None, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """One transaction of the gateway itself; what the fence raises rolls it back."""

    async def in_transaction(tx: Transaction) -> T:
        if fence is not None:
            await fence(tx)
        return await work(UnitOfWork(env, tx, SYSTEM))

    return await env.store.carry_out(in_transaction)
