"""A roster as a file: imports rows from a school's table, and exports the list for handing over documents."""

import csv
import hashlib
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from actions.kernel import Environment
from actions.rosters.adding import AddRows, RowResult, add_rows
from actions.rosters.rosters import RowFilter, rows_of, with_receipts
from domain.applications.applications import Application
from domain.kernel import Bilingual, ErrorCode, Problem, Problems, Subject
from domain.kernel.messages import bilingual
from domain.rosters.rosters import MOST_AT_ONCE, MOST_ROWS, Roster, RosterRow
from domain.rosters.rows import RawRow
from store.applications import applications

REQUIRED = ("reference", "name", "born_on", "guardian", "relation")
COLUMNS = (*REQUIRED, "name_hi", "mobile", "consent_paper")
ANSWER, DOCUMENT = "answer:", "document:"
"""Columns with these beginnings hold answers to the service's form, and references of uploads by paper."""

MOST_COLUMNS = 120

_PAGE = 100


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line of a file; the head is line 1."""

    line: int
    result: RowResult


def read_table(content: bytes) -> list[tuple[int, RawRow]]:
    """The rows of a CSV file in UTF-8, each with the line on which it ends.

    Raises Problems(ROW_INVALID), with what is expected, at the column, the rows or a line with more cells than the
    head, and for what is no CSV in UTF-8.
    """
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        heads = [head.strip() for head in next(lines, [])]
        _refuse_heads(heads)
        rows = [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise _refusal("not_csv", ("file",), "table") from None
    if not 1 <= len(rows) <= MOST_ROWS:
        raise _refusal("rows", ("file", "rows"), "table", MOST_ROWS)
    longer = next((line for line, row in rows if any(cell.strip() for cell in row[len(heads) :])), None)
    if longer is not None:  # a comma that is not quoted shifts the cells behind it
        raise _refusal("longer", ("file", f"line {longer}"), "line", longer)
    return [(line, _raw(dict(zip_longest(heads, row[: len(heads)], fillvalue="")))) for line, row in rows]


async def add_table(
    env: Environment, subject: Subject, number: str, content: bytes, key: str
) -> AsyncIterator[LineResult]:
    """Add the rows of a file batch by batch, each in a transaction with a key of its own; one result for each line.

    Whatever was added before it was cut off stays; the same file under the same key, or another one, continues from
    there, since a row that is there already changes nothing. Raises as `read_table` and `add_rows`.
    """
    rows = read_table(content)
    for start in range(0, len(rows), MOST_AT_ONCE):
        batch = rows[start : start + MOST_AT_ONCE]
        part = hashlib.sha256(f"{key}:{start}".encode()).hexdigest()
        results, _ = await add_rows(env, subject, AddRows(number, tuple(row for _, row in batch), part))
        for (line, _), result in zip(batch, results, strict=True):
            yield LineResult(line, result)


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row with the number of its application, for the list that is signed at the hand-over."""

    row: RosterRow
    number: str | None
    status: str | None


async def listed_rows(
    env: Environment, subject: Subject, roster: Roster, wanted: RowFilter
) -> AsyncIterator[list[ListedRow]]:
    """The rows of a roster page by page, for those of the school or camp; raises NOT_FOUND for others."""
    listed, place = rows_of(subject, roster, wanted), None
    while True:
        async with env.store.read_transaction() as tx:
            page = await listed.page(tx, place=place, limit=_PAGE)
        await with_receipts(env, subject, roster, page)
        async with env.store.read_transaction() as tx:
            known = await applications.by_ids(tx, [row.application_id for row in page if row.application_id])
        yield list(_listed_rows(page, known))
        if len(page) < _PAGE:
            return
        place = (page[-1].id,)


def _listed_rows(page: Sequence[RosterRow], known: dict[str, Application]) -> Iterator[ListedRow]:
    for row in page:
        found = known.get(row.application_id or "")
        yield ListedRow(row, found.number if found else None, found.status.value if found else None)


def _refuse_heads(heads: Sequence[str]) -> None:
    """Raise ROW_INVALID at the first column that is missing, unknown or there twice. The error gives its position."""
    for name in REQUIRED:
        if name not in heads:
            raise _refusal("missing", ("file", name), "head", name)
    for place, head in enumerate(heads, 1):
        if head not in COLUMNS and not head.startswith((ANSWER, DOCUMENT)):
            raise _refusal("unknown", ("file", f"column {place}"), "head", place)
        if head in heads[: place - 1]:
            raise _refusal("again", ("file", f"column {place}"), "head", place)
    if len(heads) > MOST_COLUMNS:
        raise _refusal("columns", ("file", "columns"), "head", MOST_COLUMNS)


def _refusal(expected: str, path: tuple[str, ...], where: str, value: str | int = "") -> Problems:
    texts = {"label": _text(where, value), "expected": _text(expected, value)}
    return Problems(Problem(ErrorCode.ROW_INVALID, path, texts=texts))


def _text(name: str, value: str | int) -> Bilingual:
    text = bilingual(f"roster_file.{name}")
    return Bilingual((text.hi or "").format(value=value), text.en.format(value=value))


def _raw(cells: dict[str, str]) -> RawRow:
    def cells_of(beginning: str) -> dict[str, str]:
        return {head.removeprefix(beginning): text for head, text in cells.items() if head.startswith(beginning)}

    own: dict[str, Any] = {name: cells[name] for name in COLUMNS if name in cells}
    return RawRow(**own, answers=cells_of(ANSWER), documents=cells_of(DOCUMENT))
