"""Drops a stolen key from its keyring: audited, and told by an alarm for a week."""

from datetime import datetime, timedelta

from actions.kernel import Environment
from actions.platform.rewrapping import count_older
from domain.identity.policy import Purpose
from domain.kernel import CommandFailed
from store.database import KeyMissing, Transaction, audit
from store.database.keyring import REWRAPPED

DISTRUSTED = "key.distrusted"
_KIND = "KEY"
_TOLD = timedelta(days=7)
_SETTLED = timedelta(minutes=10)
"""After it nobody who took the former key before a rotation is still writing: longer than any request or job takes."""


async def distrust_key(env: Environment, purpose: str, key_id: str, *, reason: str, by: str) -> None:
    """Take a key out of its keyring, so that nothing it signed holds from now on.

    The audit line is committed first: what fails after it is done by the same command again. Raises CommandFailed, also
    while something stands under an older key of REWRAPPED, or may still be written under it.
    """

    async def note(tx: Transaction) -> None:
        await audit.record(tx, by, DISTRUSTED, _KIND, f"{purpose}:{key_id}", Purpose.OPERATE, reason=reason)

    try:
        env.keyrings.require_droppable(purpose, key_id)
        if purpose in REWRAPPED:
            await _require_unused(env, purpose, by)
        await env.store.carry_out(note)
        env.keyrings.drop(purpose, key_id)
    except KeyMissing as error:
        raise CommandFailed(str(error)) from None


async def _require_unused(env: Environment, purpose: str, by: str) -> None:
    if env.clock.now() - env.keyrings.made_at(purpose)[0] < _SETTLED:
        raise CommandFailed("what is being written may bear the older key; run this ten minutes after the rotation")
    if many := await count_older(env, purpose, by=by):
        raise CommandFailed(f"{many} stand under older keys of {purpose}; run `apuni keys rewrap {purpose}` first")


async def distrusted_keys(tx: Transaction, now: datetime) -> dict[str, int]:
    """The keys that were dropped within a week, as `<purpose>:<key id>`, each once."""
    dropped = await audit.objects_of(tx, _KIND, DISTRUSTED)
    return {key: 1 for key, at in dropped.items() if now - at < _TOLD}
