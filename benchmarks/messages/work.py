"""The worker's part in a process of its own: `python -m benchmarks.messages.work FOLDER URL`; each second a line.

It carries messages as the gateway's worker does, a round each second at most, until none waits. Where no message
was carried before, somebody is told of what is urgent while the others wait.
"""

import asyncio
import json
import resource
import sys
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import structlog
from sqlalchemy import select

from actions.feedback.message_planning import plan_due
from actions.feedback.message_sending import send_due
from actions.kernel import Environment
from benchmarks.messages.filled import URGENT, open_environment, read, tell_urgently
from domain.feedback.messages import MessageChannel, MessageState
from gateway.worker.jobs import MESSAGE_SECONDS
from store.feedback import message_days, messages
from store.feedback.messages import messages_table

URGENT_AFTER = 100
"""Somebody is told of what is urgent after so many texts."""
_M = messages_table.c


async def work(folder: Path, url: str) -> None:
    """Go round until none waits."""
    begun, urgent_at, waited = perf_counter(), None, None
    async with open_environment(folder, url) as env:
        first = await _taken(env)
        while await _waits(env):
            round_begun = perf_counter()
            await asyncio.gather(plan_due(env), send_due(env, partial(read, env), MessageChannel.SMS))
            taken = await _taken(env)
            if urgent_at is None and first == 0 and taken >= URGENT_AFTER:
                await tell_urgently(env, 0)
                urgent_at = perf_counter()
            elif urgent_at is not None and waited is None and await _urgent_is_taken(env):
                waited = perf_counter() - urgent_at
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            told = {"taken": taken, "seconds": perf_counter() - begun, "cpu": process_time(), "mebibytes": used}
            print(json.dumps({**told, "urgent": waited}), flush=True)
            await asyncio.sleep(max(0.0, MESSAGE_SECONDS - (perf_counter() - round_begun)))


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
