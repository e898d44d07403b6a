"""Wraps by the newest key of `object` and `vault` what stands under older ones, so that those can be dropped."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

from actions.kernel import Environment
from domain.kernel import CommandFailed
from store.database import ObjectDamaged, Transaction, locks
from store.database.keyring import REWRAPPED


async def rewrap(env: Environment, purpose: str, *, by: str) -> AsyncIterator[int]:
    """How many files or numbers of each piece of the work were wrapped anew; what was interrupted is done again.

    What is damaged stays as it is, for `apuni verify` to tell. Raises CommandFailed for another purpose.
    """
    if purpose not in REWRAPPED:
        raise CommandFailed(f"what stands under {purpose} is not wrapped anew; {' and '.join(REWRAPPED)} are")
    if purpose == "vault":
        async for many in env.vault.rewrap(by=by):
            yield many
        return
    async for sha256 in env.objects.encrypted_names():
        with suppress(ObjectDamaged):
            yield await env.store.carry_out(partial(_rewrap_file, env, sha256))


async def count_older(env: Environment, purpose: str, *, by: str) -> int:
    """How many files or numbers stand under older keys of a purpose of REWRAPPED."""
    if len(env.keyrings.keys(purpose)) == 1:
        return 0
    if purpose == "vault":
        return sum([many async for many in env.vault.rewrap(by=by, write=False)])
    return sum([await env.objects.rewrap(sha256, write=False) async for sha256 in env.objects.encrypted_names()])


async def _rewrap_file(env: Environment, sha256: str, tx: Transaction) -> bool:
    """Under the lock of those who delete it, so that the key of what was erased meanwhile is not written again."""
    await locks.lock_exclusive(tx, "file", sha256)
    return await env.objects.rewrap(sha256)
