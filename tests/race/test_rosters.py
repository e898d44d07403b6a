"""One roster and two workers: each row is filed once, whoever comes first, and a row is added once from two screens."""

import asyncio
from dataclasses import replace

from sqlalchemy import func, select

from actions.rosters.adding import AddRows, add_rows
from actions.rosters.roster_filing import file_roster, file_some
from domain.kernel import ErrorCode, Problems
from domain.rosters.rosters import RowState
from store.applications.application_rows import applications_table
from store.database import StoreError
from tests.support.camps import Camps, added, camps_of, child, opened, rows_now, signed_paper
from tests.support.twins import Twins
from tests.support.worlds import wrong

ROWS = 12


async def how_many(camps: Camps) -> int:
    async with camps.env.store.read_transaction() as tx:
        return int((await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one())


async def test_two_workers_with_the_same_message_file_each_row_once(twins: Twins):
    camps = await camps_of(twins.one)
    other = replace(camps.env, store=twins.other.store)
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, *(child(number, consent_paper=paper) for number in range(1, ROWS + 1)))
    roster, _ = await file_roster(camps.env, camps.principal, roster.number, "file")
    payload = {"roster_id": roster.id, "round": "1"}

    while any(row.state is not RowState.FILED for row in await rows_now(camps.env, roster)):
        ended = await asyncio.gather(file_some(camps.env, payload), file_some(other, payload), return_exceptions=True)
        for end in (one for one in ended if one is not None):
            late = isinstance(end, Problems) and end.code in (ErrorCode.IN_PROGRESS, ErrorCode.CONFLICT)
            assert late or isinstance(end, StoreError), end

    rows = await rows_now(camps.env, roster)
    assert len({row.application_id for row in rows}) == await how_many(camps) == ROWS
    assert await wrong(camps.env) == []


async def test_the_same_rows_from_two_screens_are_added_once(twins: Twins):
    camps = await camps_of(twins.one)
    other = replace(camps.env, store=twins.other.store)
    roster = await opened(camps)
    rows = tuple(child(number) for number in range(1, 6))

    ended = await asyncio.gather(
        add_rows(camps.env, camps.principal, AddRows(roster.number, rows, "here")),
        add_rows(other, camps.principal, AddRows(roster.number, rows, "there")),
    )

    outcomes = sorted(result.outcome.value for results, _ in ended for result in results)
    assert outcomes == ["ADDED"] * 5 + ["UNCHANGED"] * 5
    assert len(await rows_now(camps.env, roster)) == 5
