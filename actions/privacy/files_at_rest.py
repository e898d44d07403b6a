"""Deletes files that nothing names any more, and encrypts those that a former release kept in clear."""

from functools import partial

import structlog

from actions.kernel import Environment
from store.database import ObjectDamaged, Transaction, locks
from store.privacy import personal_files

_log = structlog.get_logger(__name__)


async def delete_unnamed(env: Environment, sha256: str) -> bool:
    """Delete a file and its key unless a row names it, also a row that is only just being made."""

    async def work(tx: Transaction) -> bool:
        await locks.lock_exclusive(tx, "file", sha256)
        return not await personal_files.still_named(tx, sha256) and await env.objects.remove(sha256)

    return await env.store.carry_out(work)


async def encrypt_clear_files(env: Environment) -> int:
    """Encrypt every file that a release before 0.3.0 kept in clear; returns how many.

    One after the other, so what was interrupted goes on with those that are left. A damaged one stays as it is, for
    `apuni verify` to tell.
    """
    encrypted = 0
    async for sha256 in env.objects.clear_names():
        try:
            await env.store.carry_out(partial(_encrypt, env, sha256))
        except ObjectDamaged:
            _log.warning("file_damaged", sha256=sha256)
        else:
            encrypted += 1
    return encrypted


async def _encrypt(env: Environment, sha256: str, tx: Transaction) -> None:
    """Under the lock of those who delete it, so that what was erased meanwhile is not written again."""
    await locks.lock_exclusive(tx, "file", sha256)
    await env.objects.encrypt(sha256)
