"""The types for the input and the findings of a check."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select

from store.database import Transaction, pages

PAGE = 500
"""Rows that a check holds at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: a code, and the place as `kind:key`, never personal data."""

    code: str
    where: str


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
