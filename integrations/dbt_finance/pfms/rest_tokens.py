"""The access token of the REST exchange: requested once, cached in this process, renewed on expiry."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.kernel import Source
from integrations.calling.answers import Answer
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Remote
from integrations.dbt_finance.pfms import rest_wire as wire
from integrations.dbt_finance.pfms.settings import RestSettings

T = TypeVar("T")

LANE = Bulkhead(places=4)
"""One bulkhead for all calls of the exchange, as over SFTP."""
GROUP = "rest"
"""A breaker of their own: while files go by both ways, one that is away does not stop the other."""
TOKEN = CallPolicy("pfms.rest_token", Source.PFMS, body_limit=16_000, breaker=GROUP, lane=LANE)
"""A token that was asked for twice does no harm: the first one ends by itself."""
_BEFORE_ITS_END = 30.0
"""Seconds; a token that ends sooner is not used any more, so that it does not end on the way."""


class TokenEnded(Refused):
    """The token was not taken; another one may be. It never leaves the exchange."""


class Tokens:
    """One token at a time, for all calls of one process."""

    def __init__(self, remote: Remote, settings: RestSettings) -> None:
        self._remote = remote
        self._settings = settings
        self._asking = asyncio.Lock()
        self._kept: wire.Token | None = None
        self._ends_at = 0.0

    async def call_with_token(self, policy: CallPolicy, ask: Callable[[str], Awaitable[T]]) -> T:
        """What `ask` gives with a token; it is asked once more, with another one, where PFMS says that it has ended.

        Raises NotLetIn, with an alarm, where the second one is not taken either.
        """
        token = await self._current()
        try:
            return await ask(token)
        except TokenEnded:
            self.forget(token)
        with self._remote.raise_alarms(policy):
            try:
                return await ask(await self._current())
            except TokenEnded:
                raise NotLetIn(Source.PFMS, "token_refused") from None

    def forget(self, token: str) -> None:
        """Use it no more."""
        if self._kept is not None and self._kept.value == token:
            self._kept = None

    async def _current(self) -> str:
        async with self._asking:
            now = self._remote.clock.monotonic()
            if self._kept is None or now >= self._ends_at:
                self._kept = await self._fresh()
                self._ends_at = now + self._kept.seconds - _BEFORE_ITS_END
            return self._kept.value

    async def _fresh(self) -> wire.Token:
        answer = await self._remote.send(
            TOKEN,
            "POST",
            wire.TOKEN_PATH,
            headers=wire.basic(self._settings.client_id, self._settings.client_secret),
            form=wire.GRANT,
            judge=_judge_token,
        )
        return wire.token_of(answer)


def _judge_token(answer: Answer) -> None:
    """RFC 6749 section 5.2 declines with 400 or 401, whichever of our credentials is wrong."""
    if answer.status >= 500:
        raise Unavailable(Source.PFMS, f"http_{answer.status}")
    if answer.status >= 400:
        raise NotLetIn(Source.PFMS, "login_refused")
    try:
        wire.token_of(answer)
    except wire.Unreadable as error:
        raise Garbled(Source.PFMS, str(error)) from error
