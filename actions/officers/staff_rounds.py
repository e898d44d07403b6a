"""The legal clock's staff jobs: leaves that begin and end, interrupted transfers, vacant posts that were filled.

The verbs of actions/officers/staffing.py run the same steps at once for what they changed. Every step asks the store
what is left to do, so any number of runs, in any order and with any clock, move each case once and bring it back once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from actions.kernel import BATCH, Environment, Fence, UnitOfWork, run_fenced
from actions.officers.administrators import note_changed
from actions.officers.staff_moves import Counted, begin_leave, bring_back, carry_out_transfer
from domain.kernel import Subject
from domain.officers.staff import Confirmation, Leave, LeaveState
from store.database import VersionConflict
from store.identity import people
from store.officers import cover, leave, posts

T = TypeVar("T")

NOTHING = Counted(0, 0, more=False)

TRIES = 5
"""How often a batch is tried that lost to somebody who worked on one of its cases at the same moment."""


@dataclass(frozen=True, slots=True)
class _Runner:
    """How a batch gets its transaction: as a person who acts now, or as the clock with the fence of its leader."""

    env: Environment
    subject: Subject | None
    fence: Fence | None = None

    async def run(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """One transaction, tried again where a case of it was changed meanwhile."""
        for _ in range(TRIES):
            try:
                return await self._run_in_transaction(work)
            except VersionConflict:
                continue
        return await self._run_in_transaction(work)

    async def run_all(self, work: Callable[[UnitOfWork], Awaitable[Counted]]) -> int:
        """Batches until nothing is left; returns how many cases and appeals moved."""
        total = 0
        while True:
            done = await self.run(work)
            total += done.cases + done.appeals
            if not done.more:
                return total

    async def _run_in_transaction(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        subject = self.subject
        if subject is None:
            return await run_fenced(self.env, self.fence, work)
        return await self.env.store.carry_out(lambda tx: work(UnitOfWork(self.env, tx, subject)))


async def sweep_staff(env: Environment, fence: Fence | None = None) -> int:
    """Run once; returns how many cases and appeals moved. Raises what the fence raises."""
    runner = _Runner(env, None, fence)
    return (
        await _each_leave(runner, over=True)
        + await _transfers(runner)
        + await _vacancies(runner)
        + await _each_leave(runner, over=False)
    )


async def start_leave(env: Environment, subject: Subject, leave_id: str) -> None:
    """Move what is open with an officer whose leave runs; nothing where it has not begun."""
    await _Runner(env, subject).run_all(partial(_begin, leave_id=leave_id))


async def finish_leave(env: Environment, subject: Subject, leave_id: str) -> None:
    """Return work that is elsewhere because of a leave that has ended."""
    await _Runner(env, subject).run_all(partial(_end, leave_id=leave_id))


async def finish_transfer(env: Environment, subject: Subject, transfer_id: str) -> None:
    """Move what is open in the posts that an officer left."""
    await _Runner(env, subject).run_all(partial(_move_on, transfer_id=transfer_id))


async def settle_vacancies(env: Environment, subject: Subject) -> None:
    """Move work to the officers who were posted to vacant posts."""
    await _vacancies(_Runner(env, subject))


async def _each_leave(runner: _Runner, *, over: bool) -> int:
    total, after = 0, None
    while True:
        place = after

        async def read(acting: UnitOfWork, place: str | None = place) -> list[Leave]:
            if not over:
                return await leave.leaves_in_force(acting.tx, acting.today, after=place, limit=BATCH)
            unsettled = await cover.absences(acting.tx)
            return await leave.ended_leaves(acting.tx, acting.today, unsettled=unsettled, after=place, limit=BATCH)

        found = await runner.run(read)
        for one in found:
            total += await runner.run_all(partial(_end if over else _begin, leave_id=one.id))
        if len(found) < BATCH:
            return total
        after = found[-1].id


async def _transfers(runner: _Runner) -> int:
    total = 0
    for one in await runner.run(lambda acting: posts.unfinished_transfers(acting.tx, BATCH)):
        total += await runner.run_all(partial(_move_on, transfer_id=one.id))
    return total


async def _vacancies(runner: _Runner) -> int:
    async def read(acting: UnitOfWork) -> list[str]:
        return [one.id for one in await posts.filled_vacancies(acting.tx, await cover.absences(acting.tx))]

    total = 0
    for key in await runner.run(read):
        total += await runner.run_all(partial(_fill, vacancy_id=key))
    return total


async def _fill(acting: UnitOfWork, vacancy_id: str) -> Counted:
    vacancy = (await posts.vacancies(acting.tx, [vacancy_id])).get(vacancy_id)
    return NOTHING if vacancy is None else await bring_back(acting, vacancy)


async def _begin(acting: UnitOfWork, leave_id: str) -> Counted:
    """A batch of a leave that runs; what comes to the officer by whatever way later on follows at the next round."""
    one = await leave.get(acting.tx, leave_id)
    if one is None or one.state_on(acting.today) is not LeaveState.RUNNING:
        return NOTHING
    moved = await begin_leave(acting, one)
    if one.begun_at is None and not moved.more:
        await leave.note(acting.tx, one.id, begun_at=acting.now)
        if one.substitute_id is not None:
            officer = (await people.officers(acting.tx, [one.officer_id]))[one.officer_id]
            await note_changed(acting, officer.id, officer.postings)
    return moved


async def _end(acting: UnitOfWork, leave_id: str) -> Counted:
    one = await leave.get(acting.tx, leave_id)
    if one is None or one.state_on(acting.today) not in (LeaveState.OVER, LeaveState.CANCELLED):
        return NOTHING
    moved = await bring_back(acting, one)
    if one.ended_at is None and not moved.more:
        await leave.note(acting.tx, one.id, ended_at=acting.now)
    return moved


async def _move_on(acting: UnitOfWork, transfer_id: str) -> Counted:
    one = await posts.transfer(acting.tx, transfer_id)
    if one is None or one.done_at is not None or one.confirmation in (Confirmation.WAITING, Confirmation.REFUSED):
        return NOTHING
    moved = await carry_out_transfer(acting, one)
    done_at = None if moved.more else acting.now
    await posts.note_moved(acting.tx, one.id, cases=moved.cases, appeals=moved.appeals, done_at=done_at)
    return moved
