"""Starts and supervises the demo's processes: sandboxes, seeding, gateway and worker."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console

from demo.runfiles import log_file, onboarding_complete
from domain.kernel import CommandFailed
from gateway.runtime import runfiles
from gateway.runtime.ports import check_port
from gateway.runtime.sandbox_clock import NO_AUTHORITIES
from gateway.settings.settings import Settings

STOP_SECONDS = 25.0
"""How long a process may take to drain before it is killed."""
START_SECONDS = 300.0
"""How long sandboxes and gateway may take to come up while they live: a busy machine that must compile everything anew
takes minutes. One that ends is noticed at once.
"""
PROBE_SECONDS = 2.0
LAST_WORDS_SECONDS = 2.0
"""How long is waited for what children wrote before they ended."""
COMMAND = (sys.executable, "-m", "gateway.cli")
"""What runs a command of the gateway; the command's name follows."""


LONGEST_LINE = 2**20
"""Bytes of a line that a child may write."""
_QUIET = frozenset({"debug", "info", "warning"})
"""Levels of events that go to the log file only."""


class DemoFailed(CommandFailed):
    """The demo cannot go on; the text is one line for a person."""


@dataclass
class Child:
    """One process of the demo and how often it has died."""

    name: str
    process: asyncio.subprocess.Process
    deaths: int = 0


@dataclass
class Supervisor:
    """Starts children, restarts one that dies once, and stops all together.

    A child is `command` with its name as the last argument.
    """

    settings: Settings
    console: Console
    command: Sequence[str] = COMMAND
    children: dict[str, Child] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    listening: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, greet: Callable[[], Awaitable[None]]) -> None:
        """Run until stopped. Raises DemoFailed or PortTaken, with all children stopped, where it cannot go on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        try:
            await self._start_all()
            await greet()
            await self._mind()
            self.console.print("apuni: stopping ...")
        finally:
            await self._stop_all()

    async def _start_all(self) -> None:
        check_port(self.settings.host, self.settings.port, "APUNI_PORT")
        if self.settings.sandbox_port:
            check_port("127.0.0.1", self.settings.sandbox_port, "SANDBOX_PORT")
        if self.settings.metrics_port is not None:
            check_port(self.settings.host, self.settings.metrics_port, "METRICS_PORT")
        self.console.print("apuni: starting the sandboxes of the outside systems ...")
        onboarded = onboarding_complete(self.settings.home)
        await self._spawn("sandbox")
        # The first run waits for what the sandboxes hand over, and each that goes by their clock; others need not.
        if not onboarded or self.settings.clock == "sandbox":
            await self._wait_until_ready("the sandboxes", self._sandboxes_up)
        await self._finish("seed")
        await self._wait_until_ready("the sandboxes", self._sandboxes_up)
        self.console.print("apuni: starting gateway and worker ...")
        await self._spawn("serve")
        await self._spawn("worker")
        await self._wait_until_ready("the gateway", self._gateway_up)

    async def _sandboxes_up(self) -> bool:
        with contextlib.suppress(runfiles.NotUp, httpx.HTTPError, KeyError, ValueError):
            ports = runfiles.ports(self.settings.home)
            return await _answers(f"http://127.0.0.1:{ports['sandbox']}/_control/clock")
        return False

    async def _gateway_up(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return await _answers(f"http://127.0.0.1:{self.settings.port}/health/ready")
        return False

    async def _wait_until_ready(self, what: str, ready: Callable[[], Awaitable[bool]]) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + START_SECONDS
        while loop.time() < ends_at:
            if self.stopping.is_set():
                raise DemoFailed("stopped while starting")
            dead = [child.name for child in self.children.values() if child.process.returncode is not None]
            if dead:
                raise DemoFailed(f"{dead[0]} ended while starting; its last lines are above")
            if await ready():
                return
            await asyncio.sleep(0.1)
        raise DemoFailed(f"{what} did not come up within {START_SECONDS:.0f} seconds")

    async def _finish(self, command: str) -> None:
        child = await self._spawn(command)
        waiting = asyncio.create_task(self.stopping.wait())
        ended = asyncio.create_task(child.process.wait())
        await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.stopping.is_set():
            raise DemoFailed("stopped while starting")
        del self.children[command]
        if child.process.returncode:
            raise DemoFailed(f"{command} failed; its last lines are above")

    async def _spawn(self, command: str, deaths: int = 0) -> Child:
        process = await asyncio.create_subprocess_exec(
            *self.command,
            command,
            start_new_session=True,
            env=dict(os.environ),
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        self.children[command] = Child(command, process, deaths)
        if process.stderr is not None:
            listening = asyncio.create_task(self._listen(process.stderr))
            self.listening.add(listening)
            listening.add_done_callback(self.listening.discard)
        return self.children[command]

    async def _listen(self, lines: asyncio.StreamReader) -> None:
        """Keep what a child logs in the log file; name its errors, and show what is no event at all."""
        file = log_file(self.settings.home)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab", buffering=0) as log:
            while not lines.at_eof():
                try:
                    line = await lines.readline()
                except ValueError:  # longer than any event: what came of it is gone, and the child must not wait for us
                    continue
                log.write(line)
                sys.stderr.write(_terminal_text(line))
                sys.stderr.flush()

    async def _mind(self) -> None:
        while not self.stopping.is_set():
            watches: list[asyncio.Task[Any]] = [asyncio.create_task(self.stopping.wait())]
            watches += [asyncio.create_task(child.process.wait()) for child in self.children.values()]
            await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
            for watch in watches:
                watch.cancel()
            if self.stopping.is_set():
                break
            for child in [child for child in self.children.values() if child.process.returncode is not None]:
                if child.deaths:
                    raise DemoFailed(f"{child.name} died twice; stopping")
                self.console.print(f"apuni: {child.name} died; starting it again")
                await self._spawn(child.name, child.deaths + 1)

    async def _stop_all(self) -> None:
        living = [child.process for child in self.children.values() if child.process.returncode is None]
        for process in living:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(process.wait() for process in living))
        except TimeoutError:
            for process in living:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await asyncio.gather(*(process.wait() for process in living))
        if self.listening:  # what they said last; a process of theirs that lives on does not hold us up
            await asyncio.wait(self.listening, timeout=LAST_WORDS_SECONDS)


def _terminal_text(line: bytes) -> str:
    """What is shown of a line: the name of an error, nothing of another event, and what is no event as it is."""
    text = line.decode("utf-8", "replace")
    try:
        event = json.loads(text)
    except ValueError:
        return text
    if not isinstance(event, dict):
        return text
    names = " ".join(str(event[name]) for name in ("event", "code", "about") if name in event)
    return "" if event.get("level") in _QUIET else f"apuni: error: {names}; the log says more\n"


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=PROBE_SECONDS, verify=NO_AUTHORITIES) as client:
        return (await client.get(url)).status_code == 200
