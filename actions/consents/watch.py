"""Drops a citizen's cached answers in every process when a consent was withdrawn in another one.

The next read is refused at once, since each read asks the store. This is for what is cached in a process's own memory,
and for a shared cache that was away when the consent was withdrawn.
"""

from datetime import timedelta

from actions.kernel import Environment
from store.consents import consents

WINDOW = timedelta(seconds=60)
"""How far back each look reaches: a transaction may be committed later than its records say."""

LOOK_SECONDS = 2.0
"""How often a process looks (docs/reliability.md section 3: within five seconds)."""


class ConsentWatch:
    """Remembers which withdrawals this process has obeyed."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._obeyed: frozenset[str] = frozenset()

    async def look(self) -> int:
        """Apply withdrawals since the last run; returns how many. If the cache is unavailable, the next run retries."""
        ended = await self._env.store.read(lambda tx: consents.ended_since(tx, self._env.clock.now() - WINDOW))
        obeyed = {record for record in ended if record in self._obeyed}
        new = {record: citizen for record, citizen in ended.items() if record not in obeyed}
        done = {citizen: await self._env.partners.forget_citizen(citizen) for citizen in set(new.values())}
        obeyed |= {record for record, citizen in new.items() if done[citizen]}
        self._obeyed = frozenset(obeyed)
        return sum(done.values())
