"""Clients that put load on a gateway and write down how each answer came."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

CATALOGUE = "{ services(first: 10) { nodes { code name department { name } } } }"
OWN = "{ viewer { ... on Citizen { name applications(first: 5) { nodes { number status } } } } }"
PLACES = "{ districts { code name } }"
LOCKER = "{ viewer { ... on Citizen { certificates { complete nodes { name } } } } }"
MIXED = (CATALOGUE, OWN, CATALOGUE, PLACES, OWN, CATALOGUE)
"""What citizens ask our own store for."""

PATIENCE = 30.0
"""Seconds that a client waits for an answer."""


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


class Connection(asyncio.Protocol):
    """One connection for one request at a time, which tells the time at which an answer was whole at its socket.

    It costs a tenth of what a client of HTTP does: else most of what is measured beside a busy gateway is that client.
    """

    def __init__(self, free: list["Connection"]) -> None:
        self._free = free
        self._answer: asyncio.Future[tuple[int, bool, bytes, float]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bool, bytes, float]]":
        """Send a request; the answer's status, whether it says when to come back, its body, and when it was there."""
        self._parser, self._says, self._body = HttpResponseParser(self), False, b""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:  # noqa: ARG002 - httptools' shape
        self._says |= name.lower() == b"retry-after"

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), self._says, self._body, time.monotonic()))
        self._answer = None
        if self._parser.should_keep_alive():
            self._free.append(self)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._free:
            self._free.remove(self)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())


class Load:
    """Puts load on one gateway, as one person; without a token as a stranger."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        says = f"Authorization: Bearer {token}\r\n" if token else ""
        self._head = (
            f"POST /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\n{says}Accept: */*\r\nAccept-Encoding: identity\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._free: list[Connection] = []

    async def ask(self, query: str, tally: Tally) -> dict[str, Any] | None:
        """Ask once and write down how the answer came."""
        content = json.dumps({"query": query}).encode()
        request = b"%s%d\r\n\r\n%s" % (self._head, len(content), content)
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                connection = self._free.pop() if self._free else await self._connect()
                status, says, body, ended = await connection.ask(request)
        except (OSError, TimeoutError):
            tally.failed += 1
            return None
        if status in (429, 503):
            tally.refused.append(ended - began)
            tally.unsaid += not says
            return None
        data = json.loads(body).get("data") if status == 200 else None
        if data:
            tally.good.append(ended - began)
            return dict(data)
        tally.failed += 1
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(lambda: Connection(self._free), *self._address))[1]

    async def closed(self, users: int, seconds: float, queries: tuple[str, ...], *, think: float = 0.0) -> Tally:
        """So many users, each of whom asks again after her answer, in `think` seconds on average.

        They do not know of each other: with equal pauses a crowd that waited once would come together ever after.
        """
        pauses = Random(1)  # noqa: S311 - made from a seed
        tally = Tally()
        ends_at = time.monotonic() + seconds

        async def user(number: int) -> None:
            await asyncio.sleep(think * number / max(users, 1))
            place = number
            while time.monotonic() < ends_at:
                await self.ask(queries[place % len(queries)], tally)
                place += 1
                await asyncio.sleep(pauses.expovariate(1 / think) if think else 0)

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
