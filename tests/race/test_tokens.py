"""A refresh token is used once, however many ask for the locker at the same time, in however many processes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.documents import locker
from domain.kernel import Clock, Source
from integrations.calling.errors import Refused
from integrations.digilocker import TokenAnswer
from store.identity import identities
from tests.support.bounds import rounds
from tests.support.locker import locker_documents
from tests.support.twins import Twins

ROUNDS = rounds(1, ci=5, full=60)
EACH = 8


class RotatingTokens:
    """DigiLocker, where a refresh token is good once and its second use is an invalid grant."""

    def __init__(self, clock: Clock) -> None:
        self.good, self.used, self._clock = "refresh", [], clock

    async def refresh(self, refresh_token: str, locker_id: str | None = None) -> TokenAnswer:
        self.used.append(refresh_token)
        await asyncio.sleep(0)
        if refresh_token != self.good:
            raise Refused(Source.DIGILOCKER, "invalid_grant")
        self.good = f"refresh-{len(self.used)}"
        await asyncio.sleep(0.02)  # the answer is on its way; the other process may ask meanwhile
        return TokenAnswer(
            access_token=f"access-{len(self.used)}",
            refresh_token=self.good,
            expires_in=3600,
            expires_at=self._clock.now() + timedelta(hours=1),
            scope="",
            consent_until=None,
            locker_id="locker-1",
        )

    async def forget(self, grant: object) -> None:
        """Nothing is kept."""


@pytest.fixture
def rotating(twins: Twins, monkeypatch) -> RotatingTokens:
    tokens = RotatingTokens(twins.world.clock)
    for name in ("refresh", "forget"):
        monkeypatch.setattr(twins.world.locker, name, getattr(tokens, name), raising=False)
    return tokens


async def test_two_processes_renew_once_and_nobody_loses_the_consent(twins: Twins, rotating, monkeypatch):
    world, asha = twins.world, twins.world.asha
    await world.link_locker(asha)
    for _ in range(ROUNDS):
        world.clock.advance(timedelta(days=400))
        before = len(rotating.used)
        with monkeypatch.context() as patch:
            patch.setattr(locker, "_locks", NoLocks())
            ended = await asyncio.gather(
                *(locker_documents(env, asha, asha.person_id) for env in [twins.one, twins.other] * EACH),
                return_exceptions=True,
            )

        assert [end for end in ended if isinstance(end, BaseException)] == []
        assert len(rotating.used) == before + 1
        async with twins.one.store.read_transaction() as tx:
            kept = await identities.locker_grant(tx, asha.person_id)
        assert kept is not None
        assert kept.refresh_token == rotating.good
        assert replace(kept, version=0).access_token == f"access-{before + 1}"


class NoLocks(dict):
    """As if every caller were a process of its own, with a lock of its own."""

    def setdefault(self, key, default):
        return default
