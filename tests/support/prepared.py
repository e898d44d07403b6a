"""A small world made once and opened many times: on a copy of its database, in this process or in one that will die."""

import asyncio
import os
import pickle
import shutil
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.kernel import ManualClock, SeededIds, SystemIds
from integrations.dbt_finance import BillReference, InstructionReceipt, PaymentInstruction
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store
from store.database.vault import Vault
from tests.support.actions import (
    FREE,
    INCOME,
    ORDER,
    PENSION,
    FakeApiSetu,
    FakeDbt,
    FakeLocker,
    World,
    papers,
)
from tests.support.databases import NOW
from tests.support.papers import INCOME_PAPERS
from tests.support.state import LAW, STATE
from tests.support.worlds import PENSION_PAPERS, a_world, link_and_offer

HANGS_SECONDS = 300.0
"""After so long in which a process apart tells nothing it is taken to hang; a busy machine is slow."""

PEOPLE = ("asha", "sunil", "registrar", "tehsildar", "welfare", "employment", "elsewhere", "operator")


class KeptDbt(FakeDbt):
    """DBT finance whose books outlive the process: one file for each bill, one line in it for each time it came."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        folder.mkdir(exist_ok=True)

    async def confirm(self, bill: BillReference, order: PaymentInstruction | None = None) -> InstructionReceipt | None:
        there = (self._folder / bill.bill_number).exists()
        return self._receipt(bill, known=True) if there else None

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        known = (self._folder / instruction.bill_number).exists()
        with (self._folder / instruction.bill_number).open("a") as book:
            book.write("taken\n")
            book.flush()
            os.fsync(book.fileno())
        return self._receipt(instruction, known=known)

    def times(self) -> list[int]:
        """How often each bill was taken."""
        return [len(book.read_text().splitlines()) for book in self._folder.iterdir()]


@dataclass(frozen=True)
class Prepared:
    """What was made: a folder with vault and files, who lives there, and the ids of the cases by name."""

    folder: Path
    people: dict[str, Any]
    calendar: Any
    cases: dict[str, str]

    @asynccontextmanager
    async def opened(
        self, url: str, folder: Path, keyrings: Keyrings, *, seed: str | None = None
    ) -> AsyncIterator[World]:
        """The world on a copy of the database; vault, files and the partner's books lie in `folder`.

        With `seed` the ids are drawn from it, so that what happens can be replayed.
        """
        clock = ManualClock(NOW)
        async with AsyncExitStack() as stack:
            store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
            stack.push_async_callback(store.close)
            ids = SystemIds(clock) if seed is None else SeededIds(clock, seed)
            vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", keyrings, clock, ids)
            stack.push_async_callback(vault.close)
            locker, dbt, apisetu = FakeLocker(), KeptDbt(folder / "bills"), FakeApiSetu()
            partners = Partners(cast("Any", locker), cast("Any", apisetu), cast("Any", None), cast("Any", dbt), {})
            env = Environment(
                registry=REGISTRY,
                store=store,
                vault=vault,
                objects=EncryptedObjects(LocalBlobs(folder / "objects"), keyrings),
                keyrings=keyrings,
                clock=clock,
                ids=ids,
                rules=Rules(law=LAW, issuer_id=STATE.issuer_id, calendar=self.calendar),
                partners=partners,
                public_url="http://gateway.test",
            )
            yield World(env=env, clock=clock, locker=locker, dbt=dbt, apisetu=apisetu, **self.people)

    def copy_to(self, folder: Path) -> Path:
        """Copies of vault and files; gives the place of a copy of the SQLite database."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return folder / "store.db"


async def prepare(url: str, folder: Path, keyrings: Keyrings) -> Prepared:
    """Fill an empty migrated database: a case of each kind that waits for the next step, two of them for the outbox."""
    clock = ManualClock(NOW)
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
    async with a_world(store, keyrings, clock, folder, ids=SystemIds(clock)) as world:
        await link_and_offer(world, world.asha, INCOME_PAPERS)
        unpaid = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS))
        open_case = await world.in_scrutiny(world.asha, ORDER, world.employment)
        await link_and_offer(world, world.sunil, PENSION_PAPERS)
        pension = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
        order = await world.approved(world.sunil, ORDER, world.employment, idempotency_key="sunil's order")
        late = await world.submit(world.asha, FREE)
        named = {"unpaid": unpaid, "open": open_case, "pension": pension, "order": order, "late": late}
        cases = {name: case.id for name, case in named.items()}
        people = {name: getattr(world, name) for name in PEOPLE}
        made = Prepared(folder, people, world.env.rules.calendar, cases)
    await store.close()
    pickle.dumps(made.people)
    return made


class Apart:
    """Work in a forked process that may die. The first argument that `work` gets is a function that tells us."""

    def __init__(self, work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> None:
        context = get_context("fork")
        self._ours, theirs = context.Pipe(duplex=False)

        def run() -> None:
            self._ours.close()
            try:
                asyncio.run(work(theirs.send, *arguments))
            except BaseException:
                theirs.send(traceback.format_exc())
                raise

        self._process = context.Process(target=run)
        self._process.start()
        theirs.close()

    def ended(self, seconds: float = HANGS_SECONDS) -> tuple[int, list[Any]]:
        """Wait until it ends or dies: its exit code, and what it told."""
        told = []
        try:
            while self._ours.poll(seconds):
                told.append(self._ours.recv())
        except EOFError:
            pass
        self._ours.close()
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise AssertionError("the process neither ended nor died")
        return code, told


def apart(
    work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any, seconds: float = HANGS_SECONDS
) -> tuple[int, list[Any]]:
    """Run work in a forked process until it ends or dies: its exit code, and what it told."""
    return Apart(work, *arguments).ended(seconds)
