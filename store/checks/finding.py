"""The types for the input and the findings of a check."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select

from store.database import AnyRow, Transaction, pages

PAGE = 500
"""Rows that a check holds at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: a code, and the place as `kind:key`, never personal data."""

    code: str
    where: str


async def row_pages(
    tx: Transaction, statement: Select[Any], column: Column[Any], *, size: int = PAGE
) -> AsyncIterator[Sequence[AnyRow]]:
    """All rows in the order of a unique column, a page at a time."""
    last: Any = None
    while True:
        page = statement if last is None else statement.where(column > last)
        rows = (await tx.connection.execute(page.order_by(column).limit(size))).all()
        if rows:
            yield rows
            last = getattr(rows[-1], column.name)
        if len(rows) < size:
            return


async def findings(
    tx: Transaction, wrong: Mapping[str, Select[Any]], column: Column[Any], kind: str, *, named: str | None = None
) -> AsyncIterator[Finding]:
    """A finding of its code for each row of each statement, in the order of a unique column, by which it is named.

    Where `named` is given a row is named by that column.
    """
    for code, statement in wrong.items():
        async for row in pages(tx, statement, column, PAGE):
            yield Finding(code, f"{kind}:{getattr(row, named or column.name)}")


async def in_turn(*checks: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """The findings of several checks, one check after the other."""
    for check in checks:
        async for finding in check:
            yield finding
