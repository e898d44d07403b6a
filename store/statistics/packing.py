"""Packs disposals by days taken into the cubes, twelve classes in one row.

A histogram of a year by district is 15,288 rows with a class in each at most, and 1,404 so, however many applications
there were. The columns are those of the sums, which such a row has no other use for.
"""

from collections.abc import Iterator, Sequence

from domain.statistics.figures import EDGES

COLUMNS = (
    "received",
    "processed",
    "dropped",
    "withdrawn",
    "disposed",
    "delivered",
    "timed",
    "on_time",
    "days",
    "due",
    "grievances",
    "replied",
)
"""The position of each class in a row. They are fixed here: stored rows would otherwise mean other classes."""

_PLACES = {first: divmod(number, len(COLUMNS)) for number, first in enumerate(EDGES)}


def pack_bucket(bucket: int) -> tuple[int, str]:
    """The row and the column of a class of EDGES, which goes by its first day."""
    row, column = _PLACES[bucket]
    return row, COLUMNS[column]


def unpack_row(row: int, amounts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The classes that a row counts anything in, and how many."""
    for first, amount in zip(EDGES[row * len(COLUMNS) :], amounts, strict=False):  # the last row is not full
        if amount:
            yield first, amount
