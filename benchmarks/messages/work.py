"""The worker's part in a process of its own: `python -m benchmarks.messages.work FOLDER URL`; each second a line.

It carries messages by the jobs of the gateway's worker until none waits; what fills a text is read by the graph with
the rights of its reader. Where no message was carried before, somebody is told of what is urgent while the others wait,
and somebody gets a one-time code.
"""

import asyncio
import json
import resource
import sys
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import structlog
from sqlalchemy import select

from actions.feedback.message_planning import plan_due
from actions.feedback.message_sending import send_due
from actions.kernel import Environment
from benchmarks.messages.filled import URGENT, open_environment, send_a_code, tell_urgently
from domain.feedback.messages import MessageChannel, MessageState
from domain.platform.switches import Switchboard
from gateway.runtime.composition import Runtime
from gateway.worker.jobs import MESSAGE_SECONDS
from gateway.worker.message_values import MessageValues
from gateway.worker.runner import Job, Runner
from schema import build
from store.feedback import message_days, messages
from store.feedback.messages import messages_table
from tests.support.remotes import shared_resilience

URGENT_AFTER = 100
"""Somebody is told of what is urgent after so many texts."""
_M = messages_table.c


class Progress:
    """What the worker tells each second; it ends the worker when none waits."""

    def __init__(self, env: Environment, stopping: asyncio.Event, first: int) -> None:
        """`first` is how many were taken before this worker began."""
        self._env, self._stopping, self._begun, self._first = env, stopping, perf_counter(), first
        self._told_at: float | None = None
        self._waited: dict[str, float | None] = {"urgent": None, "code": None}

    async def tell(self) -> None:
        """Print a line of JSON: how many were taken, seconds, seconds of CPU, MiB."""
        taken = await _taken(self._env)
        if self._told_at is None and self._first == 0 and taken >= URGENT_AFTER:
            self._told_at = perf_counter()
            await tell_urgently(self._env, 0)
            await send_a_code(self._env)
            self._waited["code"] = perf_counter() - self._told_at
        elif self._told_at is not None and self._waited["urgent"] is None and await _urgent_is_taken(self._env):
            self._waited["urgent"] = perf_counter() - self._told_at
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = {"taken": taken, "seconds": perf_counter() - self._begun, "cpu": process_time(), "mebibytes": used}
        print(json.dumps({**told, **self._waited}), flush=True)
        if not await _waits(self._env):
            self._stopping.set()


async def work(folder: Path, url: str) -> None:
    """Go on until none waits."""
    stopping, nobody = asyncio.Event(), Any
    async with open_environment(folder, url) as env:
        runtime = Runtime(env, shared_resilience(env.clock), Switchboard(), nobody)  # type: ignore[arg-type]
        read = MessageValues(runtime, build()).read
        jobs = (
            Job("plan_messages", MESSAGE_SECONDS, partial(plan_due, env)),
            Job("send_sms", MESSAGE_SECONDS, partial(send_due, env, read, MessageChannel.SMS, stopping)),
            Job("tell", 1.0, Progress(env, stopping, await _taken(env)).tell),
        )
        await Runner(jobs, stopping, lambda _name, _outcome: None).run()


async def _taken(env: Environment) -> int:
    async with env.store.read_transaction() as tx:
        return (await message_days.counts_of_today(tx)).get(MessageChannel.SMS, (0, 0))[0]


async def _waits(env: Environment) -> bool:
    """Whether a notice or a message waits, also one that a worker that was killed holds, or that was put off."""
    unsent = select(_M.id).where(_M.send_at.is_not(None)).limit(1)
    async with env.store.read_transaction() as tx:
        if await messages.is_to_plan(tx):
            return True
        return (await tx.connection.execute(unsent)).first() is not None


async def _urgent_is_taken(env: Environment) -> bool:
    unsent = (MessageState.CREATED.value, MessageState.SENDING.value)
    waiting = select(_M.id).where(_M.kind == URGENT.value, _M.state.in_(unsent))
    planned = select(_M.id).where(_M.kind == URGENT.value)
    async with env.store.read_transaction() as tx:
        left = (await tx.connection.execute(waiting.limit(1))).first()
        return left is None and (await tx.connection.execute(planned.limit(1))).first() is not None


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
