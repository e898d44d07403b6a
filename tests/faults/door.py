"""What every door of ours shares that a partner asks at: how it is served, and what its caller does wrong.

Here we are the system that is asked, so the faults are the caller's: wrong credentials, spoiled or endless
requests, a line that breaks, the same question many times at once, and our own store away. Pass: every
question is answered in time by a status that its contract knows, a stranger learns nothing, and the next
honest question is answered as if nothing had been.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.faults.cells import Row
from tests.faults.site import Site

ANSWER_SECONDS = 2.0
"""A question is answered within this (docs/reliability.md section 5.8)."""

Case = Callable[[], Awaitable[str]]


class Door(ABC):
    """One door, served on a port of its own, with the partner's sandbox that asks at it.

    `unsaid` is what no answer to a spoiled question may hold.
    """

    name: ClassVar[str]
    system: ClassVar[str]
    unsaid: ClassVar[bytes]

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url

    @classmethod
    @abstractmethod
    def opened(cls, home: Any) -> Any:
        """Serve the door, as a context that gives the Door."""

    @abstractmethod
    def cases(self) -> Mapping[str, Case]:
        """What can go wrong, by name. A case gives what was answered; raises AssertionError where it was wrong."""

    @abstractmethod
    async def honest(self) -> None:
        """Ask as the partner does; raises AssertionError where the answer is not right."""

    @abstractmethod
    def question(self) -> tuple[str, bytes, dict[str, str]]:
        """Path, body and headers of an honest question."""

    @property
    def raw(self) -> bytes:
        """An honest question as it goes over the line, head and body."""
        return request_of(*self.question())

    async def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Let the partner's sandbox ask; what it sees."""
        answer = await self.site.control.post(
            f"/_control/{self.system}/act", json={"action": action, "arguments": dict(arguments)}
        )
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def sent(self, path: str, body: bytes, headers: Mapping[str, str], status: int) -> Case:
        """A question that is answered with a status, or is cut off where it is too large."""

        async def case() -> str:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as client:
                try:
                    answer = await client.post(path, content=body, headers=dict(headers))
                except (httpx.WriteError, httpx.ReadError):  # it was refused before it was sent to its end
                    assert len(body) > 1_000_000
                    return "REFUSED, cut off"
            assert answer.status_code == status, answer.status_code
            assert self.unsaid not in answer.content
            return f"REFUSED {self.code_in(answer)}".strip()

        return case

    def code_in(self, answer: httpx.Response) -> str:
        """The partner's code in an answer."""
        return str(answer.status_code)

    async def begun(self, part: bytes) -> asyncio.StreamWriter:
        """A line over which so much of a request went."""
        _, writer = await asyncio.open_connection("127.0.0.1", int(self.url.rsplit(":", 1)[1]))
        writer.write(part)
        await writer.drain()
        return writer

    async def broken_off(self, part: bytes) -> None:
        """So much of a request goes over a line, which then breaks."""
        writer = await self.begun(part)
        writer.transport.abort()

    async def lost(self) -> str:
        """The answer is not waited for, and the question asked again."""
        await self.broken_off(self.raw)
        await self.honest()
        return "LIVE, same answer"

    async def reset(self) -> str:
        """The line breaks within the body."""
        await self.broken_off(self.raw[:-5])
        return "dropped"

    async def silent(self) -> str:
        """Nothing more comes; others are answered meanwhile."""
        writer = await self.begun(self.raw[:-5])
        await self.honest()
        writer.close()
        return "others LIVE meanwhile"

    async def drip(self) -> str:
        """The body comes one octet at a time, then no more."""
        request = self.raw
        writer = await self.begun(request[:-12])
        for octet in request[-12:-6]:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.transport.abort()
        return "dropped"

    async def at_once(self, times: int = 20) -> bytes:
        """The same question so many times at once; what all of them were answered."""
        path, body, headers = self.question()
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as client:
            answers = await asyncio.gather(*(client.post(path, content=body, headers=headers) for _ in range(times)))
        assert {answer.status_code for answer in answers} == {200}
        [content] = {answer.content for answer in answers}
        return content

    def broken_lines(self) -> dict[str, Case]:
        """What any caller's line can do."""
        return {
            "answer lost, asked again": self.lost,
            "line reset while asking": self.reset,
            "headers then silence": self.silent,
            "body one octet at a time, then gone": self.drip,
        }


class Heard:
    """A door, which also remembers the last whole question that holds a mark: only the partner can sign one."""

    def __init__(self, door: ASGIApp, mark: bytes) -> None:
        self._door = door
        self._mark = mark
        self.body = b""
        self.headers: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = []

        async def hear() -> Message:
            message = await receive()
            parts.append(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body") and self._mark in parts[0]:
                self.body = b"".join(parts)
                self.headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            return message

        await self._door(scope, hear, send)


async def run_door(door: Door) -> list[Row]:
    """One row for each case."""
    rows = []
    await door.honest()
    for kind, case in door.cases().items():
        row = Row(door.name, kind, calls=1, breaker="asks us")
        started = time.monotonic()
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                row.cold = await case()
        except (AssertionError, TimeoutError, httpx.HTTPError) as error:
            row.must(False, f"{type(error).__name__} {str(error)[:80]}")
        row.seconds = time.monotonic() - started
        row.must(row.seconds <= ANSWER_SECONDS, f"took {row.seconds:.2f} s")
        try:
            await door.honest()
        except (AssertionError, httpx.HTTPError):
            row.must(False, "the next honest question was not answered")
        rows.append(row)
    return rows


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """Serve an application on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def request_of(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A POST as it goes over the line."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
