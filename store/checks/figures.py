"""The counters of figures are what applications and grievances add up to (I6)."""

from collections.abc import AsyncIterator

from store.checks.finding import Finding
from store.engine import Transaction
from store.figure_recount import kept, recounted


async def figures(tx: Transaction) -> AsyncIterator[Finding]:
    """Each cell of each cube, with the deltas that wait, against a count of every application."""
    there, right = await kept(tx), await recounted(tx)
    for place in sorted(there.keys() | right.keys()):
        if there.get(place) != right.get(place):
            yield Finding("FIGURE_IS_NOT_THE_RECOUNT", ":".join(map(str, place)))
