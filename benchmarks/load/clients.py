"""Clients that put load on a gateway and write down how each answer came."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

CATALOGUE = "{ services(first: 10) { nodes { code name department { name } } } }"
OWN = "{ viewer { ... on Citizen { name applications(first: 5) { nodes { number status } } } } }"
PLACES = "{ districts { code name } }"
LOCKER = "{ viewer { ... on Citizen { certificates { complete nodes { name } } } } }"
MIXED = (CATALOGUE, OWN, CATALOGUE, PLACES, OWN, CATALOGUE)
"""What citizens ask our own store for."""


@dataclass
class Tally:
    """The answers of one phase. Times are seconds."""

    good: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    unsaid: int = 0
    """Refusals without Retry-After."""
    failed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.good) / self.seconds if self.seconds else 0.0

    @property
    def errors(self) -> int:
        """Answers that are neither good nor a refusal that says when to come back."""
        return self.failed + self.unsaid


def percentile(values: list[float], part: float) -> float:
    """The value below which so much of the values lies; 0 without any."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


class Load:
    """Puts load on one gateway, as one person; without a token as a stranger."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None) -> None:
        self._session = session
        self._url = f"{url}/graphql"
        self._headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})

    async def ask(self, query: str, tally: Tally) -> dict[str, Any] | None:
        """Ask once and write down how the answer came."""
        began = time.monotonic()
        try:
            async with self._session.post(self._url, json={"query": query}, headers=self._headers) as answer:
                body = await answer.json(content_type=None)
                status, says = answer.status, "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError, ValueError):
            tally.failed += 1
            return None
        taken = time.monotonic() - began
        if status in (429, 503):
            tally.refused.append(taken)
            tally.unsaid += not says
            return None
        if status == 200 and body.get("data"):
            tally.good.append(taken)
            return dict(body["data"])
        tally.failed += 1
        return None

    async def closed(self, users: int, seconds: float, queries: tuple[str, ...], *, think: float = 0.0) -> Tally:
        """So many users, each of whom asks again `think` seconds after her answer."""
        tally = Tally()
        ends_at = time.monotonic() + seconds

        async def user(number: int) -> None:
            await asyncio.sleep(think * number / max(users, 1))
            place = number
            while time.monotonic() < ends_at:
                await self.ask(queries[place % len(queries)], tally)
                place += 1
                await asyncio.sleep(think)

        return await _timed(tally, lambda: _all(user(number) for number in range(users)))

    async def arriving(
        self,
        rate: float,
        seconds: float,
        queries: tuple[str, ...],
        *,
        fifth: Callable[[int], Awaitable[object]] | None = None,
        most: int = 350,
    ) -> Tally:
        """Requests that arrive at a rate, whether or not those before were answered; at most so many are open.

        Each fifth is another, if one is given, which is not in the tally.
        """
        tally = Tally()

        def request(number: int) -> Awaitable[object]:
            if fifth is not None and number % 5 == 4:
                return fifth(number // 5)
            return self.ask(queries[number % len(queries)], tally)

        began = time.monotonic()
        open_now: set[asyncio.Task[Any]] = set()

        async def arrive() -> None:
            sent = 0
            while (passed := time.monotonic() - began) < seconds:
                while sent < passed * rate and len(open_now) < most:
                    task = asyncio.ensure_future(request(sent))
                    open_now.add(task)
                    task.add_done_callback(open_now.discard)
                    sent += 1
                sent = max(sent, int(passed * rate) - most)
                await asyncio.sleep(0.005)
            await asyncio.gather(*open_now)

        return await _timed(tally, arrive)


async def _all(work: Any) -> None:
    await asyncio.gather(*work)


async def _timed(tally: Tally, work: Callable[[], Awaitable[None]]) -> Tally:
    began = time.monotonic()
    await work()
    tally.seconds = time.monotonic() - began
    return tally
