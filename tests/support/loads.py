"""What is kept in tests of the cache: two policies and a partner that counts its calls."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from domain.kernel import Source
from integrations.calling.cache import AnswerCache, Codec
from integrations.calling.errors import Unavailable
from integrations.calling.policies import CallPolicy

KEPT = CallPolicy("umang.card", Source.UMANG, fresh=60, stale=3600)
SERVED = CallPolicy("umang.served", Source.UMANG, fresh=60, revalidate=60, stale=3600)
ANY: Codec[Any] = Codec(encode=lambda value: value, decode=lambda value: value)
KEY = ("asha", "card")


@dataclass
class Partner:
    """An outside system that counts how often it is asked."""

    value: object = "yes"
    error: Exception | None = None
    calls: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def load(self) -> object:
        """Answer once the gate is open, or fail as told."""
        self.calls += 1
        await self.gate.wait()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.value


def down() -> Unavailable:
    """What a silent system comes to."""
    return Unavailable(Source.UMANG, "down")


async def landed(kept: AnswerCache) -> None:
    """Wait until no call is under way."""
    while kept._flights:
        await asyncio.sleep(0.001)
