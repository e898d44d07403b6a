"""Drops a stolen key from its keyring: audited, and told by an alarm for a week."""

from datetime import datetime, timedelta

from actions.kernel import Environment
from domain.identity.policy import Purpose
from domain.kernel import CommandFailed
from store.database import KeyMissing, Transaction, audit

DISTRUSTED = "key.distrusted"
_KIND = "KEY"
_TOLD = timedelta(days=7)


async def distrust_key(env: Environment, purpose: str, key_id: str, *, reason: str, by: str) -> None:
    """Take a key out of its keyring, so that nothing it signed holds from now on.

    The audit line is committed first: what fails after it is done by the same command again. Raises CommandFailed.
    """

    async def note(tx: Transaction) -> None:
        await audit.record(tx, by, DISTRUSTED, _KIND, f"{purpose}:{key_id}", Purpose.OPERATE, reason=reason)

    try:
        env.keyrings.require_droppable(purpose, key_id)
        await env.store.carry_out(note)
        env.keyrings.drop(purpose, key_id)
    except KeyMissing as error:
        raise CommandFailed(str(error)) from None


async def distrusted_keys(tx: Transaction, now: datetime) -> dict[str, int]:
    """The keys that were dropped within a week, as `<purpose>:<key id>`, each once."""
    dropped = await audit.objects_of(tx, _KIND, DISTRUSTED)
    return {key: 1 for key, at in dropped.items() if now - at < _TOLD}
