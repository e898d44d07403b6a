"""The worker's part in a process of its own: `python -m benchmarks.money.work FOLDER URL`; a line of JSON each round.

It does what the gateway's worker does, the same rounds and the same outbox, until no payment is on its way.
"""

import asyncio
import contextlib
import json
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

import structlog
from sqlalchemy import func, select

from actions.environment import Environment
from actions.payment_answers import fetch_answers
from actions.payment_batches import batch_round
from actions.payment_partner import pfms
from actions.payment_sealing import content_of
from benchmarks.money.filled import opened
from domain.benefits import PaymentStatus
from domain.payment_files import BatchState
from gateway.payment_worker import PAYMENT_HANDLERS
from gateway.worker import Worker
from integrations.errors import IntegrationError
from store import payment_batches
from store.benefits import instalments_table

FINAL = (PaymentStatus.CREDITED.value, PaymentStatus.RETURNED.value)


async def work(folder: Path, url: str) -> None:
    """Go round until every payment is final, and tell what each part took."""
    took = dict.fromkeys(("batch", "sign", "send", "answer"), 0.0)
    async with opened(folder, url) as env:
        worker = Worker(env, PAYMENT_HANDLERS, asyncio.Event())
        while True:
            took["batch"] += await _timed(batch_round(env))
            took["sign"] += await _timed(_sign(env))
            took["send"] += await _timed(worker.deliver_due())
            took["answer"] += await _timed(_answers(env))
            left = await _left(env)
            _tell(left, took)
            if left == 0:
                return


async def _sign(env: Environment) -> None:
    """Sign what was made, as sending would: apart only so that it can be told apart."""
    async with env.store.reading() as tx:
        built = await payment_batches.batches(tx, states=(BatchState.BUILT,), limit=1_000)
    for batch in reversed(built):
        await content_of(env, pfms(env), batch)


async def _answers(env: Environment) -> None:
    """Take in what lies ready; where PFMS is slow, the next round asks again, as the worker's does."""
    with contextlib.suppress(IntegrationError):
        await fetch_answers(env)


async def _left(env: Environment) -> int:
    async with env.store.reading() as tx:
        statement = select(func.count()).where(instalments_table.c.status.not_in(FINAL))
        return int((await tx.connection.execute(statement)).scalar_one())


async def _timed(doing: object) -> float:
    begun = perf_counter()
    await doing  # type: ignore[misc]
    return perf_counter() - begun


def _tell(left: int, took: dict[str, float]) -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"left": left, "mebibytes": most, "cpu": process_time(), **took}), flush=True)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
