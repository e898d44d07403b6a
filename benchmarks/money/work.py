"""The worker's part in a process of its own: `python -m benchmarks.money.work FOLDER URL`; now and then a line of JSON.

It does what the gateway's worker does, the same rounds and the same outbox, until no payment is on its way. With
`reconcile` as a third word it compares the day's statement of PFMS instead.
"""

import asyncio
import contextlib
import json
import resource
import sys
from collections.abc import Iterator
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
from benchmarks.money.filled import MORNING, open_environment
from domain.benefits.benefits import PaymentStatus, Rail
from domain.payments.files import BatchState, Direction
from domain.reconciliation.reconciliation import RunState
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import HANDLERS
from integrations.calling.errors import RemoteError
from store.benefits.benefits import instalments_table
from store.database import StoreError
from store.payments import payment_batches
from store.payments.payment_tables import batches_table, files_table

FINAL = (PaymentStatus.CREDITED.value, PaymentStatus.RETURNED.value)
PARTS = ("batch", "sign", "send", "answer", "reconcile")
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


async def work(folder: Path, url: str) -> None:
    """Go round until every payment is final."""
    meter = Meter()
    async with open_environment(folder, url) as env, asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell_on(env, meter))
        worker = Deliveries(env, {SEND: HANDLERS[SEND]}, asyncio.Event())
        while True:
            try:
                if await _round(env, worker, meter) == 0 and await _left(env) == 0:
                    break
            except StoreError:  # as the gateway's worker, which goes on with its next round
                print("the store did not answer", file=sys.stderr)
                await asyncio.sleep(PAUSE)
        telling.cancel()
        await _tell(env, meter)


async def compare(folder: Path, url: str) -> None:
    """Compare PFMS's statement of the day with our books, row by row. Raises AssertionError where they differ."""
    meter = Meter()
    async with open_environment(folder, url) as env:
        with meter.part("reconcile"):
            run = await reconcile(env, Rail.PFMS, MORNING.date())
        assert (run.state, run.differences) == (RunState.ENDED, 0), run
        assert run.ours_paise == run.theirs_paise, run
        await _tell(env, meter, rows=run.rows_compared, paise=run.theirs_paise)


async def _round(env: Environment, worker: Deliveries, meter: Meter) -> int:
    """One round of the worker; tells how much there was to do."""
    with meter.part("batch"):
        done = await batch_round(env)
    with meter.part("sign"):
        done += await _sign(env)
    with meter.part("send"):
        done += await worker.deliver_due()
    with meter.part("answer"), contextlib.suppress(RemoteError):
        done += await fetch_answers(env)
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


async def _left(env: Environment) -> int:
    async with env.store.read_transaction() as tx:
        statement = select(func.count()).where(instalments_table.c.status.not_in(FINAL))
        return int((await tx.connection.execute(statement)).scalar_one())


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
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    doing = compare if sys.argv[3:] == ["reconcile"] else work
    asyncio.run(doing(Path(sys.argv[1]), sys.argv[2]))
