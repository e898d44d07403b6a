"""Two people at the same application at once: one wins, the other is told what is there now.

Source: docs/reliability.md section 5.4.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import contextmanager
from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.kernel import cases
from domain.applications.applications import Application, RejectionGround
from domain.kernel import ErrorCode, PersonKind, Problems, Role, Subject
from store.applications import applications, timeline
from store.identity import people
from tests.store.builders import officer
from tests.support.actions import FREE
from tests.support.bounds import rounds
from tests.support.stored import audit_lines_of
from tests.support.twins import Twins
from tests.support.worlds import deliver_all, wrong

DECISIONS = rounds(4, ci=30, full=1000)
WITHDRAWALS = rounds(3, ci=12, full=300)


@pytest.fixture
async def colleague(twins: Twins) -> Subject:
    """A second officer with the registrar's posting."""
    postings = twins.world.registrar.postings
    async with twins.one.store.write_transaction() as tx:
        await people.add_officer(tx, officer("colleague", *postings))
    return Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, "colleague", postings)


@contextmanager
def both_have_read(twins: Twins, monkeypatch: pytest.MonkeyPatch):
    """On PostgreSQL both read before either writes; SQLite has one writer, and the barrier would wait for ever."""
    if not twins.on_postgresql:
        yield
        return
    barrier, get, waited = asyncio.Barrier(2), applications.get, set()

    async def read(tx: Any, application_id: str) -> Application | None:
        found = await get(tx, application_id)
        if tx.writable and id(tx) not in waited and len(waited) < 2:  # the first look of each of the two
            waited.add(id(tx))
            try:
                async with asyncio.timeout(0.05):
                    await barrier.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                await barrier.reset()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(cases.applications, "get", read)
        yield


async def outcomes(*calls: Awaitable[tuple[Application, bool]]) -> tuple[list[Application], list[Problems]]:
    """Who won and who was refused; any other failure is raised."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    strange = [end for end in ended if isinstance(end, BaseException) and not isinstance(end, Problems)]
    if strange:
        raise strange[0]
    return [end[0] for end in ended if isinstance(end, tuple)], [end for end in ended if isinstance(end, Problems)]


async def steps_of(twins: Twins, application_id: str) -> tuple[list[str], list[str]]:
    async with twins.one.store.read_transaction() as tx:
        entries = (await timeline.timelines(tx, [application_id]))[application_id]
        lines = await audit_lines_of(tx, "APPLICATION", application_id)
    return [entry.move.value for entry in entries], [line.action for line in lines]


async def test_of_two_officers_who_decide_at_once_one_wins(twins: Twins, colleague: Subject, monkeypatch):
    world = twins.world
    for number in range(DECISIONS):
        case = await world.in_scrutiny(world.asha, FREE, world.registrar, idempotency_key=f"case-{number}")
        seen = {"expected_version": case.version} if number % 2 else {}
        approve = Decide(case.id, Verdict.APPROVE, f"approve-{number}", **seen)
        ground = RejectionGround.FACTS_NOT_CONFIRMED
        refuse = Decide(case.id, Verdict.REJECT, f"refuse-{number}", ground=ground, reason="No.", **seen)
        with both_have_read(twins, monkeypatch):
            won, lost = await outcomes(
                decide_application(twins.one, world.registrar, approve),
                decide_application(twins.other, colleague, refuse),
            )

        assert (len(won), len(lost)) == (1, 1)
        assert won[0].version == case.version + 1
        [problem] = lost[0].problems
        if seen or problem.code is ErrorCode.CONFLICT:
            assert problem.code is ErrorCode.CONFLICT
            assert problem.params == {"version": str(won[0].version), "status": won[0].status.value}
        else:  # the second came when the first was done, and asked for no version
            assert problem.code is ErrorCode.TRANSITION_NOT_ALLOWED
        moves, lines = await steps_of(twins, case.id)
        assert len(moves) == won[0].version
        assert lines == [f"application.{move.lower()}" for move in moves]
        await deliver_all(world)  # out of the way of the next round
    assert await wrong(twins.one) == []


async def test_a_citizen_withdraws_while_an_officer_approves(twins: Twins, monkeypatch):
    world = twins.world
    for number in range(WITHDRAWALS):
        case = await world.in_scrutiny(world.asha, FREE, world.registrar, idempotency_key=f"case-{number}")
        with both_have_read(twins, monkeypatch):
            won, lost = await outcomes(
                decide_application(twins.one, world.registrar, Decide(case.id, Verdict.APPROVE, f"approve-{number}")),
                withdraw_application(twins.other, world.asha, Withdraw(case.id, f"back-{number}")),
            )

        assert (len(won), len(lost)) == (1, 1)
        assert lost[0].code in {ErrorCode.CONFLICT, ErrorCode.TRANSITION_NOT_ALLOWED}
        moves, lines = await steps_of(twins, case.id)
        assert len(moves) == len(lines) == won[0].version
        await deliver_all(world)
    assert await wrong(twins.one) == []
