"""Checks that the figure counters agree with applications and grievances (I6), overdue cases included."""

from collections.abc import AsyncIterator

from sqlalchemy import select

from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import ON_THE_CLOCK
from domain.kernel import ist_date
from store.applications.application_rows import applications_table, in_states
from store.checks.finding import PAGE, Finding
from store.database import Transaction, pages
from store.statistics.figure_recount import recount_cubes, stored_cubes

_T = applications_table.c


async def figures(tx: Transaction) -> AsyncIterator[Finding]:
    """Each cell of each cube, with the deltas that wait, against a count of every application."""
    there, right = await stored_cubes(tx), await recount_cubes(tx)
    for place in sorted(there.keys() | right.keys()):
        if there.get(place) != right.get(place):
            yield Finding("FIGURE_IS_NOT_THE_RECOUNT", ":".join(map(str, place)))
    async for finding in _due_by_the_day(tx):
        yield finding


async def _due_by_the_day(tx: Transaction) -> AsyncIterator[Finding]:
    """Lists count what is overdue by whole days, which is right as long as a due instant is the end of its day."""
    running = select(_T.id, _T.due_at).where(*in_states(ON_THE_CLOCK), _T.due_at.is_not(None))
    async for row in pages(tx, running, _T.id, PAGE):
        if row.due_at != end_of_day(ist_date(row.due_at)):
            yield Finding("DUE_IS_NOT_THE_END_OF_A_DAY", f"application:{row.id}")
