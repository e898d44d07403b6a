"""Checks of an installation: each by itself, side by side, with a bound in time, and none hides another."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gateway.runtime.expected_failures import lines_of

T = TypeVar("T")


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in a line without secrets and personal data, and what to do about it."""

    check: str
    state: State
    found: str
    remedy: str = ""

    @property
    def line(self) -> str:
        return f"{self.state.value:8} {self.check}: {self.found}{f'; {self.remedy}' if self.remedy else ''}"


Look = Callable[[], Awaitable[Sequence[Finding]]]


async def run_checks(checks: Sequence[tuple[str, Look]], seconds: float) -> list[Finding]:
    """What all checks found, in their order; one that takes longer than so many seconds is a fault."""
    found = await asyncio.gather(*(_findings_of(name, look, seconds) for name, look in checks))
    return [one for each in found for one in each]


async def _findings_of(name: str, look: Look, seconds: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await look()
    except TimeoutError:
        return [Finding(name, State.FAULT, f"no answer within {seconds:g} s", "see that it runs and is reached")]
    except Exception as error:  # noqa: BLE001 - a check that fails in a way of its own must not hide the others
        told, remedy = f"the check failed ({type(error).__name__})", "see that it runs and is reached as set"
        expected = [Finding(name, State.FAULT, line) for line in lines_of(error)]  # these say what to do
        return expected or [Finding(name, State.FAULT, told, remedy)]


async def in_thread(work: Callable[[], T]) -> T:
    """Do what may block for ever in a thread that nobody waits for at the end of the process."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, raised = None, None
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - it is raised where the result is waited for
            raised = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, value, raised)

    threading.Thread(target=run, daemon=True).start()
    return await result
