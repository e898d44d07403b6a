"""The access token of a system: requested once, cached in this process, renewed where it has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from integrations.calling.errors import NotLetIn, Refused
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Remote

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and for how many seconds from its request it is good."""

    value: str = field(repr=False)
    seconds: float


class TokenEnded(Refused):
    """The token was not taken; another one may be. It never leaves the client."""


class AccessTokens:
    """One token at a time, for all calls of one process.

    One that ends within `early_seconds` is not used any more, so that it does not end on the way.
    """

    def __init__(self, remote: Remote, request: Callable[[], Awaitable[Token]], *, early_seconds: float) -> None:
        self._remote = remote
        self._request = request
        self._early_seconds = early_seconds
        self._asking = asyncio.Lock()
        self._kept: Token | None = None
        self._ends_at = 0.0

    async def call_with_token(self, policy: CallPolicy, ask: Callable[[str], Awaitable[T]]) -> T:
        """What `ask` gives with a token; it is asked once more, with another one, where that raises TokenEnded.

        Raises NotLetIn with its code, and the alarm, where the second one is not taken either.
        """
        token = await self._current()
        try:
            return await ask(token)
        except TokenEnded:
            if self._kept is not None and self._kept.value == token:
                self._kept = None
        with self._remote.raise_alarms(policy):
            try:
                return await ask(await self._current())
            except TokenEnded as error:
                raise NotLetIn(error.source, error.code) from None

    async def _current(self) -> str:
        async with self._asking:
            now = self._remote.clock.monotonic()
            if self._kept is None or now >= self._ends_at:
                self._kept = await self._request()
                self._ends_at = now + self._kept.seconds - self._early_seconds
            return self._kept.value
