"""What the benchmarks of this folder share: calls per second, CPU for each call, and one core for each process."""

import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable

from domain.kernel import Source, SystemClock
from integrations.calling.breakers import BreakerObserver, Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Resilience

SHORT = os.environ.get("BOUND") == "ci"
SECONDS = 0.3 if SHORT else 2.0
Call = Callable[[], Awaitable[object]]


def stay_on(core: int, process: int = 0) -> None:
    """Keep a process on one core, the caller and the system that it calls each on its own.

    Else the scheduler puts both on one core whenever somebody else uses the other one, and the calls per
    second change by a fifth from one window to the next.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0) if process == 0 else range(os.cpu_count() or 1))
        os.sched_setaffinity(process, {cores[core % len(cores)]})


def cpu() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measured(call: Call, concurrent: int, seconds: float = SECONDS) -> tuple[float, float]:
    """Calls per second, and microseconds of CPU for each."""
    await asyncio.gather(*(call() for _ in range(concurrent)))
    done, ends_at = 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < ends_at:
            await call()
            done += 1

    started, before = time.perf_counter(), cpu()
    await asyncio.gather(*(caller() for _ in range(concurrent)))
    return done / (time.perf_counter() - started), (cpu() - before) / done * 1e6


def resilience(observer: BreakerObserver | None = None) -> Resilience:
    """What the callers of a process share."""
    clock = SystemClock()
    return Resilience(
        clock, Breakers(clock, observer=observer), AnswerCache(open_cache(None), clock), SourceMonitor(Source)
    )
