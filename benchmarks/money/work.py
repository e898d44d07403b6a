"""The worker's part in a process of its own: `python -m benchmarks.money.work FOLDER URL`; now and then a line of JSON.

It does what the gateway's worker does, the same rounds and the same outbox, until neither side has anything to do. With
a day as a third word it compares PFMS's statement of that day afterwards, and the officers settle what they would.
"""

import asyncio
import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import structlog
from sqlalchemy import case, func, select

from actions.kernel import Environment
from actions.payments.partner import pfms
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import SEND, batch_round
from actions.payments.reconciliation import reconcile
from actions.payments.sealing import content_of
from benchmarks.money.filled import is_quiet, open_environment
from benchmarks.money.officers import settle_cases
from domain.benefits.benefits import Rail
from domain.payments.files import BatchState, Direction
from domain.reconciliation.reconciliation import RunState
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import HANDLERS
from integrations.calling.errors import RemoteError
from store.database import StoreError
from store.payments import payment_batches
from store.payments.payment_tables import batches_table, files_table

PARTS = ("batch", "sign", "send", "answer", "reconcile", "settle")
TOLD_EVERY, PAUSE = 2.0, 0.2
"""Seconds between two lines, and those for which a round waits that found nothing to do."""


class Meter:
    """What each part took, in seconds of the clock and of the processor."""

    def __init__(self) -> None:
        self._took = dict.fromkeys(PARTS, (0.0, 0.0))
        self._going: str | None = None
        self._begun = (0.0, 0.0)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside to a part."""
        self._going, self._begun = name, (perf_counter(), process_time())
        try:
            yield
        finally:
            self._took, self._going = self.took(), None

    def took(self) -> dict[str, tuple[float, float]]:
        """Each part until now."""
        if self._going is None:
            return self._took
        wall, cpu = self._took[self._going]
        begun = self._begun
        return self._took | {self._going: (wall + perf_counter() - begun[0], cpu + process_time() - begun[1])}


async def work(folder: Path, url: str, day: date | None) -> None:
    """Go round until nothing is to be done; then compare a day, and settle its cases. Raises AssertionError."""
    meter, more = Meter(), dict[str, Any]()
    async with open_environment(folder, url) as env, asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell_on(env, meter))
        worker = Deliveries(env, {SEND: HANDLERS[SEND]}, asyncio.Event())
        while True:
            try:
                calm = is_quiet(folder, env.clock.now())
                if await _round(env, worker, meter) == 0 and calm and not await _unsent(env):
                    break
            except StoreError:  # as the gateway's worker, which goes on with its next round
                print("the store did not answer", file=sys.stderr)
                await asyncio.sleep(PAUSE)
        if day is not None:
            more = await _compare(env, meter, day)
            with meter.part("settle"):
                more["settled"] = await settle_cases(env)
        telling.cancel()
        await _tell(env, meter, **more)


async def _compare(env: Environment, meter: Meter, day: date) -> dict[str, Any]:
    """Compare PFMS's statement of a day with our books, row by row. Raises AssertionError where they differ."""
    with meter.part("reconcile"):
        run = await reconcile(env, Rail.PFMS, day)
    assert (run.state, run.differences) == (RunState.ENDED, 0), run
    assert run.ours_paise == run.theirs_paise, run
    return {"rows": run.rows_compared, "paise": run.theirs_paise}


async def _round(env: Environment, worker: Deliveries, meter: Meter) -> int:
    """One round of the worker; tells how much there was to do."""
    with meter.part("batch"):
        done = await batch_round(env)
    with meter.part("sign"):
        done += await _sign(env)
    with meter.part("send"):
        done += await worker.deliver_due()
    with meter.part("answer"):
        try:
            done += await fetch_answers(env)
        except RemoteError:
            done += 1
    if done == 0:
        await asyncio.sleep(PAUSE)
    return done


async def _sign(env: Environment) -> int:
    """Sign what was made, as sending would: apart only so that it can be told apart."""
    async with env.store.read_transaction() as tx:
        built = await payment_batches.batches(tx, states=(BatchState.BUILT,), limit=100_000)
    for batch in reversed(built):
        await content_of(env, pfms(env), batch)
    return len(built)


async def _unsent(env: Environment) -> bool:
    async with env.store.read_transaction() as tx:
        return bool(await payment_batches.batches(tx, states=(BatchState.BUILT, BatchState.SEALED), limit=1))


async def _steps(env: Environment) -> tuple[int, int]:
    """How many payments are in closed batches, and how many steps of six were done: made, sealed, sent, three answers.

    By the batches and files, of which there are few.
    """
    batch, file = batches_table.c, files_table.c
    unsealed, unsent = BatchState.BUILT.value, (BatchState.BUILT.value, BatchState.SEALED.value)
    counted = select(
        func.coalesce(func.sum(case((batch.state == BatchState.CLOSED.value, batch.lines), else_=0)), 0),
        func.coalesce(func.sum(batch.lines), 0),
        func.coalesce(func.sum(case((batch.state == unsealed, 0), else_=batch.lines)), 0),
        func.coalesce(func.sum(case((batch.state.in_(unsent), 0), else_=batch.lines)), 0),
    )
    applied = select(func.coalesce(func.sum(file.applied), 0)).where(file.direction == Direction.IN.value)
    async with env.store.read_transaction() as tx:
        closed, *steps = (await tx.connection.execute(counted)).one()
        rows = (await tx.connection.execute(applied)).scalar_one()
    return int(closed), int(sum(steps)) + int(rows)


async def _tell_on(env: Environment, meter: Meter) -> None:
    while True:
        await asyncio.sleep(TOLD_EVERY)
        with contextlib.suppress(StoreError):
            await _tell(env, meter)


async def _tell(env: Environment, meter: Meter, **more: Any) -> None:
    closed, steps = await _steps(env)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"closed": closed, "steps": steps, "mebibytes": most, "took": meter.took(), **more}), flush=True)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], next(map(date.fromisoformat, sys.argv[3:]), None)))
